import type { Clock } from '../core/clock.ts'
import { formatDuration } from '../core/duration.ts'
import type { InstallationSettings } from '../core/settings.ts'
import type { Change } from '../engine/group/memory.ts'
import type { ChangeLimit } from '../plugin/store.ts'

/** A group whose change is due and waits for others. */
interface Waiting {
  readonly priority: number
  /** A failing path is to be left, which goes before any return. */
  readonly isUrgent: boolean
  /** Who came first: the lower. */
  readonly order: number
  /** The last evaluation that still wanted it. */
  readonly seenAt: number
  /** How often its turn came and its change did not begin: whoever was not tried yet goes first. */
  readonly tries: number
}

/** Who waits for the blast radius, first come last by `ask`. */
export interface Queue {
  /** In the order in which they go. */
  readonly groups: readonly string[]
  readonly says: string
}

/** A change that counts, or did. */
interface Charge {
  readonly id: string
  readonly group: string
  /** Monotonic milliseconds. */
  readonly at: number
  /** For one that was read: by how much its stored time lay ahead of the wall clock then. */
  readonly aheadMs: number | undefined
}

/** Far more changes than all budgets together allow while one of them can count. */
const mostKnown = 10_000

/** A group that did not ask again for so long does not keep others waiting. */
const freshMs = 15_000

/**
 * The blast radius: at most max(groups, fraction × all groups) groups of the whole installation
 * change per window (invariant 19). A group that changed already takes no second place: its own
 * holddown and budget limit it. The others queue by their priority and go in waves, one per window.
 */
export class Installation {
  readonly #clock: Clock
  readonly #waiting = new Map<string, Waiting>()
  #comers = 0
  #settings: InstallationSettings['blastRadius']
  #groups: number
  #charges: Charge[] = []
  /** Intents that were ever reckoned with, also those that count no more: the oldest are forgotten. */
  readonly #known = new Set<string>()

  constructor(clock: Clock, settings: InstallationSettings, groups: number) {
    this.#clock = clock
    this.#settings = settings.blastRadius
    this.#groups = groups
  }

  /** After a reload: new limits, the same charges. */
  configure(settings: InstallationSettings, groups: number): void {
    this.#settings = settings.blastRadius
    this.#groups = groups
  }

