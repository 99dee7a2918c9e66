import { describe, expect, it } from 'vitest'
import { HealthBoard, type Transition } from '../../src/app/health-board.ts'
import type { VantageHealth, VantageReport } from '../../src/core/health.ts'
import { SimulatedClock } from '../../src/platform/simulated-clock.ts'
import { probe, rulesOf, timing } from '../engine/rules/rule-fixtures.ts'
import { groupSettings } from '../fakes/group-settings.ts'

const group = groupSettings({
  vantages: [
    { name: 'fra', domain: 'hetzner' },
    { name: 'lhr', domain: 'aws' },
  ],
})
const cdnA = 'channel-1/cdn/cdn-a'

function rulesWith(staleAfterMs: number) {
  return { rules: rulesOf([]), timing: { ...timing, staleAfterMs }, probes: [probe] }
}

function boarding() {
  const clock = new SimulatedClock()
  const transitions: Transition[] = []
  const board = new HealthBoard({
    clock,
    rules: rulesWith(15_000),
    onTransition: (transition) => transitions.push(transition),
  })
  const report = (vantage: string, health: VantageHealth, path = cdnA) =>
    board.report(reportOf(path, vantage, health, clock.now()))
  const healthOf = (path = 'cdn-a') => board.health(group).get(path)
  return { clock, board, report, healthOf, transitions }
}

function reportOf(
  path: string,
  vantage: string,
  health: VantageHealth,
  seenAt: number,
): VantageReport {
  const verdict = {
    rule: 'playlist-stalled',
    class: 'down',
    severity: 'critical',
    diagnosis: 'playlist-stalled',
    says: 'no new segment for 12 s',
    since: seenAt,
    isClearing: false,
  } as const
  return {
    path,
    vantage,
    health,
    suspect: false,
    since: seenAt,
    seenAt,
    active: health === 'down' ? [verdict] : [],
    pending: [],
    says: `it is ${health}`,
    measurements: {},
  }
}

describe('the health board', () => {
  it('knows nothing of a path before anybody reported', () => {
    const { board } = boarding()

    const health = board.health(group)

    expect([...health.keys()]).toEqual(['cdn-a', 'cdn-b'])
    expect(health.get('cdn-a')).toMatchObject({ health: 'unknown', path: cdnA })
  })

  it('makes health of the reports of all vantages, and asks each for its newest', () => {
    const { report, healthOf } = boarding()
    report('fra', 'down')
    report('lhr', 'up')
    const contested = healthOf()?.health

    report('lhr', 'down')
    const down = healthOf()

    expect(contested).toBe('contested')
    expect(down).toMatchObject({ health: 'down', diagnosis: 'playlist-stalled' })
  })

  it('tells a transition once, with what the path was before', () => {
    const { report, healthOf, transitions } = boarding()
    healthOf()
    for (const vantage of ['fra', 'lhr']) report(vantage, 'up')

    for (let asked = 0; asked < 3; asked += 1) healthOf()

    const ofA = transitions.filter((each) => each.path === 'cdn-a')
    expect(ofA.map(({ from, to }) => [from?.health, to.health])).toEqual([
      [undefined, 'unknown'],
      ['unknown', 'up'],
    ])
  })

  it('keeps since when a path has been what it is, until that changes', async () => {
    const { clock, report, healthOf } = boarding()
    for (const vantage of ['fra', 'lhr']) report(vantage, 'up')
    healthOf()
    await clock.advance(5_000)
    for (const vantage of ['fra', 'lhr']) report(vantage, 'up')
    const kept = healthOf()?.since

    await clock.advance(5_000)
    for (const vantage of ['fra', 'lhr']) report(vantage, 'down')
    const changed = healthOf()?.since

    expect([kept, changed]).toEqual([0, 10_000])
  })

  it('takes an old report for no report, by the limit that is configured now', async () => {
    const { clock, board, report, healthOf } = boarding()
    for (const vantage of ['fra', 'lhr']) report(vantage, 'up')
    await clock.advance(8_000)
    const before = healthOf()?.health

    board.configure(rulesWith(6_000))

    expect([before, healthOf()?.health]).toEqual(['up', 'unknown'])
  })

  it('does not count who is not configured', () => {
    const { report, healthOf } = boarding()

    for (const vantage of ['iad', 'sfo', 'nrt']) report(vantage, 'down')

    expect(healthOf()?.health).toBe('unknown')
  })

  it('forgets a path with its reports and its past', () => {
    const { board, report, healthOf, transitions } = boarding()
    for (const vantage of ['fra', 'lhr']) report(vantage, 'up')
    healthOf()

    board.forget(cdnA)
    const after = healthOf()

    expect(board.reports(cdnA).size).toBe(0)
    expect(after?.health).toBe('unknown')
    expect(transitions.at(-1)).toMatchObject({ path: 'cdn-a', from: undefined })
  })
})
