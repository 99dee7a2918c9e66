import { parseServer, type Server } from '../../src/formats/dns/question.ts'
import { ask, type Asking } from '../../src/plugin/dns/ask.ts'

export type Found =
  | { readonly ok: true; readonly servers: readonly Server[] }
  | { readonly ok: false; readonly says: string }

/** More servers than this no zone has in earnest. */
const MOST_SERVERS = 16

/**
 * The authoritative servers of the zone in which `name` lies: the name servers of the longest part
 * of the name that has any, as the resolvers of this machine tell.
 */
export async function authoritative(
  asking: Asking,
  name: string,
  deadlineAt: number,
): Promise<Found> {
  const resolvers = asking.net.nameServers().flatMap((text) => parseServer(text) ?? [])
  const [resolver] = resolvers
  if (resolver === undefined) return { ok: false, says: 'this machine has no name server to ask' }
  const labels = name.split('.')
  for (let from = 0; from < labels.length; from += 1) {
    const question = { name: labels.slice(from).join('.'), type: 'NS' } as const
    const asked = await anyOf(asking, resolvers, question, deadlineAt)
    if (!asked.ok) return asked
    const servers = asked.values.flatMap((value) => parseServer(value) ?? [])
    if (servers.length > 0) return { ok: true, servers: servers.slice(0, MOST_SERVERS) }
  }
  return { ok: false, says: `no zone is known for ${name}` }
}

/** The first resolver that answers counts, as for any program on this machine. */
async function anyOf(
  asking: Asking,
  resolvers: readonly Server[],
  question: { readonly name: string; readonly type: 'NS' },
  deadlineAt: number,
): Promise<{ ok: true; values: readonly string[] } | { ok: false; says: string }> {
  let says = ''
  for (const [index, resolver] of resolvers.entries()) {
    const left = deadlineAt - asking.clock.now()
    const share = asking.clock.now() + left / (resolvers.length - index)
    const asked = await ask(asking, resolver, question, true, share)
    if (asked.ok && ['NOERROR', 'NXDOMAIN'].includes(asked.reply.code)) {
      // Behind an alias stand the servers of another zone.
      return { ok: true, values: asked.reply.isAlias ? [] : asked.reply.values }
    }
    says = asked.ok ? `${resolver.shown} answers ${asked.reply.code}` : asked.says
  }
  return { ok: false, says }
}
