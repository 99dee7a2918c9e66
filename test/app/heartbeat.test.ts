import { describe, expect, test } from 'vitest'
import { keepBeating } from '../../src/app/heartbeat.ts'
import { stuckGroup } from '../../src/app/loop-health.ts'
import type { HttpResult } from '../../src/plugin/net.ts'
import { SimulatedClock } from '../../src/platform/simulated-clock.ts'
import { groupSettings } from '../fakes/group-settings.ts'

const url = 'https://beat.example/s3cret'

function scene(first = 200) {
  const clock = new SimulatedClock()
  const beats: number[] = []
  const said: (string | undefined)[] = []
  const stop = new AbortController()
  const state = { stuck: undefined as string | undefined, status: first }
  const http = async (): Promise<HttpResult> => {
    beats.push(clock.now())
    const { status } = state
    return { ok: true, status, url, headers: {}, body: Buffer.alloc(0), bytes: 0 } as HttpResult
  }
  const options = {
    clock,
    net: { http },
    url,
    everyMs: 60_000,
    stuck: () => state.stuck,
    onBeat: (says: string | undefined) => said.push(says),
  }
  const done = keepBeating(options, stop.signal)
  return { clock, beats, said, stop, state, done }
}

describe('the heartbeat', () => {
  test('calls outside at once and then as often as it is told', async () => {
    const { clock, beats, said } = scene()

    await clock.advance(121_000)

    expect(beats).toEqual([0, 60_000, 120_000])
    expect(said).toEqual([undefined, undefined, undefined])
  })

  test('is silent while the loop stands still, and speaks as soon as it turns again', async () => {
    const { clock, beats, state } = scene()
    await clock.advance(30_000)

    state.stuck = 'channel-1/cdn'
    await clock.advance(300_000)
    expect(beats).toEqual([0])
    state.stuck = undefined
    await clock.advance(1_000)

    expect(beats).toEqual([0, 331_000])
  })

  test('says that nobody took it, without the secret, and goes on', async () => {
    const { clock, beats, said } = scene(404)

    await clock.advance(61_000)

    expect(beats).toHaveLength(2)
    expect(said).toEqual(['beat.example answered 404', 'beat.example answered 404'])
  })

  test('ends when it is told to', async () => {
    const { clock, beats, stop, done } = scene()
    await clock.advance(1_000)

    stop.abort()
    await done
    await clock.advance(300_000)

    expect(beats).toEqual([0])
  })
})

describe('a loop that stands still', () => {
  const settings = groupSettings()

  test.for([
    ['an evaluation just now', { lastTurn: 100_000, busy: undefined }, undefined],
    ['three missed evaluations', { lastTurn: 96_999, busy: undefined }, settings.name],
    ['the third one not missed yet', { lastTurn: 97_000, busy: undefined }, undefined],
    ['a change that is being verified', { lastTurn: 60_000, busy: 'verifying' }, undefined],
    ['a change that never ends', { lastTurn: -1_000_000, busy: 'verifying' }, settings.name],
    ['a group that has not begun', undefined, undefined],
  ] as const)('is told by %s', ([, snapshot, stuck]) => {
    expect(stuckGroup([{ settings, snapshot }], 100_000, 3_000)).toBe(stuck)
  })
})
