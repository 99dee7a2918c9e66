import { serving, type Allocation } from '../core/allocation.ts'
import type { Clock, Ids } from '../core/clock.ts'
import type { GroupState } from '../core/group.ts'
import type { GroupSettings } from '../core/settings.ts'
import type { GroupPublished, GroupRequest, PullAnswer } from '../plugin/actuator.ts'
import type { GroupSnapshot } from './group/controller-deps.ts'
import type { Plugins } from './plugin-binding.ts'
import type { Watchdog } from './watchdog.ts'

/** What the answers are made of. */
interface Parts {
  readonly watchdog: Watchdog
  readonly plugins: Plugins
  readonly clock: Clock
  readonly ids: Ids
}

type Answerer = (published: GroupPublished, request: GroupRequest) => PullAnswer

/** Changes of health by time alone announce themselves to nobody: so old may a picture of a group be. */
const freshMs = 250

/** In these states the allocation is about to change, or has just changed and is being watched. */
const movingStates: readonly GroupState[] = [
  'EVALUATE',
  'PRECHECK',
  'ACTUATE',
  'VERIFY',
  'ROLLBACK',
  'RAMP',
]

/**
 * The answers of pull actuators that are asked for a whole group. What they answer from is made
 * once per change and not once per question, since ten thousand players ask; the last allocation
 * that was good is kept for as long as nothing better is known.
 */
export class PulledAnswers {
  readonly #parts: Parts
  readonly #answerers = new WeakMap<GroupSettings, Map<string, Answerer | undefined>>()
  readonly #pictures = new Map<string, { readonly at: number; readonly of: GroupPublished }>()
  /** Counts what was announced; a picture of an earlier count is looked at again. */
  #changes = 0
  #seen = new Map<string, number>()

  constructor(parts: Parts) {
    this.#parts = parts
    parts.watchdog.subscribe(() => {
      this.#changes += 1
    })
  }

  /** The answer of the group's actuator at `route`; `undefined` where there is none. */
  answer(route: string, group: string, request: GroupRequest): PullAnswer | undefined {
    const settings = this.#parts.watchdog.settings.groups.find(({ name }) => name === group)
    if (settings === undefined) return undefined
    const answerer = this.#answerer(settings, route)
    if (answerer === undefined) return undefined
    return answerer(this.#published(settings), request)
  }

  #answerer(settings: GroupSettings, route: string): Answerer | undefined {
    let routes = this.#answerers.get(settings)
    if (routes === undefined) {
      routes = new Map()
      this.#answerers.set(settings, routes)
    }
    if (!routes.has(route)) routes.set(route, this.#open(settings, route))
    return routes.get(route)
  }

  #open(settings: GroupSettings, route: string): Answerer | undefined {
    const { clock, ids, plugins } = this.#parts
    for (const { type, options } of settings.actuators) {
      const plugin = plugins.actuators.find((each) => each.type === type)
      if (plugin?.mode !== 'pull' || plugin.asks !== 'group' || plugin.route !== route) continue
      const paths = settings.paths.map(({ name }) => name)
      return plugin.open(options, { clock, ids, group: settings.name, paths })
    }
    return undefined
  }

  #published(settings: GroupSettings): GroupPublished {
    const { clock, watchdog } = this.#parts
    const { name } = settings
    const known = this.#pictures.get(name)
    const isFresh = known !== undefined && clock.now() - known.at < freshMs
    if (isFresh && this.#seen.get(name) === this.#changes) return known.of
    const published = watchdog.published(name)
    const snapshot = watchdog.controller(name)?.snapshot()
    const next: GroupPublished = {
      allocation: lastGood(settings, published?.allocation ?? {}, known?.of.allocation ?? {}),
      serveAll: published?.serveAll ?? true,
      health: snapshot === undefined ? {} : healthOf(snapshot),
      isSuspect: snapshot === undefined || isSuspect(snapshot),
    }
    const of = known !== undefined && isSame(known.of, next) ? known.of : next
    this.#pictures.set(name, { at: clock.now(), of })
    this.#seen.set(name, this.#changes)
    return of
  }
}

/** What is known now, or else what was known last, of the paths that the group still has. */
function lastGood({ paths }: GroupSettings, now: Allocation, before: Allocation): Allocation {
  const of = (allocation: Allocation) =>
    Object.fromEntries(
      paths.flatMap(({ name }): [string, number][] =>
        Object.hasOwn(allocation, name) ? [[name, allocation[name] ?? 0]] : [],
      ),
    )
  const [known, kept] = [of(now), of(before)]
  if (serving(known).length > 0) return known
  return serving(kept).length > 0 ? kept : {}
}

function healthOf({ situation }: GroupSnapshot): GroupPublished['health'] {
  return Object.fromEntries([...situation.paths].map(([name, { health }]) => [name, health]))
}

function isSuspect({ situation, state, busy }: GroupSnapshot): boolean {
  if (busy !== undefined || movingStates.includes(state)) return true
  if (!situation.store.ok) return true
  const { row } = situation.memory
  return serving(row.published ?? row.allocation ?? {}).some((name) => {
    const path = situation.paths.get(name)
    return path === undefined || path.suspect || !isWell(path.health)
  })
}

/** Degraded alone moves nothing (invariant 7), so nobody needs to ask more often for it. */
function isWell(health: string): boolean {
  return health === 'up' || health === 'degraded'
}

function isSame(a: GroupPublished, b: GroupPublished): boolean {
  return (
    a.serveAll === b.serveAll &&
    a.isSuspect === b.isSuspect &&
    JSON.stringify(a.allocation) === JSON.stringify(b.allocation) &&
    JSON.stringify(a.health) === JSON.stringify(b.health)
  )
}
