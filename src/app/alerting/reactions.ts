import type { Clock } from '../../core/clock.ts'
import type { Log } from '../../core/log.ts'
import { cut } from '../../plugin/notice-text.ts'
import type { InboundRequest, ReadReactions, Reaction } from '../../plugin/reaction.ts'
import type { AlertRoute } from './deliveries.ts'
import type { Incident } from './incident.ts'

/** How far the clock of a service may be behind ours. */
const SKEW_MS = 5_000
/** A wrong secret is worth a line in the log, a flood of wrong requests is not a flood of lines. */
const LOG_EVERY_MS = 60_000
const LONGEST_NAME = 80

/** What came of a request: what was done about it, or why it was not read. */
export type Received =
  | { readonly ok: true; readonly says: string }
  | Extract<ReadReactions, { readonly ok: false }>
  /** It may be about an incident that is not known here, or not yet: the service is to send it again. */
  | { readonly ok: false; readonly cause: 'unavailable' }

export interface ReactionsOptions {
  readonly clock: Clock
  readonly log: Log
  readonly routes: readonly AlertRoute[]
  /** Incidents that are open now and judged by this process. */
  readonly open: () => readonly Incident[]
  /** Whether these are all: what an earlier process left was read, and no other one judges a group. */
  readonly isComplete: () => boolean
  readonly acknowledge: (incident: Incident, actor: string, reason: string | undefined) => void
  readonly release: (incident: Incident, actor: string, reason: string | undefined) => void
}

/**
 * Does what people did in a service that we told of an incident. A service tells of it at least once,
 * and whoever overheard a request may send it again: what an incident heard already, what is older
 * than that, and what is older than the incident changes nothing. The record keeps the newest, so
 * that this holds over restarts.
 */
export class Reactions {
  readonly #options: ReactionsOptions
  readonly #loggedAt = new Map<string, number>()

  constructor(options: ReactionsOptions) {
    this.#options = options
  }

  /** `undefined` where no route of this name listens to its service. */
  receive(name: string, request: InboundRequest): Received | undefined {
    const read = this.#options.routes.find(({ route }) => route === name)?.read?.(request)
    if (read === undefined) return undefined
    if (!read.ok) {
      this.#refused(name, read.cause)
      return read
    }
    const said = read.reactions.map((reaction) => this.#react(name, reaction))
    if (said.includes('unknown') && !this.#options.isComplete()) {
      return { ok: false, cause: 'unavailable' }
    }
    const done = said.filter((says) => says !== 'unknown')
    return { ok: true, says: done.length === 0 ? 'nothing to do' : done.join('; ') }
  }

  #react(route: string, reaction: Reaction): string {
    const { open, acknowledge, release } = this.#options
    const incident = open().find(({ now }) => reaction.isAbout(now.key))
    if (incident === undefined) return 'unknown'
    const { key, since } = incident.record.condition
    if (reaction.at + SKEW_MS < since) return `${key}: it is older than the incident`
    const before = incident.record.reactions?.[route]
    if (before !== undefined && (reaction.at < before.at || reaction.id === before.id)) {
      return `${key}: it is known already`
    }
    const reacted = { id: cut(reaction.id, 200), at: reaction.at }
    const reactions = { ...incident.record.reactions, [route]: reacted }
    incident.record = { ...incident.record, reactions }
    const actor = `${nameOf(reaction.actor)} (${route})`
    const { acknowledgedBy, acknowledgedFor } = incident.record
    if (reaction.kind === 'unacknowledged') {
      if (acknowledgedBy === undefined) return `${key}: nobody looked after it`
      release(incident, actor, reaction.reason)
      return `${key}: nobody looks after it any more`
    }
    if (acknowledgedBy === actor && acknowledgedFor === reaction.reason) {
      return `${key}: ${actor} looks after it already`
    }
    acknowledge(incident, actor, reaction.reason)
    return `${actor} looks after ${key}`
  }

  #refused(route: string, cause: 'unsigned' | 'malformed'): void {
    const { clock, log } = this.#options
    const kind = `${route} ${cause}`
    const now = clock.now()
    if (now - (this.#loggedAt.get(kind) ?? -Infinity) < LOG_EVERY_MS) return
    this.#loggedAt.set(kind, now)
    const why =
      cause === 'unsigned'
        ? 'is not signed with the secret of this route: check the secret and the clock'
        : 'is signed and cannot be read'
    log.warn({ route }, `a request at /hooks/notify/${route} was refused: it ${why}`)
  }
}

/** A name by people elsewhere, as one line that forges nothing. */
function nameOf(text: string): string {
  const line = text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ').trim()
  return line === '' ? 'somebody' : cut(line, LONGEST_NAME)
}
