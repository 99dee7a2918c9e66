import type { Diagnosis } from '../../core/diagnosis.ts'
import type { RuleClass, RuleVerdict } from '../../core/health.ts'
import type { Sample } from '../../core/sample.ts'
import { turnsAfterMs } from './native.ts'
import { RuleState } from './rule-state.ts'
import type { RuleTimers } from './rule-state.ts'
import { unreachable } from './rule-set.ts'
import type { CompiledRule } from './rule-set.ts'
import type { Frame } from './scope.ts'

/** How much less than expected an age must be for a change to have happened; forgives rounding. */
const moveToleranceSeconds = 0.05

/** One rule as it stands for one path at one vantage: its state, and what its ages will do. */
export class WatchedRule {
  readonly name: string
  readonly class: RuleClass
  readonly state: RuleState
  /** Absent for the built-in rule, which reads the outcome of samples. */
  readonly compiled: CompiledRule | undefined
  /** The newest sample could not be judged by this rule. */
  isAbsent = true
  /** What it found is too old to count: nothing has judged it for its `stale_after`. */
  isStale = false
  /** It was ok for its `for` (health is earned). */
  isEarned = false
  #sentence: string
  #diagnosis: Diagnosis | undefined
  /** Whether the newest sample carried what the rule needs, so that time alone may judge it. */
  #isLive = false
  /** Since when nothing has judged it; absent while it is judged, and before the first time. */
  #absentSince: number | undefined
  /** Instants after the newest sample at which an age term turns true, ascending. */
  #turns: readonly number[] = []
  /** Everything up to this instant is judged. */
  #doneAt = 0
  /** For each age term, the instant of the last change that the newest sample implied. */
  #changedAt: readonly (number | undefined)[] = []
  #hasMoved: boolean

  constructor(compiled: CompiledRule | undefined, timers: RuleTimers, state?: RuleState) {
    this.compiled = compiled
    this.name = compiled?.definition.name ?? unreachable
    this.class = compiled?.definition.class ?? 'down'
    this.state = state ?? new RuleState(timers)
    this.#sentence = compiled?.definition.says ?? 'the path cannot be reached'
    this.#diagnosis = compiled?.definition.diagnosis
    this.#hasMoved = compiled === undefined || compiled.when.ages.length === 0
  }

  /** Whether time alone can change it. */
  get isAging(): boolean {
    return (this.compiled?.when.ages.length ?? 0) > 0
  }

  /** Rules with the same key may share their state across a reload. */
  get key(): string {
    return `${this.class} ${this.name}`
  }

  /** Keeps what people were told, and what was seen to move, across a reload. */
  inherit(before: WatchedRule): void {
    this.#sentence = before.#sentence
    this.#diagnosis = before.#diagnosis
    this.#hasMoved ||= before.#hasMoved
    this.#absentSince = before.#absentSince
  }

  /** Judges a sample with a real outcome. `frame` holds its values, `look` is its number for the ratio. */
  judge(sample: Sample, frame: Frame, now: number, look: number): void {
    const bad = this.compiled?.when.evaluate(frame) ?? this.#outcome(sample)
    if (bad === undefined) return this.suspend(now)
    this.isAbsent = false
    this.#absentSince = undefined
    this.#watchAges(sample.at, frame, now)
    if (bad) {
      this.#describe(sample, frame)
      this.state.judge(true, now, look)
      return
    }
    const clearWhen = this.state.isActive ? this.compiled?.clearWhen : undefined
    const clears = clearWhen === undefined ? true : clearWhen.evaluate(frame)
    if (clears === true) this.state.judge(false, now, look)
    else if (clears === false) this.state.holdActive(now, look)
  }

  /** No sample judges the rule for now, so its ages do not either (invariants 2 and 4). */
  suspend(now: number): void {
    if (this.#isLive && this.state.phase === 'pending') this.state.extendBad(now)
    if (!this.isAbsent) this.#absentSince = now
    this.isAbsent = true
    this.#isLive = false
    this.#turns = []
  }

  /** Whether its findings can become stale at all. */
  get isExpiring(): boolean {
    return this.compiled?.definition.staleAfterMs !== undefined
  }

  /** The instant at which what it found becomes stale, if nothing judges it before. */
  nextExpiry(): number | undefined {
    return this.isStale || this.state.phase === 'clear' ? undefined : this.#expiresAt()
  }

  /** Lets time pass for its findings. */
  age(now: number): void {
    const at = this.#expiresAt()
    this.isStale = at !== undefined && now >= at
  }

  #expiresAt(): number | undefined {
    const after = this.compiled?.definition.staleAfterMs
    return after === undefined || this.#absentSince === undefined
      ? undefined
      : this.#absentSince + after
  }

