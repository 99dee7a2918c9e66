import { sameAllocation } from '../../core/allocation.ts'
import { withDeadline, type Clock } from '../../core/clock.ts'
import { formatDuration } from '../../core/duration.ts'
import type { Intent } from '../../core/group.ts'
import type { GroupSettings } from '../../core/settings.ts'
import type { Effect } from '../../engine/group/effect.ts'
import type { Actuator, Behind, Spread } from '../../plugin/actuator.ts'
import type { BoundActuator } from './bound-actuator.ts'
import { entryOf } from './change-deps.ts'
import type { GroupRecord } from './group-record.ts'
import type { LeaseKeeper } from './lease-keeper.ts'

/** What watching needs. */
export interface EffectWatchDeps {
  readonly clock: Clock
  readonly record: GroupRecord
  readonly lease: LeaseKeeper
  readonly onChange: () => void
  readonly onPhase?: (phase: 'effective', ms: number) => void
}

/** Between two questions, in milliseconds: soon at first, and then ever later. */
const firstPauseMs = 250
const lastPauseMs = 5_000

type Spreading = Actuator & Required<Pick<Actuator, 'spread'>>

/**
 * Follows an applied change to where it is in effect: every server that passes it on says it, and
 * caches had the time that they may keep the old one. Declared and effective are two facts with two
 * times. It only reads, beside the decisions, and holds nothing up.
 */
export class EffectWatch {
  readonly #deps: EffectWatchDeps
  #effect: Effect | undefined
  #following:
    | { readonly intent: Intent; readonly stop: AbortController; readonly done: Promise<void> }
    | undefined

  constructor(deps: EffectWatchDeps) {
    this.#deps = deps
  }

  /** How far the last change has come; `undefined` where it is in effect, or nobody passes it on. */
  get effect(): Effect | undefined {
    return this.#effect
  }

  /** A change was applied. Whatever was followed before has been overtaken. */
  begin(intent: Intent, actuators: readonly BoundActuator[], settings: GroupSettings): void {
    this.#begin(intent, actuators, settings, this.#deps.clock.now())
  }

  /** Other servers may be asked from now on; what is under way goes on with those. */
  reconfigure(actuators: readonly BoundActuator[], settings: GroupSettings): void {
    if (this.#effect === undefined || this.#following === undefined) return
    this.#begin(this.#following.intent, actuators, settings, this.#effect.since)
  }

  #begin(
    intent: Intent,
    actuators: readonly BoundActuator[],
    settings: GroupSettings,
    since: number,
  ): void {
    this.#following?.stop.abort()
    this.#following = undefined
    this.#effect = undefined
    const spreading = actuators.flatMap(({ target }) =>
      target?.spread === undefined ? [] : [target as Spreading],
    )
    if (spreading.length === 0) return
    const settleMs = Math.max(...actuators.map(({ capabilities }) => capabilities.settleMs))
    const stop = new AbortController()
    const about = { intent, spreading, settleMs, settings, since }
    this.#following = { intent, stop, done: this.#follow(about, stop.signal) }
  }

  /** Stops watching, and returns when nothing is asked any more. */
  async end(): Promise<void> {
    this.#following?.stop.abort()
    await this.#following?.done
  }

  async #follow(
    { intent, spreading, settleMs, settings, since }: Followed,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, lease, onChange, onPhase, record } = this.#deps
    const late = new Set<string>()
    let serversAt: number | undefined
    let pauseMs = firstPauseMs
    while (!signal.aborted) {
      const spreads = await Promise.all(
        spreading.map((each) => this.#ask(each, intent, settings.callTimeoutMs, signal)),
      )
      const { allocation } = record.memory.row
      // Somebody else's edit, or another leader: what was applied here is not what should be seen.
      if (signal.aborted || lease.current() === undefined) break
      if (allocation !== undefined && !sameAllocation(allocation, intent.to)) break
      const behind = spreads.flatMap((each) => each.behind)
      for (const { who } of behind) late.add(who)
      const isServed = behind.every(({ kind }) => kind === 'cache')
      serversAt = isServed ? (serversAt ?? clock.now()) : undefined
      this.#effect = { since, settleMs, behind, ...(serversAt !== undefined && { serversAt }) }
      onChange()
      const doneAt = (serversAt ?? Infinity) + settleMs
      if (behind.length === 0 && clock.now() >= doneAt) {
        const ms = clock.now() - since
        const asked = spreads.reduce((sum, each) => sum + each.asked, 0)
        const says = `in effect ${formatDuration(Math.round(ms))} after it was applied${askedSays(asked, late, ms, settleMs)}`
        await record.append([
          {
            ...entryOf(settings, 'effective', intent, says),
            data: { intent: intent.id, ms, asked, late: [...late] },
          },
        ])
        onPhase?.('effective', ms)
        break
      }
      const restMs = behind.length === 0 ? doneAt - clock.now() : Infinity
      await clock.sleep(Math.min(pauseMs, restMs), signal)
      pauseMs = Math.min(pauseMs * 2, lastPauseMs)
    }
    if (signal.aborted) return
    this.#effect = undefined
    onChange()
  }

  async #ask(
    actuator: Spreading,
    { to }: Intent,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<Spread> {
    const silent = (says: string): Spread => {
      const behind: Behind = { who: 'its servers', kind: 'server', says }
      return { asked: 0, behind: [behind] }
    }
    try {
      const ask = (inner: AbortSignal) => actuator.spread(to, inner)
      const spread = await withDeadline(this.#deps.clock, timeoutMs, signal, ask)
      return spread ?? silent(`gave no answer within ${timeoutMs} ms`)
    } catch (error) {
      return silent(`could not be asked: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
}

interface Followed {
  readonly intent: Intent
  readonly spreading: readonly Spreading[]
  readonly settleMs: number
  readonly settings: GroupSettings
  /** Monotonic time of applying. */
  readonly since: number
}

function askedSays(asked: number, late: ReadonlySet<string>, ms: number, settleMs: number): string {
  const all = asked === 0 ? '' : `: all ${asked} that were asked answer it`
  const ttl = settleMs > 0 && ms >= settleMs ? `, caches had their ${formatDuration(settleMs)}` : ''
  return `${all}${ttl}${late.size === 0 ? '' : `; late were ${[...late].join(', ')}`}`
}
