import type { Comparable, RuleVerdict, VantageHealth, VantageReport } from '../../core/health.ts'
import { continued, type Continuity, type SeenContinuity } from '../../core/continuity.ts'
import type { Measurements, Sample } from '../../core/sample.ts'
import type { RuleTiming } from '../../core/settings.ts'
import { PathWindows } from './path-windows.ts'
import type { Frame, RuleScope } from './scope.ts'
import { appliesTo, timersOf } from './rule-set.ts'
import type { CompiledRule, ProbeMeasures, RuleSet, RuleTimes } from './rule-set.ts'
import { seconds, succeed } from './watched-rule.ts'
import type { WatchedRule } from './watched-rule.ts'

export interface PathWatchInput {
  /** The full name `<stream>/<group>/<path>`. */
  readonly path: string
  readonly vantage: string
  /** The probe plug-in that looks at the path; rules whose measurements it does not declare do not apply. */
  readonly probe: ProbeMeasures
  readonly rules: RuleSet
  /** Of this path: `everyMs` is its own cadence. */
  readonly timing: RuleTiming
  /** Monotonic milliseconds. */
  readonly now: number
}

/**
 * What one vantage knows of one path: samples in, health out. No clock: every method takes the
 * monotonic time, which never goes backwards. The report depends on the samples and their times
 * alone, not on how often `tick` is called.
 */
export interface PathWatch {
  readonly report: VantageReport
  /** Takes a sample. One that is older than the newest, or stale on arrival, changes nothing. */
  apply(sample: Sample, now: number): VantageReport
  /** Lets time pass: ages reach their limits, samples become stale. */
  tick(now: number): VantageReport
  /** Takes the vantage's check of itself; while it fails nothing is known of the path (invariant 6). */
  self(ok: boolean, says: string, now: number): VantageReport
  /** The instant at which `tick` could next change the report, if no sample comes before. */
  nextWake(): number | undefined
  /** The instant at which an age next passes its limit, so that a look can be pulled forward before it. */
  nextAgeLimit(): number | undefined
  /**
   * A reload. Rules that judge as before keep their state and windows. An altered rule starts clear,
   * or stays active where it was and owes its `clear_for`; so a reload alone is no event (invariant 46).
   */
  replaceRules(rules: RuleSet, timing: RuleTiming, now: number): VantageReport
}

/** Starts watching; health is unknown until it is earned. */
export function createPathWatch(input: PathWatchInput): PathWatch {
  return new Watch(input)
}

const nothing: readonly RuleVerdict[] = []

class Watch implements PathWatch {
  readonly #input: PathWatchInput
  #timing: RuleTiming
  #windows: PathWindows
  /** Timers that the rules give the built-in rule. */
  #unreachable: RuleTimes
  #rules: readonly WatchedRule[]
  /** Those of `#rules` that time alone can change. */
  #aging: readonly WatchedRule[]
  /** Those of `#rules` whose findings can become stale. */
  #expiring: readonly WatchedRule[]
  #report: VantageReport
  #isEarned = false
  #isSelfOk = true
  #selfSays = ''
  #blindSays = 'not looked at yet'
  #newestAt = Number.NEGATIVE_INFINITY
  #seenAt: number | undefined
  /** The `seenAt` that has become stale. */
  #staleSince: number | undefined
  #look = 0
  #lookAt = Number.NEGATIVE_INFINITY
  #measurements: Measurements = {}
  #continuity: SeenContinuity | undefined
  /** What rules that compare paths need of this one. */
  #terms: readonly Term[]
  #comparable: Comparable | undefined

  constructor(input: PathWatchInput) {
    this.#input = input
    this.#timing = input.timing
    this.#unreachable = input.rules.unreachable ?? {}
    const compiled = applicable(input)
    this.#windows = new PathWindows(input.rules.scope, compiled, textsOf(input))
    this.#terms = termsOf(compiled, input.rules.scope)
    this.#rules = [undefined, ...compiled.filter(isOwn)].map((rule) => this.#watched(rule))
    this.#aging = this.#rules.filter((rule) => rule.isAging)
    this.#expiring = this.#rules.filter((rule) => rule.isExpiring)
    this.#report = this.#describe('unknown', this.#blindSays, input.now)
  }

