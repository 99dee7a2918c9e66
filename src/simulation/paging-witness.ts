import { serving } from '../core/allocation.ts'
import { liveDrill } from '../engine/group/drill.ts'
import { slowest } from './shapes.ts'
import type { Violation } from './trace.ts'
import { isBadSight } from './vantages.ts'
import type { Shown } from './witness.ts'
import type { World } from './world.ts'

/** A change that may be tried meanwhile, and the retries of a notifier. */
const patienceMs = 30_000
/** A group that waits for a person, is blind or cannot write tells it at once; a full call, a lease and retries may come first. */
const levelWithinMs = 60_000
/** The witness looks every second, and a condition may begin and end in between. */
const blinkMs = 3_000

/** Listens to what people are told: whether they hear of what matters, and only hear of its end when it is over. */
export class PagingWitness {
  readonly violations: Violation[] = []
  readonly #world: World
  /**
   * What has gone on, since when somebody could have paged for it, and how long that may take: a
   * reload in between may have made rules slower, and faster again.
   */
  readonly #since = new Map<string, { readonly at: number; readonly withinMs: number }>()
  readonly #openKeys = new Set<string>()
  /** By incident key of a path: when controllers last showed it down, for long enough to tell. */
  readonly #downAt = new Map<string, number[]>()
  #heard = 0
  #watchers = ''
  /** Since when the same process has watched alone, without a break. */
  #aloneSince = Number.POSITIVE_INFINITY

  constructor(world: World) {
    this.#world = world
  }

  look(shown: readonly Shown[]): void {
    this.#watch()
    for (const { group, snapshot } of shown) {
      const { memory, now, paths, settings } = snapshot.situation
      const on = serving(memory.row.allocation ?? {})
      for (const [name, { health, since }] of paths) {
        // People are told of a path that serves only after a while, unless nothing can be done; what
        // is no page waits for the end of a change.
        const isLater = on.includes(name)
          ? now - since < settings.pageAfterMs
          : snapshot.busy !== undefined
        if (health !== 'down' || isLater) continue
        const key = `${group}/${name}`
        this.#downAt.set(key, [now, ...(this.#downAt.get(key) ?? [])].slice(0, 5))
      }
    }
    this.#hear()
    if (this.#watchers === '') return
    this.#checkPaths()
    this.#checkLevels(shown)
  }

  /** Who could tell people now; whenever that changes, all waiting begins anew. */
  #watch(): void {
    const { clock, processes, notifierDown } = this.#world
    const living = processes.filter((process) => !process.dead)
    const isWatched = living.length > 0 && living.every((each) => !each.clock.isPaused)
    const ids = living.map((each) => each.id).join()
    const watchers = isWatched && !notifierDown ? ids : ''
    if (watchers !== this.#watchers || watchers === '') {
      this.#since.clear()
      const isAlone = isWatched && living.length === 1
      this.#aloneSince = isAlone ? clock.now() : Number.POSITIVE_INFINITY
    }
    this.#watchers = watchers
  }

  /** 44: an incident of a path ends only after the path was not down for `clear_for`. */
  #hear(): void {
    const { clock, notices, settings } = this.#world
    const { clearForMs } = settings.timing
    for (const { notice } of notices.slice(this.#heard)) {
      if (notice.action === 'trigger') this.#openKeys.add(notice.key)
      if (notice.action !== 'resolve') continue
      this.#openKeys.delete(notice.key)
      const now = clock.now()
      // Down again while its end was on the way is another incident.
      const downAt = this.#downAt.get(notice.key)?.find((at) => at <= now - blinkMs) ?? 0
      const goneMs = now - downAt
      if (now - this.#aloneSince < clearForMs || goneMs >= clearForMs - blinkMs) continue
      this.#tell(44, `${notice.key} was called over ${goneMs} ms after it was down`)
    }
    this.#heard = notices.length
  }

  /** 43: an active path that is down for everybody is told to people, whatever the store and the targets do. */
  #checkPaths(): void {
    const { disk, rules, settings } = this.#world
    for (const group of settings.groups) {
      const on = serving(disk.rows.get(group.name)?.allocation ?? {})
      const everyMs = Math.max(...group.paths.map((path) => path.everyMs))
      const { forMs, windowMs } = slowest(rules, settings.timing)
      const withinMs = forMs + windowMs + everyMs + group.pageAfterMs + patienceMs
      for (const { name } of group.paths) {
        const full = `${group.name}/${name}`
        const isWrong = on.includes(name) && this.#isBadForAll(group.name, name)
        const isTold = () => this.#isPaged(group.name)
        const says = `${full} serves, is bad, and nobody was told`
        this.#expect(full, isWrong, withinMs, isTold, says)
      }
    }
  }

