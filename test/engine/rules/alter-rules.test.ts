import { describe, expect, it } from 'vitest'
import { alterPaths, alterRules, mergeChanges } from '../../../src/engine/rules/alter-rules.ts'
import { createPathWatch } from '../../../src/engine/rules/path-watch.ts'
import { rulesOf as ruleSetOf, type RuleSet } from '../../../src/engine/rules/rule-set.ts'
import { Feed, probe, rule, rulesOf, stalled, timing } from './rule-fixtures.ts'

const missing = rule({
  name: 'missing',
  params: { limit: 0.5 },
  when: 'missing_ratio > limit',
  says: '{missing_ratio} missing, allowed: {limit}',
})

function feed(rules: RuleSet): Feed {
  const path = 'channel-1/cdn/cdn-a'
  return new Feed(createPathWatch({ path, vantage: 'fra', probe, rules, timing, now: 0 }))
}

function activeAfter(rules: RuleSet, missingRatio: number): string[] {
  const { watch } = feed(rules)
  for (let at = 0; at <= 60_000; at += 5_000) {
    watch.apply(
      {
        path: 'p',
        vantage: 'fra',
        probe: 'hls',
        at,
        wall: at,
        outcome: 'pass',
        measurements: { missing_ratio: missingRatio },
        findings: [],
      },
      at,
    )
  }
  return watch.report.active.map((verdict) => verdict.says)
}

describe('a changed set of rules', () => {
  it('judges by the changed number, and says it', () => {
    const set = rulesOf([missing])

    const altered = alterRules(set, { missing: { params: { limit: 0.2 } } })

    expect(activeAfter(set, 0.3)).toEqual([])
    expect(activeAfter(altered, 0.3)).toEqual(['30 % missing, allowed: 0.2'])
  })

  it('leaves out what is off, and changes no other rule', () => {
    const set = rulesOf([missing, stalled])

    const altered = alterRules(set, { missing: 'off' })

    expect(altered.rules.map((each) => each.definition.name)).toEqual([stalled.name])
    expect(altered.rules[0]?.fingerprint).toBe(set.rules[1]?.fingerprint)
  })

  it('gives the built-in rule other timers', () => {
    const altered = alterRules(rulesOf([]), { unreachable: { forMs: 0 } })
    const { watch } = feed(altered)

    watch.apply(
      {
        path: 'p',
        vantage: 'fra',
        probe: 'hls',
        at: 0,
        wall: 0,
        outcome: 'fail',
        reason: 'refused',
        measurements: {},
        findings: [],
      },
      0,
    )

    expect(watch.report.health).toBe('down')
  })

  it('is only that of the paths that have changes, one set for equal changes', () => {
    const changes = { missing: 'off' } as const
    const set = alterPaths(rulesOf([missing]), { 's/g/a': changes, 's/g/b': changes })

    expect(ruleSetOf(set, 's/g/a').rules).toEqual([])
    expect(ruleSetOf(set, 's/g/b')).toBe(ruleSetOf(set, 's/g/a'))
    expect(ruleSetOf(set, 's/g/c')).toBe(set)
  })
})

describe('changes of a stream, its groups and paths', () => {
  it.each([
    [
      'add up field by field and number by number',
      { forMs: 1, params: { a: 1, b: 1 } },
      { clearForMs: 2, params: { b: 2 } },
      { forMs: 1, clearForMs: 2, params: { a: 1, b: 2 } },
    ],
    ['the narrower one turns off', { forMs: 1 }, 'off' as const, 'off'],
    ['the narrower one turns on again', 'off' as const, { forMs: 1 }, { forMs: 1 }],
  ])('%s', (_, wide, narrow, merged) => {
    expect(mergeChanges({ r: wide, other: 'off' }, { r: narrow })).toEqual({
      r: merged,
      other: 'off',
    })
  })
})
