import { describe, expect, it } from 'vitest'
import type { Observation } from '../../../src/core/sample.ts'
import { FakeClock } from '../../fakes/fake-clock.ts'
import { LowLatencyStream, type Misbehaviour } from './low-latency-scene.ts'
import { origin, watch } from './scene.ts'

function scene(is: Misbehaviour = {}, input: Readonly<Record<string, unknown>> = {}) {
  const clock = new FakeClock()
  const stream = new LowLatencyStream(clock)
  stream.is = is
  const net = stream.net()
  const { look } = watch(clock, net, { segments: { fetch: 'none' }, ...input }, 2_000)
  async function looks(count: number): Promise<Observation[]> {
    const seen: Observation[] = []
    for (let at = 0; at < count; at++) seen.push(await look(1_730))
    return seen
  }
  return { clock, stream, net, look, looks }
}

const complaints = (seen: readonly Observation[]) =>
  seen.flatMap(({ findings }) => findings.filter(({ severity }) => severity !== 'info'))

describe('a low-latency stream', () => {
  it('passes without a complaint, in whatever phase it is looked at', async () => {
    const { looks } = scene()

    const seen = await looks(40)

    expect(seen.map(({ outcome }) => outcome)).not.toContain('fail')
    expect(complaints(seen)).toEqual([])
  })

  it('is asked for its next part before it is there, and for what has changed only', async () => {
    const { net, looks } = scene()

    await looks(10)

    const held = net.urls.filter((url) => url.includes('_HLS_msn'))
    expect(held.length).toBeGreaterThan(5)
    for (const url of held) {
      expect(url).toMatch(/\/(?:hi|lo)\.m3u8\?_HLS_msn=\d+&_HLS_part=[0-3]&_HLS_skip=YES$/u)
    }
    expect(new Set(held.map((url) => url.split('?')[0])).size).toBe(2)
  })

  it('has parts measured: how long they are waited for, their age, and the latency aimed at', async () => {
    const { looks } = scene()

    const seen = await looks(20)

    for (const { measurements } of seen.slice(2)) {
      expect(measurements['part_target_seconds']).toBe(0.5)
      expect(measurements['part_wait_seconds'] ?? 0).toBeLessThanOrEqual(0.51)
      expect(measurements['part_age_seconds']).toBeLessThan(0.6)
      expect(measurements['availability_delay_seconds']).toBeCloseTo(0, 1)
      expect(measurements['live_latency_seconds']).toBeCloseTo(
        (measurements['edge_age_seconds'] ?? 0) + 1.5,
        6,
      )
    }
    const waits = seen.flatMap(({ measurements }) => measurements['part_wait_seconds'] ?? [])
    expect(Math.max(...waits)).toBeGreaterThan(0.2)
  })

  it('counts each second of media once, whether it came by waiting or by asking', async () => {
    const { looks } = scene()

    const seen = await looks(40)

    for (const { measurements } of seen.slice(5)) {
      expect(Math.abs(measurements['stream_drift_seconds'] ?? 99)).toBeLessThan(2.1)
      expect(measurements['player_stalls']).toBe(0)
    }
  })

  it('is not made to wait where that is switched off', async () => {
    const { net, looks } = scene({}, { low_latency: false })

    const seen = await looks(5)

    expect(net.urls.filter((url) => url.includes('_HLS_'))).toEqual([])
    expect(seen.at(-1)?.measurements['part_wait_seconds']).toBeUndefined()
  })

  it('shows parts that come late', async () => {
    const { looks } = scene({ slow: 3 })

    const seen = await looks(12)

    const waits = seen.flatMap(({ measurements }) => measurements['part_wait_seconds'] ?? [])
    expect(Math.max(...waits)).toBeGreaterThan(1)
    expect(Math.max(...waits)).toBeLessThanOrEqual(1.51)
  })
})

