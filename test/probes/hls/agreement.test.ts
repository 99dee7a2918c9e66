import { describe, expect, it } from 'vitest'
import type { Observation } from '../../../src/core/sample.ts'
import { FakeClock } from '../../fakes/fake-clock.ts'
import { healthy, LiveStream, multivariant, origin, watch } from './scene.ts'

function scene(change: (playlist: string, now: number) => string) {
  const clock = new FakeClock()
  const stream = new LiveStream(clock, 6)
  const net = healthy(clock, stream)
  net.on(`${origin}/lo.m3u8`, (now) => ({ body: change(stream.playlist(now, 'lo'), now) }))
  const { look } = watch(clock, net, { segments: { fetch: 'none' } })
  async function looks(count: number): Promise<Observation[]> {
    const seen: Observation[] = []
    for (let at = 0; at < count; at++) seen.push(await look(3_000))
    return seen
  }
  return { clock, stream, net, look, looks }
}

const found = (seen: readonly Observation[]) => seen.flatMap(({ findings }) => findings)

describe('renditions of one stream', () => {
  it.each([
    [
      'target durations',
      (text: string) => text.replace('DURATION:6', 'DURATION:7'),
      'target-durations-differ',
      'Renditions have different target durations: 6 s, 7 s.',
    ],
    [
      'discontinuity sequences',
      (text: string) => text.replace('#EXT-X-VERSION:3', '#EXT-X-DISCONTINUITY-SEQUENCE:4'),
      'discontinuity-sequences-differ',
      'The same moment has the discontinuity sequence number 0 in 720p and 4 in 360p.',
    ],
    [
      'dates at all',
      (text: string) => text.replaceAll(/#EXT-X-PROGRAM-DATE-TIME.*\n/gu, ''),
      'program-date-time-missing',
      'The media playlist 360p has no EXT-X-PROGRAM-DATE-TIME, but others have.',
    ],
    [
      'dates that fit',
      (text: string) =>
        text.replaceAll(/DATE-TIME:(\S+)/gu, (_, date: string) => {
          return `DATE-TIME:${new Date(Date.parse(date) - 90_000).toISOString()}`
        }),
      'program-date-times-differ',
      'The media playlists 720p and 360p both move but end 90.0 s apart by EXT-X-PROGRAM-DATE-TIME.',
    ],
  ])('must agree on %s', async (_, change, code, says) => {
    const { looks } = scene(change)

    const seen = found(await looks(2)).filter((finding) => finding.code === code)

    expect(seen[0]).toMatchObject({ diagnosis: 'spec-violation', says })
  })

  it('that have server controls must have the same', async () => {
    const { net, stream, looks } = scene(
      (text) => `${text}#EXT-X-SERVER-CONTROL:HOLD-BACK=18,CAN-SKIP-UNTIL=36\n`,
    )
    net.on(`${origin}/hi.m3u8`, (now) => ({
      body: `${stream.playlist(now, 'hi')}#EXT-X-SERVER-CONTROL:HOLD-BACK=24,CAN-SKIP-UNTIL=36\n`,
    }))

    expect(found(await looks(1))).toMatchObject([
      {
        code: 'server-controls-differ',
        says: 'Renditions have different server controls: not blocking hold back 24 s skip until 36 s, not blocking hold back 18 s skip until 36 s.',
      },
    ])
  })
})

describe('over time', () => {
  it('a segment that is late is a finding before it is an incident', async () => {
    const { net, stream, clock, looks } = scene((text) => text)
    await looks(2)
    const frozenAt = clock.now()
    for (const name of ['hi', 'lo']) {
      net.on(`${origin}/${name}.m3u8`, { body: stream.playlist(frozenAt, name) })
    }

    const seen = await looks(4)

    expect(found(seen.slice(0, 2)).map(({ code }) => code)).not.toContain('segment-late')
    expect(found(seen)[0]).toMatchObject({ code: 'segment-late', rendition: '720p' })
    expect(found(seen)[0]?.says).toMatch(
      /^720p shows no new segment for \d+\.\d s, more than one and a half target durations of 6 s\.$/u,
    )
  })

  it('a rendition that is no longer named counts as lost for ten minutes', async () => {
    const { net, looks } = scene((text) => text)
    const before = await looks(2)
    net.on(`${origin}/main.m3u8`, { body: multivariant.split('\n').slice(0, 4).join('\n') })

    const after = await looks(4)
    const later = await looks(220)

    expect(before.at(-1)?.measurements['renditions_lost']).toBe(0)
    expect(after.at(-1)?.measurements['renditions_lost']).toBe(1)
    expect(after.at(-1)?.findings).toMatchObject([
      {
        code: 'renditions-lost',
        diagnosis: 'playlist-incomplete',
        says: 'The multivariant playlist names 1 media playlists, 1 fewer than lately.',
      },
    ])
    expect(later.at(-1)?.measurements['renditions_lost']).toBe(0)
  })

  it('a break announced by SCTE-35 is noted once and measured while it lasts', async () => {
    const { net, stream, clock, looks } = scene((text) => text)
    await looks(2)
    const start = clock.wall()
    const tag = `#EXT-X-DATERANGE:ID="ad-1",START-DATE="${new Date(start).toISOString()}",PLANNED-DURATION=24,SCTE35-OUT=0xFC30\n`
    for (const name of ['hi', 'lo']) {
      net.on(`${origin}/${name}.m3u8`, (now) => ({ body: stream.playlist(now, name) + tag }))
    }

    const seen = await looks(14)

    const notes = found(seen).filter(({ code }) => code === 'scte35-out')
    expect(notes).toHaveLength(2)
    expect(notes[0]).toMatchObject({
      says: 'EXT-X-DATERANGE "ad-1" carries SCTE35-OUT.',
      line: 20,
    })
    const breaks = seen.map(({ measurements }) => measurements['ad_break'])
    expect(breaks).toContain(1)
    expect(breaks.at(-1)).toBe(0)
  })

  it('a pause of the encoder shows as drift, and as a stall of the virtual player', async () => {
    const { net, stream, clock, looks } = scene((text) => text)
    const before = await looks(20)
    const pausedAt = clock.now()
    for (const name of ['hi', 'lo']) {
      net.on(`${origin}/${name}.m3u8`, (now) => {
        const at = now < pausedAt + 30_000 ? pausedAt : now - 30_000
        return { body: stream.playlist(at, name) }
      })
    }

    const after = await looks(16)

    const first = before.at(-1)?.measurements ?? {}
    const last = after.at(-1)?.measurements ?? {}
    expect(Math.abs(first['stream_drift_deviation_seconds'] ?? 99)).toBeLessThan(6)
    expect(first).toMatchObject({ player_stalls: 0, player_stalled_seconds: 0, player_starved: 0 })
    expect(first['player_startup_seconds']).toBeCloseTo(0.01)
    expect(last['stream_drift_deviation_seconds']).toBeGreaterThan(20)
    expect(last['player_stalls']).toBe(1)
    expect(last['player_stalled_seconds']).toBeGreaterThan(10)
    expect(after.some(({ measurements }) => measurements['player_starved'] === 1)).toBe(true)
  })

  it.each([1, 2, 5, 10])(
    'a healthy stream of %d s segments never stalls the virtual player, however seldom it is looked at',
    async (target) => {
      const clock = new FakeClock()
      const net = healthy(clock, new LiveStream(clock, target))
      const { look } = watch(clock, net)

      for (let at = 0; at < 60; at++) {
        const { measurements } = await look(2_300 + (at % 3) * 900)

        expect(measurements['player_stalls'] ?? 0).toBe(0)
      }
    },
  )
})
