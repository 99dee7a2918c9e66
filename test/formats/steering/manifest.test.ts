import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseSteering } from '../../../src/formats/steering/manifest.ts'

const good = {
  VERSION: 1,
  TTL: 300,
  'RELOAD-URI': 'https://steering.example/next?session=1',
  'PATHWAY-PRIORITY': ['cdn-a', 'cdn-b'],
}

const read = (value: unknown) => parseSteering(JSON.stringify(value))

describe('a steering manifest', () => {
  it('says where to play, when to ask again and where', () => {
    expect(read(good)).toEqual({
      ok: true,
      manifest: {
        ttl: 300,
        reloadUri: 'https://steering.example/next?session=1',
        priority: ['cdn-a', 'cdn-b'],
        clones: [],
      },
      findings: [],
    })
  })

  it.each([
    ['HTML', '<html>', 'is no JSON object'],
    ['a list', '[]', 'is no JSON object'],
    ['another version', JSON.stringify({ ...good, VERSION: 2 }), 'has no VERSION 1'],
    ['no pathways', JSON.stringify({ VERSION: 1, TTL: 9 }), 'has no PATHWAY-PRIORITY'],
    [
      'pathways that cannot be',
      JSON.stringify({ ...good, 'PATHWAY-PRIORITY': [7, 'a b'] }),
      'names no valid pathway',
    ],
  ])('of %s is refused', (_, body, says) => {
    expect(parseSteering(body)).toEqual({ ok: false, says })
  })

  it.each([
    ['no TTL', { TTL: undefined }, { ttl: 300 }, 'steering-ttl'],
    ['a TTL of 0', { TTL: 0 }, { ttl: 300 }, 'steering-ttl'],
    ['a TTL that floods', { TTL: 1 }, { ttl: 5 }, 'steering-ttl'],
    ['a TTL of days', { TTL: 1e6 }, { ttl: 3_600 }, 'steering-ttl'],
    [
      'a number as RELOAD-URI',
      { 'RELOAD-URI': 7 },
      { reloadUri: undefined },
      'steering-reload-uri',
    ],
    [
      'an endless RELOAD-URI',
      { 'RELOAD-URI': 'x'.repeat(5_000) },
      { reloadUri: undefined },
      'steering-reload-uri',
    ],
    [
      'a pathway twice',
      { 'PATHWAY-PRIORITY': ['a', 'a', 'b'] },
      { priority: ['a', 'b'] },
      'steering-priority',
    ],
    [
      'a clone of nothing',
      { 'PATHWAY-CLONES': [{ ID: 'c', 'BASE-ID': 'a' }, { ID: 'd' }] },
      { clones: [{ id: 'c', baseId: 'a' }] },
      'steering-clones',
    ],
  ])('with %s is read with a finding', (_, change, expected, code) => {
    const reading = read({ ...good, ...change })

    expect(reading).toMatchObject({ ok: true, manifest: expected, findings: [{ code }] })
  })

  it('is read without throwing whatever the body is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (body) => {
        const reading = parseSteering(body)

        if (reading.ok) expect(reading.manifest.priority.length).toBeGreaterThan(0)
        else expect(reading.says).not.toBe('')
      }),
    )
  })
})
