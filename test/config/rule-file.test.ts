import { describe, expect, it } from 'vitest'
import { loadRuleFile, type RuleFileSource } from '../../src/config/rule-file.ts'
import { declare, probe } from '../engine/rules/rule-fixtures.ts'

const other = { type: 'srt', measures: [declare('packets_dropped', 'counter')] }

function load(text: string, more: Pick<RuleFileSource, 'watched' | 'isShipped'> = {}) {
  const probes = [probe, other]
  return loadRuleFile({ text, fileName: 'rules/own.yaml', probes, everyMs: 5_000, ...more })
}

function warningsOf(...args: Parameters<typeof load>): string[] {
  const loaded = load(...args)
  return loaded.ok ? loaded.warnings.map((each) => each.split('\n')[0] ?? '') : []
}

function errorsOf(text: string): readonly string[] {
  const loaded = load(text)
  return loaded.ok ? [] : loaded.errors
}

const minimal = `rules:
  - name: missing
    class: down
    when: missing_ratio > 0.5
    says: "{missing_ratio} of segments are missing"
`

describe('a rule file', () => {
  it('becomes a pack with every field, and defaults by class and name', () => {
    const loaded = load(`
windows: { slow: 1m }
rules:
  - name: bitrate-low
    class: degraded
    when: p50(bitrate_bits_per_second, slow) < 0.6 * advertised_bits_per_second
    clear_when: p50(bitrate_bits_per_second, slow) > 0.8 * advertised_bits_per_second
    for: 30s
    or_ratio: { bad: 8, of: 12 }
    clear_for: 2m
    says: bitrate {p50(bitrate_bits_per_second, slow)}
    runbook: https://example.org/runbook
    probes: [hls]
`)

    expect(loaded).toEqual({
      ok: true,
      warnings: [],
      pack: {
        name: 'own',
        windows: { slow: 60_000 },
        rules: [
          {
            name: 'bitrate-low',
            class: 'degraded',
            when: 'p50(bitrate_bits_per_second, slow) < 0.6 * advertised_bits_per_second',
            clearWhen: 'p50(bitrate_bits_per_second, slow) > 0.8 * advertised_bits_per_second',
            forMs: 30_000,
            ratio: { bad: 8, of: 12 },
            clearForMs: 120_000,
            severity: 'warning',
            says: 'bitrate {p50(bitrate_bits_per_second, slow)}',
            diagnosis: 'bitrate-low',
            runbook: 'https://example.org/runbook',
            probes: ['hls'],
          },
        ],
      },
    })
  })

  it('needs no more than name, class, condition and sentence', () => {
    expect(load(minimal)).toMatchObject({
      ok: true,
      pack: { windows: {}, rules: [{ name: 'missing', severity: 'critical' }] },
    })
  })

  it('points into an expression, with the line, a caret and the nearest known name', () => {
    const errors = errorsOf(minimal.replace('missing_ratio > 0.5', 'mising_ratio > 0.5'))

    expect(errors).toEqual([
      [
        'rules/own.yaml:4:11: rules[0].when: unknown measurement "mising_ratio"; did you mean "missing_ratio"?',
        '    when: mising_ratio > 0.5',
        '          ^',
      ].join('\n'),
    ])
  })

  it.each([
    ['a quoted expression', `"1 > 2 && bad_name > 1"`, '4:21'],
    ['a literal block', `|\n      1 > 2\n      && bad_name > 1`, '6:10'],
    ['a folded block', `>-\n      1 > 2 ||\n      true || bad_name > 1`, '6:15'],
    ['a plain text over two lines', `1 > 2\n      && bad_name > 1`, '5:10'],
  ])('points into %s', (_, when, place) => {
    const errors = errorsOf(minimal.replace('missing_ratio > 0.5', when))

    expect(errors[0]).toMatch(
      `rules/own.yaml:${place}: rules[0].when: unknown measurement "bad_name"`,
    )
  })

  it.each([
    [
      'an unknown key',
      minimal.replace('says:', 'sais:'),
      'rules[0].sais: unknown key; did you mean "says"?',
    ],
    [
      'an unknown class',
      minimal.replace('down', 'dwon'),
      'expected down or degraded, got "dwon"; did you mean "down"?',
    ],
    [
      'a duration without unit',
      `${minimal}    for: 5\n`,
      'rules[0].for: expected a duration from 0s to 1h',
    ],
    [
      'a ratio that cannot be',
      `${minimal}    or_ratio: { bad: 3, of: 2 }\n`,
      'rules[0].or_ratio: bad must not be more than of',
    ],
    [
      'a name twice',
      `${minimal}${minimal.replace('rules:\n', '')}`,
      'rules[1].name: the name stands twice; rules[0] has it already',
    ],
    [
      'the name of the built-in rule',
      minimal.replace('missing\n', 'unreachable\n'),
      '"unreachable" is the built-in rule about the outcome of looks',
    ],
    [
      'an unknown probe',
      `${minimal}    probes: [hsl]\n`,
      'rules[0].probes[0]: unknown probe; did you mean "hls"?',
    ],
    [
      'a window with the name of a measurement',
      `windows: { missing_ratio: 1m }\n${minimal}`,
      'windows.missing_ratio: this name has a meaning in expressions already',
    ],
    [
      'an unknown value in the sentence',
      minimal.replace('{missing_ratio}', '{missing}'),
      'rules[0].says: unknown measurement "missing"',
    ],
    ['no rule at all', 'rules: []\n', 'rules: expected a list of 1 to 200 entries'],
    ['text that is no YAML', 'rules: [', 'rules/own.yaml:1'],
    ['a reference to the environment', minimal.replace('0.5', '${LIMIT}'), 'LIMIT'],
  ])('is refused whole for %s', (_, text, expected) => {
    const errors = errorsOf(text)

    expect(errors.length).toBeGreaterThan(0)
    expect(errors.join('\n')).toContain(expected)
  })

  it('lists errors of several rules at once', () => {
    const second = minimal.replace('rules:\n', '').replace('missing\n', 'second\n')
    const text = `${minimal}${second}`.replaceAll('missing_ratio >', 'nothing_known >')

    expect(errorsOf(text)).toHaveLength(2)
  })

  it('warns of a for shorter than the cadence, except where an age needs no look', () => {
    const loaded = load(`${minimal}    for: 2s
  - name: playlist-stalled
    class: down
    when: playlist_age_seconds > 4
    for: 2s
    says: old
`)

    expect(loaded.ok && loaded.warnings.map((warning) => warning.split('\n')[0])).toEqual([
      'rules/own.yaml:6:10: rules[0].for: for (2s) is shorter than the cadence (5s): it takes two bad looks all the same',
    ])
  })

  it('warns of a rule that can never fire', () => {
    const loaded = load(minimal.replace('missing_ratio > 0.5', 'missing_ratio > packets_dropped'))

    expect(loaded.ok && loaded.warnings[0]).toContain(
      'rules[0].when: this rule can never fire: no probe that it is for declares all of missing_ratio, packets_dropped',
    )
  })

  it.each([
    [
      'a condition that nothing meets',
      'missing_ratio > 2 && missing_ratio < 1',
      'can never fire: its condition is false',
    ],
    ['a condition that everything meets', 'missing_ratio > 0.5 || 1 < 2', 'is always bad'],
  ])('warns of %s', (_, when, says) => {
    const loaded = load(minimal.replace('missing_ratio > 0.5', when))

    expect(loaded.ok && loaded.warnings[0]).toContain(`rules[0].when: this rule ${says}`)
  })

  it('warns of a clear_when that never holds', () => {
    const loaded = load(`${minimal}    clear_when: missing_ratio < 1 && missing_ratio > 2\n`)

    expect(loaded.ok && loaded.warnings[0]).toContain(
      'rules[0].clear_when: once active, this rule never clears',
    )
  })

  it('warns of a window shorter than the cadence, which can hold one look only', () => {
    const loaded = load(`windows: { quick: 2s, slow: 5s }\n${minimal}`)

    expect(loaded.ok && loaded.warnings.map((warning) => warning.split('\n')[0])).toEqual([
      'rules/own.yaml:1:19: windows.quick: is shorter than the cadence (5s): it never holds more than one look made in time',
    ])
  })

  it('warns of a probe that does not measure what the rule needs', () => {
    const loaded = load(`${minimal}    probes: [hls, srt]\n`)

    expect(loaded.ok && loaded.warnings.map((warning) => warning.split('\n')[0])).toEqual([
      'rules/own.yaml:6:19: rules[0].probes[1]: does not measure missing_ratio, so the rule does not concern its paths',
    ])
  })

  it('warns of a ratio that is full before for is over', () => {
    const loaded = load(`${minimal}    for: 1m\n    or_ratio: { bad: 3, of: 12 }\n`)

    expect(loaded.ok && loaded.warnings[0]).toContain(
      'rules[0].or_ratio: 3 bad looks take 10s, less than for (1m): for never decides',
    )
  })

  it('warns of a for shorter than the cadence of the paths that it concerns, not than the usual one', () => {
    const text = `${minimal}    for: 10s\n`
    const type = probe.type

    expect(warningsOf(text, { watched: new Map([[type, 5_000]]) })).toEqual([])
    expect(warningsOf(text, { watched: new Map([[type, 30_000]]) })).toEqual([
      'rules/own.yaml:6:10: rules[0].for: for (10s) is shorter than the cadence (30s): it takes two bad looks all the same',
    ])
  })

  it('warns of a rule that waits for more looks than its window can hold', () => {
    const text = `windows: { minute: 60s }\n${minimal.replace('missing_ratio > 0.5', 'count(missing_ratio, minute) >= 7')}`
    const watched = (everyMs: number) => ({ watched: new Map([[probe.type, everyMs]]) })

    expect(warningsOf(text, watched(20_000))).toEqual([])
    expect(warningsOf(text, watched(30_000))).toEqual([
      'rules/own.yaml:5:11: rules[0].when: this rule can never fire: its windows hold fewer looks at the cadence (30s)',
    ])
    expect(warningsOf(text)).toEqual([])
  })

  it('warns of a rule that concerns no path of the configuration, unless it comes along', () => {
    const watched = new Map([[other.type, 5_000]])

    expect(warningsOf(minimal, { watched })).toEqual([
      `rules/own.yaml:4:11: rules[0].when: this rule can never fire: no path is looked at with ${probe.type}`,
    ])
    expect(warningsOf(minimal, { watched, isShipped: true })).toEqual([])
  })
})
