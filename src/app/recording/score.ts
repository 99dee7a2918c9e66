import {
  describeAllocation,
  heaviest,
  raisedPaths,
  serving,
  type Allocation,
} from '../../core/allocation.ts'
import type { ChangeReason } from '../../core/group.ts'
import type { PathTruth } from './path-truth.ts'

/** One move of traffic, and how good it was. */
export interface Move {
  /** Wall milliseconds since the epoch. */
  readonly wall: number
  /** What is left, and where to; weights of both sides where traffic is shared. */
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
  /** Moves without compensations and steps of ramps. */
  readonly changes: number
  readonly flaps: number
  readonly falseMoves: number
  /** How long a path served that was bad, by its share: half of the traffic for two seconds is one second. */
  readonly outageMs: number
  /** How long nothing was known of what served, by its share. */
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

/** Adds up how long something was so of a part of the traffic. */
class Meter {
  totalMs = 0
  #part = 0
  #since = 0

  /** From now on it is so of this part, 0 to 1. */
  set(part: number, now: number): void {
    this.totalMs += this.#part * (now - this.#since)
    this.#part = part
    this.#since = now
  }
}

/** Keeps score of one side of a comparison for one group, on virtual time. */
export class Score {
  readonly #outage = new Meter()
  readonly #unseen = new Meter()
  readonly #moves: Move[] = []
  readonly #leftAt = new Map<string, number>()
  #allocation: Allocation = {}

  /** What serves from now on, without a change of ours. */
  serve(allocation: Allocation): void {
    this.#allocation = allocation
  }

  move(made: MoveMade, truths: ReadonlyMap<string, PathTruth>): void {
    const { at, wall, from, to, reason, says, isCompensation } = made
    const left = serving(from).filter((path) => (to[path] ?? 0) === 0)
    // Of a path that is down some weight may stay, where the others cannot take all of it.
    const eased = raisedPaths(to, from)
    const troubles = eased.flatMap((path) => truths.get(path)?.troubleSince(at) ?? [])
    const isBack = raisedPaths(from, to).some((path) => {
      const leftAt = (from[path] ?? 0) > 0 ? undefined : this.#leftAt.get(path)
      return leftAt !== undefined && at - leftAt < flapWithinMs
    })
    const isShared = serving(from).length > 1 || serving(to).length > 1
    const isFailover = reason === 'failover' && !isCompensation
    this.#moves.push({
      wall,
      from: isShared ? describeAllocation(from) : left.join(', '),
      to: isShared ? describeAllocation(to) : (heaviest(to) ?? ''),
      reason,
      says,
      ...(isFailover &&
        troubles.length > 0 && { afterMs: Math.max(0, at - Math.min(...troubles)) }),
      isFlap: !isCompensation && isBack,
      isFalse: isFailover && troubles.length === 0,
      isCompensation,
    })
    for (const path of left) this.#leftAt.set(path, at)
    this.serve(to)
  }

  /** Takes stock: call it after anything changed of what serves, or of how good that is. */
  account(truths: ReadonlyMap<string, PathTruth>, now: number): void {
    this.#outage.set(
      this.#partOf((path) => truths.get(path)?.isBad === true),
      now,
    )
    this.#unseen.set(
      this.#partOf((path) => truths.get(path)?.isSeen !== true),
      now,
    )
  }

  /** The part of the traffic, 0 to 1, that is on paths of which something is so. */
  #partOf(isSo: (path: string) => boolean): number {
    let all = 0
    let part = 0
    for (const path of serving(this.#allocation)) {
      const weight = this.#allocation[path] ?? 0
      all += weight
      if (isSo(path)) part += weight
    }
    return all === 0 ? 0 : part / all
  }

  /** Nobody watches from now on. */
  pause(now: number): void {
    this.#outage.set(0, now)
    this.#unseen.set(0, now)
  }

  card(): ScoreCard {
    const moves = this.#moves
    const delays = moves.flatMap((move) => move.afterMs ?? [])
    const sum = delays.reduce((total, each) => total + each, 0)
    return {
      moves,
      // A step of a ramp belongs to its change.
      changes: moves.filter(({ isCompensation, reason }) => !isCompensation && reason !== 'ramp')
        .length,
      flaps: moves.filter((move) => move.isFlap).length,
      falseMoves: moves.filter((move) => move.isFalse).length,
      outageMs: this.#outage.totalMs,
      unseenMs: this.#unseen.totalMs,
      ...(delays.length > 0 && {
        detection: { meanMs: sum / delays.length, worstMs: Math.max(...delays) },
      }),
      serving: serving(this.#allocation).length === 0 ? '' : describeAllocation(this.#allocation),
    }
  }
}
