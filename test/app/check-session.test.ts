import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { CheckSession } from '../../src/app/check-session.ts'
import { silentLog } from '../../src/core/log.ts'
import type { Observation, Sample } from '../../src/core/sample.ts'
import { SimulatedClock } from '../../src/platform/simulated-clock.ts'
import type { Due, ProbePlugin } from '../../src/plugin/probe.ts'
import { always, noNet, pass, pathSettings, scriptedProbe, taking } from './scripted-probe.ts'

interface Scene {
  readonly clock: SimulatedClock
  readonly session: CheckSession
  /** Every look: when it was due, for what, when it began. */
  readonly looks: { at: number; purpose: string; began: number }[]
  readonly samples: Sample[]
  readonly lags: number[]
  readonly stop: AbortController
  readonly done: Promise<void>
}

interface SceneOptions {
  /** Milliseconds of every look, or of each in turn. */
  readonly lookMs?: number | ((index: number) => number)
  readonly phase?: number
  readonly everyMs?: number
  readonly purpose?: 'verify'
  readonly probe?: (note: (due: Due) => void, clock: SimulatedClock) => ProbePlugin
  /** Sees every sample before those who wait for it. */
  readonly onSample?: (sample: Sample, session: CheckSession) => void
}

function watching(options: SceneOptions = {}): Scene {
  const clock = new SimulatedClock()
  const looks: Scene['looks'] = []
  const samples: Sample[] = []
  const lags: number[] = []
  const note = (due: Due) => looks.push({ ...due, began: clock.now() })
  const { lookMs = 20 } = options
  const session = new CheckSession({
    clock,
    random: always(options.phase ?? 0),
    net: noNet,
    log: silentLog,
    plugin:
      options.probe?.(note, clock) ??
      scriptedProbe(async (due) => {
        note(due)
        return await taking(clock, typeof lookMs === 'number' ? lookMs : lookMs(looks.length - 1))
      }),
    settings: pathSettings({ everyMs: options.everyMs ?? 5_000 }),
    path: 'channel-1/cdn/cdn-a',
    vantage: 'fra',
    onSample: (sample) => {
      samples.push(sample)
      options.onSample?.(sample, session)
    },
    onLag: (ms) => lags.push(ms),
    ...(options.purpose !== undefined && { purpose: options.purpose }),
  })
  const stop = new AbortController()
  return { clock, session, looks, samples, lags, stop, done: session.run(stop.signal) }
}

const forever = new AbortController().signal

describe('the cadence of a check', () => {
  it.each([
    [0, 0],
    [0.5, 2_500],
    [0.999, 4_995],
  ])('begins at a share of %d of the cadence, so that checks are spread', async (phase, first) => {
    const { clock, looks } = watching({ phase })

    await clock.advance(5_000)

    expect(looks[0]).toEqual({ at: first, began: first, purpose: 'interval' })
  })

  it('counts from the due time: slow looks make no drift', async () => {
    const { clock, looks } = watching({ lookMs: 700 })

    await clock.advance(20_000)

    expect(looks.map((look) => look.began)).toEqual([0, 5_000, 10_000, 15_000, 20_000])
  })

  it('skips the dues that a look longer than the cadence missed, and goes on in phase', async () => {
    const { clock, looks, lags } = watching({ lookMs: (index) => (index === 0 ? 12_000 : 20) })

    await clock.advance(21_000)

    expect(looks.map((look) => look.began)).toEqual([0, 12_000, 15_000, 20_000])
    expect(lags).toEqual([0, 7_000, 0, 0])
  })

  it('names suspicion as the purpose while a down-class rule is pending', async () => {
    const { clock, session, looks } = watching()
    await clock.advance(1_000)

    session.suspect(true)
    await clock.advance(5_000)
    session.suspect(false)
    await clock.advance(5_000)

    expect(looks.map((look) => look.purpose)).toEqual(['interval', 'suspicion', 'interval'])
  })

  it('begins at once and names its purpose in a verification', async () => {
    const { clock, looks } = watching({ phase: 0.9, purpose: 'verify' })

    await clock.advance(5_000)

    expect(looks.map(({ began, purpose }) => [began, purpose])).toEqual([
      [0, 'verify'],
      [5_000, 'verify'],
    ])
  })

  it('stamps a sample with path, probe, vantage and both times', async () => {
    const { clock, samples } = watching()

    await clock.advance(20)

    expect(samples).toEqual([
      {
        ...pass(),
        path: 'channel-1/cdn/cdn-a',
        probe: 'sim',
        vantage: 'fra',
        at: 20,
        wall: 1_700_000_000_020,
      },
    ])
  })
})