  /** The next instant at which time alone may change the rule. */
  nextEvent(): number | undefined {
    if (!this.#isLive) return undefined
    const { phase, badSince, timers } = this.state
    if (phase === 'active') return undefined
    if (phase !== 'pending') return this.#turns.find((turn) => turn > this.#doneAt)
    const due = (badSince ?? 0) + timers.forMs
    return due > this.#doneAt ? due : undefined
  }

  /** Judges the rule at an instant of `nextEvent`, by how its ages have grown since `frameAt`. */
  wake(at: number, frame: Frame, frameAt: number): void {
    this.#doneAt = at
    if (!this.#isBadAt(at, frame, frameAt)) return
    this.#sentence = this.compiled?.says.fill(frame) ?? this.#sentence
    this.state.badByTimer(at)
  }

  /** The first instant at which time alone makes the rule bad, if no look comes before it. */
  nextLimit(frame: Frame, frameAt: number): number | undefined {
    if (!this.#isLive || this.state.badSince !== undefined) return undefined
    return this.#turns.find((turn) => turn > this.#doneAt && this.#isBadAt(turn, frame, frameAt))
  }

  /**
   * Whether the rule has been ok for its `for`. For a rule over an age that also takes a change seen
   * with own eyes: at boot every age begins at 0, also that of a playlist frozen for hours.
   * A rule that cannot be judged does not stand in the way once `reachable` (the built-in rule was
   * ok for its `for`), if it was not bad within its `for`.
   */
  earn(now: number, reachable: boolean): void {
    const { phase, okSince, lastBadAt, timers } = this.state
    if (this.isEarned || phase !== 'clear') return
    if (this.isAbsent) {
      this.isEarned = reachable && (lastBadAt === undefined || now >= lastBadAt + timers.forMs)
    } else {
      this.isEarned = this.#hasMoved && okSince !== undefined && now >= okSince + timers.forMs
    }
  }

  /** The verdict of a rule that is not clear. */
  verdict(now: number): RuleVerdict {
    const { since, okSince, timers, phase } = this.state
    const clearing =
      phase === 'clearing' && okSince !== undefined
        ? `; ok for ${seconds(now - okSince)} of the ${seconds(timers.clearForMs)} it takes to clear`
        : ''
    const runbook = this.compiled?.definition.runbook
    return {
      rule: this.name,
      class: this.class,
      severity: this.compiled?.definition.severity ?? 'critical',
      ...(this.#diagnosis !== undefined && { diagnosis: this.#diagnosis }),
      says: this.#sentence + clearing,
      ...(runbook !== undefined && { runbook }),
      since: since ?? now,
      isClearing: phase === 'clearing',
    }
  }

  #outcome(sample: Sample): boolean | undefined {
    return this.compiled === undefined ? sample.outcome === 'fail' : undefined
  }

  #describe(sample: Sample, frame: Frame): void {
    if (this.compiled !== undefined) {
      this.#sentence = this.compiled.says.fill(frame)
      return
    }
    this.#diagnosis = sample.diagnosis ?? 'unreachable'
    this.#sentence = sample.reason ?? 'the path cannot be reached'
  }

  #watchAges(at: number, frame: Frame, now: number): void {
    const terms = this.compiled?.when.ages ?? []
    if (terms.length === 0) return
    this.#isLive = true
    this.#doneAt = now
    const turns: number[] = []
    for (const term of terms) {
      const after = turnsAfterMs(term, frame)
      if (after !== undefined && at + after > now) turns.push(at + after)
    }
    this.#turns = turns.sort((a, b) => a - b)
    if (this.#hasMoved) return
    const changedAt = terms.map((term) => {
      const age = frame.values[term.slot] as number
      return Number.isFinite(age) ? at / 1_000 - age : undefined
    })
    this.#hasMoved = changedAt.some((changed, index) => {
      const before = this.#changedAt[index]
      if (changed === undefined || before === undefined) return false
      return changed - before > moveToleranceSeconds
    })
    this.#changedAt = changedAt
  }

  #isBadAt(at: number, frame: Frame, frameAt: number): boolean {
    frame.elapsedMs = at - frameAt
    return this.compiled?.when.evaluate(frame) === true
  }
}

/** Whole seconds for a sentence. */
export function seconds(ms: number): string {
  return `${Math.floor(ms / 1_000)} s`
}

/**
 * A rule as it goes on under another configuration: with its state where it judges as before; else it
 * starts clear, or stays active where it was (invariant 46). `before` is by `WatchedRule.key`.
 */
export function succeed(
  compiled: CompiledRule | undefined,
  timers: RuleTimers,
  before?: ReadonlyMap<string, WatchedRule>,
): WatchedRule {
  const fresh = new WatchedRule(compiled, timers)
  const old = before?.get(fresh.key)
  if (old === undefined) return fresh
  const alike =
    old.compiled?.fingerprint === compiled?.fingerprint &&
    JSON.stringify(old.state.timers) === JSON.stringify(timers)
  if (!alike) old.state.restart(timers)
  const watched = new WatchedRule(compiled, timers, old.state)
  watched.inherit(old)
  watched.isEarned = alike && old.isEarned
  return watched
}
