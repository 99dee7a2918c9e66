import type { Clock } from '../../core/clock.ts'
import type { Spread } from '../../plugin/actuator.ts'
import type { CallAnswer } from '../../plugin/call-failure.ts'

/** "Changes generally propagate to all Route 53 name servers within 60 seconds" (API, ChangeResourceRecordSets). */
export const propagationMs = 60_000

/** Route 53 takes five requests a second for a whole account: its answer counts for so long. */
const askEveryMs = 2_000

interface Change {
  readonly id: string
  /** How long caches may keep what the record sets said before it, in milliseconds. */
  readonly ttlMs: number
}

/**
 * How far the last change of this process has come among the name servers of Route 53. Only the
 * process that made a change knows its identity; after it nobody can ask (GetChange).
 */
export class LastChange {
  readonly #clock: Clock
  readonly #ask: (id: string, ms: number, signal: AbortSignal) => Promise<CallAnswer<string>>
  #change: Change | undefined
  #says: string | undefined
  #askedAt = Number.NEGATIVE_INFINITY

  /** `ask` says the status of a change: `PENDING` or `INSYNC`. */
  constructor(
    clock: Clock,
    ask: (id: string, ms: number, signal: AbortSignal) => Promise<CallAnswer<string>>,
  ) {
    this.#clock = clock
    this.#ask = ask
  }

  /** From now on this change is the last one; `undefined` where nobody can tell which it is. */
  set(change: Change | undefined): void {
    this.#change = change
    this.#says = change === undefined ? undefined : 'was not asked yet'
    this.#askedAt = Number.NEGATIVE_INFINITY
  }

  /**
   * What Route 53 does in place of having the last change everywhere; `undefined` where it has, or
   * where there is none to ask for. Asks for at most `ms` milliseconds.
   */
  async trouble(ms: number, signal: AbortSignal): Promise<string | undefined> {
    const change = this.#change
    const now = this.#clock.now()
    if (change === undefined || this.#says === undefined) return undefined
    if (now - this.#askedAt < askEveryMs) return this.#says
    this.#askedAt = now
    const answer = await this.#ask(change.id, ms, signal)
    // Another change was made meanwhile.
    if (change !== this.#change) return this.#says
    if (!answer.ok) this.#says = `cannot be asked: ${answer.says}`
    else if (answer.value === 'INSYNC') this.#says = undefined
    else this.#says = `has not brought the change to all of its servers (${answer.value})`
    return this.#says
  }

  /** The same, for the watch over what is applied. */
  async spread(ms: number, signal: AbortSignal): Promise<Spread> {
    const change = this.#change
    if (change === undefined) return { asked: 0, behind: [] }
    const says = await this.trouble(ms, signal)
    const behind = { who: 'Route 53', kind: 'server', withinMs: propagationMs } as const
    return {
      asked: 1,
      behind: says === undefined ? [] : [{ ...behind, says }],
      cachesMs: change.ttlMs,
    }
  }
}