describe('a look that is pulled forward', () => {
  it('begins at once and resolves with that sample; the cadence stays', async () => {
    const { clock, session, looks } = watching()
    await clock.advance(2_000)

    const sample = session.look('precheck', forever)
    await clock.advance(4_000)

    expect((await sample)?.at).toBe(2_020)
    expect(looks.map(({ began, purpose }) => [began, purpose])).toEqual([
      [0, 'interval'],
      [2_000, 'precheck'],
      [5_000, 'interval'],
    ])
  })

  it('is one look for everybody who asked before it began', async () => {
    const { clock, session, looks } = watching()
    await clock.advance(2_000)

    const asked = [session.look('precheck', forever), session.look('verify', forever)]
    await clock.advance(1_000)

    const [one, two] = await Promise.all(asked)
    expect(one).toBe(two)
    expect(looks).toHaveLength(2)
  })

  it('is not served by the look under way, which began before it was asked for', async () => {
    const { clock, session, looks } = watching({ lookMs: 1_000 })
    await clock.advance(400)

    const sample = session.look('precheck', forever)
    await clock.advance(3_000)

    expect((await sample)?.at).toBe(2_000)
    expect(looks.map(({ began, purpose }) => [began, purpose])).toEqual([
      [0, 'interval'],
      [1_000, 'precheck'],
    ])
  })

  it('is not served by the sample during whose delivery it was asked for', async () => {
    let asked: Promise<Sample | undefined> | undefined
    const { clock } = watching({
      onSample: (_, session) => {
        asked ??= session.look('precheck', forever)
      },
    })

    await clock.advance(1_000)

    expect((await asked)?.at).toBe(40)
  })

  it('is answered with nothing when the asker gives up, and then not made', async () => {
    const { clock, session, looks } = watching({ lookMs: 1_000 })
    await clock.advance(100)
    const asker = new AbortController()

    const sample = session.look('precheck', asker.signal)
    asker.abort()
    await clock.advance(3_000)

    expect(await sample).toBeUndefined()
    expect(looks).toHaveLength(1)
  })

  it('is answered with nothing when the session ends, under way or waiting', async () => {
    const { clock, session, stop } = watching({ lookMs: 1_000 })
    await clock.advance(2_000)
    const underWay = session.look('precheck', forever)
    await clock.advance(100)
    const waiting = session.look('precheck', forever)

    stop.abort()
    await clock.advance(2_000)

    expect(await Promise.all([underWay, waiting])).toEqual([undefined, undefined])
  })

  it('is answered with nothing at once after the end, and for an asker who is gone', async () => {
    const { clock, session, stop } = watching()
    await clock.advance(100)

    const gone = await session.look('precheck', AbortSignal.abort())
    stop.abort()
    const late = await session.look('precheck', forever)

    expect([gone, late]).toEqual([undefined, undefined])
  })
})

/** The looks of a session that learns, with each sample, at which instant an age reaches its limit. */
async function expecting(
  limits: (sampleAt: number) => number | undefined,
  options: SceneOptions & { readonly runMs: number },
): Promise<{ began: number; ended: number; purpose: string }[]> {
  const scene = watching({
    ...options,
    onSample: (sample, session) => session.expectBefore(limits(sample.at)),
  })
  await scene.clock.advance(options.runMs)
  return scene.looks.map(({ began, purpose }, index) => ({
    began,
    ended: scene.samples[index]?.at ?? Number.NaN,
    purpose,
  }))
}

