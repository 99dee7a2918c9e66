import { describe, expect, it } from 'vitest'
import { compileExpression, compileNumber } from '../../../src/engine/rules/expression.ts'
import { RuleScope, createFrame } from '../../../src/engine/rules/scope.ts'
import { declare, probe } from './rule-fixtures.ts'

const windows = { fast: 15_000, slow: 60_000 }
const texts = { path: 'channel-1/cdn/cdn-a', probe: 'hls', vantage: 'fra' }

function errorsOf(source: string) {
  const result = compileExpression(source, { scope: new RuleScope(probe.measures), windows })
  return result.ok ? [] : result.errors
}

/** Evaluates a condition on measurements that are all declared by their names. */
function evaluate(
  source: string,
  values: Readonly<Record<string, number>> = {},
  elapsedMs = 0,
): boolean | undefined {
  const scope = new RuleScope(probe.measures)
  const result = compileExpression(source, { scope, windows })
  if (!result.ok) throw new Error(JSON.stringify(result.errors))
  const frame = createFrame(scope, texts)
  for (const [name, value] of Object.entries(values)) frame.values[scope.slot(name)] = value
  frame.aggregates.fill(7)
  frame.elapsedMs = elapsedMs
  return result.expression.evaluate(frame)
}

describe('conditions', () => {
  it.each([
    ['playlist_age_seconds > 4', { playlist_age_seconds: 5 }, true],
    ['playlist_age_seconds > 4', { playlist_age_seconds: 4 }, false],
    ['playlist_age_seconds >= 4', { playlist_age_seconds: 4 }, true],
    ['4 < playlist_age_seconds', { playlist_age_seconds: 5 }, true],
    ['missing_ratio == 1', { missing_ratio: 1 }, true],
    ['missing_ratio != 1', { missing_ratio: 1 }, false],
    ['missing_ratio + 1 > 0x1', { missing_ratio: 0.5 }, true],
    ['-missing_ratio < -4', { missing_ratio: 5 }, true],
    ['abs(missing_ratio - 2) == 1', { missing_ratio: 1 }, true],
    ['missing_ratio > 1 ? missing_ratio < 3 : false', { missing_ratio: 2 }, true],
    ['(missing_ratio > 1 ? 2 : 3) == 2', { missing_ratio: 2 }, true],
    ['!(missing_ratio > 1) || missing_ratio > 5', { missing_ratio: 2 }, false],
    ['p50(bitrate_bits_per_second, slow) == 7', {}, true],
    ['max(bitrate_bits_per_second, slow) == 7', {}, true],
    ['vantage == "fra" && glob(path, "channel-1/*/cdn-?")', {}, true],
    ['path.startsWith("channel-2/")', {}, false],
    ['[1, 2, 3].exists(n, missing_ratio == n)', { missing_ratio: 3 }, true],
    ['missing_ratio in [1, 2]', { missing_ratio: 3 }, false],
    ['true', {}, true],
  ])('%s on %j is %s', (source, values, expected) => {
    expect(evaluate(source, values as Record<string, number>)).toBe(expected)
  })

  it('read whole numbers as doubles, also beside a measurement in max()', () => {
    const source = 'playlist_age_seconds > max(3 * target_duration_seconds, 4)'

    expect(evaluate(source, { playlist_age_seconds: 6.5, target_duration_seconds: 2 })).toBe(true)
    expect(evaluate(source, { playlist_age_seconds: 3.9, target_duration_seconds: 1 })).toBe(false)
  })

  it.each([
    ['a measurement is absent', 'missing_ratio > 1', {}],
    ['a measurement is NaN', 'missing_ratio > 1', { missing_ratio: Number.NaN }],
    ['a measurement is infinite', 'missing_ratio > 1', { missing_ratio: Infinity }],
    ['an absent measurement is negated', '!(missing_ratio > 1)', {}],
    [
      'something is divided by zero',
      'bitrate_bits_per_second / missing_ratio > 1',
      { bitrate_bits_per_second: 1, missing_ratio: 0 },
    ],
    [
      'a smaller number hides a division by zero',
      'min(bitrate_bits_per_second / missing_ratio, 5) > 4',
      { bitrate_bits_per_second: 1, missing_ratio: 0 },
    ],
    ['the sum overflows', 'missing_ratio * 1e308 > 1', { missing_ratio: 1e10 }],
    ['both sides of a list condition are absent', '[1].exists(n, missing_ratio == n)', {}],
    ['an equality lacks one side', 'missing_ratio != errors_total', { missing_ratio: 1 }],
    ['the condition of a choice is absent', 'missing_ratio > 1 ? true : true', {}],
  ])('are absent where %s', (_, source, values) => {
    expect(evaluate(source, values as Record<string, number>)).toBeUndefined()
  })

  it.each([
    ['false && absent', 'errors_total > 1 && missing_ratio > 1', false],
    ['absent && false', 'missing_ratio > 1 && errors_total > 1', false],
    ['true || absent', 'errors_total < 1 || missing_ratio > 1', true],
    ['absent || true', 'missing_ratio > 1 || errors_total < 1', true],
    ['true && absent', 'errors_total < 1 && missing_ratio > 1', undefined],
    ['false || absent', 'errors_total > 1 || missing_ratio > 1', undefined],
  ])('absorb absence as CEL absorbs errors: %s', (_, source, expected) => {
    expect(evaluate(source, { errors_total: 0 })).toBe(expected)
  })

  it('name what they need, also through aggregates', () => {
    const scope = new RuleScope(probe.measures)
    const source = 'p90(bitrate_bits_per_second, slow) < 1 && missing_ratio > 0'

    const result = compileExpression(source, { scope, windows })

    expect(result.ok && result.expression.needs).toEqual([
      'bitrate_bits_per_second',
      'missing_ratio',
    ])
    expect(scope.aggregates).toEqual([
      { name: 'p90', measurement: 'bitrate_bits_per_second', windowMs: 60_000 },
    ])
  })
})

