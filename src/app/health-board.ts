import { groupOfPath } from '../core/full-name.ts'
import type { Clock } from '../core/clock.ts'
import type { PathHealth, VantageReport, WitnessStatement } from '../core/health.ts'
import type { GroupSettings } from '../core/settings.ts'
import { PathComparison, type ComparisonRules } from '../engine/rules/path-comparison.ts'
import { checkAsWitness, quorumHealth } from '../engine/quorum.ts'

interface Computed {
  readonly at: number
  readonly of: GroupSettings
  readonly all: ReadonlyMap<string, PathHealth>
}

/** A change of a path's health, for the journal and metrics. */
export interface Transition {
  readonly group: string
  readonly path: string
  readonly from: PathHealth | undefined
  readonly to: PathHealth
}

/**
 * The newest report of every vantage for every path, and the health that quorum makes of them.
 * Reports are applied in order of arrival; health is computed when a report comes and when asked.
 */
export class HealthBoard {
  readonly #clock: Clock
  #staleAfterMs: number
  readonly #comparison: PathComparison
  readonly #onTransition: (transition: Transition) => void
  readonly #witnessesOf: (path: string) => readonly WitnessStatement[]
  readonly #reports = new Map<string, Map<string, VantageReport>>()
  readonly #health = new Map<string, PathHealth>()
  /** By group: what was computed within one millisecond from the same reports. */
  readonly #computed = new Map<string, Computed>()

  constructor(options: {
    clock: Clock
    /** Rules that compare paths; a report older than `timing.staleAfterMs` counts as unknown. */
    rules: ComparisonRules
    onTransition: (transition: Transition) => void
    /** Statements of witnesses that are no checks, such as viewers, by the full name of the path. */
    witnessesOf?: (path: string) => readonly WitnessStatement[]
  }) {
    this.#clock = options.clock
    this.#staleAfterMs = options.rules.timing.staleAfterMs
    this.#comparison = new PathComparison(options.rules)
    this.#onTransition = options.onTransition
    this.#witnessesOf = options.witnessesOf ?? (() => [])
  }

  /** After a reload. */
  configure(rules: ComparisonRules): void {
    this.#staleAfterMs = rules.timing.staleAfterMs
    this.#comparison.configure(rules)
    this.#computed.clear()
  }

  /** Takes a report of any vantage, and gives it back with what comparing paths adds to it. */
  report(given: VantageReport): VantageReport {
    this.#computed.delete(groupOfPath(given.path))
    const report = this.#comparison.apply(given, this.#clock.now())
    const known = this.#reports.get(report.path)
    if (known === undefined) {
      this.#reports.set(report.path, new Map([[report.vantage, report]]))
    } else {
      known.set(report.vantage, report)
    }
    return report
  }

  /** Health of every path of a group now, by short name in configured order. */
  health(group: GroupSettings): ReadonlyMap<string, PathHealth> {
    const now = this.#clock.now()
    const known = this.#computed.get(group.name)
    // One evaluation asks several times, and the clock counts in fractions of a millisecond.
    if (known?.of === group && now - known.at < 1) return known.all
    const all = new Map<string, PathHealth>()
    for (const path of group.paths) {
      const full = `${group.name}/${path.name}`
      const previous = this.#health.get(full)
      const judged = {
        vantages: group.vantages,
        settings: group.quorum,
        // A vantage judges its own samples; what it reports must not be older than that by much.
        staleAfterMs: this.#staleAfterMs,
      }
      const witnesses = (path.witnesses ?? []).map(({ name }) =>
        checkAsWitness(
          name.slice(path.name.length + 1),
          { ...judged, reports: this.reports(`${group.name}/${name}`) },
          now,
        ),
      )
      const health = quorumHealth(
        {
          ...judged,
          path: full,
          reports: this.reports(full),
          witnesses: [...witnesses, ...this.#witnessesOf(full)],
          ...(previous !== undefined && { previous }),
        },
        now,
      )
      this.#health.set(full, health)
      all.set(path.name, health)
      if (previous?.health !== health.health) {
        this.#onTransition({ group: group.name, path: path.name, from: previous, to: health })
      }
    }
    this.#computed.set(group.name, { at: now, of: group, all })
    return all
  }

  /** What each vantage said last of a path. */
  reports(path: string): ReadonlyMap<string, VantageReport> {
    return this.#reports.get(path) ?? noReports
  }

  /** Forgets a path that is no longer configured. */
  forget(path: string): void {
    this.#computed.delete(groupOfPath(path))
    this.#reports.delete(path)
    this.#health.delete(path)
    this.#comparison.forget(path)
  }
}

const noReports: ReadonlyMap<string, VantageReport> = new Map()
