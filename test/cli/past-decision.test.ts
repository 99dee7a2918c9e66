import { describe, expect, it } from 'vitest'
import { findDecision } from '../../src/cli/past-decision.ts'
import { fakeComposition, operatorToken, run, servedWatchdog, wall } from './harness.ts'

const group = 'channel-7/cdn'
const basis = {
  paths: {
    'cdn-a': {
      health: 'down',
      says: 'down at 2 of 3 vantages: no new segment for 31 s',
      diagnosis: 'playlist-stalled',
      forMs: 4_000,
      votes: [
        { vantage: 'fra', health: 'down', says: 'no new segment for 31 s' },
        { vantage: 'lhr', health: 'up', says: 'every rule is quiet' },
      ],
    },
    'cdn-b': { health: 'up', says: 'up at 3 of 3 vantages' },
  },
  guards: [
    { guard: 'mode', pass: true, says: 'mode is armed' },
    { guard: 'calendar', pass: false, says: 'freeze final until Sat 2026-11-21 23:30 (UTC)' },
  ],
  says: 'cdn-a is down; cdn-b is up',
  mode: 'armed',
  allocation: { 'cdn-a': 100, 'cdn-b': 0 },
  timers: {
    holddownLeftMs: 31_000,
    budgetUsed: 1,
    budgetOf: 3,
    relapses: 0,
    penalties: { 'cdn-a': 1_000 },
  },
}

/** A watchdog whose journal holds a decision, and a change with a later step. */
async function served() {
  const { port, url } = await servedWatchdog()
  port.record({ kind: 'boot', says: 'started' }, wall - 90_000)
  port.record(
    { kind: 'decision', group, says: 'not moved: freeze', data: { basis } },
    wall - 80_000,
  )
  port.record(
    {
      kind: 'intent',
      group,
      says: 'failover to cdn-b',
      data: { id: 'i-1', target: 'cdn-b', token: 7, basis },
    },
    wall - 70_000,
  )
  port.record(
    { kind: 'applied', group, says: 'traffic moved', data: { intent: 'i-1' } },
    wall - 60_000,
  )
  port.record({ kind: 'hold', group, says: 'held' }, wall - 50_000)
  const variables: Record<string, string> = {
    CHANGEOVER_URL: url,
    CHANGEOVER_TOKEN: operatorToken,
  }
  const parts = fakeComposition({ environment: (name) => variables[name] })
  return (...argv: readonly string[]) => run(['explain', group, ...argv], parts, { width: 120 })
}

describe('changeover explain --at', () => {
  it('shows what a past decision stood on: paths, votes, timers and guards', async () => {
    const explain = await served()

    const { code, out } = await explain('--at', '2')

    expect(code).toBe(0)
    for (const part of [
      'not moved: freeze',
      'playlist-stalled',
      'no new segment for 31 s',
      '31s left',
      '1 of 3 changes used',
      'cdn-a: 1000 points',
      'freeze final until Sat 2026-11-21 23:30 (UTC)',
    ]) {
      expect(out).toContain(part)
    }
    expect(out).toMatch(/up +lhr +every rule is quiet/u)
    expect(out).toMatch(/VETO +calendar/u)
  })

  it.each(['3', '4', 'i-1'])('finds the intent of a change by %s', async (at) => {
    const explain = await served()

    const { code, out } = await explain('--at', at)

    expect(code).toBe(0)
    expect(out).toContain('to cdn-b, token 7')
  })

  it('says so where an entry has no snapshot', async () => {
    const explain = await served()

    expect(await explain('--at', '5')).toMatchObject({
      code: 3,
      out: expect.stringContaining('No snapshot belongs to this entry.') as string,
    })
  })

  it.each(['1', '99', 'nothing'])('refuses %s, which is no entry about the group', async (at) => {
    const explain = await served()

    expect(await explain('--at', at)).toMatchObject({
      code: 2,
      err: expect.stringContaining(`The journal has no entry ${at} about ${group}.`) as string,
    })
  })

  it('prints entry and snapshot with --json', async () => {
    const explain = await served()

    const { out } = await explain('--at', '4', '--json')

    expect(JSON.parse(out)).toMatchObject({ entry: { seq: 4 }, source: { seq: 3 }, basis })
  })

  it('takes nothing that only looks like a snapshot for one', async () => {
    const entry = { seq: 1, at: 0, previous: '', hash: '', kind: 'decision', says: 'x' } as const
    const journal = async () => [{ ...entry, data: { basis: 'broken' } }]

    expect(await findDecision({ journal }, group, '1')).toEqual({
      entry: { ...entry, data: { basis: 'broken' } },
    })
  })
})