describe('age terms', () => {
  it.each([
    ['playlist_age_seconds > 4', 1, 3_001],
    ['playlist_age_seconds >= 4', 1, 3_000],
    ['4 < playlist_age_seconds', 1, 3_001],
    ['4 <= playlist_age_seconds', 1.7, 2_300],
    ['playlist_age_seconds > 4 && missing_ratio < 1', 1, 3_001],
    ['playlist_age_seconds > max(3 * target_duration_seconds, 4)', 1, 5_001],
    ['playlist_age_seconds > 4 || [1].exists(n, n > missing_ratio)', 1, 3_001],
  ])(
    '%s turns true by itself, at an age of %s s, after the last ms before the limit',
    (source, age, turn) => {
      const values = { playlist_age_seconds: age, target_duration_seconds: 2, missing_ratio: 0 }
      const alone = source.includes('||') ? { ...values, missing_ratio: 2 } : values

      expect(evaluate(source, alone, turn - 1)).toBe(false)
      expect(evaluate(source, alone, turn)).toBe(true)
    },
  )

  it.each([
    ['its limit contains an age', 'playlist_age_seconds > 2 * playlist_age_seconds'],
    ['the age stands in arithmetic', 'playlist_age_seconds + 1 > 4'],
    ['the age is on the small side', 'playlist_age_seconds < 4'],
    ['the measurement is no age', 'missing_ratio > 4'],
    ['it is an aggregate of an age', 'max(playlist_age_seconds, slow) > 4'],
  ])('are none where %s', (_, source) => {
    const result = compileExpression(source, { scope: new RuleScope(probe.measures), windows })

    expect(result.ok && result.expression.ages).toEqual([])
  })

  it('let an aggregate of ages stand in the limit, as it does not grow', () => {
    const source = 'playlist_age_seconds > 2 * p50(playlist_age_seconds, slow)'

    const result = compileExpression(source, { scope: new RuleScope(probe.measures), windows })

    expect(result.ok && result.expression.ages).toHaveLength(1)
  })
})