describe('before an age reaches its limit', () => {
  it.each([
    [20, 4_000],
    [300, 4_000],
    [1_000, 3_500],
    [2_000, 4_800],
  ])(
    'one extra look of %d ms is over before the limit at %d ms, and shortly before',
    async (lookMs, limit) => {
      const looks = await expecting(() => limit, { lookMs, runMs: 4_999 })

      expect(looks.map((look) => look.purpose)).toEqual(['interval', 'deadline'])
      expect(looks[1]?.ended).toBeLessThan(limit)
      expect(looks[1]?.ended).toBeGreaterThanOrEqual(limit - 50 - lookMs)
    },
  )

  it('is looked at once, not again and again until the limit', async () => {
    const looks = await expecting((at) => (at < 4_000 ? 4_000 : undefined), {
      lookMs: (index) => (index === 0 ? 40 : 5),
      runMs: 4_999,
    })

    expect(looks.filter((look) => look.purpose === 'deadline')).toHaveLength(1)
  })

  it('is looked at again where the extra look was over much sooner than the one before', async () => {
    const looks = await expecting((at) => (at < 4_000 ? 4_000 : undefined), {
      lookMs: (index) => (index === 0 ? 1_000 : 20),
      runMs: 4_999,
    })

    expect(looks.slice(1).map((look) => look.began)).toEqual([1_950, 3_910])
  })

  it('is looked at once also where the limit shifts by the rounding of an age', async () => {
    const looks = await expecting((at) => 4_000 + (at % 3), { lookMs: 20, runMs: 4_900 })

    expect(looks.filter((look) => look.purpose === 'deadline')).toHaveLength(1)
  })

  it('needs no extra look where the regular one comes just in time', async () => {
    const looks = await expecting(() => 5_120, { lookMs: 20, runMs: 9_000 })

    expect(looks.map((look) => look.purpose)).toEqual(['interval', 'interval'])
  })

  it('gets its own look where the regular one is too early to judge by', async () => {
    const looks = await expecting(() => 6_000, { lookMs: 20, runMs: 9_000 })

    expect(looks.map((look) => [look.began, look.purpose])).toEqual([
      [0, 'interval'],
      [5_000, 'interval'],
      [5_910, 'deadline'],
    ])
  })

  it('gets a look for the next limit when the stream has moved', async () => {
    const looks = await expecting((at) => at + 3_000, { lookMs: 20, runMs: 9_999 })

    expect(looks.filter((look) => look.purpose === 'deadline').map((look) => look.began)).toEqual([
      2_930, 7_930,
    ])
  })

  it('does not double the looks of a slow path whose limit is always near', async () => {
    const looks = await expecting((at) => at + 500, { lookMs: 3_000, runMs: 29_000 })

    expect(looks.every((look) => look.purpose === 'interval')).toBe(true)
  })

  it('is forgotten when there is no limit any more', async () => {
    const { clock, session, looks } = watching()
    await clock.advance(1_000)
    session.expectBefore(3_000)
    await clock.advance(500)

    session.expectBefore(undefined)
    await clock.advance(3_000)

    expect(looks).toHaveLength(1)
  })
})

