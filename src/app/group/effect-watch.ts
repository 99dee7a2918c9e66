import { sameAllocation } from '../../core/allocation.ts'
import { withDeadline, type Clock } from '../../core/clock.ts'
import { formatDuration } from '../../core/duration.ts'
import type { Intent } from '../../core/group.ts'
import type { GroupSettings } from '../../core/settings.ts'
import type { Effect, Reached } from '../../engine/group/effect.ts'
import type { Actuator, Behind, Spread } from '../../plugin/actuator.ts'
import type { Store } from '../../plugin/store.ts'
import type { BoundActuator } from './bound-actuator.ts'
import { entryOf } from './change-deps.ts'
import type { GroupRecord } from './group-record.ts'
import { lastApplied, type Applied } from './last-applied.ts'
import type { LeaseKeeper } from './lease-keeper.ts'

/** What watching needs. */
export interface EffectWatchDeps {
  readonly clock: Clock
  readonly store: Pick<Store, 'entries'>
  readonly record: GroupRecord
  readonly lease: LeaseKeeper
  readonly onChange: () => void
  readonly onPhase?: (phase: 'effective', ms: number) => void
}

/** Between two questions, in milliseconds: soon at first, and then ever later. */
const firstPauseMs = 250
const lastPauseMs = 5_000

/** A change that was applied longer ago than this, beyond what caches may keep, is nobody's trouble any more. */
const takeOverMs = 24 * 3_600_000

type Spreading = Actuator & Required<Pick<Actuator, 'spread'>>

/**
 * Follows an applied change to where it is in effect: every server that passes it on says it, and
 * caches had the time that they may keep the old one. Declared and effective are two facts with two
 * times. It only reads, beside the decisions, and holds nothing up. Whoever leads next goes on with it.
 */
export class EffectWatch {
  readonly #deps: EffectWatchDeps
  #effect: Effect | undefined
  /** The lease under which watching began, or was found to have nothing to do. */
  #token: number | undefined
  #following: Following | undefined

  constructor(deps: EffectWatchDeps) {
    this.#deps = deps
  }

  /** How far the last change has come; `undefined` where it is in effect, or nobody passes it on. */
  get effect(): Effect | undefined {
    return this.#effect
  }

  /** A change was applied. Whatever was followed before has been overtaken. */
  begin(intent: Intent, actuators: readonly BoundActuator[], settings: GroupSettings): void {
    const { clock, lease } = this.#deps
    this.#token = lease.current()?.token
    const change = { ...intent, at: clock.wall() }
    this.#follow(actuators, settings, change, { since: clock.now(), fromMs: 0 })
  }

  /**
   * This process leads, and knows the world: what an earlier leader applied and did not see in effect
   * is watched from here on. Does nothing where this was asked before under the same lease.
   */
  takeOver(actuators: readonly BoundActuator[], settings: GroupSettings): void {
    const token = this.#deps.lease.current()?.token
    if (token === undefined || token === this.#token) return
    this.#token = token
    this.#follow(actuators, settings)
  }

  /** Other servers may be asked from now on; what is under way goes on with those. */
  reconfigure(actuators: readonly BoundActuator[], settings: GroupSettings): void {
    if (this.#following === undefined) return
    const { change, watched } = this.#following
    // The journal has not answered yet: it is asked anew.
    if (change === undefined || watched === undefined) this.#follow(actuators, settings)
    else if (this.#effect !== undefined) this.#follow(actuators, settings, change, watched)
  }

  #follow(
    actuators: readonly BoundActuator[],
    settings: GroupSettings,
    change?: Applied,
    watched?: Watched,
  ): void {
    this.#following?.stop.abort()
    this.#following = undefined
    this.#effect = undefined
    const all = actuators.map(({ capabilities: { settleMs }, target }) => ({ settleMs, target }))
    const spreading = all.flatMap(({ settleMs, target }) =>
      target?.spread === undefined ? [] : [{ settleMs, target: target as Spreading }],
    )
    if (spreading.length === 0) return
    const others = all.filter(({ target }) => target?.spread === undefined)
    const othersMs = Math.max(0, ...others.map(({ settleMs }) => settleMs))
    const about = { spreading, othersMs, settings }
    const following: Following = { stop: new AbortController(), change, watched }
    following.done = this.#run(following, about)
    this.#following = following
  }

  /** Stops watching, and returns when nothing is asked any more. */
  async end(): Promise<void> {
    this.#following?.stop.abort()
    await this.#following?.done
  }

  async #run(following: Following, about: About): Promise<void> {
    const { signal } = following.stop
    if (following.change === undefined) await this.#recall(following, about)
    const { change, watched } = following
    if (signal.aborted || change === undefined || watched === undefined) return
    await this.#watch(change, watched, about, signal)
    if (signal.aborted) return
    this.#effect = undefined
    this.#deps.onChange()
  }

  /** Finds in the journal what an earlier leader left to watch. */
  async #recall(following: Following, { settings, spreading }: About): Promise<void> {
    const { clock, store } = this.#deps
    const { signal } = following.stop
    while (!signal.aborted) {
      try {
        const read = await withDeadline(clock, settings.callTimeoutMs, signal, async () => ({
          change: await lastApplied(store, settings.name),
        }))
        if (read !== undefined) {
          if (read.change === undefined) return
          const fromMs = Math.max(0, clock.wall() - read.change.at)
          const settleMs = Math.max(...spreading.map((each) => each.settleMs))
          if (fromMs > takeOverMs + settleMs) return
          following.change = read.change
          following.watched = { since: clock.now() - fromMs, fromMs }
          return
        }
      } catch {
        // The store is down, which is told elsewhere.
      }
      await clock.sleep(lastPauseMs, signal)
    }
  }