  /** 43: whatever stops a group from acting is told: a freeze, blindness, nowhere to go, a store that cannot be written. */
  #checkLevels(shown: readonly Shown[]): void {
    for (const { name: group } of this.#world.settings.groups) {
      const own = shown.filter((each) => each.group === group)
      const leads = own.filter(({ snapshot }) => snapshot.situation.lease !== undefined)
      const isIn = (state: string) => leads.some(({ snapshot }) => snapshot.state === state)
      const isMute = own.length > 0 && own.every(({ process }) => !process.store.available)
      const isFrozen = this.#world.disk.rows.get(group)?.frozen !== undefined && isIn('FROZEN')
      const levels = [
        ['frozen', isFrozen],
        ['blind', isIn('BLIND')],
        ['all-down', isIn('ALL-DOWN')],
        ['store', isMute],
        ['drill-not-restored', leads.some(isOverdue)],
        ['refused', leads.some(isRefused)],
      ] as const
      for (const [level, isWrong] of levels) {
        const key = `${group}#${level}`
        const isTold = () => this.#openKeys.has(key)
        this.#expect(key, isWrong, levelWithinMs, isTold, `${key} goes on, and nobody was told`)
      }
    }
  }

  #expect(
    what: string,
    isWrong: boolean,
    withinMs: number,
    isTold: () => boolean,
    says: string,
  ): void {
    if (!isWrong) {
      this.#since.delete(what)
      return
    }
    const now = this.#world.clock.now()
    const before = this.#since.get(what)
    const since = {
      at: before?.at ?? now,
      withinMs: Math.max(withinMs, before?.withinMs ?? 0),
    }
    this.#since.set(what, since)
    if (now - since.at < since.withinMs || isTold()) return
    this.#tell(43, `${says} since ${since.at} ms`)
    this.#since.set(what, { ...since, at: Number.POSITIVE_INFINITY })
  }

  #isBadForAll(group: string, path: string): boolean {
    const { isCut, settings, sight } = this.#world
    return settings.vantages.every(
      ({ name }) => !isCut(name) && isBadSight(sight(path, name, group)),
    )
  }

  #isPaged(group: string): boolean {
    return [...this.#openKeys].some(
      (key) => key.startsWith(`${group}/`) || key.startsWith(`${group}#`),
    )
  }

  #tell(invariant: number, says: string): void {
    this.violations.push({ invariant, at: this.#world.clock.now(), says })
  }
}

/** 47: a failing path is not left, because of where the traffic would go. */
function isRefused({ snapshot: { decision, state } }: Shown): boolean {
  if (decision.kind !== 'stay' || state !== 'EVALUATE') return false
  return decision.whyNot?.guard === 'continuity' || decision.whyNot?.guard === 'capacity'
}

/** 40: a drill is over its time, and the traffic did not return. */
function isOverdue({ snapshot: { situation } }: Shown): boolean {
  const { memory, now } = situation
  return liveDrill(situation) !== undefined && now >= (memory.drillTimes?.max ?? now + 1)
}
