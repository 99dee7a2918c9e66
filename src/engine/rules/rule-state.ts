/** Where a rule stands for one path at one vantage. */
export type RulePhase = 'clear' | 'pending' | 'active' | 'clearing'

/** How quickly one rule turns, in milliseconds of monotonic time. */
export interface RuleTimers {
  readonly forMs: number
  readonly clearForMs: number
  /** Bad in `bad` of the last `of` looks makes it active too. */
  readonly ratio: { readonly bad: number; readonly of: number }
  /** The cadence; a gap of more than two of it restarts the contiguous timers. */
  readonly everyMs: number
}

/**
 * The machine clear → pending → active → clearing → clear of one rule.
 *
 * Contiguous timers and the ratio of the last looks both make it active: a path that is 10 s bad
 * and 10 s good is never bad for long enough, yet must be left (invariant 13). An absent judgement
 * is no call at all: it advances no timer and changes no state (invariant 2).
 *
 * The ratio counts looks by their number (`look`): several samples of one look, as when suspicion
 * or a deadline pulled some forward, count once, and bad if one of them was bad. So probing faster
 * does not make the ratio faster, and which samples share a look depends on their times alone.
 */
export class RuleState {
  phase: RulePhase = 'clear'
  /** When the rule became bad; kept until it is clear again. */
  since: number | undefined
  /** When the present stretch of bad began; absent while it is not bad. */
  badSince: number | undefined
  /** When the present stretch of ok began; absent while it is not ok. */
  okSince: number | undefined
  lastBadAt: number | undefined
  #judgedAt: number | undefined
  #looks: Uint8Array
  #next = 0
  #filled = 0
  #badLooks = 0
  #look = -1
  /**
   * Altered while it was clearing: the path recovers, and goes on doing so until the new rule has
   * found it bad, or not good enough, for a full `for` (invariant 46).
   */
  #earnsAnew = false
  #timers: RuleTimers

  constructor(timers: RuleTimers) {
    this.#timers = timers
    this.#looks = new Uint8Array(timers.ratio.of)
  }

  get timers(): RuleTimers {
    return this.#timers
  }

  /** A rule that is active or clearing counts against the health of the path. */
  get isActive(): boolean {
    return this.phase === 'active' || this.phase === 'clearing'
  }

  /** Takes the judgement of a sample. */
  judge(bad: boolean, now: number, look: number): void {
    this.#restartAfterGap(now)
    this.#count(bad, look)
    if (bad) this.#bad(now)
    else this.#ok(now)
  }

  /**
   * A sample in the band between `when` and `clear_when`: not bad for the ratio, and not good
   * enough to clear. Only for an active rule; any other takes it as ok.
   */
  holdActive(now: number, look: number): void {
    this.#restartAfterGap(now)
    this.#count(false, look)
    this.okSince = undefined
    if (this.#earnsAnew) {
      this.badSince ??= now
      if (now < this.badSince + this.#timers.forMs) return
    }
    this.badSince = undefined
    if (this.phase === 'clearing') this.#activate()
  }

  /** An age passed its limit, or stays beyond it, without a look. Counts no look. */
  badByTimer(now: number): void {
    this.#judgedAt = now
    this.#bad(now)
  }

  /** Known to be bad without interruption until `now`, so that no gap opens before it. */
  extendBad(now: number): void {
    this.#judgedAt = now
  }

  /**
   * New timers and an altered rule: what counted under the old one counts no more, yet an active
   * rule stays active and owes its `clear_for` under the new one, and one that was clearing goes on
   * doing so: loading a configuration is no event (invariant 46), and no bad look either.
   */
  restart(timers: RuleTimers): void {
    this.#timers = timers
    if (!this.isActive) this.#clear()
    this.#earnsAnew = this.phase === 'clearing'
    this.badSince = undefined
    this.okSince = undefined
    this.lastBadAt = undefined
    this.#judgedAt = undefined
    this.#resetLooks()
  }

  #bad(now: number): void {
    this.okSince = undefined
    this.badSince ??= now
    this.lastBadAt = now
    if (this.phase === 'clearing' && !this.#earnsAnew) this.#activate()
    if (this.phase === 'clear') this.phase = 'pending'
    if (this.phase === 'active') return
    if (this.phase === 'pending') this.since = this.badSince
    const lasted = now >= this.badSince + this.#timers.forMs
    if (lasted || this.#isRatioBad()) this.#activate()
  }

  #activate(): void {
    this.phase = 'active'
    this.#earnsAnew = false
  }

  #ok(now: number): void {
    this.badSince = undefined
    this.okSince ??= now
    if (this.phase === 'pending') this.#clear()
    if (this.phase === 'active') this.phase = 'clearing'
    if (this.phase !== 'clearing') return
    const lasted = now >= this.okSince + this.#timers.clearForMs
    if (lasted && !this.#isRatioBad()) this.#clear()
  }

  #clear(): void {
    this.phase = 'clear'
    this.#earnsAnew = false
    this.since = undefined
  }

  #isRatioBad(): boolean {
    return this.#badLooks >= this.#timers.ratio.bad
  }

  #restartAfterGap(now: number): void {
    const gap = this.#judgedAt === undefined ? 0 : now - this.#judgedAt
    this.#judgedAt = now
    if (gap <= 2 * this.#timers.everyMs) return
    this.badSince = undefined
    this.okSince = undefined
    // Looks of another hour are no evidence for this one (invariant 4).
    if (gap > 2 * this.#timers.everyMs * this.#timers.ratio.of) this.#resetLooks()
  }

  #count(bad: boolean, look: number): void {
    const size = this.#looks.length
    if (look === this.#look) {
      const last = (this.#next + size - 1) % size
      if (bad && this.#looks[last] === 0) {
        this.#looks[last] = 1
        this.#badLooks += 1
      }
      return
    }
    this.#look = look
    if (this.#filled === size) this.#badLooks -= this.#looks[this.#next] as number
    else this.#filled += 1
    this.#looks[this.#next] = bad ? 1 : 0
    if (bad) this.#badLooks += 1
    this.#next = (this.#next + 1) % size
  }

  #resetLooks(): void {
    this.#looks = new Uint8Array(this.#timers.ratio.of)
    this.#next = 0
    this.#filled = 0
    this.#badLooks = 0
    this.#look = -1
  }
}
