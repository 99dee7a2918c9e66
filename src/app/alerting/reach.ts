import { streamOfGroup } from '../../core/full-name.ts'
import type { Silence } from '../../core/silence.ts'
import { timeText } from '../../core/time-text.ts'
import { byDepth, causeOf, silenceOf } from './attention.ts'
import type { AlertRoute } from './deliveries.ts'
import { bySeverity, type Incident } from './incident.ts'
import { askRoute } from './routing.ts'

/** One message that is due: to these routes, of this incident, and of further ones of its stream. */
export interface DueMessage {
  readonly incident: Incident
  readonly also: readonly Incident[]
  readonly routes: readonly string[]
  /** The routes heard of it before, and nobody acknowledged it since. */
  readonly isRepeat: boolean
}

/** Who is to be told what now, and in how many milliseconds to ask again at the latest. */
export interface Reach {
  readonly due: readonly DueMessage[]
  readonly nextInMs: number
}

export interface ReachOptions {
  readonly routes: readonly AlertRoute[]
  readonly silences: readonly Silence[]
  readonly now: number
  readonly wall: number
  readonly isFailing: (route: string) => boolean
  /** Monotonic milliseconds at which a route was last told something new of a stream. */
  readonly streamToldAt: (route: string, stream: string) => number | undefined
}

/**
 * Who is to be told of which open incident now. A level, not an event: a route is due as long as it
 * matches and has not heard, so whatever kept people from being told (a silence, a window, a cause,
 * an acknowledgement awaited) may end at any time, and then they are told. Sets `quiet` of each.
 */
export function reachOf(open: readonly Incident[], options: ReachOptions): Reach {
  const round = new Round(open, options)
  for (const incident of open.toSorted((a, b) => byDepth(a.now, b.now))) round.ask(incident)
  return round.end()
}

class Round {
  readonly #options: ReachOptions
  readonly #fresh = new Map<Incident, string[]>()
  readonly #due: DueMessage[] = []
  #nextInMs = Infinity
  readonly #silenced: ReadonlyMap<Incident, Silence | undefined>
  /** By stream, where causes lie too: those that no silence keeps. */
  readonly #loud = new Map<string, Incident[]>()

  constructor(open: readonly Incident[], options: ReachOptions) {
    this.#options = options
    const { silences, wall } = options
    this.#silenced = new Map(open.map((each) => [each, silenceOf(each.now, silences, wall)]))
    for (const incident of open) {
      if (this.#silenced.get(incident) !== undefined) continue
      const stream = streamOf(incident)
      const loud = this.#loud.get(stream)
      if (loud === undefined) this.#loud.set(stream, [incident])
      else loud.push(incident)
    }
  }

  ask(incident: Incident): void {
    const { wall, routes } = this.#options
    const silence = this.#silenced.get(incident)
    if (silence !== undefined) {
      const says = `silenced by ${silence.owner} until ${timeText(silence.until)} UTC: ${silence.reason}`
      incident.quiet = { kind: 'silenced', says }
      this.#again(silence.until - wall)
      return
    }
    const cause = causeOf(incident.now, this.#loud.get(streamOf(incident)) ?? [])
    // Who looks after a cause looks after what it brings about.
    const isLookedAfter = [incident, cause].some(
      (each) => each?.record.acknowledgedBy !== undefined,
    )
    const fresh: string[] = []
    const repeats: string[] = []
    let isHeldBack = false
    for (const route of routes) {
      if (incident.record.routes.includes(route.route)) {
        if (!isLookedAfter && this.#isRepeatDue(incident, route)) repeats.push(route.route)
      } else if (this.#isFor(incident, route, isLookedAfter)) {
        // Nobody is kept from hearing by a cause that they do not hear of.
        if (cause !== undefined && this.#isTold(cause, route.route)) isHeldBack = true
        else fresh.push(route.route)
      }
    }
    incident.quiet = isHeldBack
      ? { kind: 'inhibited', says: `inhibited by ${cause?.now.key}: ${cause?.now.title}` }
      : undefined
    this.#fresh.set(incident, fresh)
    if (repeats.length > 0) this.#due.push({ incident, also: [], routes: repeats, isRepeat: true })
  }

  end(): Reach {
    const together = this.#together()
    for (const [incident, routes] of this.#fresh) {
      const alone = routes.filter((name) => !this.#gathers(name))
      if (alone.length > 0) this.#due.push({ incident, also: [], routes: alone, isRepeat: false })
    }
    return { due: [...this.#due, ...together], nextInMs: this.#nextInMs }
  }

  /** One message for all that is new of a stream, to each route that gathers. */
  #together(): DueMessage[] {
    const { routes, now, streamToldAt } = this.#options
    return routes.flatMap(({ route, togetherMs = 0 }) => {
      if (togetherMs === 0) return []
      const streams = new Map<string, Incident[]>()
      for (const [incident, fresh] of this.#fresh) {
        if (!fresh.includes(route)) continue
        const stream = streamOf(incident)
        streams.set(stream, [...(streams.get(stream) ?? []), incident])
      }
      return [...streams].flatMap(([stream, incidents]): DueMessage[] => {
        const waitMs = (streamToldAt(route, stream) ?? -Infinity) + togetherMs - now
        if (waitMs > 0) {
          this.#again(waitMs)
          return []
        }
        const [incident, ...also] = incidents.toSorted((a, b) =>
          bySeverity(a.now.severity, b.now.severity),
        )
        return incident === undefined ? [] : [{ incident, also, routes: [route], isRepeat: false }]
      })
    })
  }

  #gathers(name: string): boolean {
    return this.#options.routes.some(
      ({ route, togetherMs = 0 }) => route === name && togetherMs > 0,
    )
  }

  #isFor(incident: Incident, route: AlertRoute, isLookedAfter: boolean): boolean {
    const { now, wall, isFailing } = this.#options
    const { openedAt } = incident
    const answer = askRoute(route, {
      condition: incident.now,
      isAcknowledged: isLookedAfter,
      openForMs: now - openedAt,
      wall,
      isFailing,
    })
    if (answer.isTold) return true
    if (answer.inMs !== undefined) this.#again(answer.inMs)
    return false
  }

  #isTold(cause: Incident, route: string): boolean {
    return cause.record.routes.includes(route) || this.#fresh.get(cause)?.includes(route) === true
  }

  #isRepeatDue({ told, openedAt }: Incident, { route, repeatMs }: AlertRoute): boolean {
    if (repeatMs === undefined) return false
    const inMs = (told.get(route) ?? openedAt) + repeatMs - this.#options.now
    if (inMs <= 0) this.#again(repeatMs)
    else this.#again(inMs)
    return inMs <= 0
  }

  #again(inMs: number): void {
    this.#nextInMs = Math.min(this.#nextInMs, Math.max(inMs, 1))
  }
}

/** The stream of an incident, or what stands in its place. */
export function streamOf({ now }: Incident): string {
  return streamOfGroup(now.group)
}
