import { z } from 'zod'
import type { Intent } from '../../core/group.ts'
import type { Store } from '../../plugin/store.ts'

/** What the watch over an applied change has to know of it. */
export interface Applied extends Pick<Intent, 'id' | 'to' | 'target' | 'actor'> {
  /** Wall milliseconds since the epoch. */
  readonly at: number
}

const recorded = z.object({ intent: z.string(), to: z.record(z.string(), z.number()) })

/**
 * The last change of a group that was applied and never said to be in effect, as the journal tells
 * it; `undefined` where there is none. Rejects where the store cannot be read.
 */
export async function lastApplied(
  store: Pick<Store, 'entries'>,
  group: string,
): Promise<Applied | undefined> {
  const [entry] = await store.entries({
    group,
    kinds: ['applied', 'effective'],
    limit: 1,
    newestFirst: true,
  })
  if (entry?.kind !== 'applied') return undefined
  const read = recorded.safeParse(entry.data)
  if (!read.success) return undefined
  const { intent: id, to } = read.data
  const { actor, at, path: target = '' } = entry
  return { id, to, target, at, ...(actor !== undefined && { actor }) }
}
