import { raisedPaths, serving } from '../core/allocation.ts'
import { liveDrill } from '../engine/group/drill.ts'
import type { Violation } from './trace.ts'
import type { Shown } from './witness.ts'
import type { World } from './world.ts'

/** Traffic that may return does within so long: an evaluation, a pre-check, and calls that are slow but not failing. */
const returnWithinMs = 60_000
/** What is open when the store comes back is verified once more, and what replaces it too, before anything returns. */
const settleWithinMs = 60_000

/** Watches, second by second, that drills come back, and keep nobody from leaving a failing path. */
export class DrillWitness {
  readonly violations: Violation[] = []
  readonly #world: World
  /** By group: since when nothing kept the traffic from returning, without a break. */
  readonly #freeSince = new Map<string, number>()

  constructor(world: World) {
    this.#world = world
  }

  look(shown: readonly Shown[]): void {
    for (const each of shown) {
      if (each.snapshot.situation.lease === undefined) continue
      this.#checkPrecedence(each)
      this.#checkReturn(each)
    }
  }

  /** 39: a drill is never the reason for staying on a failing path. */
  #checkPrecedence({ snapshot: { decision, situation } }: Shown): void {
    if (decision.kind !== 'stay' || decision.whyNot?.guard !== 'drill') return
    const down = serving(situation.memory.row.allocation ?? {}).find((name) => {
      const path = situation.paths.get(name)
      return path?.health === 'down' && situation.now - path.since >= 2_000
    })
    if (down !== undefined) this.#tell(39, `${down} is down and not left, because of a drill`)
  }

  /** 40: a drill returns when its time is up, wherever that is allowed. */
  #checkReturn({ group, process, snapshot }: Shown): void {
    const { clock, processes, settings, targets } = this.#world
    const { situation } = snapshot
    const drill = liveDrill(situation)
    const { frozen, hold } = situation.memory.row
    const now = clock.now()
    const isQuiet = [...targets.values()].every(
      ({ group: own, trouble }) =>
        own !== group ||
        (Math.max(trouble.failUntil, trouble.refuseUntil, trouble.readErrorUntil) <= now &&
          trouble.slowMs === 0 &&
          trouble.editAfterRead === undefined &&
          trouble.lateMs === undefined &&
          trouble.silentLands + trouble.silentVanishes === 0),
    )
    const isAlone = processes.filter((each) => !each.dead).length === 1
    // A vantage that votes down though it sees well owes `clear_for`, and its pre-check says so.
    const isSeen = (name: string) =>
      situation.settings.paths.some((path) => path.name === name) &&
      situation.paths.get(name)?.health === 'up' &&
      situation.paths.get(name)?.votes.every((vote) => vote.health === 'up') === true &&
      settings.vantages.every(
        (vantage) =>
          !this.#world.isCut(vantage.name) &&
          this.#world.sight(name, vantage.name, group) === 'good',
      )
    const isFree =
      drill !== undefined &&
      isQuiet &&
      isAlone &&
      hold === undefined &&
      frozen === undefined &&
      situation.mode === 'armed' &&
      situation.store.ok &&
      process.storeTrouble.slowMs === 0 &&
      now >= process.clock.pausedUntil + returnWithinMs &&
      situation.now >= (situation.memory.drillTimes?.until ?? Number.POSITIVE_INFINITY) &&
      raisedPaths(drill.to ?? {}, drill.from).every(isSeen)
    if (!isFree) {
      this.#freeSince.delete(group)
      return
    }
    const since = this.#freeSince.get(group) ?? now
    this.#freeSince.set(group, since)
    const { intent } = situation.memory.row
    if (now - since < returnWithinMs + (intent === undefined ? 0 : settleWithinMs)) return
    this.#tell(
      40,
      `drill ${drill.id} did not return in ${now - since} ms: ${snapshot.decision.says}`,
    )
    this.#freeSince.set(group, Number.POSITIVE_INFINITY)
  }

  #tell(invariant: number, says: string): void {
    this.violations.push({ invariant, at: this.#world.clock.now(), says })
  }
}
