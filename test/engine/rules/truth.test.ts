import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileExpression } from '../../../src/engine/rules/expression.ts'
import { createFrame, RuleScope } from '../../../src/engine/rules/scope.ts'
import { declare } from './rule-fixtures.ts'

const declarations = [
  declare('age', 'age'),
  declare('packets', 'counter'),
  { ...declare('drift', 'gauge'), unit: 'seconds' as const },
  { ...declare('errors', 'gauge'), unit: 'count' as const },
]
const params = { limit: 2 }

function compiled(source: string) {
  const scope = new RuleScope(declarations)
  const result = compileExpression(source, { scope, windows: { slow: 60_000 }, params })
  if (!result.ok) throw new Error(result.errors[0]?.message)
  return { scope, expression: result.expression }
}

describe('what a condition can come to', () => {
  it.each([
    'false',
    'errors < 0',
    '-1 > age',
    'mean(errors, slow) < 0 || packets < -limit',
    'errors > 5 && errors < 3',
    'errors > limit && drift > 1 && errors <= limit',
    'drift > 3 && 2 > drift',
    'abs(drift) < 0',
    'max(errors, 4) < limit',
    'count(drift, slow) < 0',
    '!(errors >= 0)',
    '2 * errors + 1 < 1',
  ])('never true: %s', (source) => {
    expect(compiled(source).expression.truth.canBeTrue).toBe(false)
  })

  it.each(['true', 'errors >= 0', 'age > -1', '!(errors < 0) || drift > 1', 'limit > 1'])(
    'never false: %s',
    (source) => {
      expect(compiled(source).expression.truth).toEqual({ canBeTrue: true, canBeFalse: false })
    },
  )

  it.each([
    'drift < 0',
    'errors > 0',
    'drift - errors < -3',
    'errors > 3 || errors < 2',
    'errors >= 2 && errors <= 2',
    'rate(packets, slow) < 0',
    'vantage == "fra"',
    'errors / 2 < -1',
    '[1.0, 2.0].exists(x, x > errors)',
  ])('both: %s', (source) => {
    expect(compiled(source).expression.truth).toEqual({ canBeTrue: true, canBeFalse: true })
  })

  it('is never wrong about what it calls impossible', () => {
    const number = fc.oneof(
      fc.constantFrom('age', 'drift', 'errors', 'limit'),
      fc.integer({ min: -4, max: 4 }).map((value) => `(${value})`),
    )
    const sum = fc
      .tuple(number, fc.constantFrom('+', '-', '*'), number)
      .map(([left, op, right]) => `(${left} ${op} ${right})`)
    const term = fc.oneof(
      number,
      sum,
      fc.tuple(sum, number).map(([a, b]) => `max(${a}, ${b})`),
    )
    const comparison = fc
      .tuple(term, fc.constantFrom('>', '>=', '<', '<='), term)
      .map(([left, op, right]) => `${left} ${op} ${right}`)
    const condition = fc
      .array(fc.tuple(fc.constantFrom('&&', '||'), comparison), { minLength: 1, maxLength: 4 })
      .map((parts) => parts.map(([op, text], at) => (at === 0 ? text : ` ${op} ${text}`)).join(''))
    const values = fc.record({
      age: fc.nat({ max: 5 }),
      drift: fc.integer({ min: -5, max: 5 }),
      errors: fc.nat({ max: 5 }),
    })
    fc.assert(
      fc.property(condition, values, (source, given) => {
        const { scope, expression } = compiled(source)
        const frame = createFrame(scope, { path: 'p', probe: 'hls', vantage: 'fra' })
        for (const [name, value] of Object.entries(given)) frame.values[scope.slot(name)] = value

        const result = expression.evaluate(frame)

        const { canBeTrue, canBeFalse } = expression.truth
        expect(result === true ? canBeTrue : canBeFalse).toBe(true)
      }),
      { numRuns: 1_000 },
    )
  })
})
