import { describe, expect, it } from 'vitest'
import { runSelfCheck, type SelfHealth } from '../../src/app/self-check.ts'
import { SimulatedClock } from '../../src/platform/simulated-clock.ts'
import type { ExchangeRequest, Net } from '../../src/plugin/net.ts'
import { ScriptedNet, type Script } from '../fakes/scripted-net.ts'
import { noNet } from './scripted-probe.ts'

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

  it.each([
    ['answers', 0x81, true],
    ['only sends back what it gets', 0x01, false],
  ])('asks a DNS server over TCP; one that %s is well: %s', async (_, flags, wanted) => {
    const clock = new SimulatedClock()
    const asked: ExchangeRequest[] = []
    const net: Net = {
      ...noNet,
      exchange: async (request) => {
        asked.push(request)
        const body = Buffer.from([0, 17, 0, 0, flags])
        return { ok: true, body, truncated: true, ms: 1 }
      },
    }
    const told: boolean[] = []
    const stop = new AbortController()
    const done = runSelfCheck(
      {
        clock,
        net,
        reference: ['dns:9.9.9.9'],
        everyMs: 5_000,
        lagMs: () => 0,
        maxLagMs: 1_000,
        onChange: (health) => told.push(health.ok),
      },
      stop.signal,
    )
    await clock.advance(1_000)
    stop.abort()
    await done

    expect(told).toEqual([wanted])
    expect(asked[0]).toMatchObject({
      to: { host: '9.9.9.9', port: 53 },
      deadlineMs: 3_000,
      maxBytes: 5,
    })
    // Header and question of RFC 1035 section 4.1: `. IN NS`, 17 bytes after the length.
    expect(asked[0]?.payload.toString('hex')).toBe('00110000010000010000000000000000020001')
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
