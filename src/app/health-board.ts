import type { Clock } from '../core/clock.ts'
import type { PathHealth, VantageReport, WitnessStatement } from '../core/health.ts'
import type { GroupSettings } from '../core/settings.ts'
import { checkAsWitness, quorumHealth } from '../engine/quorum.ts'

interface Computed {
  readonly at: number
  readonly version: number
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
  readonly #onTransition: (transition: Transition) => void
  readonly #witnessesOf: (path: string) => readonly WitnessStatement[]
  readonly #reports = new Map<string, Map<string, VantageReport>>()
  readonly #health = new Map<string, PathHealth>()
  /** By group: what was computed at one instant from the same reports. */
  readonly #computed = new Map<string, Computed>()
  /** Counts everything that health depends on, besides time. */
  #version = 0

  constructor(options: {
    clock: Clock
    staleAfterMs: number
    onTransition: (transition: Transition) => void
    /** Statements of witnesses that are no checks, such as viewers, by the full name of the path. */
    witnessesOf?: (path: string) => readonly WitnessStatement[]
  }) {
    this.#clock = options.clock
    this.#staleAfterMs = options.staleAfterMs
    this.#onTransition = options.onTransition
    this.#witnessesOf = options.witnessesOf ?? (() => [])
  }

  /** After a reload: a report older than this many milliseconds counts as unknown. */
  configure(staleAfterMs: number): void {
    this.#staleAfterMs = staleAfterMs
    this.#version += 1
  }

  /** Takes a report of any vantage. */
  report(report: VantageReport): void {
    this.#version += 1
    const known = this.#reports.get(report.path)
    if (known === undefined) {
      this.#reports.set(report.path, new Map([[report.vantage, report]]))
    } else {
      known.set(report.vantage, report)
    }
  }

  /** Health of every path of a group now, by short name in configured order. */
  health(group: GroupSettings): ReadonlyMap<string, PathHealth> {
    const now = this.#clock.now()
    const known = this.#computed.get(group.name)
    if (known?.at === now && known.version === this.#version && known.of === group) return known.all
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
    this.#computed.set(group.name, { at: now, version: this.#version, of: group, all })
    return all
  }

  /** What each vantage said last of a path. */
  reports(path: string): ReadonlyMap<string, VantageReport> {
    return this.#reports.get(path) ?? noReports
  }

  /** Forgets a path that is no longer configured. */
  forget(path: string): void {
    this.#version += 1
    this.#reports.delete(path)
    this.#health.delete(path)
  }
}

const noReports: ReadonlyMap<string, VantageReport> = new Map()
