import type { Sample } from '../../core/sample.ts'
import type { RuleTiming } from '../../core/settings.ts'
import { createPathWatch } from '../../engine/rules/path-watch.ts'
import type { PathWatch } from '../../engine/rules/path-watch.ts'
import type { RuleSet } from '../../engine/rules/rule-set.ts'
import type { ScenarioRow } from './scenario-file.ts'

/** Just before a limit, as the scheduler asks for a look so that the limit is judged on fresh evidence. */
const deadlineLeadMs = 1

/**
 * One path at one vantage in virtual time. Between two steps the path goes on looking as at the
 * step: an age stays what it is, because segments keep coming, unless the next step shows that
 * nothing came in between (it is larger by the time between them); then it grows.
 */
export class ScenarioPath {
  readonly row: ScenarioRow
  readonly watch: PathWatch
  readonly #everyMs: number
  readonly #ages: readonly string[]
  #step = -1
  #lookedAt = Number.NEGATIVE_INFINITY

  constructor(row: ScenarioRow, rules: RuleSet, timing: RuleTiming, group: string) {
    this.row = row
    this.#everyMs = timing.everyMs
    this.#ages = row.probe.measures
      .filter((measure) => measure.kind === 'age')
      .map((measure) => measure.name)
    this.watch = createPathWatch({
      path: `${group}/${row.path}${row.witness === undefined ? '' : `@${row.witness}`}`,
      vantage: row.vantage,
      probe: row.probe,
      rules,
      timing,
      now: 0,
    })
  }

  /** The next instant, not after `until`, at which something happens by itself; `undefined` without one. */
  nextEvent(until: number): number | undefined {
    const look = this.#deadlineLook()
    const wake = this.watch.nextWake()
    const next = Math.min(look ?? Infinity, wake ?? Infinity)
    return next <= until ? next : undefined
  }

  /** Lets what happens by itself at `now` happen. */
  run(now: number): void {
    const look = this.#deadlineLook()
    if (look !== undefined && look <= now) this.#look(now)
    else this.watch.tick(now)
  }

  /** Takes the sample of a step, where there is one. */
  step(index: number): void {
    this.#step = index
    this.#look(index * this.#everyMs)
  }

  #deadlineLook(): number | undefined {
    const limit = this.watch.nextAgeLimit()
    if (limit === undefined) return undefined
    const at = limit - deadlineLeadMs
    const end = (this.#step + 1) * this.#everyMs
    return at > this.#lookedAt && at < end ? at : undefined
  }

  #look(now: number): void {
    this.#lookedAt = now
    const sample = this.#sampleAt(now)
    if (sample === undefined) this.watch.tick(now)
    else this.watch.apply(sample, now)
  }

  #sampleAt(now: number): Sample | undefined {
    const { row } = this
    const measurements: Record<string, number> = {}
    for (const name of Object.keys(row.series)) {
      const value = this.#value(name, this.#step)
      if (value === undefined) continue
      const elapsed = (now - this.#step * this.#everyMs) / 1_000
      measurements[name] = value + (this.#grows(name, value) ? elapsed : 0)
    }
    const hasData = Object.keys(measurements).length > 0
    const outcome =
      row.outcome === undefined ? (hasData ? 'pass' : undefined) : row.outcome[this.#step]
    if (outcome === undefined) return undefined
    return {
      path: row.path,
      vantage: row.vantage,
      probe: row.probe.type,
      at: now,
      wall: now,
      outcome,
      ...(outcome !== 'pass' && { reason: row.reason ?? `the scenario says ${outcome}` }),
      measurements,
      findings: [],
    }
  }

  #value(name: string, step: number): number | undefined {
    const series = this.row.series[name]
    return typeof series === 'number' ? series : series?.[step]
  }

  #grows(name: string, value: number): boolean {
    if (!this.#ages.includes(name)) return false
    const next = this.#value(name, this.#step + 1)
    return next !== undefined && next >= value + this.#everyMs / 1_000
  }
}
