import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { checkCel, parseCel } from '../../../src/engine/rules/cel.ts'
import { byLibrary } from '../../../src/engine/rules/expression.ts'
import { applyEdits, walk } from '../../../src/engine/rules/guard.ts'
import { compileNative } from '../../../src/engine/rules/native.ts'
import { RuleScope, createFrame } from '../../../src/engine/rules/scope.ts'
import { declare } from './rule-fixtures.ts'

const names = ['a_ratio', 'b_ratio', 'c_age_seconds'] as const
const windows = { slow: 60_000 }
const texts = { path: 's/g/p', probe: 'hls', vantage: 'fra' }

const { condition } = fc.letrec<{ number: string; condition: string }>((tie) => ({
  number: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(...names),
    fc.nat({ max: 9 }).map(String),
    fc.constantFrom('0.5', '1.25'),
    fc.constantFrom('p50(a_ratio, slow)', 'max(b_ratio, slow)'),
    fc
      .tuple(tie('number'), fc.constantFrom('+', '-', '*'), tie('number'))
      .map(([left, op, right]) => `(${left} ${op} ${right})`),
    fc
      .tuple(fc.constantFrom('max', 'min'), tie('number'), tie('number'))
      .map(([name, left, right]) => `${name}(${left}, ${right} + 0)`),
    tie('number').map((inner) => `abs(${inner})`),
    tie('number').map((inner) => `-(${inner})`),
    tie('number').map((inner) => `${inner} / 4`),
    fc
      .tuple(tie('condition'), tie('number'), tie('number'))
      .map(([test, yes, no]) => `(${test} ? ${yes} : ${no})`),
  ),
  condition: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc
      .tuple(tie('number'), fc.constantFrom('>', '>=', '<', '<=', '==', '!='), tie('number'))
      .map(([left, op, right]) => `${left} ${op} ${right}`),
    fc
      .tuple(tie('condition'), fc.constantFrom('&&', '||'), tie('condition'))
      .map(([left, op, right]) => `(${left}) ${op} (${right})`),
    tie('condition').map((inner) => `!(${inner})`),
    fc.constantFrom('true', 'false', 'vantage == "fra"', 'glob(path, "s/*/p")'),
  ),
}))

const value = fc.oneof(fc.constant(Number.NaN), fc.nat({ max: 8 }), fc.constantFrom(0.5, 2.25))

it('compiled conditions say what the library says, present or absent', () => {
  fc.assert(
    fc.property(condition, fc.array(value, { minLength: 5, maxLength: 5 }), (source, values) => {
      const scope = new RuleScope(names.map((name) => declare(name)))
      const parsed = parseCel(source)
      fc.pre(parsed.ok)
      const walked = walk(parsed.ast, { scope, windows, params: { limit: 2 } })
      fc.pre(walked.faults.length === 0)
      const types = Object.fromEntries(
        [...walked.variables].map(([name, { kind }]) => [
          name,
          kind === 'text' ? ('string' as const) : ('double' as const),
        ]),
      )
      const checked = checkCel(applyEdits(source, walked.edits), types)
      if (!checked.ok) throw new Error(`${source}: ${checked.fault.message}`)
      const native = compileNative(parsed.ast, walked, [])
      if (native?.type !== 'boolean') throw new Error(`${source} is not native`)
      const frame = createFrame(scope, texts)
      frame.values.set(values.slice(0, 3))
      frame.aggregates.set(values.slice(3, 3 + frame.aggregates.length))

      const library = byLibrary(walked.variables, checked.run)

      expect(native.run(frame)).toBe(library(frame))
    }),
    { numRuns: 2_000 },
  )
})
