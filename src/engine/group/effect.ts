import { formatDuration } from '../../core/duration.ts'
import type { GroupTrouble } from './group-trouble.ts'

/** How far the last applied change has come among those who pass it on. Monotonic milliseconds. */
export interface Effect {
  /** Identity of its intent. */
  readonly intent: string
  /** When it was applied. */
  readonly since: number
  /** When every server was first seen to say it. */
  readonly serversAt?: number
  /** How long caches may keep what they have. */
  readonly settleMs: number
  readonly behind: readonly {
    readonly who: string
    readonly kind: 'server' | 'cache'
    readonly says: string
    /** So long after applying it is as it should be. */
    readonly withinMs?: number
  }[]
  /** Who says it by now, and how long after it was applied that was first seen, without a break since. */
  readonly reached?: readonly Reached[]
}

/** One of those who pass a change on, and say it. */
export interface Reached {
  readonly who: string
  readonly kind: 'server' | 'cache'
  /** Milliseconds from applied until it was first seen to say it. */
  readonly ms: number
}

/** A secondary name server hears of a change by a notice, or else by its refresh; BIND waits 5 s with notices. */
const serverGraceMs = 10_000
/** A cache may round up. */
const cacheGraceMs = 5_000
/** From here on a part of the viewers is served by what was left: people must look. */
const pageAfterMs = 120_000

/** A change that is applied but only partly in effect, with the names of those who do not follow. */
export function partialTrouble(effect: Effect | undefined, now: number): GroupTrouble | undefined {
  if (effect === undefined) return undefined
  const { since, serversAt, settleMs, behind } = effect
  const late = behind.filter(({ kind, withinMs = serverGraceMs }) =>
    kind === 'server'
      ? now - since >= withinMs
      : now - (serversAt ?? since) >= settleMs + cacheGraceMs,
  )
  if (late.length === 0) return undefined
  const isServer = late.some(({ kind }) => kind === 'server')
  return {
    name: 'partial',
    severity: isServer && now - since >= Math.max(pageAfterMs, settleMs) ? 'critical' : 'warning',
    title: `applied ${formatDuration(Math.round((now - since) / 1_000) * 1_000)} ago, and not in effect everywhere: ${late.map(({ who, says }) => `${who} ${says}`).join('; ')}`,
    todo: 'Look at the servers that are named: do they hear of changes (notify, transfer), and can they be reached?',
  }
}

/** Who is behind, in words: `server 192.0.2.54 still answers A 192.0.2.1; resolver 9.9.9.9 …`. */
export function describeBehind(behind: Effect['behind']): string {
  const kinds = { server: 'server', cache: 'resolver' } as const
  return behind.map(({ kind, says, who }) => `${kinds[kind]} ${who} ${says}`).join('; ')
}
