import { describe, expect, test } from 'vitest'
import { loadConfiguration } from '../../src/composition/configuration.ts'
import { createPathWatch } from '../../src/engine/rules/path-watch.ts'
import { plugins } from '../../src/plugins.ts'
import { compileRuleSet } from '../../src/engine/rules/rule-set.ts'
import type { RuleDefinition } from '../../src/core/rule.ts'
import { findShape } from '../../src/simulation/find-shape.ts'

const timing = {
  everyMs: 5_000,
  forMs: 15_000,
  ratio: { bad: 6, of: 12 },
  clearForMs: 60_000,
  staleAfterMs: 15_000,
}
const probe = {
  type: 'any',
  measures: ['age_seconds', 'target_seconds', 'speed_ratio', 'errors'].map((name) => ({
    name,
    kind: name === 'errors' ? ('counter' as const) : ('gauge' as const),
    unit: 'ratio' as const,
    help: 'Anything.',
  })),
}

function shapeFor(...rules: Omit<RuleDefinition, 'severity' | 'says'>[]) {
  const full = rules.map((rule) => ({ ...rule, severity: 'warning' as const, says: 'it is bad' }))
  const compiled = compileRuleSet(
    [{ name: 'own', windows: { slow: 30_000 }, rules: full }],
    [probe],
  )
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.errors))
  return findShape(probe, compiled.set, 'channel-1/cdn/cdn-a', timing)
}

describe('numbers that rules judge as the simulation wants', () => {
  test('a rule that compares two measurements with each other', () => {
    const { shape, untouched } = shapeFor({
      name: 'stalled',
      class: 'down',
      when: 'age_seconds > max(3.0 * target_seconds, 4.0)',
    })

    const limit = (of: Readonly<Record<string, number>>) =>
      Math.max(3 * (of['target_seconds'] ?? 0), 4)
    const [down = {}] = shape.down
    expect(untouched).toEqual([])
    expect(shape.good['age_seconds']).toBeLessThanOrEqual(limit(shape.good))
    expect(down['age_seconds']).toBeGreaterThan(limit(down))
  })

  test('a rule of class degraded is shown without the one of class down over the same number', () => {
    const { shape } = shapeFor(
      { name: 'slow', class: 'degraded', when: 'p50(speed_ratio, slow) > 0.8' },
      { name: 'stuck', class: 'down', when: 'speed_ratio > 3.0' },
    )

    const [degraded = {}] = shape.degraded
    expect(degraded['speed_ratio']).toBeGreaterThan(0.8)
    expect(degraded['speed_ratio']).toBeLessThanOrEqual(3)
    expect(shape.down[0]?.['speed_ratio']).toBeGreaterThan(3)
  })

  test('a rule that clears on a limit of its own is not bad on good numbers', () => {
    const { shape } = shapeFor({
      name: 'slow',
      class: 'degraded',
      when: 'speed_ratio > 2.0',
      clearWhen: 'speed_ratio < 0.7',
    })

    expect(shape.good['speed_ratio']).toBeLessThan(0.7)
  })

  test('what steady numbers cannot show is named', () => {
    const { untouched } = shapeFor({
      name: 'breaking',
      class: 'down',
      when: 'rate(errors, slow) > 1.0',
    })

    expect(untouched).toEqual(['breaking'])
  })

  test('good numbers of playlists keep a path up by all shipped rules, also by those that compare paths', () => {
    const { rules, settings } = shipped()
    for (const shippedProbe of plugins.probes.filter(({ type }) =>
      ['hls', 'dash'].includes(type),
    )) {
      const { timing } = settings
      const found = findShape(shippedProbe, rules, 'channel-1/cdn/cdn-a', timing)
      const watch = createPathWatch({
        path: 'channel-1/cdn/cdn-a',
        vantage: 'fra',
        probe: shippedProbe,
        rules,
        timing,
        now: 0,
      })
      for (let at = 0; at <= 300_000; at += timing.everyMs) {
        const sample = { path: '', vantage: 'fra', probe: shippedProbe.type, at, wall: at }
        const measurements = found.shape.good
        watch.apply({ ...sample, outcome: 'pass', measurements, findings: [] }, at)
      }

      expect({ type: shippedProbe.type, ...watch.report }).toMatchObject({
        type: shippedProbe.type,
        health: 'up',
        active: [],
      })
    }
  })
})

function shipped() {
  const text =
    'streams: { a: { groups: { b: { paths: { c: { type: hls, url: "https://a.example/a.m3u8" } } } } } }'
  const loaded = loadConfiguration(text, 'site.yaml', plugins)
  if (!loaded.ok) throw new Error(loaded.errors.join())
  return loaded
}
