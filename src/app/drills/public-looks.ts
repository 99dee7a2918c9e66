import type { PathSettings, RuleTiming } from '../../core/settings.ts'
import type { PublicLook } from '../../core/drill-report.ts'
import { createPathWatch } from '../../engine/rules/path-watch.ts'
import type { RuleSet } from '../../engine/rules/rule-set.ts'
import { CheckSession, type CheckSessionOptions } from '../check-session.ts'

/** What looking at the public name throughout a drill needs. */
export interface PublicLooksOptions extends Omit<
  CheckSessionOptions,
  'onSample' | 'onLag' | 'purpose'
> {
  readonly settings: PathSettings
  readonly rules: RuleSet
  readonly timing: RuleTiming
}

/** So many turns between good and bad are kept for the report. */
const mostLooks = 500

/**
 * Looks at the public name from before a drill until after it, as a viewer would meet it, and measures
 * the longest time in which it showed nothing good: from the first bad look to the next good one.
 * A look that could not be made proves nothing, good or bad.
 */
export class PublicLooks {
  readonly #options: PublicLooksOptions
  readonly #startedAt: number
  readonly #stop = new AbortController()
  readonly #looks: PublicLook[] = []
  #running: Promise<void> | undefined
  #badSince: number | undefined
  #longestMs = 0
  #good = 0

  constructor(options: PublicLooksOptions) {
    this.#options = options
    this.#startedAt = options.clock.now()
  }

  start(): void {
    const { clock, path, plugin, rules, timing, vantage } = this.#options
    const watch = createPathWatch({ path, vantage, rules, timing, probe: plugin, now: clock.now() })
    const session = new CheckSession({
      ...this.#options,
      onSample: (sample) => {
        const report = watch.apply(sample, clock.now())
        if (sample.outcome === 'unknown') return
        const verdict = [...report.active, ...report.pending].find((each) => each.class === 'down')
        const isGood = sample.outcome === 'pass' && verdict === undefined
        this.#note(isGood, isGood ? 'good' : (verdict?.says ?? sample.reason ?? sample.outcome))
      },
    })
    this.#running = session.run(this.#stop.signal)
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  /** Milliseconds; the gap that is open now counts. `undefined` before the first good look. */
  gapMs(): number | undefined {
    if (this.#good === 0) return undefined
    const open = this.#badSince === undefined ? 0 : this.#options.clock.now() - this.#badSince
    return Math.max(this.#longestMs, open)
  }

  get looks(): readonly PublicLook[] {
    return this.#looks
  }

  #note(ok: boolean, says: string): void {
    const now = this.#options.clock.now()
    if (ok) {
      this.#good += 1
      if (this.#badSince !== undefined) {
        this.#longestMs = Math.max(this.#longestMs, now - this.#badSince)
      }
      this.#badSince = undefined
    } else this.#badSince ??= now
    const last = this.#looks.at(-1)
    if (last?.ok === ok || this.#looks.length >= mostLooks) return
    this.#looks.push({ atMs: Math.round(now - this.#startedAt), ok, says })
  }
}
