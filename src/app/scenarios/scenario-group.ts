import { z } from 'zod'
import { loadSettings } from '../../config/load.ts'
import { allTo, heaviest } from '../../core/allocation.ts'
import type { PathHealth } from '../../core/health.ts'
import type { GroupSettings } from '../../core/settings.ts'
import { decide, type Decision } from '../../engine/group/decide.ts'
import { emptyRow, type GroupMemory } from '../../engine/group/memory.ts'
import type { Proposal, Situation } from '../../engine/group/situation.ts'
import type { ProbePlugin } from '../../plugin/probe.ts'
import type { ScenarioGroup, ScenarioGroupAnswer } from '../rule-scenarios.ts'
import type { Scenario } from './scenario-file.ts'

/**
 * The controller of a group as a rule scenario sees it: the same decisions and guards, on a world
 * where every pre-check passes and every write is applied at once. What can go wrong with a write is
 * the simulator's business.
 */
export function scenarioGroup(name: string, scenario: Scenario): ScenarioGroup {
  return new PureGroup(defaultSettings(name, scenario))
}

/** A path of a scenario has no options: its samples stand in the file. */
const scenarioProbe: ProbePlugin = {
  type: 'scenario',
  summary: 'A path whose samples stand in a scenario.',
  options: z.strictObject({}),
  measures: [],
  async *observe() {},
}

/** A group with every default of the configuration, over the scenario's paths. */
function defaultSettings(name: string, scenario: Scenario): GroupSettings {
  const [stream = 'scenario', group = 'group'] = name.split('/')
  const names = [...new Set(scenario.rows.map((row) => row.path))]
  const paths = Object.fromEntries(names.map((path) => [path, { type: scenarioProbe.type }]))
  const loaded = loadSettings({
    text: JSON.stringify({ streams: { [stream]: { groups: { [group]: { paths } } } } }),
    fileName: scenario.place,
    plugins: { probes: [scenarioProbe], actuators: [], notifiers: [] },
    environment: () => undefined,
    readFile: () => '',
  })
  const settings = loaded.ok ? loaded.settings.groups[0] : undefined
  if (settings === undefined) throw new Error(`${name} cannot be the name of a group`)
  return { ...settings, vantages: scenario.vantages, quorum: scenario.quorum }
}

class PureGroup implements ScenarioGroup {
  readonly #settings: GroupSettings
  #memory: GroupMemory
  #writes = 0
  #decision: Decision = { kind: 'stay', state: 'OBSERVE', says: 'not evaluated yet', guards: [] }

  constructor(settings: GroupSettings) {
    this.#settings = settings
    const names = settings.paths.map((path) => path.name)
    this.#memory = {
      row: { ...emptyRow(settings.name), allocation: allTo(names[0] ?? '', names) },
      changes: [],
      holddownUntil: 0,
      rejected: new Map(),
      readBack: true,
      observingSince: 0,
    }
  }

  async advance(now: number, paths: ReadonlyMap<string, PathHealth>): Promise<void> {
    this.#decision = decide(this.#situation(now, paths))
    if (this.#decision.kind === 'freeze') {
      const frozen = { since: now, says: this.#decision.says }
      this.#memory = { ...this.#memory, row: { ...this.#memory.row, frozen } }
    }
    if (this.#decision.kind === 'change') {
      this.#apply(this.#decision.proposal, now)
      this.#decision = decide(this.#situation(now, paths))
    }
  }

  answer(): ScenarioGroupAnswer {
    const active = heaviest(this.#memory.row.allocation ?? {})
    return {
      state: this.#decision.kind === 'stay' ? this.#decision.state : 'FROZEN',
      writes: this.#writes,
      ...(active !== undefined && { active }),
      says: this.#decision.says,
    }
  }

  #situation(now: number, paths: ReadonlyMap<string, PathHealth>): Situation {
    return {
      settings: this.#settings,
      memory: this.#memory,
      paths,
      mode: 'armed',
      lease: { token: 1, leftMs: Number.POSITIVE_INFINITY },
      store: { ok: true, says: 'a scenario' },
      installation: { pass: true, says: 'a scenario has one group' },
      now,
    }
  }

  #apply(proposal: Proposal, now: number): void {
    this.#writes += 1
    const { reason, charge, leaving, target } = proposal
    const change = { intent: String(this.#writes), reason, at: now, charge, leaving, target }
    this.#memory = {
      ...this.#memory,
      row: { ...this.#memory.row, allocation: proposal.to, version: this.#writes },
      changes: [...this.#memory.changes, change],
      holddownUntil: now + this.#settings.holddownMs,
    }
  }
}
