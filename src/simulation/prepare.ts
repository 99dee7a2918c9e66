import type { Plugins } from '../app/plugin-binding.ts'
import type { ActuatorSettings, GroupSettings, PathSettings, Settings } from '../core/settings.ts'
import { rulesOf, type RuleSet } from '../engine/rules/rule-set.ts'
import { findShape, type FoundShape } from './find-shape.ts'
import { pullType, pushType } from './target.ts'
import { pagerType } from './process.ts'
import { publicPath } from './vantages.ts'
import type { Configuration } from './world.ts'

/** A configuration ready to be simulated, and what is different from the real thing, as sentences. */
export interface Prepared {
  readonly configuration: Configuration
  readonly notes: readonly string[]
}

/**
 * Puts simulated paths, targets, store and people in the place of a configuration's own. Its groups,
 * rules, cadences, quorum, limits and timings stay. Throws nothing: the settings were checked before.
 */
export function prepareConfiguration(
  settings: Settings,
  rules: RuleSet,
  plugins: Plugins,
): Prepared {
  const notes: string[] = []
  if (settings.mode !== 'armed') {
    notes.push(`the mode is ${settings.mode}: simulated as if it were armed`)
  }
  const groups = settings.groups.map((group) => preparedGroup(group, plugins, notes))
  const { found, shapeOf } = shapesFor(rules, settings, plugins)
  // Found now, so that what cannot be shown is said before anything runs.
  for (const { name, paths, verify } of settings.groups) {
    for (const path of paths) shapeOf(path.type, `${name}/${path.name}`, path.everyMs)
    if (verify.path !== undefined) {
      shapeOf(verify.path.type, `${name}/${publicPath}`, verify.path.everyMs)
    }
  }
  const untouched = new Set([...found.values()].flatMap((each) => each.untouched))
  if (untouched.size > 0) {
    notes.push(
      `rules that never strike here, because steady numbers cannot: ${[...untouched].join(', ')}`,
    )
  }
  const { publicUrl: _publicUrl, recording: _recording, ...rest } = settings
  // Only what the simulation itself moves: nothing is broken or pulled outside.
  const kept = { ...rest, drills: rest.drills.filter(({ kind }) => kind === 'switch') }
  return {
    notes,
    configuration: {
      settings: {
        ...kept,
        mode: 'armed',
        vantage: {
          ...settings.vantage,
          reference: settings.vantage.reference.map(() => 'https://reference.example/'),
        },
        tokens: [],
        groups,
        notify: [{ route: 'page', type: pagerType, options: {}, minSeverity: 'info' }],
      },
      rules: {
        set: rules,
        probes: plugins.probes.map(({ measures, type }) => ({ measures, type })),
        shapeOf: (type, path) => shapeOf(type, path, settings.timing.everyMs),
      },
    },
  }
}

function preparedGroup(group: GroupSettings, plugins: Plugins, notes: string[]): GroupSettings {
  const { actuators, name, verify } = group
  if (actuators.length === 0) {
    notes.push(`${name} has no actuator: simulated with a load balancer`)
  }
  const simulated = actuators.map(({ required, type }, position): ActuatorSettings => {
    const plugin = plugins.actuators.find((each) => each.type === type)
    return plugin?.mode === 'pull'
      ? { type: pullType, options: {}, required }
      : { type: pushType, options: { target: `${name}#${position}` }, required }
  })
  const fallback: ActuatorSettings = {
    type: pushType,
    options: { target: `${name}#0` },
    required: true,
  }
  const placed = (path: PathSettings, as: string): PathSettings => ({
    ...path,
    options: { group: name, path: as },
    shows: `sim://${as}`,
  })
  return {
    ...group,
    paths: group.paths.map((path) => placed(path, path.name)),
    verify: {
      ...verify,
      ...(verify.path !== undefined && { path: placed(verify.path, publicPath) }),
    },
    actuators: simulated.length === 0 ? [fallback] : simulated,
  }
}

/** Shapes by probe type and rule set, each found once. */
function shapesFor(rules: RuleSet, { timing }: Settings, { probes }: Plugins) {
  const found = new Map<string, FoundShape>()
  const sets = [rules, ...(rules.ofPaths?.values() ?? [])]
  const shapeOf = (type: string, path: string, everyMs: number) => {
    const key = `${type} ${sets.indexOf(rulesOf(rules, path))}`
    const known = found.get(key)
    if (known !== undefined) return known.shape
    const probe = probes.find((each) => each.type === type)
    if (probe === undefined) throw new Error(`no probe plug-in of type ${type}`)
    const { measures } = probe
    const fresh = findShape({ measures, type }, rules, path, { ...timing, everyMs })
    found.set(key, fresh)
    return fresh.shape
  }
  return { found, shapeOf }
}