  get report(): VantageReport {
    return this.#report
  }

  apply(sample: Sample, now: number): VantageReport {
    this.#advance(now)
    const isLate = sample.at < this.#newestAt || now >= sample.at + this.#timing.staleAfterMs
    if (isLate) return this.#report
    this.#newestAt = sample.at
    this.#countLook(sample.at)
    this.#measurements = sample.measurements
    if (sample.outcome === 'unknown' || !this.#isSelfOk) {
      if (sample.outcome === 'unknown')
        this.#blindSays = sample.reason ?? 'the probe could not look'
      for (const rule of this.#rules) rule.suspend(now)
    } else {
      this.#seenAt = sample.at
      this.#blindSays = 'no sample since'
      const frame = this.#windows.take(sample, now)
      for (const rule of this.#rules) rule.judge(sample, frame, now, this.#look)
      this.#earn(now)
      this.#comparable = this.#compare(frame)
      if (sample.continuity !== undefined) this.#keep(sample.continuity, sample.at)
    }
    return this.#refresh(now)
  }

  tick(now: number): VantageReport {
    this.#advance(now)
    return this.#report
  }

  self(ok: boolean, says: string, now: number): VantageReport {
    this.#advance(now)
    if (!ok) for (const rule of this.#rules) rule.suspend(now)
    const changed = this.#isSelfOk !== ok || (!ok && this.#selfSays !== says)
    this.#isSelfOk = ok
    this.#selfSays = says
    return changed ? this.#refresh(now) : this.#report
  }

  nextWake(): number | undefined {
    const stale = this.#staleAt()
    if (stale === undefined) return undefined
    return Math.min(stale, this.#nextRuleEvent() ?? stale)
  }

  nextAgeLimit(): number | undefined {
    let first: number | undefined
    const stale = this.#staleAt() ?? Number.NEGATIVE_INFINITY
    for (const rule of this.#aging) {
      const limit = rule.nextLimit(this.#windows.frame, this.#newestAt)
      if (limit === undefined || limit >= stale) continue
      if (first === undefined || limit < first) first = limit
    }
    return first
  }

  replaceRules(rules: RuleSet, timing: RuleTiming, now: number): VantageReport {
    this.#advance(now)
    const before = new Map(this.#rules.map((rule) => [rule.key, rule]))
    for (const rule of this.#rules) rule.suspend(now)
    this.#timing = timing
    this.#unreachable = rules.unreachable ?? {}
    const compiled = applicable({ ...this.#input, rules })
    this.#windows = new PathWindows(rules.scope, compiled, textsOf(this.#input), this.#windows)
    this.#terms = termsOf(compiled, rules.scope)
    this.#rules = [undefined, ...compiled.filter(isOwn)].map((rule) => this.#watched(rule, before))
    this.#aging = this.#rules.filter((rule) => rule.isAging)
    this.#expiring = this.#rules.filter((rule) => rule.isExpiring)
    const kept = new Set(this.#rules.map((rule) => rule.key))
    const lost = [...before.values()].some(
      (rule) => !kept.has(rule.key) && rule.class === 'down' && rule.state.isActive,
    )
    // The path was down by a rule that is gone: it is not up before the others have been ok anew.
    if (lost) this.#forgetEarned()
    return this.#refresh(now)
  }

  #watched(
    compiled: CompiledRule | undefined,
    before?: ReadonlyMap<string, WatchedRule>,
  ): WatchedRule {
    return succeed(
      compiled,
      timersOf(compiled?.definition ?? this.#unreachable, this.#timing),
      before,
    )
  }

  #forgetEarned(): void {
    this.#isEarned = false
    for (const rule of this.#rules) {
      rule.isEarned = false
      rule.state.okSince = undefined
    }
  }

  /**
   * Samples less than half a cadence apart belong to one look. Depends on the times of samples
   * alone, so that a sample which turns absent never moves the others to another look.
   */
  #countLook(at: number): void {
    if (at - this.#lookAt < this.#timing.everyMs / 2) return
    this.#look += 1
    this.#lookAt = at
  }

  /** Lets every event up to `now` happen at its own instant. */
  #advance(now: number): void {
    const stale = this.#staleAt()
    if (stale === undefined) return
    let event = this.#nextRuleEvent()
    while (event !== undefined && event <= now && event < stale) {
      for (const rule of this.#aging) {
        if (rule.nextEvent() === event) rule.wake(event, this.#windows.frame, this.#newestAt)
      }
      this.#refresh(event)
      event = this.#nextRuleEvent()
    }
    if (now < stale) return
    for (const rule of this.#rules) rule.suspend(stale)
    this.#refresh(stale)
  }

  #nextRuleEvent(): number | undefined {
    let first: number | undefined
    for (const rule of this.#aging) {
      const event = rule.nextEvent()
      if (event !== undefined && (first === undefined || event < first)) first = event
    }
    for (const rule of this.#expiring) {
      const expiry = rule.nextExpiry()
      if (expiry !== undefined && (first === undefined || expiry < first)) first = expiry
    }
    return first
  }

  /** When the newest real sample becomes stale; `undefined` where health is unknown for want of samples. */
  #staleAt(): number | undefined {
    if (this.#seenAt === undefined || this.#isStale()) return undefined
    return this.#seenAt + this.#timing.staleAfterMs
  }

  #isStale(): boolean {
    return this.#staleSince !== undefined && this.#staleSince === this.#seenAt
  }

  #earn(now: number): void {
    if (this.#isEarned) return
    const [builtIn] = this.#rules
    builtIn?.earn(now, true)
    const reachable = builtIn?.isEarned === true
    let all = reachable
    for (const rule of this.#rules) {
      if (rule.class !== 'down') continue
      rule.earn(now, reachable)
      if (!rule.isEarned) all = false
    }
    this.#isEarned = all
  }

  #refresh(now: number): VantageReport {
    const stale = this.#staleAt()
    if (stale !== undefined && now >= stale) this.#staleSince = this.#seenAt
    for (const rule of this.#expiring) rule.age(now)
    const active: RuleVerdict[] = []
    const pending: RuleVerdict[] = []
    for (const rule of this.#rules) {
      if (rule.state.phase === 'clear' || rule.isStale) continue
      const list = rule.state.isActive ? active : pending
      list.push(rule.verdict(now))
    }
    if (active.length > 1) active.sort(worstFirst)
    const [health, says] = this.#judge(active, now)
    const since = this.#report.health === health ? this.#report.since : now
    this.#report = this.#describe(health, says, since, active, pending)
    return this.#report
  }

  #judge(active: readonly RuleVerdict[], now: number): readonly [VantageHealth, string] {
    if (!this.#isSelfOk) return ['unknown', this.#selfSays]
    if (this.#seenAt === undefined) return ['unknown', this.#blindSays]
    if (this.#isStale()) {
      const left = seconds(this.#timing.staleAfterMs)
      return ['unknown', `nothing seen for ${left}: ${this.#blindSays}`]
    }
    const [worst] = active
    if (worst?.class === 'down') return ['down', worst.says]
    const lost = this.#expiring.find(
      (rule) => rule.isStale && rule.class === 'down' && rule.state.isActive,
    )
    // No evidence is neither failure nor health (invariants 2 and 5).
    if (lost !== undefined)
      return ['unknown', `${lost.name} was bad, and nothing tells whether it still is`]
    if (!this.#isEarned) return ['unknown', this.#earning(now)]
    if (worst !== undefined) return ['degraded', worst.says]
    return ['up', `ok by ${this.#rules.length} ${this.#rules.length === 1 ? 'rule' : 'rules'}`]
  }

  /** Why the health is not earned yet: the first rule that still owes something. */
  #earning(now: number): string {
    const owing = this.#rules.find((rule) => rule.class === 'down' && !rule.isEarned)
    if (owing === undefined) return 'health is not earned yet'
    const { okSince, timers, phase } = owing.state
    if (phase === 'pending') return `not judged yet: ${owing.verdict(now).says}`
    if (okSince === undefined) return `not judged yet: ${owing.name} has no evidence so far`
    const lasted = now - okSince
    if (lasted >= timers.forMs) return `not judged yet: ${owing.name} waits for a change to be seen`
    return `not judged yet: ${owing.name} ok for ${seconds(lasted)} of ${seconds(timers.forMs)}`
  }

  #describe(
    health: VantageHealth,
    says: string,
    since: number,
    active: readonly RuleVerdict[] = nothing,
    pending: readonly RuleVerdict[] = nothing,
  ): VantageReport {
    return {
      path: this.#input.path,
      vantage: this.#input.vantage,
      health,
      suspect: pending.some((verdict) => verdict.class === 'down'),
      since,
      ...(this.#seenAt !== undefined && { seenAt: this.#seenAt }),
      active,
      pending,
      says,
      measurements: this.#measurements,
      ...(this.#continuity !== undefined && { continuity: this.#continuity }),
      ...(this.#comparable !== undefined && { comparable: this.#comparable }),
    }
  }

  /** What a path shows that is, or may be about to be, down is not what viewers had of it. */
  #keep(look: Continuity, at: number): void {
    const isWell = this.#rules.every(
      ({ class: kind, state }) => kind !== 'down' || state.phase === 'clear',
    )
    if (isWell) this.#continuity = continued(this.#continuity, look, at)
  }

  #compare(frame: Frame): Comparable | undefined {
    if (this.#terms.length === 0) return undefined
    const values: Record<string, number> = {}
    for (const { name, slot, isAggregate } of this.#terms) {
      const value = (isAggregate ? frame.aggregates : frame.values)[slot]
      if (value !== undefined && Number.isFinite(value)) values[name] = value
    }
    return { probe: this.#input.probe.type, everyMs: this.#timing.everyMs, values }
  }
}

interface Term {
  readonly name: string
  readonly slot: number
  readonly isAggregate: boolean
}

/** Everything that rules across paths read of one path, for itself and for the others. */
function termsOf(rules: readonly CompiledRule[], scope: RuleScope): Term[] {
  const terms = new Map<string, Term>()
  for (const { when, clearWhen, says } of rules.filter((rule) => rule.isAcross)) {
    for (const part of [when, clearWhen, says]) {
      for (const measurement of part?.needs ?? []) {
        terms.set(measurement, {
          name: measurement,
          slot: scope.slot(measurement),
          isAggregate: false,
        })
      }
      for (const slot of part?.aggregates ?? []) {
        const name = scope.termOf({ measurement: '', aggregate: slot })
        terms.set(name, { name, slot, isAggregate: true })
      }
    }
  }
  return [...terms.values()]
}

/** Rules about the path alone are judged here; those that compare it, where the others are known. */
function isOwn({ isAcross }: CompiledRule): boolean {
  return !isAcross
}

function applicable(input: Pick<PathWatchInput, 'rules' | 'probe'>): CompiledRule[] {
  return input.rules.rules.filter((rule) => appliesTo(rule, input.probe))
}

function textsOf({ path, probe, vantage }: PathWatchInput) {
  return { path, probe: probe.type, vantage }
}

/** Down before degraded, critical before warning, else as configured (sorting is stable). */
function worstFirst(a: RuleVerdict, b: RuleVerdict): number {
  if (a.class !== b.class) return a.class === 'down' ? -1 : 1
  if (a.severity === b.severity) return 0
  return a.severity === 'critical' ? -1 : 1
}
