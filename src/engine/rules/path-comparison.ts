import { groupOfPath } from '../../core/full-name.ts'
import type { Comparable, RuleVerdict, VantageReport } from '../../core/health.ts'
import type { Sample } from '../../core/sample.ts'
import type { RuleTiming } from '../../core/settings.ts'
import { appliesTo, rulesOf, timersOf } from './rule-set.ts'
import type { ProbeMeasures, RuleSet } from './rule-set.ts'
import { createFrame } from './scope.ts'
import type { Frame, OthersName } from './scope.ts'
import { succeed } from './watched-rule.ts'
import type { WatchedRule } from './watched-rule.ts'

/** One path at one vantage, as it is compared. */
interface Compared {
  report: VantageReport
  /** The set that the rules are of, to notice a reload. */
  set: RuleSet
  rules: readonly WatchedRule[]
  frame: Frame
  /** The newest sample that was judged, and the number of its look. */
  judgedAt: number | undefined
  look: number
  lookAt: number
}

export interface ComparisonRules {
  readonly rules: RuleSet
  readonly timing: RuleTiming
  readonly probes: readonly ProbeMeasures[]
}

/**
 * Rules that compare a path with the others of its group, judged where the reports of all come
 * together: path by path as the same vantage sees them, so that distance is no difference. A path
 * counts among the others while that vantage sees it up or degraded by its own rules, on a sample
 * that is not stale; without any such path the rules are absent. They only ever make up degraded.
 */
export class PathComparison {
  #options: ComparisonRules
  /** By `<stream>/<group>`, then vantage, then the full name of the path. */
  readonly #groups = new Map<string, Map<string, Map<string, Compared>>>()

  constructor(options: ComparisonRules) {
    this.#options = options
  }

  /** A reload; rules that judge as before keep their state. */
  configure(options: ComparisonRules): void {
    this.#options = options
  }

  /** Takes what a vantage says of a path, and gives it back with what comparing it adds. */
  apply(report: VantageReport, now: number): VantageReport {
    if (report.comparable === undefined) return this.#without(report)
    const paths = this.#pathsOf(report)
    const compared = this.#take(report, paths)
    if (compared.rules.length === 0) return report
    if (report.health !== 'up' && report.health !== 'degraded') {
      for (const rule of compared.rules) rule.suspend(now)
    } else if (report.seenAt !== undefined && report.seenAt !== compared.judgedAt) {
      this.#judge(compared, report.seenAt, paths, now)
    }
    return folded(report, compared.rules, now)
  }

  /** Forgets a path that is no longer configured. */
  forget(path: string): void {
    for (const byVantage of this.#groups.get(groupOfPath(path))?.values() ?? [])
      byVantage.delete(path)
  }

  /** No such rule concerns it any more, or it was not seen yet: it is no measure for others either. */
  #without(report: VantageReport): VantageReport {
    this.#groups.get(groupOfPath(report.path))?.get(report.vantage)?.delete(report.path)
    return report
  }

  #pathsOf({ path, vantage }: VantageReport): Map<string, Compared> {
    const group = groupOfPath(path)
    const byVantage = this.#groups.get(group) ?? new Map<string, Map<string, Compared>>()
    this.#groups.set(group, byVantage)
    const paths = byVantage.get(vantage) ?? new Map<string, Compared>()
    byVantage.set(vantage, paths)
    return paths
  }

  #take(report: VantageReport, paths: Map<string, Compared>): Compared {
    const { rules, timing, probes } = this.#options
    const set = rulesOf(rules, report.path)
    const known = paths.get(report.path)
    if (known !== undefined && known.set === set) {
      known.report = report
      return known
    }
    const { probe: type = '', everyMs = timing.everyMs } = report.comparable ?? {}
    const probe = probes.find((each) => each.type === type) ?? { type, measures: [] }
    const before = new Map(known?.rules.map((rule) => [rule.key, rule]))
    const across = set.rules.filter((rule) => rule.isAcross && appliesTo(rule, probe))
    const compared: Compared = {
      look: 0,
      lookAt: Number.NEGATIVE_INFINITY,
      judgedAt: undefined,
      ...known,
      report,
      set,
      rules: across.map((rule) =>
        succeed(rule, timersOf(rule.definition, { ...timing, everyMs }), before),
      ),
      frame: createFrame(set.scope, { path: report.path, probe: type, vantage: report.vantage }),
    }
    paths.set(report.path, compared)
    return compared
  }

  #judge(compared: Compared, at: number, paths: ReadonlyMap<string, Compared>, now: number): void {
    const { report, set, frame, rules } = compared
    const { everyMs, values } = report.comparable ?? nothing
    compared.judgedAt = at
    // Samples less than half a cadence apart are one look, as at the vantage.
    if (at - compared.lookAt >= everyMs / 2) {
      compared.look += 1
      compared.lookAt = at
    }
    for (const name of set.scope.measurements.keys()) {
      frame.values[set.scope.slot(name)] = values[name] ?? Number.NaN
    }
    for (const slot of set.scope.aggregates.keys()) {
      const term = set.scope.termOf({ measurement: '', aggregate: slot })
      frame.aggregates[slot] = values[term] ?? Number.NaN
    }
    const others = [...paths.values()].filter((other) => this.#isMeasure(other, report, now))
    for (const [slot, reference] of set.scope.others.entries()) {
      const term = set.scope.termOf(reference)
      const shown = others.flatMap(({ report: other }) => other.comparable?.values[term] ?? [])
      frame.others[slot] = together(reference.name, shown)
    }
    frame.elapsedMs = now - at
    const sample: Sample = {
      path: report.path,
      probe: report.comparable?.probe ?? '',
      vantage: report.vantage,
      at,
      wall: 0,
      outcome: 'pass',
      measurements: {},
      findings: [],
    }
    for (const rule of rules) rule.judge(sample, frame, now, compared.look)
  }

  #isMeasure({ report }: Compared, than: VantageReport, now: number): boolean {
    if (report.path === than.path || report.path.includes('@')) return false
    if (report.health !== 'up' && report.health !== 'degraded') return false
    return report.seenAt !== undefined && now - report.seenAt <= this.#options.timing.staleAfterMs
  }
}

const nothing: Comparable = { probe: '', everyMs: 0, values: {} }

/** NaN, which is absent, where no other path shows a value. */
function together(name: OthersName, values: readonly number[]): number {
  if (name === 'count') return values.length
  if (values.length === 0) return Number.NaN
  if (name === 'min') return Math.min(...values)
  if (name === 'max') return Math.max(...values)
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function folded(report: VantageReport, rules: readonly WatchedRule[], now: number): VantageReport {
  const found: RuleVerdict[] = []
  const pending: RuleVerdict[] = []
  for (const rule of rules) {
    rule.age(now)
    if (rule.state.phase === 'clear' || rule.isStale) continue
    const list = rule.state.isActive ? found : pending
    list.push(rule.verdict(now))
  }
  const [first] = found
  const isUp = report.health === 'up' && first !== undefined
  return {
    ...report,
    ...(isUp && { health: 'degraded' as const, says: first.says, since: first.since }),
    active: [...report.active, ...found],
    pending: [...report.pending, ...pending],
  }
}
