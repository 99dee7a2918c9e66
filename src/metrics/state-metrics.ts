import { Gauge, type Registry } from 'prom-client'
import type { GroupState, Mode } from '../core/group.ts'
import type { Health } from '../core/health.ts'
import type { Severity } from '../core/notice.ts'
import type { GroupView, PathView, WatchdogView } from '../core/view.ts'
import { groupLabels, labelWord } from './labels.ts'

const healths: readonly Health[] = ['up', 'degraded', 'contested', 'down', 'unknown']
const modes: readonly Mode[] = ['off', 'advise', 'armed']
const severities: readonly Severity[] = ['critical', 'error', 'warning', 'info']
const states: readonly GroupState[] = [
  'OBSERVE',
  'STEADY',
  'ALL-DOWN',
  'BLIND',
  'EVALUATE',
  'PRECHECK',
  'ACTUATE',
  'VERIFY',
  'ROLLBACK',
  'RAMP',
  'FROZEN',
  'HELD',
]

/**
 * What stands now, taken from the view as a whole: a group or path that is no longer configured
 * vanishes by itself. Where one of several words is true there is a series for each, 1 for the one
 * that is and 0 for the others, so that every alert expression has a value to look at.
 */
export class StateMetrics {
  readonly #gauges: Gauge[] = []
  readonly #registry: Registry

  readonly #health: Gauge
  readonly #weight: Gauge
  readonly #diagnosis: Gauge
  readonly #state: Gauge
  readonly #active: Gauge
  readonly #leader: Gauge
  readonly #blocked: Gauge
  readonly #holddown: Gauge
  readonly #budget: Gauge
  readonly #readable: Gauge
  readonly #mode: Gauge
  readonly #incidents: Gauge
  readonly #vantage: Gauge
  readonly #store: Gauge
  readonly #routes: Gauge
  readonly #started: Gauge
  readonly #drillRunning: Gauge
  readonly #drillPassed: Gauge
  readonly #drillNext: Gauge
  readonly #drillTimes: Gauge

  constructor(registry: Registry) {
    this.#registry = registry
    const group = ['stream', 'group']
    const path = [...group, 'path']
    this.#health = this.#gauge('path_health', 'Health of a path by quorum.', [...path, 'health'])
    this.#weight = this.#gauge('path_weight_ratio', 'Share of the traffic that a path gets.', path)
    this.#diagnosis = this.#gauge(
      'path_diagnosis',
      '1 for what is wrong with a path, absent where nothing is.',
      [...path, 'diagnosis'],
    )
    this.#state = this.#gauge('group_state', 'State of the controller of a group.', [
      ...group,
      'state',
    ])
    this.#active = this.#gauge('group_active', '1 for the path that carries the traffic.', path)
    this.#leader = this.#gauge('group_leader', '1 where this process may act for a group.', group)
    this.#blocked = this.#gauge(
      'group_blocked',
      '1 for the guard that keeps a group from leaving a bad path, absent where none does.',
      [...group, 'guard'],
    )
    this.#holddown = this.#gauge(
      'group_holddown_remaining_seconds',
      'Time before a group may change again.',
      group,
    )
    this.#budget = this.#gauge(
      'group_budget_remaining',
      'Changes that a group may still make within its budget.',
      group,
    )
    this.#readable = this.#gauge(
      'actuator_readable',
      '1 where the target of an actuator could be read back last time.',
      [...group, 'actuator', 'type'],
    )
    this.#mode = this.#gauge('mode', 'What Changeover may do.', ['mode'])
    this.#incidents = this.#gauge('incidents', 'Open incidents.', ['severity'])
    this.#vantage = this.#gauge('vantage_ok', '1 while this vantage can see.', [])
    this.#store = this.#gauge('store_ok', '1 while the store can be written.', [])
    this.#routes = this.#gauge('route_ok', '1 while a way to people takes notices.', ['route'])
    this.#started = this.#gauge('start_timestamp_seconds', 'Wall time of the start.', [])
    this.#drillRunning = this.#gauge('drill_running', '1 while a drill of a group runs.', group)
    this.#drillPassed = this.#gauge(
      'drill_last_passed_timestamp_seconds',
      'Wall time at which the last drill of a group that passed ended, absent where none ever did.',
      group,
    )
    this.#drillNext = this.#gauge(
      'drill_next_timestamp_seconds',
      'Wall time of the next drill of a group by the calendar, absent where there is none.',
      group,
    )
    this.#drillTimes = this.#gauge(
      'drill_last_seconds',
      'What the last drill of a group measured, absent where it did not.',
      [...group, 'phase'],
    )
  }

  /** Replaces everything by what the view shows. */
  show(view: WatchdogView): void {
    for (const gauge of this.#gauges) gauge.reset()
    oneOf(this.#mode, {}, 'mode', modes, view.mode)
    this.#vantage.set(view.vantage.ok ? 1 : 0)
    this.#store.set(view.store.ok ? 1 : 0)
    this.#started.set(view.startedAt / 1_000)
    for (const severity of severities) {
      const open = view.incidents.filter((incident) => incident.severity === severity)
      this.#incidents.set({ severity }, open.length)
    }
    for (const { route, ok } of view.routes) this.#routes.set({ route }, ok ? 1 : 0)
    for (const group of view.groups) this.#group(group)
  }

  #group(view: GroupView): void {
    const labels = groupLabels(view.name)
    oneOf(this.#state, labels, 'state', states, view.state)
    this.#leader.set(labels, view.leader ? 1 : 0)
    this.#holddown.set(labels, view.holddownLeftMs / 1_000)
    this.#budget.set(labels, view.budget.left)
    if (view.whyNot !== undefined) {
      this.#blocked.set({ ...labels, guard: labelWord(view.whyNot.guard) }, 1)
    }
    for (const [index, { type, ok }] of view.actuators.entries()) {
      this.#readable.set({ ...labels, actuator: String(index), type }, ok ? 1 : 0)
    }
    if (view.drill !== undefined) {
      const { last, next, passedAt, running } = view.drill
      this.#drillRunning.set(labels, running === undefined ? 0 : 1)
      if (passedAt !== undefined) this.#drillPassed.set(labels, passedAt / 1_000)
      if (next !== undefined) this.#drillNext.set(labels, next.at / 1_000)
      for (const [phase, ms] of Object.entries(last?.times ?? {})) {
        this.#drillTimes.set({ ...labels, phase }, ms / 1_000)
      }
    }
    for (const path of view.paths) this.#path(view, path)
  }

  #path(group: GroupView, view: PathView): void {
    const labels = { ...groupLabels(group.name), path: view.name }
    oneOf(this.#health, labels, 'health', healths, view.health)
    this.#weight.set(labels, view.weight / 100)
    this.#active.set(labels, group.active === view.name ? 1 : 0)
    if (view.diagnosis !== undefined) {
      this.#diagnosis.set({ ...labels, diagnosis: view.diagnosis }, 1)
    }
  }

  #gauge(name: string, help: string, labelNames: readonly string[]): Gauge {
    const registers = [this.#registry]
    const gauge = new Gauge({ name: `changeover_${name}`, help, labelNames, registers })
    this.#gauges.push(gauge)
    return gauge
  }
}

function oneOf<Word extends string>(
  gauge: Gauge,
  labels: Readonly<Record<string, string>>,
  label: string,
  words: readonly Word[],
  now: Word,
): void {
  for (const word of words) gauge.set({ ...labels, [label]: word }, word === now ? 1 : 0)
}