describe('a server that waits wrongly', () => {
  it.each([
    [
      'answers at once without what was asked for',
      { ignoresWaiting: true },
      'blocking-reload-ignored',
      /^A request of \w+ that waits for part \d of segment \d+ was answered without it\.$/u,
    ],
    [
      'refuses to wait',
      { status: 400 },
      'blocking-reload-failed',
      /^A request of \w+ that waits for part \d of segment \d+ answered 400\.$/u,
    ],
    [
      'skips segments that nobody knows',
      { skipsTooMuch: true },
      'delta-update-wrong',
      /^A delta update of \w+ skips segments \d+ to \d+, of which not all were listed before\.$/u,
    ],
    [
      'promises other parts than come',
      { wrongHints: true },
      'preload-hint-wrong',
      /^The part that came is not the one that EXT-X-PRELOAD-HINT promised\.$/u,
    ],
    [
      'reports another rendition wrongly',
      { reports: 3 },
      'rendition-report-wrong',
      /^\w+ reports \w+ at segment 3, but it stands at \d+\.$/u,
    ],
  ] as const)('%s', async (_, is, code, says) => {
    const { looks } = scene(is)

    const found = complaints(await looks(12)).filter((finding) => finding.code === code)

    expect(found.length).toBeGreaterThan(0)
    expect(found[0]?.diagnosis).toBe('spec-violation')
    expect(found[0]?.says).toMatch(says)
  })

  it('never answers: no look is delayed, and it is said when its own deadline is over', async () => {
    const { clock, net, look, looks } = scene({ hangs: true })
    await look()
    const before = clock.now()

    const seen = await looks(8)

    expect(clock.now() - before).toBeLessThan(8 * 1_760)
    expect(complaints(seen)).toMatchObject([{ code: 'blocking-reload-failed' }])
    expect(net.requests.filter(({ url }) => url.includes('_HLS_'))).toHaveLength(2)
    expect(net.requests.find(({ url }) => url.includes('_HLS_'))?.request.deadlineMs).toBe(8_000)
  })

  it('stands still: waiting in vain is then no fault of its own', async () => {
    const { net, stream, clock, look, looks } = scene({ hangs: true })
    await look()
    const frozenAt = clock.now()
    net.on(`${origin}/hi.m3u8`, (_, { url }) =>
      url.includes('_HLS_') ? { hang: true } : { body: stream.playlist(frozenAt, 'hi', 'lo') },
    )
    net.on(`${origin}/lo.m3u8`, (_, { url }) =>
      url.includes('_HLS_') ? { hang: true } : { body: stream.playlist(frozenAt, 'lo', 'hi') },
    )

    const seen = await looks(8)

    expect(complaints(seen).filter(({ code }) => code.startsWith('blocking'))).toEqual([])
    expect(seen.at(-1)?.measurements['part_age_seconds']).toBeGreaterThan(13)
  })
})

it('an older copy that plain requests get from a cache is no regression', async () => {
  const { clock, net, stream, look, looks } = scene()
  await look()
  for (const [name, other] of [
    ['hi', 'lo'],
    ['lo', 'hi'],
  ] as const) {
    const wait = net.requests.length
    const answer = (now: number) => ({ body: stream.playlist(now - 1_500, name, other) })
    const script = (now: number, url: string) => {
      const query = new URL(url).searchParams
      if (!query.has('_HLS_msn')) return answer(now)
      const part = Number(query.get('_HLS_part'))
      const end = (Number(query.get('_HLS_msn')) * 4 + part + 1) * 500
      const ms = Math.max(0, 1_000_000 - 100_000 + end - now)
      return { body: stream.playlist(now + ms, name, other, true), afterMs: ms + 5 }
    }
    expect(wait).toBeGreaterThan(0)
    net.on(`${origin}/${name}.m3u8`, (now, { url }) => script(now, url))
  }

  const seen = await looks(20)

  expect(seen.map(({ measurements }) => measurements['sequence_regressions'])).not.toContain(1)
  expect(complaints(seen)).toEqual([])
  expect(clock.wall()).toBeGreaterThan(0)
})
