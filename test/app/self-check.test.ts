import { describe, expect, it } from 'vitest'
import { runSelfCheck, type SelfHealth } from '../../src/app/self-check.ts'
import { SimulatedClock } from '../../src/platform/simulated-clock.ts'
import { ScriptedNet, type Script } from '../fakes/scripted-net.ts'

const one = 'https://one.example/'
const two = 'https://two.example/'

function checking(
  targets: Readonly<Record<string, Script>>,
  lagMs: (now: number) => number = () => 0,
) {
  const clock = new SimulatedClock()
  const net = new ScriptedNet(clock)
  for (const [url, script] of Object.entries(targets)) net.on(url, script)
  const told: [number, SelfHealth][] = []
  const stop = new AbortController()
  const done = runSelfCheck(
    {
      clock,
      net,
      reference: Object.keys(targets),
      everyMs: 5_000,
      lagMs: () => lagMs(clock.now()),
      maxLagMs: 1_000,
      onChange: (health) => told.push([clock.now(), health]),
    },
    stop.signal,
  )
  return { clock, told, stop, done }
}

const isUp = { status: 200 }
const refuses = { fault: 'refused' } as const

describe('the check of the vantage itself', () => {
  it('is well with nothing to compare with, and says so', async () => {
    const { clock, told } = checking({})

    await clock.advance(20_000)

    expect(told).toEqual([[0, { ok: true, says: 'no reference targets are configured' }]])
  })

  it('needs one reference target that answers anything', async () => {
    const { clock, told } = checking({ [one]: { status: 503 }, [two]: refuses })

    await clock.advance(20_000)

    expect(told.map(([, health]) => health)).toEqual([
      { ok: true, says: '1 of 2 reference targets answer' },
    ])
  })

  it('fails when none answers, and is well again when one does', async () => {
    const cut = (now: number) => (now >= 10_000 && now < 20_000 ? refuses : isUp)
    const { clock, told } = checking({ [one]: cut, [two]: cut })

    await clock.advance(30_000)

    expect(told.map(([at, { ok, says }]) => [at, ok, says])).toEqual([
      [5, true, '2 of 2 reference targets answer'],
      [10_015, false, 'none of 2 reference targets answers'],
      [20_025, true, '2 of 2 reference targets answer'],
    ])
  })

  it('waits for no target longer than 3 s', async () => {
    const { clock, told } = checking({ [one]: { hang: true } })

    await clock.advance(4_000)

    expect(told).toEqual([[3_000, { ok: false, says: 'none of 1 reference targets answers' }]])
  })

  it('tells when the number of targets that answer changes, so that no old one is shown', async () => {
    const { clock, told } = checking({
      [one]: isUp,
      [two]: (now) => (now < 4_000 ? isUp : refuses),
    })

    await clock.advance(12_000)

    expect(told.map(([, health]) => health.says)).toEqual([
      '2 of 2 reference targets answer',
      '1 of 2 reference targets answer',
    ])
  })

  it('fails while the event loop is late, whatever answers', async () => {
    const { clock, told } = checking({ [one]: isUp }, (now) => (now < 4_000 ? 1_500 : 20))

    await clock.advance(6_000)

    expect(told.map(([, health]) => health)).toEqual([
      { ok: false, says: 'this process runs 1500 ms late' },
      { ok: true, says: '1 of 1 reference targets answer' },
    ])
  })

  it.each([
    ['between two checks', 1_000],
    ['while it waits for an answer', 5_010],
  ])('ends at once %s, and tells nothing more', async (_, at) => {
    const { clock, told, stop, done } = checking({
      [one]: (now) => (now < 4_000 ? isUp : { hang: true }),
    })
    await clock.advance(at)

    stop.abort()
    await done

    expect(told).toHaveLength(1)
    expect(clock.pending).toBe(0)
  })
})
