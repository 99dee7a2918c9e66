import { describe, expect, it } from 'vitest'
import { loadRulePacks } from '../../src/config/rule-packs.ts'
import { probe } from '../engine/rules/rule-fixtures.ts'

const base = `windows: { slow: 1m }
rules:
  - name: missing
    class: down
    params: { limit: 0.5 }
    when: missing_ratio > limit
    says: "{missing_ratio} of segments are missing"
  - name: bitrate-low
    class: degraded
    when: p50(bitrate_bits_per_second, slow) < 1000000
    says: low
`

function load(files: Readonly<Record<string, string>>, known: readonly string[] = []) {
  const texts = Object.entries(files).map(([name, text]) => ({
    fileName: `rules/${name}.yaml`,
    text,
    isOnlyKnown: known.includes(name),
  }))
  return loadRulePacks(texts, { probes: [probe], everyMs: 5_000 })
}

function packsOf(...given: Parameters<typeof load>) {
  const loaded = load(...given)
  if (!loaded.ok) throw new Error(loaded.errors.join('\n'))
  return loaded.packs
}

function errorOf(files: Readonly<Record<string, string>>): string {
  const loaded = load(files)
  return loaded.ok ? '' : loaded.errors.join('\n')
}

describe('a pack that extends another', () => {
  it('has its rules and windows, changed, and its own, in its place', () => {
    const site = `extends: base
windows: { fast: 10s }
override:
  missing: { for: 30s, params: { limit: 0.3 } }
rules:
  - name: own
    class: degraded
    when: mean(missing_ratio, fast) > 0.1 && mean(missing_ratio, slow) > 0.1
    says: own
`
    const packs = packsOf({ base, site })

    expect(packs).toMatchObject([
      {
        name: 'site',
        extends: 'base',
        windows: { slow: 60_000, fast: 10_000 },
        rules: [
          { name: 'missing', class: 'down', forMs: 30_000, params: { limit: 0.3 } },
          { name: 'bitrate-low' },
          { name: 'own' },
        ],
      },
    ])
  })

  it('leaves out what it turns off, and writes anew what it names again', () => {
    const site = `extends: base
override: { bitrate-low: off }
rules:
  - { name: missing, class: degraded, when: missing_ratio > 0.9, says: most }
`

    expect(packsOf({ base, site })[0]?.rules).toMatchObject([
      { name: 'missing', class: 'degraded', severity: 'warning' },
    ])
  })

  it('may be extended in turn, whatever the order of the files', () => {
    const packs = packsOf({
      a: 'extends: b\noverride: { missing: { clear_for: 5m } }\n',
      b: 'extends: c\noverride: { missing: { for: 10s }, bitrate-low: off }\n',
      c: base,
    })

    expect(packs).toMatchObject([
      { name: 'a', rules: [{ name: 'missing', forMs: 10_000, clearForMs: 300_000 }] },
    ])
  })

  it('brings a pack into force that is only known', () => {
    expect(packsOf({ base, other: base }, ['base', 'other'])).toEqual([])
    expect(packsOf({ base, site: 'extends: base\n' }, ['base'])).toMatchObject([
      { name: 'site', rules: [{ name: 'missing' }, { name: 'bitrate-low' }] },
    ])
  })

  it('may have the name of the one that it extends', () => {
    const loaded = loadRulePacks(
      [
        { fileName: 'shipped/base.yaml', text: base },
        { fileName: 'own/base.yaml', text: 'extends: base\noverride: { missing: off }\n' },
      ],
      { probes: [probe] },
    )

    expect(loaded).toMatchObject({ ok: true, packs: [{ rules: [{ name: 'bitrate-low' }] }] })
  })

  it.each([
    [
      'a pack that there is not',
      'extends: bsae\n',
      'rules/site.yaml:1:10: extends: unknown pack; did you mean "base"?\nextends: bsae\n         ^',
    ],
    [
      'a rule that the pack has not',
      'extends: base\noverride:\n  mising: off\n',
      'rules/site.yaml:3:3: override.mising: unknown rule; did you mean "missing"?\n  mising: off\n  ^',
    ],
    [
      'a number that the rule has not',
      'extends: base\noverride: { missing: { params: { limt: 1 } } }\n',
      'rules/site.yaml:2:34: override.missing.params.limt: missing has no number of this name; did you mean "limit"?',
    ],
    [
      'a field that cannot be changed',
      'extends: base\noverride: { missing: { fro: 10s } }\n',
      'rules/site.yaml:2:24: override.missing.fro: unknown key; did you mean "for"?',
    ],
    [
      'a word that is not off',
      'extends: base\noverride: { missing: on }\n',
      'override.missing: expected off or a map, got "on"',
    ],
    [
      'an override of nothing',
      `override: { missing: off }\n${base}`,
      'override: there is nothing to override; say with extends whose rules these are',
    ],
    [
      'nothing at all',
      'windows: { fast: 5s }\n',
      'expected rules, or a pack that this one extends',
    ],
    [
      'the built-in rule turned off',
      'extends: base\noverride: { unreachable: off }\n',
      'override.unreachable: the rule about the outcome of looks cannot be turned off',
    ],
    [
      'a number with the name of a measurement',
      `rules:\n  - { name: x, class: down, params: { missing_ratio: 1 }, when: missing_ratio > 1, says: x }\n`,
      'rules[0].params.missing_ratio: this name has a meaning in expressions already',
    ],
    [
      'a number that nothing names',
      `rules:\n  - { name: x, class: down, params: { limit: 1 }, when: missing_ratio > 1, says: x }\n`,
      'rules[0].params.limit: no expression of the rule names this number',
    ],
  ])('is refused for %s', (_, site, says) => {
    expect(errorOf({ base, site })).toContain(says)
  })

  it('is refused where another extends the same pack', () => {
    expect(errorOf({ base, a: 'extends: base\n', b: 'extends: base\n' })).toBe(
      'rules/b.yaml: extends: rules/a.yaml extends base already, and a pack has one place only; ' +
        'extend that one, or write both changes into one file',
    )
  })

  it('is refused where packs extend each other', () => {
    const says = errorOf({ base, a: 'extends: b\n', b: 'extends: a\n' })

    expect(says).toContain('rules/a.yaml:1:10: extends: unknown pack')
    expect(says).toContain('rules/b.yaml:1:10: extends: unknown pack')
  })
})
