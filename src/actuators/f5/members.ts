import { z } from 'zod'

/** A member of a pool as far as it is read (tm:ltm:pool:members). */
export const member = z.object({
  fullPath: z.string(),
  ratio: z.int().default(1),
  session: z.string(),
  state: z.string(),
})

/** A pool with its members expanded (tm:ltm:pool). */
export const pool = z.object({
  loadBalancingMode: z.string().default('round-robin'),
  membersReference: z.object({ items: z.array(member).default([]) }),
})

export type Method = 'ratio' | 'session'

/** What one member of the group is. */
export interface MemberState {
  readonly fullPath: string
  /** The ratio of an enabled member, or 100 with method `session`; 0 for one that is disabled. */
  readonly value: number
  /** A person forced it offline: it takes not even connections that persist. */
  readonly forced: boolean
  /** Whether BIG-IP's own monitors let it serve. */
  readonly up: boolean
}

/** Modes of load balancing that look at a member's ratio ("ratio-member", "ratio-least-connections-member", …). */
const byRatio = /^ratio-(?:member|least-connections-member|session)$/u

/** A member's value by its session and state (F5, "Working with Pool Members"). */
export function stateOf(
  { fullPath, ratio, session, state }: z.output<typeof member>,
  method: Method,
): MemberState {
  const forced = state === 'user-down'
  const isEnabled = session.endsWith('-enabled') && !forced
  const value = isEnabled ? (method === 'ratio' ? ratio : 100) : 0
  return { fullPath, value, forced, up: !forced && state !== 'down' }
}

/** Finds the member of each path; what is wrong, as a sentence, where one is missing. */
export function readMembers(
  { loadBalancingMode: mode, membersReference: { items } }: z.output<typeof pool>,
  {
    pool: name,
    members,
    method,
  }: {
    readonly pool: string
    readonly members: Readonly<Record<string, string>>
    readonly method: Method
  },
  paths: readonly string[],
): ReadonlyMap<string, MemberState> | { readonly says: string } {
  if (method === 'ratio' && !byRatio.test(mode)) {
    return {
      says: `pool ${name} balances by ${mode}, which no ratio changes: set ratio-member there, or method: session here`,
    }
  }
  const found = new Map<string, MemberState>()
  for (const path of paths) {
    const own = members[path]
    if (own === undefined) return { says: `members names none for path ${path}` }
    const item = items.find(({ fullPath }) => fullPath === own)
    if (item === undefined) return { says: `pool ${name} has no member ${own}` }
    found.set(path, stateOf(item, method))
  }
  return found
}

/** `cdn-a at ratio 100, cdn-b disabled`. */
export function describeMembers(members: ReadonlyMap<string, MemberState>, method: Method): string {
  return [...members]
    .map(([path, { value, forced, up }]) => {
      const on = method === 'ratio' ? `at ratio ${value}` : 'enabled'
      const how = forced ? 'forced offline' : value > 0 ? on : 'disabled'
      return `${path} ${how}${up || forced ? '' : ', down by its own monitor'}`
    })
    .join(', ')
}
