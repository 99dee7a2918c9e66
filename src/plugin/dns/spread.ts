import { createHash } from 'node:crypto'
import { parseServer, type Server } from '../../formats/dns/question.ts'
import type { ActuatorContext, Behind, Spread } from '../actuator.ts'
import { ask, type Asking } from './ask.ts'
import {
  describeSets,
  recordSets,
  textOfSets,
  type RecordSets,
  type TargetType,
} from './record-sets.ts'

/** Who passes on what a name has. */
export interface Followers {
  /** Authoritative servers: they should follow at once. */
  readonly servers: readonly string[]
  /** Caching resolvers: they may keep the old answer for its time to live. */
  readonly resolvers: readonly string[]
}

/** An identity for a message: 16 bits that are hard to guess (RFC 5452 section 4.3). */
export function messageIdOf({ ids }: Pick<ActuatorContext, 'ids'>): number {
  return createHash('sha256').update(ids.next()).digest().readUInt16BE(0)
}

/**
 * Asks every authoritative server and resolver for a name and says who does not answer `wanted`.
 * `types` are those that the paths of the group name; a set that is to be empty must be. It ends
 * within the call time-out.
 */
export async function askFollowers(
  context: ActuatorContext,
  { servers, resolvers }: Followers,
  about: {
    readonly name: string
    readonly types: readonly TargetType[]
    readonly wanted: RecordSets
  },
  signal: AbortSignal,
): Promise<Spread> {
  const { clock, net } = context
  const asking: Asking = { clock, net, signal, messageId: () => messageIdOf(context) }
  const deadlineAt = clock.now() + context.callTimeoutMs * 0.9
  const look = async (text: string, kind: Behind['kind']) => {
    const server = parseServer(text)
    if (server === undefined) return []
    const says = await difference(asking, server, kind, about, deadlineAt)
    return [{ who: server.shown, kind, says }]
  }
  const looks = await Promise.all([
    ...servers.map((server) => look(server, 'server')),
    ...resolvers.map((resolver) => look(resolver, 'cache')),
  ])
  const found = looks.flat()
  return {
    asked: servers.length + resolvers.length,
    behind: found.flatMap(({ says, ...each }) => (says === undefined ? [] : [{ ...each, says }])),
    follow: found.flatMap(({ says, ...each }) => (says === undefined ? [each] : [])),
  }
}

/** What one server says in place of what is wanted; `undefined` where it says that. */
async function difference(
  asking: Asking,
  server: Server,
  kind: Behind['kind'],
  { name, types, wanted }: { name: string; types: readonly TargetType[]; wanted: RecordSets },
  deadlineAt: number,
): Promise<string | undefined> {
  const found: Partial<Record<TargetType, readonly string[]>> = {}
  const answers = await Promise.all(
    types.map(async (type) => {
      const asked = await ask(asking, server, { name, type }, kind === 'cache', deadlineAt)
      return { type, asked }
    }),
  )
  for (const { type, asked } of answers) {
    if (!asked.ok) return `cannot be asked: ${asked.says}`
    const { code, isAuthoritative, isAlias, values } = asked.reply
    if (code !== 'NOERROR') return `answers ${code}`
    if (kind === 'server' && !isAuthoritative) return `has no authority over ${name}`
    found[type] = isAlias ? [] : values
  }
  const sets = recordSets(found)
  return textOfSets(sets) === textOfSets(wanted) ? undefined : `still answers ${describeSets(sets)}`
}
