import { heaviest, serving, type Allocation } from '../../core/allocation.ts'
import type { ChangeReason } from '../../core/group.ts'
import type { PathTruth } from './path-truth.ts'

/** One move of traffic, and how good it was. */
export interface Move {
  /** Wall milliseconds since the epoch. */
  readonly wall: number
  readonly from: string
  readonly to: string
  readonly reason: ChangeReason
  readonly says: string
  /** Milliseconds since the first bad sample of the trouble that was left; absent where there was none. */
  readonly afterMs?: number
  /** It returns to a path that was left less than `flapWithinMs` before. */
  readonly isFlap: boolean
  /** A failover from a path that was not bad. */
  readonly isFalse: boolean
  /** The second move of one change, which could not be verified. */
  readonly isCompensation: boolean
}

/** Traffic that returns sooner than the default `failback.stable_for` was moved in vain. */
const flapWithinMs = 600_000

/** What one side made of a group. Times are milliseconds. */
export interface ScoreCard {
  readonly moves: readonly Move[]
  /** Moves without compensations. */
  readonly changes: number
  readonly flaps: number
  readonly falseMoves: number
  /** How long a path served that was bad. */
  readonly outageMs: number
  /** How long nothing was known of the path that served. */
  readonly unseenMs: number
  /** How long it took from the first bad sample to the failover; absent without any. */
  readonly detection?: { readonly meanMs: number; readonly worstMs: number }
  /** What serves at the end. */
  readonly serving: string
}

/** What a score takes of a move; the rest it finds out. */
export interface MoveMade {
  /** Virtual milliseconds. */
  readonly at: number
  readonly wall: number
  readonly from: Allocation
  readonly to: Allocation
  readonly reason: ChangeReason
  readonly says: string
  readonly isCompensation: boolean
}

/** Adds up how long something was so. */
class Meter {
  totalMs = 0
  #since: number | undefined

  set(isSo: boolean, now: number): void {
    if (this.#since !== undefined) this.totalMs += now - this.#since
    this.#since = isSo ? now : undefined
  }
}

/** Keeps score of one side of a comparison for one group, on virtual time. */
export class Score {
  readonly #outage = new Meter()
  readonly #unseen = new Meter()
  readonly #moves: Move[] = []
  readonly #leftAt = new Map<string, number>()
  #serving: readonly string[] = []

  /** What serves from now on, without a change of ours. */
  serve(allocation: Allocation): void {
    this.#serving = serving(allocation)
  }

  move(made: MoveMade, truths: ReadonlyMap<string, PathTruth>): void {
    const { at, wall, from, to, reason, says, isCompensation } = made
    const left = serving(from).filter((path) => (to[path] ?? 0) === 0)
    const target = heaviest(to) ?? ''
    const troubles = left.flatMap((path) => truths.get(path)?.troubleSince(at) ?? [])
    const returned = this.#leftAt.get(target)
    const isFailover = reason === 'failover' && !isCompensation
    this.#moves.push({
      wall,
      from: left.join(', '),
      to: target,
      reason,
      says,
      ...(isFailover &&
        troubles.length > 0 && { afterMs: Math.max(0, at - Math.min(...troubles)) }),
      isFlap: !isCompensation && returned !== undefined && at - returned < flapWithinMs,
      isFalse: isFailover && troubles.length === 0,
      isCompensation,
    })
    for (const path of left) this.#leftAt.set(path, at)
    this.serve(to)
  }

  /** Takes stock: call it after anything changed of what serves, or of how good that is. */
  account(truths: ReadonlyMap<string, PathTruth>, now: number): void {
    const known = this.#serving.map((path) => truths.get(path))
    this.#outage.set(
      known.some((truth) => truth?.isBad === true),
      now,
    )
    this.#unseen.set(known.length > 0 && known.every((truth) => truth?.isSeen !== true), now)
  }

  /** Nobody watches from now on. */
  pause(now: number): void {
    this.#outage.set(false, now)
    this.#unseen.set(false, now)
  }

  card(): ScoreCard {
    const moves = this.#moves
    const delays = moves.flatMap((move) => move.afterMs ?? [])
    const sum = delays.reduce((total, each) => total + each, 0)
    return {
      moves,
      changes: moves.filter((move) => !move.isCompensation).length,
      flaps: moves.filter((move) => move.isFlap).length,
      falseMoves: moves.filter((move) => move.isFalse).length,
      outageMs: this.#outage.totalMs,
      unseenMs: this.#unseen.totalMs,
      ...(delays.length > 0 && {
        detection: { meanMs: sum / delays.length, worstMs: Math.max(...delays) },
      }),
      serving: this.#serving.join(', '),
    }
  }
}
