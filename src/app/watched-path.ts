import type { Clock } from '../core/clock.ts'
import type { VantageReport } from '../core/health.ts'
import type { Sample } from '../core/sample.ts'
import type { RuleTiming } from '../core/settings.ts'
import type { PathWatch } from '../engine/rules/path-watch.ts'
import type { RuleSet } from '../engine/rules/rule-set.ts'
import type { CheckSession } from './check-session.ts'
import { Latch } from './latch.ts'
import { PathPictures } from './path-pictures.ts'
import { PathTrend } from './path-trend.ts'

/**
 * One path at this vantage: its check session feeds its rules, and its timers run by themselves, so
 * that an age is judged at its limit and a silence becomes `unknown` without another sample.
 */
export class WatchedPath {
  /** Pictures of what it showed. */
  readonly pictures = new PathPictures()
  /** What the last looks measured. */
  readonly trend = new PathTrend()
  readonly #clock: Clock
  readonly #session: CheckSession
  readonly #watch: PathWatch
  readonly #onReport: (report: VantageReport) => void
  readonly #latch = new Latch()
  #last: Sample | undefined
  #lastGood: Sample | undefined

  constructor(options: {
    clock: Clock
    session: CheckSession
    watch: PathWatch
    onReport: (report: VantageReport) => void
  }) {
    this.#clock = options.clock
    this.#session = options.session
    this.#watch = options.watch
    this.#onReport = options.onReport
  }

  get report(): VantageReport {
    return this.#watch.report
  }

  /** The newest sample, and the newest that carries measurements. */
  get last(): Sample | undefined {
    return this.#last
  }

  get lastMeasured(): Sample | undefined {
    return this.#lastGood
  }

  get session(): CheckSession {
    return this.#session
  }

  /** Applies a sample in order of arrival. */
  apply(sample: Sample): void {
    this.#last = sample
    this.trend.take(sample)
    if (Object.keys(sample.measurements).length > 0) this.#lastGood = sample
    this.#publish(this.#watch.apply(sample, this.#clock.now()))
    this.#latch.open()
  }

  /** The vantage's own health changed. */
  self(ok: boolean, says: string): void {
    this.#publish(this.#watch.self(ok, says, this.#clock.now()))
    this.#latch.open()
  }

  /** Takes new rules over; state and windows of rules that judge as before survive (invariant 46). */
  replaceRules(rules: RuleSet, timing: RuleTiming): void {
    this.#publish(this.#watch.replaceRules(rules, timing, this.#clock.now()))
    this.#latch.open()
  }

  /** Runs session and timers until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#session.run(signal), this.#runTimers(signal)])
  }

  async #runTimers(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const wakeAt = this.#watch.nextWake()
      const waitMs = wakeAt === undefined ? idleMs : Math.max(0, wakeAt - this.#clock.now())
      await this.#latch.wait(this.#clock, Math.min(waitMs, idleMs), signal)
      if (signal.aborted) return
      if (wakeAt !== undefined && this.#clock.now() >= wakeAt) {
        this.#publish(this.#watch.tick(this.#clock.now()))
      }
    }
  }

  #publish(report: VantageReport): void {
    this.#session.suspect(report.suspect)
    this.#session.expectBefore(this.#watch.nextAgeLimit())
    this.#onReport(report)
  }
}

/** Without any timer to wait for, look again now and then all the same. */
const idleMs = 60_000
