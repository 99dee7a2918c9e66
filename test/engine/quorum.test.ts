import { array, assert, constantFrom, nat, property } from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { VantageHealth, VantageReport } from '../../src/core/health.ts'
import { quorumHealth, thresholds } from '../../src/engine/quorum.ts'

const settings = { atLeast: 2, fraction: 0.5, domains: 2, minFresh: 2 }
const three = [
  { name: 'fra', domain: 'hetzner' },
  { name: 'lhr', domain: 'aws' },
  { name: 'iad', domain: 'aws' },
]

function report(vantage: string, health: VantageHealth, seenAt = 0): VantageReport {
  return {
    path: 'p',
    vantage,
    health,
    suspect: false,
    since: 0,
    seenAt,
    active:
      health === 'down'
        ? [
            {
              rule: 'playlist-stalled',
              class: 'down',
              severity: 'critical',
              diagnosis: 'playlist-stalled',
              says: 'no new segment for 9.0 s',
              since: 0,
              isClearing: false,
            },
          ]
        : [],
    pending: [],
    says: `is ${health}`,
    measurements: {},
  }
}

function judge(healths: readonly (VantageHealth | 'silent')[], now = 0, vantages = three) {
  const reports = new Map<string, VantageReport>()
  for (const [index, health] of healths.entries()) {
    const name = vantages[index]?.name ?? ''
    if (health !== 'silent') reports.set(name, report(name, health))
  }
  return quorumHealth({ path: 'p', vantages, settings, reports, staleAfterMs: 15_000 }, now)
}

describe('what viewers have of a path', () => {
  test('is what the configured vantage saw that saw it well last', () => {
    const seen = new Map([
      ['fra', { ...report('fra', 'up'), continuity: { at: 5, mediaSequence: 1 } }],
      ['lhr', { ...report('lhr', 'up'), continuity: { at: 7, mediaSequence: 2 } }],
      ['tokyo', { ...report('tokyo', 'up'), continuity: { at: 9, mediaSequence: 3 } }],
    ])
    const input = { path: 'p', vantages: three, settings, reports: seen, staleAfterMs: 15_000 }

    expect(quorumHealth(input, 10).continuity).toEqual({ at: 7, mediaSequence: 2 })
  })
})

describe('quorum over three configured vantages', () => {
  const cases: [readonly (VantageHealth | 'silent')[], string][] = [
    [['up', 'up', 'up'], 'up'],
    [['up', 'up', 'down'], 'up'],
    [['down', 'down', 'up'], 'down'],
    [['up', 'down', 'down'], 'contested'],
    [['down', 'up', 'unknown'], 'contested'],
    [['down', 'unknown', 'unknown'], 'unknown'],
    [['down', 'down', 'down'], 'down'],
    [['degraded', 'degraded', 'up'], 'degraded'],
    [['degraded', 'up', 'up'], 'up'],
    [['degraded', 'degraded', 'down'], 'contested'],
    [['up', 'silent', 'silent'], 'unknown'],
    [['up', 'up', 'silent'], 'up'],
  ]
  test.each(cases)('%j makes the path %s', (healths, expected) => {
    expect(judge(healths).health).toBe(expected)
  })

  test('two vantages of one failure domain are one witness: the path is contested, not down', () => {
    const result = judge(['up', 'down', 'down'])

    expect(result.health).toBe('contested')
    expect(result.says).toBe(
      'vantages disagree: fra says up; lhr, iad say down (playlist-stalled: no new segment for 9.0 s)',
    )
  })

  test('the sentence names who says so and why', () => {
    expect(judge(['down', 'down', 'up']).says).toBe(
      '2 of 3 vantages say down (fra, lhr): playlist-stalled: no new segment for 9.0 s',
    )
    expect(judge(['down', 'down', 'up']).diagnosis).toBe('playlist-stalled')
    expect(judge(['down', 'silent', 'silent']).says).toBe('1 of 3 vantages know, 2 needed')
  })

  test('a report whose sample is stale counts as unknown', () => {
    expect(judge(['down', 'down', 'down'], 15_000).health).toBe('down')
    expect(judge(['down', 'down', 'down'], 15_001).health).toBe('unknown')
  })

  test('health keeps its beginning while it stays the same', () => {
    const reports = new Map([
      ['fra', report('fra', 'up')],
      ['lhr', report('lhr', 'up')],
    ])
    const input = { path: 'p', vantages: three, settings, reports, staleAfterMs: 15_000 }
    const first = quorumHealth(input, 100)

    expect(quorumHealth({ ...input, previous: first }, 900).since).toBe(100)
  })
})

test('with one vantage configured it alone decides, and its sentence is the sentence', () => {
  const result = judge(['down'], 0, [{ name: 'local', domain: 'local' }])

  expect(result.health).toBe('down')
  expect(result.says).toBe('is down')
})

test('thresholds follow the configured vantages and are never above them', () => {
  const five = ['a', 'b', 'c', 'd', 'e'].map((name) => ({ name, domain: name }))

  expect(thresholds(settings, five)).toEqual({ quorum: 3, minFresh: 2, domains: 2 })
  expect(thresholds(settings, three)).toEqual({ quorum: 2, minFresh: 2, domains: 2 })
  expect(thresholds(settings, five.slice(0, 1))).toEqual({ quorum: 1, minFresh: 1, domains: 1 })
})

test('with two or more vantages one alone never makes a path down (invariant 1)', () => {
  const health = constantFrom<VantageHealth | 'silent'>('up', 'degraded', 'unknown', 'silent')
  assert(
    property(array(health, { minLength: 1, maxLength: 6 }), nat(6), (others, position) => {
      const healths: (VantageHealth | 'silent')[] = [...others]
      healths.splice(Math.min(position, healths.length), 0, 'down')
      const vantages = healths.map((_, index) => ({ name: `v${index}`, domain: `d${index}` }))

      expect(judge(healths, 0, vantages).health).not.toBe('down')
    }),
  )
})

test('silencing a vantage never makes a path down (invariants 2 and 3)', () => {
  const health = constantFrom<VantageHealth>('up', 'degraded', 'down')
  assert(
    property(array(health, { minLength: 1, maxLength: 6 }), nat(5), (healths, index) => {
      const vantages = healths.map((_, each) => ({ name: `v${each}`, domain: `d${each % 3}` }))
      const before = judge(healths, 0, vantages).health
      const after = judge(healths.with(index % healths.length, 'unknown'), 0, vantages).health

      if (before !== 'down') expect(after).not.toBe('down')
    }),
  )
})
