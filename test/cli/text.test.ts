import { styleText } from 'node:util'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { clean, cleanJson } from '../../src/cli/clean.ts'
import { junitXml } from '../../src/formats/junit.ts'
import { measured } from '../../src/cli/numbers.ts'
import { healthMark, painter } from '../../src/cli/paint.ts'
import { sparkline } from '../../src/cli/sparkline.ts'
import { textTable } from '../../src/cli/text-table.ts'
import { textWidth, wrapped } from '../../src/cli/text-width.ts'
import { span, stamp } from '../../src/cli/times.ts'

describe('a table', () => {
  it('aligns columns, and wraps the last one under itself', () => {
    const rows = [
      ['a', 'long name', 'one two three four five six'],
      ['bb', 'c', 'seven'],
    ]

    expect(textTable(rows, { width: 37, indent: 1 })).toBe(
      ' a   long name  one two three four\n' +
        '                five six\n' +
        ' bb  c          seven\n',
    )
  })

  it('counts what is seen: colours nothing, ideographs and emoji twice', () => {
    const red = styleText('red', 'x', { validateStream: false })
    const rows = [
      [red, '.'],
      ['チャン', '.'],
      ['👩‍👩‍👧', '.'],
      ['é', '.'],
    ]

    const lines = textTable(rows, { width: 80 }).split('\n')
    expect(lines.slice(0, 4).map(textWidth)).toEqual([9, 9, 9, 9])
  })

  it('of nothing is nothing', () => {
    expect(textTable([], { width: 80 })).toBe('')
  })
})

describe('wrapping', () => {
  it('loses no word and keeps lines short where words allow it', () => {
    const words = fc.array(fc.stringMatching(/^[a-z]{1,12}$/u), { minLength: 1, maxLength: 40 })
    fc.assert(
      fc.property(words, fc.integer({ min: 12, max: 60 }), (list, columns) => {
        const lines = wrapped(list.join(' '), columns)

        expect(lines.join(' ').split(' ')).toEqual(list)
        expect(Math.max(...lines.map(textWidth))).toBeLessThanOrEqual(columns)
      }),
    )
  })
})

describe('a sparkline', () => {
  it.each([
    { values: [0, 1, 2, 3, 4, 5, 6, 7], columns: 10, line: '▁▂▃▄▅▆▇█' },
    { values: [5, 5, 5], columns: 10, line: '███' },
    { values: [0, 0], columns: 10, line: '▁▁' },
    { values: [1, undefined, 2], columns: 10, line: '▅ █' },
    { values: [9, 1, 2], columns: 2, line: '▅█' },
    { values: [Number.NaN, 1], columns: 2, line: ' █' },
    { values: [undefined, undefined], columns: 10, line: '' },
    { values: [], columns: 10, line: '' },
  ])('of $values is "$line"', ({ values, columns, line }) => {
    expect(sparkline(values, columns)).toBe(line)
  })
})

describe('a measured value', () => {
  it.each([
    { value: 0.0421, unit: 'seconds', text: '42.1 ms' },
    { value: 1.92, unit: 'seconds', text: '1.92 s' },
    { value: 7_200, unit: 'seconds', text: '7200 s' },
    { value: 5_832_114, unit: 'bits_per_second', text: '5.83 Mbit/s' },
    { value: 999, unit: 'bits_per_second', text: '999 bit/s' },
    { value: 2_916_057, unit: 'bytes', text: '2.92 MB' },
    { value: 0.1834, unit: 'ratio', text: '18.3 %' },
    { value: 88_123, unit: 'count', text: '88123' },
    { value: 41.2, unit: 'days', text: '41.2 d' },
    { value: -0.5, unit: 'seconds', text: '-500 ms' },
    { value: 3, unit: 'volts', text: '3 volts' },
  ])('of $value $unit reads $text', ({ value, unit, text }) => {
    expect(measured(value, unit)).toBe(text)
  })
})

describe('a span of time', () => {
  it.each([
    { ms: -5, text: '0 s' },
    { ms: 400, text: '0.4 s' },
    { ms: 9_990, text: '9.9 s' },
    { ms: 59_999, text: '59 s' },
    { ms: 3_599_000, text: '59 min' },
    { ms: 12_000_000, text: '3 h 20 min' },
    { ms: 7_200_000, text: '2 h' },
    { ms: 183_600_000, text: '2 d 3 h' },
  ])('of $ms ms reads $text', ({ ms, text }) => {
    expect(span(ms)).toBe(text)
  })

  it('is stamped in UTC', () => {
    expect(stamp(Date.parse('2026-03-04T05:06:07.999Z'))).toBe('2026-03-04 05:06:07Z')
  })
})

describe('text of others', () => {
  it('keeps every letter and no control', () => {
    expect(clean('Ж\u001b]0;title\u0007 日本\r\n\u202eevil\u2028é')).toBe('Ж ]0;title  日本 evil é')
    expect(cleanJson({ 'a\u001b': ['b\u0000', 1, null, true] })).toEqual({
      'a ': ['b ', 1, null, true],
    })
  })
})

describe('health', () => {
  it('has a shape and a word beside its colour', () => {
    const plain = painter({ color: false })
    const colored = painter({ color: true })

    expect(healthMark('contested', plain)).toBe('◇ contested')
    expect(healthMark('down', colored)).toBe('\u001b[31m✖ down\u001b[39m')
  })
})

describe('JUnit XML', () => {
  it('has a suite for each file, and each failure in its test', () => {
    const cases = [
      { name: 'a & b', file: 'rules/x.test.yaml', failures: [] },
      { name: '"c"', file: 'rules/x.test.yaml', failures: ['1 < 2', 'bell \u0007'] },
    ]

    expect(junitXml(cases)).toBe(
      [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<testsuites>',
        '  <testsuite name="rules/x.test.yaml" tests="2" failures="1" errors="0">',
        '    <testcase name="a &amp; b" classname="rules/x.test.yaml"/>',
        '    <testcase name="&quot;c&quot;" classname="rules/x.test.yaml">',
        '      <failure message="1 &lt; 2">1 &lt; 2\nbell  </failure>',
        '    </testcase>',
        '  </testsuite>',
        '</testsuites>',
        '',
      ].join('\n'),
    )
  })
})
