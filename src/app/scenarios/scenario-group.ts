import { heaviest } from '../../core/allocation.ts'
import type { PathHealth } from '../../core/health.ts'
import type { GroupSettings } from '../../core/settings.ts'
import type { ScenarioGroup, ScenarioGroupAnswer } from '../rule-scenarios.ts'
import { defaultSettings } from './default-settings.ts'
import { PureGroup } from './pure-group.ts'
import type { Scenario } from './scenario-file.ts'

/** The controller of a group as a rule scenario sees it, with every default of the configuration. */
export function scenarioGroup(name: string, scenario: Scenario): ScenarioGroup {
  const group = new PureGroup({ settings: settingsOf(name, scenario) })
  return {
    advance: async (now: number, paths: ReadonlyMap<string, PathHealth>) =>
      group.evaluate(now, paths),
    answer: () => answerOf(group),
  }
}

function answerOf({ decision, changes, allocation }: PureGroup): ScenarioGroupAnswer {
  const active = heaviest(allocation)
  return {
    state: decision.kind === 'stay' ? decision.state : 'FROZEN',
    writes: changes,
    ...(active !== undefined && { active }),
    says: decision.says,
  }
}

function settingsOf(name: string, scenario: Scenario): GroupSettings {
  const paths = [...new Set(scenario.rows.map((row) => row.path))].map((path) => ({ name: path }))
  const loaded = defaultSettings({ place: scenario.place, groups: [{ name, paths }] })
  const settings = loaded.ok ? loaded.settings.groups[0] : undefined
  if (settings === undefined) throw new Error(`${name} cannot be the name of a group`)
  return { ...settings, vantages: scenario.vantages, quorum: scenario.quorum }
}
