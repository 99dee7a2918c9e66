import { describe, expect, it } from 'vitest'
import { appliesTo, compileRuleSet } from '../../../src/engine/rules/rule-set.ts'
import type { CompiledRule } from '../../../src/engine/rules/rule-set.ts'
import type { RuleDefinition } from '../../../src/core/rule.ts'
import { declare, probe, rule, rulesOf } from './rule-fixtures.ts'

const srt = { type: 'srt', measures: [declare('packets_dropped', 'counter')] }

function compiled(definition: RuleDefinition): CompiledRule {
  const [first] = rulesOf([definition]).rules
  if (first === undefined) throw new Error('no rule')
  return first
}

describe('a rule set', () => {
  it('lets a later pack alter a rule of an earlier one, in its place', () => {
    const shipped = [rule({ name: 'first' }), rule({ name: 'second' })]
    const own = [rule({ name: 'first', when: 'missing_ratio > 0.9' })]

    const result = compileRuleSet(
      [
        { name: 'shipped', windows: {}, rules: shipped },
        { name: 'own', windows: {}, rules: own },
      ],
      [probe],
    )

    expect(result.ok && result.set.rules.map((each) => each.definition)).toEqual([
      own[0],
      shipped[1],
    ])
  })

  it('gives one slot to an aggregate that several rules name, whatever they call the window', () => {
    const when = (window: string) => `mean(missing_ratio, ${window}) > 0.5`
    const pack = (window: string) => ({
      name: window,
      windows: { [window]: 60_000 },
      rules: [rule({ name: window, when: when(window) })],
    })

    const result = compileRuleSet([pack('slow'), pack('minute')], [probe])

    expect(result.ok && result.set.scope.aggregates).toHaveLength(1)
  })

  it('lists the errors of every field of every rule', () => {
    const bad = rule({ name: 'bad', when: 'a_b > 1', clearWhen: 'c_d > 1', says: '{e_f}' })

    const result = compileRuleSet([{ name: 'own', windows: {}, rules: [bad] }], [probe])

    expect(result.ok ? [] : result.errors.map((error) => error.field)).toEqual([
      'when',
      'clearWhen',
      'says',
    ])
  })
})

describe('a rule applies to a probe', () => {
  it('that declares everything it needs', () => {
    expect(appliesTo(compiled(rule({ name: 'any' })), probe)).toBe(true)
    expect(appliesTo(compiled(rule({ name: 'any' })), srt)).toBe(false)
  })

  it('of the types it names only', () => {
    expect(appliesTo(compiled(rule({ name: 'any', probes: ['srt'] })), probe)).toBe(false)
    expect(appliesTo(compiled(rule({ name: 'any', probes: ['hls'] })), probe)).toBe(true)
  })

  it('that declares what its clear_when needs too', () => {
    const partial = { type: 'hls', measures: [declare('missing_ratio')] }
    const clearing = rule({ name: 'any', clearWhen: 'errors_total < 1' })

    expect(appliesTo(compiled(clearing), partial)).toBe(false)
  })
})
