import { serving, type Allocation } from '../core/allocation.ts'
import { isBadSight, servedBy } from './vantages.ts'
import { initialAllocation } from '../engine/group/initial-allocation.ts'
import type { World } from './world.ts'

/** What viewers of one group went through. Seconds of traffic: half of it bad for two seconds is one. */
export interface GroupOutage {
  readonly group: string
  /** On a path that was really bad. */
  readonly seconds: number
  /** The same, had nobody ever moved anything. */
  readonly untouched: number
  /** While every path was bad, so that nothing could have helped. */
  readonly unavoidable: number
  /** For each time that traffic left a path which went on being bad: seconds since it began. */
  readonly reactions: readonly number[]
}

interface Tally {
  readonly group: string
  seconds: number
  untouched: number
  unavoidable: number
  readonly reactions: number[]
  /** By path that serves and is bad: since when. */
  readonly badSince: Map<string, number>
}

/** Counts, second by second, what a run means for viewers. */
export class OutageMeter {
  readonly #world: World
  readonly #tallies: readonly Tally[]

  constructor(world: World) {
    this.#world = world
    this.#tallies = world.initial.map(({ name }) => ({
      group: name,
      seconds: 0,
      untouched: 0,
      unavoidable: 0,
      reactions: [],
      badSince: new Map(),
    }))
  }

  /** Called once per virtual second. */
  look(): void {
    const { clock, initial } = this.#world
    for (const [index, group] of initial.entries()) {
      const tally = this.#tallies[index]
      if (tally === undefined) continue
      const bad = new Set(
        group.paths
          .map(({ name }) => name)
          .filter((name) => isBadSight(this.#world.truth(name, group.name))),
      )
      const served = servedBy(this.#world, group.name)
      tally.seconds += badPart(served, bad)
      tally.untouched += badPart(initialAllocation(group), bad)
      if (bad.size === group.paths.length) tally.unavoidable += 1
      const on = new Set(serving(served))
      for (const name of bad) {
        if (on.has(name) && !tally.badSince.has(name)) tally.badSince.set(name, clock.now())
      }
      for (const [name, since] of tally.badSince) {
        if (bad.has(name) && on.has(name)) continue
        tally.badSince.delete(name)
        if (bad.has(name)) tally.reactions.push((clock.now() - since) / 1_000)
      }
    }
  }

  get groups(): readonly GroupOutage[] {
    return this.#tallies.map(({ badSince: _badSince, ...outage }) => outage)
  }
}

function badPart(allocation: Allocation, bad: ReadonlySet<string>): number {
  let all = 0
  let lost = 0
  for (const [name, weight] of Object.entries(allocation)) {
    all += weight
    if (bad.has(name)) lost += weight
  }
  return all === 0 ? 1 : lost / all
}