  async #watch(
    change: Applied,
    { since, fromMs }: Watched,
    { spreading, othersMs, settings }: About,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, lease, onChange, onPhase, record } = this.#deps
    const late = new Set<string>()
    const reached = new Map<string, Reached>()
    // Seen from the start, or seen to follow: else it may have been in effect before anybody looked.
    let isMeasured = fromMs === 0
    let serversAt: number | undefined
    let pauseMs = firstPauseMs
    while (!signal.aborted) {
      const spreads = await Promise.all(
        spreading.map(({ target }) => this.#ask(target, change, settings.callTimeoutMs, signal)),
      )
      const { allocation } = record.memory.row
      if (signal.aborted) return
      if (lease.current() === undefined) {
        // Whoever leads next takes over, and that may be this process.
        this.#token = undefined
        return
      }
      // Somebody else's edit: what was applied is not what should be seen.
      if (allocation !== undefined && !sameAllocation(allocation, change.to)) return
      const behind = spreads.flatMap((each) => each.behind)
      const overdue = behind.filter(({ withinMs = 0 }) => clock.now() - since >= withinMs)
      for (const { who } of overdue) late.add(who)
      for (const { who } of behind) reached.delete(who)
      const ago = clock.now() - since
      for (const { kind, who } of spreads.flatMap((each) => each.follow ?? [])) {
        if (!reached.has(who)) reached.set(who, { who, kind, ms: ago })
      }
      const cacheTimes = spreading.map((each, index) => spreads[index]?.cachesMs ?? each.settleMs)
      const settleMs = Math.max(othersMs, ...cacheTimes)
      const isServed = behind.every(({ kind }) => kind === 'cache')
      isMeasured ||= !isServed
      serversAt = isServed ? (serversAt ?? clock.now()) : undefined
      this.#effect = {
        since,
        settleMs,
        behind,
        intent: change.id,
        reached: [...reached.values()],
        ...(serversAt !== undefined && { serversAt }),
      }
      onChange()
      const doneAt = (serversAt ?? Infinity) + settleMs
      if (behind.length === 0 && clock.now() >= doneAt) {
        const ms = clock.now() - since
        const asked = spreads.reduce((sum, each) => sum + each.asked, 0)
        const after = `${isMeasured ? '' : 'at most '}${formatDuration(Math.round(ms))}`
        const from =
          fromMs === 0 ? '' : `; watched anew from ${formatDuration(Math.round(fromMs))} on`
        const says = `in effect ${after} after it was applied${askedSays(asked, late, ms, settleMs)}${from}`
        await record.append([
          {
            ...entryOf(settings, 'effective', change, says),
            data: {
              intent: change.id,
              ms,
              asked,
              late: [...late],
              ...(reached.size > 0 && { reached: [...reached.values()] }),
              ...(!isMeasured && { isAtMost: true }),
            },
          },
        ])
        if (isMeasured) onPhase?.('effective', ms)
        return
      }
      const restMs = behind.length === 0 ? doneAt - clock.now() : Infinity
      await clock.sleep(Math.min(pauseMs, restMs), signal)
      pauseMs = Math.min(pauseMs * 2, lastPauseMs)
    }
  }

  async #ask(
    actuator: Spreading,
    { to }: Applied,
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

/** One change on its way. */
interface Following {
  readonly stop: AbortController
  /** Absent until the journal was asked. */
  change: Applied | undefined
  watched: Watched | undefined
  done?: Promise<void>
}

interface Watched {
  /** Monotonic time of applying. */
  readonly since: number
  /** How long after it this process began to watch; 0 where it applied the change itself. */
  readonly fromMs: number
}

interface About {
  readonly spreading: readonly { readonly target: Spreading; readonly settleMs: number }[]
  /** The longest that those take which nobody can be asked about. */
  readonly othersMs: number
  readonly settings: GroupSettings
}

function askedSays(asked: number, late: ReadonlySet<string>, ms: number, settleMs: number): string {
  const who = asked === 1 ? 'the one that was asked answers' : `all ${asked} that were asked answer`
  const all = asked === 0 ? '' : `: ${who} it`
  const ttl = settleMs > 0 && ms >= settleMs ? `, caches had their ${formatDuration(settleMs)}` : ''
  return `${all}${ttl}${late.size === 0 ? '' : `; late were ${[...late].join(', ')}`}`
}
