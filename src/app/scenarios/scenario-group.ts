import { heaviest } from '../../core/allocation.ts'
import type { PathHealth } from '../../core/health.ts'
import type { GroupSettings } from '../../core/settings.ts'
import type { ScenarioGroup, ScenarioGroupAnswer } from '../rule-scenarios.ts'
import { defaultSettings } from './default-settings.ts'
import { PureGroup } from './pure-group.ts'
import type { Scenario } from './scenario-file.ts'

/** The controller of a group as a rule scenario sees it, with every default of the configuration. */
export function scenarioGroup(name: string, scenario: Scenario): ScenarioGroup {
  const { begins = 0 } = scenario
  let now = 0
  const group = new PureGroup({
    settings: settingsOf(name, scenario),
    wall: () => begins + now,
  })
  return {
    advance: async (at: number, paths: ReadonlyMap<string, PathHealth>) => {
      now = at
      group.evaluate(at, paths)
    },
    answer: () => answerOf(group),
  }
}

function answerOf({ decision, changes, allocation }: PureGroup): ScenarioGroupAnswer {
  const active = heaviest(allocation)
  const veto = decision.kind === 'stay' ? decision.whyNot?.guard : undefined
  return {
    state: decision.kind === 'stay' ? decision.state : 'FROZEN',
    writes: changes,
    allocation,
    ...(active !== undefined && { active }),
    ...(veto !== undefined && { veto }),
    says: decision.says,
  }
}

function settingsOf(name: string, scenario: Scenario): GroupSettings {
  const { profile, place, declared, vantages, quorum, timing } = scenario
  const rows = [...new Set(scenario.rows.map((row) => row.path))]
  const paths = declared?.paths ?? rows.map((path) => ({ name: path, keys: {} }))
  const loaded = defaultSettings({
    place,
    ...(profile !== undefined && { profile }),
    groups: [
      {
        name,
        ...(declared !== undefined && { keys: declared.keys }),
        paths: paths.map((path) => ({ ...path, everyMs: timing.everyMs })),
      },
    ],
  })
  const settings = loaded.ok ? loaded.settings.groups[0] : undefined
  if (settings === undefined) {
    const why = loaded.ok ? '' : `: ${loaded.errors.join('; ')}`
    throw new Error(`${name} cannot be the name of a group${why}`)
  }
  return { ...settings, vantages, quorum }
}