describe('errors', () => {
  it.each([
    [
      'an unknown measurement, with the nearest known name',
      'plalist_age_seconds > 4',
      {
        line: 1,
        column: 1,
        message: 'unknown measurement "plalist_age_seconds"',
        nearest: 'playlist_age_seconds',
      },
    ],
    [
      'a place on a later line',
      'missing_ratio > 1 &&\n  bitrate > 3',
      { line: 2, column: 3, message: 'unknown measurement "bitrate"' },
    ],
    [
      'an unknown window',
      'p50(missing_ratio, slwo) > 1',
      { line: 1, column: 20, message: 'unknown window "slwo"', nearest: 'slow' },
    ],
    [
      'an unknown measurement in an aggregate',
      'p50(mising_ratio, slow) > 1',
      {
        line: 1,
        column: 5,
        message: 'unknown measurement "mising_ratio"',
        nearest: 'missing_ratio',
      },
    ],
    [
      'an aggregate without window',
      'p50(missing_ratio) > 1',
      { line: 1, column: 1, message: 'p50 takes a measurement and a window, as in p50(x, slow)' },
    ],
    [
      'a window in a wrong place',
      'missing_ratio > slow',
      {
        line: 1,
        column: 17,
        message: '"slow" is a window; it goes second into an aggregate, as in mean(x, slow)',
      },
    ],
    [
      'an unknown function',
      'p80(missing_ratio, slow) > 1',
      { line: 1, column: 1, message: 'unknown function "p80"', nearest: 'p50' },
    ],
    [
      'matches(), which can take for ever',
      'path.matches("(a+)+$")',
      {
        line: 1,
        column: 1,
        message:
          'matches() is refused: a regular expression can take for ever; use glob(text, "pattern*")',
      },
    ],
    [
      'fields',
      'path.length > 3',
      {
        line: 1,
        column: 1,
        message: 'rules have numbers and texts only: no fields, indexes or maps',
      },
    ],
    [
      'a variable that hides a measurement',
      '[1].exists(missing_ratio, missing_ratio > 1)',
      {
        line: 1,
        column: 12,
        message: '"missing_ratio" has a meaning already; name the variable otherwise',
      },
    ],
    [
      'a number in place of a condition',
      'missing_ratio + 1',
      {
        line: 1,
        column: 1,
        message: 'expected a condition that is true or false, this is a double',
      },
    ],
    [
      'a type error after whole numbers were rewritten',
      '1 + 22 > 3 && missing_ratio > "x"',
      { line: 1, column: 15, message: 'no such overload: double > string' },
    ],
    [
      'a division beside lists whose zero could not be noticed',
      '[1].exists(n, n / missing_ratio > 1)',
      {
        line: 1,
        column: 19,
        message: 'beside lists, divide by constants only: a division by zero could not be noticed',
      },
    ],
    ['bad syntax', 'missing_ratio >', { line: 1, column: 16, message: 'unexpected token: EOF' }],
    [
      'a number too large',
      'missing_ratio > 1e999',
      { line: 1, column: 17, message: 'invalid number: Infinity' },
    ],
  ])('name %s', (_, source, error) => {
    const found = errorsOf(source)

    expect(found).toEqual([error])
  })

  it('list every unknown name at once', () => {
    expect(errorsOf('aaaaaaaa > 1 && bbbbbbbb > 1')).toHaveLength(2)
  })

  it.each([
    ['sources over 2 KiB', `missing_ratio > 1${' '.repeat(2_048)}`, 'longer than 2048 bytes'],
    [
      'more than 300 nodes',
      `missing_ratio in [${'1,'.repeat(40)}1]${' || missing_ratio > 1'.repeat(90)}`,
      'exceeded maxAstNodes (300)',
    ],
    ['deep brackets', `${'('.repeat(1_000)}true${')'.repeat(1_000)}`, 'exceeded maxDepth (24)'],
    ['long negation', `${'!'.repeat(100)}true`, 'nested deeper than 24 levels'],
    ['long chains', `missing_ratio ${'+ 1 '.repeat(30)} > 1`, 'nested deeper than 24 levels'],
    ['lists over 64', `missing_ratio in [${'1,'.repeat(64)}1]`, 'exceeded maxListElements (64)'],
    [
      'comprehensions nested three times',
      '[1].all(a, [1].all(b, [1].all(c, a > b)))',
      'comprehensions nest at most 2 deep',
    ],
  ])('refuse %s', (_, source, message) => {
    expect(errorsOf(source).map((error) => error.message)).toContain(message)
  })

  it('let comprehensions nest twice', () => {
    expect(errorsOf('[1].all(a, [1].all(b, a > b - missing_ratio))')).toEqual([])
  })

  it.each([
    '__proto__ > 1',
    'constructor > 1',
    'toString > 1',
    'p50(missing_ratio, constructor) > 1',
  ])('know no name from outside: %s', (source) => {
    expect(errorsOf(source)).toHaveLength(1)
  })
})

describe('numbers for sentences', () => {
  it('are NaN where something is absent', () => {
    const scope = new RuleScope([declare('x_ratio')])

    const result = compileNumber('2 * x_ratio', { scope, windows })

    expect(result.ok && result.expression.evaluate(createFrame(scope, texts))).toBeNaN()
  })

  it('refuse conditions and lists', () => {
    const result = compileNumber('missing_ratio > 1', {
      scope: new RuleScope(probe.measures),
      windows,
    })

    expect(result).toMatchObject({
      ok: false,
      errors: [
        { message: 'expected a number: a measurement, an aggregate or arithmetic over them' },
      ],
    })
  })
})