  get limit(): number {
    return Math.max(this.#settings.groups, Math.floor(this.#settings.fraction * this.#groups))
  }

  /** Whether one more change of a group fits now: a higher `priority` goes first. */
  ask(
    group: string,
    priority = 0,
  ): { readonly pass: boolean; readonly says: string; readonly freezes?: true } {
    const changed = this.#changed()
    const per = formatDuration(this.#settings.perMs)
    const says = `${changed.size} of ${this.limit} groups of the whole installation changed in the last ${per}`
    if (changed.has(group)) return { pass: true, says }
    const free = this.limit - changed.size
    if (this.#settings.beyond === 'freeze') {
      return free > 0 ? { pass: true, says } : { pass: false, says, freezes: true }
    }
    const ahead = this.#ahead(group, priority)
    if (ahead.length < free) return { pass: true, says }
    const queue = ahead.length === 0 ? 'it is the next' : `after ${ahead.join(', ')}`
    return { pass: false, says: `${says}; ${queue}` }
  }

  /**
   * What the store is asked to judge beside this process, because leaders elsewhere change groups
   * too; `undefined` for a group that has its place already.
   */
  room(group: string): ChangeLimit | undefined {
    const changed = this.#changed()
    if (changed.has(group)) return undefined
    const { perMs } = this.#settings
    return { free: this.limit - changed.size, known: [...this.#known], withinMs: perMs }
  }

  /** A change of the group is due, and nothing but this limit can stand before it. */
  want(group: string, priority: number, isUrgent = true): void {
    const now = this.#clock.now()
    const before = this.#waiting.get(group)
    const { order = (this.#comers += 1), tries = 0 } = before ?? {}
    this.#waiting.set(group, { priority, isUrgent, order, tries, seenAt: now })
  }

  /** Nothing of the group is due any more. */
  leave(group: string): void {
    this.#waiting.delete(group)
  }

  /** The change of a group was tried. One that could have begun and did not lets others go first. */
  tried(group: string): void {
    const waiting = this.#waiting.get(group)
    if (waiting === undefined || this.#changed().has(group)) return
    if (!this.ask(group, waiting.priority).pass) return
    this.#waiting.set(group, { ...waiting, tries: waiting.tries + 1 })
  }

  /** Groups that wait to leave a failing path because the limit is reached; `undefined` where none does. */
  queue(): Queue | undefined {
    const changed = this.#changed()
    const groups = this.#line().filter(
      (group) => !changed.has(group) && this.#waiting.get(group)?.isUrgent === true,
    )
    if (changed.size < this.limit || groups.length === 0) return undefined
    const per = formatDuration(this.#settings.perMs)
    const says = `${changed.size} groups changed in the last ${per}, which is the limit (${this.limit}); waiting: ${groups.join(', ')}`
    return { groups, says }
  }

  /**
   * Counts a change, before its intent is written; `at` is monotonic, for changes known from an
   * earlier process. One that was applied later than it was heard of counts from then.
   */
  charge(id: string, group: string, at: number = this.#clock.now(), aheadMs?: number): void {
    this.#remember(id)
    const before = this.#charges.find((charge) => charge.id === id)
    if (before !== undefined && before.at >= at) return
    const charge = { id, group, at, aheadMs }
    this.#charges = [...this.#charges.filter((each) => each !== before), charge]
  }

  #remember(id: string): void {
    this.#known.add(id)
    const [oldest] = this.#known
    if (this.#known.size > mostKnown && oldest !== undefined) this.#known.delete(oldest)
  }

  /** Changes of an earlier process count too, and those of other leaders: all of one group, as its row has them. */
  recall(
    group: string,
    changes: readonly Pick<Change, 'intent' | 'at' | 'reason' | 'aheadMs'>[],
  ): void {
    // What was taken back elsewhere counts no more.
    const left = new Set(changes.map(({ intent }) => intent))
    this.#charges = this.#charges.filter((charge) => charge.group !== group || left.has(charge.id))
    for (const { intent, at, reason, aheadMs } of changes) {
      if (reason !== 'drill') this.charge(intent, group, at, aheadMs)
    }
  }

  /** Takes a charge back whose change was not applied. */
  refund(id: string): void {
    this.#charges = this.#charges.filter((charge) => charge.id !== id)
  }

  #changed(): ReadonlySet<string> {
    const now = this.#clock.now()
    const newest = newestAhead(this.#charges)
    this.#charges = this.#charges.filter((each) => ageOf(each, now, newest) < this.#settings.perMs)
    return new Set(this.#charges.map((charge) => charge.group))
  }

  #ahead(group: string, priority: number): string[] {
    const changed = this.#changed()
    const known = this.#waiting.get(group)
    const { tries = 0, order = Number.POSITIVE_INFINITY, isUrgent = true } = known ?? {}
    const own = { priority, isUrgent, tries, order }
    return this.#line().filter((other) => {
      const waiting = this.#waiting.get(other)
      if (other === group || waiting === undefined || changed.has(other)) return false
      return inOrder(waiting, own) < 0
    })
  }

  /** Everybody who waits, in the order in which they go. */
  #line(): string[] {
    const now = this.#clock.now()
    return [...this.#waiting]
      .filter(([, { seenAt }]) => now - seenAt < freshMs)
      .toSorted(([, a], [, b]) => inOrder(a, b))
      .map(([group]) => group)
  }
}

type Place = Pick<Waiting, 'priority' | 'isUrgent' | 'tries' | 'order'>

function inOrder(a: Place, b: Place): number {
  if (a.isUrgent !== b.isUrgent) return a.isUrgent ? -1 : 1
  return a.tries - b.tries || b.priority - a.priority || a.order - b.order
}

/** The newest stored time, on the monotonic clock, where the wall clock went back behind it. */
function newestAhead(charges: readonly Charge[]): number | undefined {
  const ahead = charges.flatMap(({ at, aheadMs = 0 }) => (aheadMs > 0 ? [at + aheadMs] : []))
  return ahead.length === 0 ? undefined : Math.max(...ahead)
}

/**
 * Milliseconds since a change, at least. Where the wall clock went back, the newest stored time is the
 * least that it had shown before, and a stored change is as old as it lies before that one. Were all
 * of them taken for as new as they look, each of their groups would have its place already, and all
 * could go at once.
 */
function ageOf({ at, aheadMs }: Charge, now: number, newest: number | undefined): number {
  if (newest === undefined || aheadMs === undefined) return now - at
  const readAt = at - Math.min(0, aheadMs)
  return now - readAt + newest - (readAt + aheadMs)
}
