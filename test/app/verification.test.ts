import { describe, expect, it } from 'vitest'
import { verifyPublicName } from '../../src/app/verification.ts'
import { silentLog } from '../../src/core/log.ts'
import type { Observation } from '../../src/core/sample.ts'
import { SimulatedClock } from '../../src/platform/simulated-clock.ts'
import hls from '../../probes/hls.ts'
import { rulesOf, timing } from '../engine/rules/rule-fixtures.ts'
import { ScriptedNet } from '../fakes/scripted-net.ts'
import { always, fail, noNet, pass, pathSettings, scriptedProbe } from './scripted-probe.ts'

interface Asked {
  readonly look: (now: number) => Observation
  readonly forMs?: number
  readonly stopAt?: number
}

/** What verification says of a public name, and when. */
async function verified({ look, forMs = 30_000, stopAt }: Asked) {
  const clock = new SimulatedClock()
  const purposes = new Set<string>()
  const stop = new AbortController()
  let endedAt: number | undefined
  const asked = verifyPublicName(
    {
      clock,
      random: always(0.9),
      net: noNet,
      log: silentLog,
      plugin: scriptedProbe(async (due, context) => {
        purposes.add(due.purpose)
        await context.clock.sleep(20, context.signal)
        return look(clock.now())
      }),
      settings: pathSettings({ name: 'verify', everyMs: 1_000 }),
      rules: rulesOf([]),
      timing: { ...timing, everyMs: 1_000, forMs: 5_000 },
      vantage: 'fra',
      path: 'channel-1/cdn/verify',
      forMs,
    },
    stop.signal,
  ).then((answer) => {
    endedAt = clock.now()
    return answer
  })
  if (stopAt !== undefined) {
    await clock.advance(stopAt)
    stop.abort()
  }
  await clock.advance(120_000)
  const answer = await asked
  return { answer, endedAt, purposes: [...purposes], pending: clock.pending }
}

function edge(mediaSequence: number): Observation {
  return { ...pass(), continuity: { mediaSequence } }
}

const moving = (now: number) => edge(100 + Math.floor(now / 2_000))

describe('verification through the public name', () => {
  it('is good once every rule was quiet for its time and the live edge moved', async () => {
    const { answer, endedAt, purposes, pending } = await verified({ look: moving })

    expect(answer).toEqual({ ok: true, says: 'the public name is up and moves' })
    expect(endedAt).toBe(5_020)
    expect(purposes).toEqual(['verify'])
    expect(pending).toBe(0)
  })

  it('is good without a live edge where the probe shows none', async () => {
    const { answer } = await verified({ look: () => pass() })

    expect(answer.ok).toBe(true)
  })

  it('is bad where the name answers but stands still', async () => {
    const { answer, endedAt } = await verified({ look: () => edge(100) })

    expect(answer).toEqual({
      ok: false,
      says: 'not good within 30s: its live edge does not move',
    })
    expect(endedAt).toBe(30_000)
  })

  it('waits out failures in the beginning, because a switch may take a moment', async () => {
    const { answer, endedAt } = await verified({
      look: (now) => (now < 8_000 ? fail('answered 502') : moving(now)),
      forMs: 90_000,
    })

    expect(answer).toEqual({ ok: true, says: 'the public name is up and moves' })
    expect(endedAt).toBeGreaterThan(13_000)
  })

  it('is bad with the reason of the newest look where it fails to the end', async () => {
    const { answer } = await verified({ look: () => fail('answered 502') })

    expect(answer).toEqual({ ok: false, says: 'not good within 30s: answered 502' })
  })

  it('is bad where no look was completed in time', async () => {
    const { answer } = await verified({ look: () => pass(), forMs: 10 })

    expect(answer).toEqual({
      ok: false,
      says: 'not good within 10ms: no look was completed',
      isBlind: true,
    })
  })

  it('takes a live edge that falls back for another source, which must move by itself', async () => {
    const moves = await verified({
      look: (now) => (now < 3_000 ? edge(9_000 + now) : moving(now)),
    })
    const stands = await verified({ look: (now) => edge(now < 100 ? 9_000 : 100) })

    expect(moves.answer.ok).toBe(true)
    expect(stands.answer.says).toBe('not good within 30s: its live edge does not move')
  })

  it('does not take a good beginning for good: only the end counts', async () => {
    const { answer } = await verified({
      look: (now) => (now < 4_000 ? moving(now) : fail('answered 502')),
    })

    expect(answer).toEqual({ ok: false, says: 'not good within 30s: answered 502' })
  })

  it.each([0, 1_500])('ends at once when it is aborted after %d ms', async (stopAt) => {
    const { answer, endedAt, pending } = await verified({ look: moving, stopAt })

    expect(answer.ok).toBe(false)
    expect(endedAt).toBe(stopAt)
    expect(pending).toBe(0)
  })

  it('does not begin where it is aborted already', async () => {
    const clock = new SimulatedClock()
    const options = {
      clock,
      random: always(0),
      net: noNet,
      log: silentLog,
      plugin: scriptedProbe(() => pass()),
      settings: pathSettings(),
      rules: rulesOf([]),
      timing,
      vantage: 'fra',
      path: 'channel-1/cdn/verify',
      forMs: 30_000,
    }

    const answer = await verifyPublicName(options, AbortSignal.abort())

    expect(answer).toEqual({
      ok: false,
      says: 'not good within 30s: no look was completed',
      isBlind: true,
    })
    expect([clock.now(), clock.pending]).toEqual([0, 0])
  })

  it('opens connections of its own over HLS, because an idle one may lead to where the name pointed before', async () => {
    const clock = new SimulatedClock()
    const net = new ScriptedNet(clock)
    const asked = verifyPublicName(
      {
        clock,
        random: always(0),
        net,
        log: silentLog,
        plugin: hls,
        settings: pathSettings({ options: hls.options.parse({ url: 'https://live.example/a' }) }),
        rules: rulesOf([]),
        timing,
        vantage: 'fra',
        path: 'channel-1/cdn/verify',
        forMs: 9_000,
      },
      new AbortController().signal,
    )

    await clock.advance(10_000)
    await asked

    expect(net.requests.length).toBeGreaterThan(1)
    expect(net.requests.every(({ request }) => request.fresh === true)).toBe(true)
  })
})