describe('a probe that fails', () => {
  function once(fault: () => void): NonNullable<SceneOptions['probe']> {
    let count = 0
    return (note, clock) =>
      scriptedProbe(async (due) => {
        note(due)
        if ((count += 1) === 2) fault()
        return await taking(clock, 20)
      })
  }

  it('is started again after a pause, and the look says that nothing is known', async () => {
    const { clock, samples } = watching({
      probe: once(() => {
        throw new Error('https://user:hunter2@a.example/x?token=hunter2 is odd')
      }),
    })

    await clock.advance(10_100)

    expect(samples.map(({ at, outcome, reason }) => [at, outcome, reason])).toEqual([
      [20, 'pass', undefined],
      [5_000, 'unknown', 'the probe itself failed: https://a.example/x?token=… is odd'],
      [10_020, 'pass', undefined],
    ])
  })

  it('answers who waited for the look', async () => {
    const { clock, session } = watching({
      probe: once(() => {
        throw new Error('odd')
      }),
    })
    await clock.advance(1_000)

    const sample = session.look('precheck', forever)
    await clock.advance(100)

    expect(await sample).toMatchObject({ outcome: 'unknown' })
  })

  it('counts as failed where it ends by itself without an answer', async () => {
    const endsOnce = (note: (due: Due) => void, clock: SimulatedClock): ProbePlugin => {
      let sessions = 0
      return {
        ...scriptedProbe(() => pass()),
        async *observe(_, context): AsyncIterable<Observation> {
          const isFirst = (sessions += 1) === 1
          for await (const due of context.due) {
            note(due)
            if (isFirst) return
            yield await taking(clock, 20)
          }
        },
      }
    }
    const { clock, session, samples } = watching({ phase: 0.5, probe: endsOnce })

    const sample = session.look('precheck', forever)
    await clock.advance(3_000)

    expect(await sample).toMatchObject({
      outcome: 'unknown',
      reason: 'the probe itself failed: it ended by itself',
    })
    expect(samples.map(({ at, outcome }) => [at, outcome])).toEqual([
      [0, 'unknown'],
      [2_520, 'pass'],
    ])
  })

  it('leaves no due behind that takes a look away from the next session', async () => {
    const restless = (note: (due: Due) => void): ProbePlugin => {
      let sessions = 0
      return {
        ...scriptedProbe(() => pass()),
        async *observe(_, context): AsyncIterable<Observation> {
          const dues = context.due[Symbol.asyncIterator]()
          if ((sessions += 1) === 1) {
            void dues.next()
            throw new Error('the stream broke while waiting')
          }
          for (;;) {
            const { value, done } = await dues.next()
            if (done === true) return
            note(value)
            yield pass()
          }
        },
      }
    }
    const { clock, looks } = watching({ phase: 0.5, probe: restless })

    await clock.advance(8_000)

    expect(looks.map((look) => look.began)).toEqual([2_500, 7_500])
  })
})

describe('the end of a check', () => {
  it('leaves no timer, and no sample of the look that was cut off', async () => {
    const { clock, samples, stop, done } = watching({
      probe: () =>
        scriptedProbe(async (_, context) => {
          await context.clock.sleep(3_000, context.signal)
          return { outcome: 'unknown', reason: 'aborted', measurements: {}, findings: [] }
        }),
    })
    await clock.advance(1_000)

    stop.abort()
    await done

    expect(samples).toEqual([])
    expect(clock.pending).toBe(0)
  })

  it('ends alone by stop, while the signal of all goes on', async () => {
    const { clock, session, done } = watching()
    await clock.advance(1_000)

    session.stop()
    await done

    expect(clock.pending).toBe(0)
  })

  it('comes before the first look where the signal is aborted already', async () => {
    const { looks, clock, stop, done } = watching({ phase: 0.5 })

    stop.abort()
    await done

    expect(looks).toEqual([])
    expect(clock.pending).toBe(0)
  })
})

it('ten thousand looks leave no listener on the signals that live long', async () => {
  let inner = forever
  const { clock, session, stop, done } = watching({
    everyMs: 1_000,
    probe: (_, at) =>
      scriptedProbe(async (__, context) => {
        inner = context.signal
        await context.clock.sleep(5, context.signal)
        return await taking(at, 5)
      }),
  })
  const asker = new AbortController()
  const listeners = () =>
    [stop.signal, asker.signal, inner].map((each) => getEventListeners(each, 'abort').length)
  await clock.advance(500)
  const before = listeners()

  for (let look = 0; look < 10_000; look += 1) {
    const sample = session.look('precheck', asker.signal)
    await clock.advance(25)
    await sample
  }
  const after = listeners()
  stop.abort()
  await done

  expect(after).toEqual(before)
  expect(clock.pending).toBe(0)
})
