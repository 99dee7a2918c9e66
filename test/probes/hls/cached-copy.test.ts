import { assert, dictionary, property, string } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cachedCopy } from '../../../probes/hls/cached-copy.ts'
import { FakeClock } from '../../fakes/fake-clock.ts'
import { healthy, LiveStream, origin, watch } from './scene.ts'

/** A look at a stream of 2 s segments whose playlist `hi` a cache answers. */
async function lookThrough(headers: Readonly<Record<string, string>>) {
  const clock = new FakeClock()
  const stream = new LiveStream(clock, 2)
  const net = healthy(clock, stream).on(`${origin}/hi.m3u8`, (now) => ({
    body: stream.playlist(now, 'hi'),
    headers,
  }))
  return await watch(clock, net).look()
}

describe('a playlist that a cache answers', () => {
  it('is measured by its age, and is no finding while it is young', async () => {
    const seen = await lookThrough({ age: '2', via: '1.1 varnish' })

    expect(seen.measurements).toMatchObject({ cache_age_seconds: 2 })
    expect(seen.findings.map(({ code }) => code)).not.toContain('old-copy')
  })

  it('is a finding that names the caches once it is older than players can bear', async () => {
    const seen = await lookThrough({ age: '41', via: '1.1 shield (Varnish/7.1), 1.1 cache-fra:80' })

    expect(seen.findings).toContainEqual({
      code: 'old-copy',
      diagnosis: 'playlist-stalled',
      severity: 'warning',
      says: 'A cache (shield, cache-fra:80) answers the media playlist 720p with a copy that is 41 s old: the cache holds it for longer than its target duration (2 s), or the origin does not answer it.',
      rendition: '720p',
    })
  })

  it('has no age where no cache says one', async () => {
    const seen = await lookThrough({})

    expect(seen.measurements).not.toHaveProperty('cache_age_seconds')
  })
})

describe('what caches say', () => {
  it.each([
    ['the oldest of several ages', { age: '3, 40' }, { ageSeconds: 40, via: [] }],
    ['no hop without a name', { age: '0', via: '1.1 a, , 2' }, { ageSeconds: 0, via: ['a'] }],
    ['nothing of an age that is no number', { age: 'old' }, undefined],
    ['nothing of a negative age', { age: '-3' }, undefined],
  ])('is read: %s', (_, headers, copy) => {
    expect(cachedCopy(headers)).toEqual(copy)
  })

  it('is bounded and never throws, whatever stands in the headers', () => {
    assert(
      property(string(), string(), dictionary(string(), string()), (age, via, others) => {
        const copy = cachedCopy({ ...others, age, via })

        expect(copy?.via.length ?? 0).toBeLessThanOrEqual(4)
        for (const name of copy?.via ?? []) expect(name.length).toBeLessThanOrEqual(64)
      }),
    )
  })
})
