import type { VantageReport } from '../../core/health.ts'
import type { Sample } from '../../core/sample.ts'
import type { ProbeMeasures } from '../../engine/rules/rule-set.ts'
import type { PathWatch } from '../../engine/rules/path-watch.ts'

/**
 * A path that was bad less than this many milliseconds ago is still in the same trouble: one that
 * flaps is in trouble once. The `clear_for` of the default profile.
 */
const sameTroubleMs = 60_000

/** A look that came later, as far as it tells what happened before it. */
export type LaterLook = Pick<Sample, 'at' | 'measurements'>

export interface PathEyeOptions {
  /** The full name `<stream>/<group>/<path>`. */
  readonly path: string
  readonly vantage: string
  readonly probe: ProbeMeasures
  readonly everyMs: number
  /** The shipped rules; they tell whether anything was seen at all. */
  readonly base: PathWatch
  readonly staleAfterMs: number
  /** By position of the side; `undefined` for a side that does not watch the path. */
  readonly sides: readonly (PathWatch | undefined)[]
}

/** An age may seem to grow by this much less than the time that passed; forgives rounding. */
const growthToleranceSeconds = 0.05
/** How long before an age limit a look must be over, and how long looks usually take. */
const lookTimeMs = 250

/** One path as one vantage saw it, judged by every set of rules at once. */
export class PathEye {
  readonly path: string
  readonly vantage: string
  readonly #options: PathEyeOptions
  readonly #ages: readonly string[]
  readonly #all: readonly PathWatch[]
  /** When each watch was last looked at, recorded or not. */
  readonly #lookedAt = new Map<PathWatch, number>()
  #isSelfOk = true
  #last: Sample | undefined
  #next: LaterLook | undefined

  constructor(options: PathEyeOptions) {
    this.path = options.path
    this.vantage = options.vantage
    this.#options = options
    this.#ages = options.probe.measures.flatMap(({ kind, name }) => (kind === 'age' ? name : []))
    this.#all = [options.base, ...options.sides.filter((watch) => watch !== undefined)]
  }

  /** The newest sample. */
  get last(): Sample | undefined {
    return this.#last
  }

  report(side: number): VantageReport | undefined {
    return this.#options.sides[side]?.report
  }

  /** Takes a sample, and the one that comes after it, where it is known. */
  apply(sample: Sample, next: LaterLook | undefined, now: number): void {
    this.#last = sample
    this.#next = next
    for (const watch of this.#all) {
      watch.apply(sample, now)
      this.#lookedAt.set(watch, now)
    }
  }

  /** Lets happen what happens by itself at `now`. */
  tick(now: number): void {
    for (const watch of this.#all) {
      const look = this.#deadlineLook(watch)
      if (look === undefined || look > now) {
        watch.tick(now)
        continue
      }
      const sample = this.#sampleAt(look)
      if (sample !== undefined) watch.apply(sample, look)
      this.#lookedAt.set(watch, look)
    }
  }

  self(ok: boolean, says: string, now: number): void {
    this.#isSelfOk = ok
    for (const watch of this.#all) watch.self(ok, says, now)
  }

  nextWake(): number | undefined {
    let next = Number.POSITIVE_INFINITY
    for (const watch of this.#all) {
      next = Math.min(next, watch.nextWake() ?? next, this.#deadlineLook(watch) ?? next)
    }
    return next === Number.POSITIVE_INFINITY ? undefined : next
  }

  /** Whether there is evidence that is not stale. */
  isSeen(now: number): boolean {
    const { base, staleAfterMs } = this.#options
    const { seenAt } = base.report
    return this.#isSelfOk && seenAt !== undefined && now < seenAt + staleAfterMs
  }

  /** Whether the newest evidence is bad: the look failed, or a down-class rule of any set is true. */
  isBad(now: number): boolean {
    return this.isSeen(now) && this.#all.some((watch) => isBadNow(watch.report))
  }

  /**
   * A watchdog with other limits would have looked at other times: once right before an age reaches
   * its limit, unless a look comes soon before anyway. Such a look is made up from the one before
   * it and the one after it, where there is one.
   */
  #deadlineLook(watch: PathWatch): number | undefined {
    const next = this.#next
    if (next === undefined || this.#ages.length === 0) return undefined
    const limit = watch.nextAgeLimit()
    if (limit === undefined || next.at < limit) return undefined
    const soonMs = this.#options.everyMs / 4 + lookTimeMs
    const lookedAt = this.#lookedAt.get(watch) ?? limit
    return limit - lookedAt > soonMs ? limit - 1 : undefined
  }

  /** The newest sample again, with the ages that only grow. The others stay: new media keeps coming. */
  #sampleAt(at: number): Sample | undefined {
    const last = this.#last
    const next = this.#next
    if (last === undefined || next === undefined) return undefined
    const measurements = { ...last.measurements }
    for (const name of this.#ages) {
      const age = last.measurements[name]
      if (age === undefined || !this.#grows(name, next)) continue
      measurements[name] = age + (at - last.at) / 1_000
    }
    return { ...last, at, measurements }
  }

  #grows(name: string, next: LaterLook): boolean {
    const before = this.#last?.measurements[name]
    const after = next.measurements[name]
    if (before === undefined || after === undefined) return false
    const elapsed = (next.at - (this.#last?.at ?? next.at)) / 1_000
    return after >= before + elapsed - growthToleranceSeconds
  }
}

function isBadNow({ active, pending }: VantageReport): boolean {
  return (
    active.some((rule) => rule.class === 'down' && !rule.isClearing) ||
    pending.some((rule) => rule.class === 'down')
  )
}

/**
 * Whether a path really was bad, as far as anybody can tell afterwards: more than half of the
 * vantages that see it see it bad. The same for every side of a comparison.
 */
export class PathTruth {
  readonly eyes: readonly PathEye[]
  #isBad = false
  #isSeen = false
  #troubleSince: number | undefined
  #lastBadAt = Number.NEGATIVE_INFINITY

  constructor(eyes: readonly PathEye[]) {
    this.eyes = eyes
  }

  get isBad(): boolean {
    return this.#isBad
  }

  get isSeen(): boolean {
    return this.#isSeen
  }

  /** Judges anew; whether anything is otherwise than before. */
  update(now: number): boolean {
    const seeing = this.eyes.filter((eye) => eye.isSeen(now))
    const bad = seeing.filter((eye) => eye.isBad(now)).length
    const wasBad = this.#isBad
    const wasSeen = this.#isSeen
    this.#isSeen = seeing.length > 0
    this.#isBad = bad * 2 > seeing.length
    if (wasBad) this.#lastBadAt = now
    if (this.#isBad) {
      if (now - this.#lastBadAt >= sameTroubleMs) this.#troubleSince = now
      this.#lastBadAt = now
    }
    return wasBad !== this.#isBad || wasSeen !== this.#isSeen
  }

  /** When the trouble began that the path is in at `now`: its first bad sample. */
  troubleSince(now: number): number | undefined {
    const isInTrouble = this.#isBad || now - this.#lastBadAt < sameTroubleMs
    return isInTrouble ? this.#troubleSince : undefined
  }
}
