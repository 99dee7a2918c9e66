import { query, readReply, type Reply } from '../../formats/dns/query.ts'
import type { Question } from '../../formats/dns/question.ts'
import { markName, markOf, type NameState } from '../../plugin/dns/mark.ts'
import { recordSets } from '../../plugin/dns/record-sets.ts'
import { codeName, type Primary } from './primary.ts'

export type NameRead =
  | { readonly ok: true; readonly state: NameState; readonly ttl: number }
  | { readonly ok: false; readonly retry: boolean; readonly says: string }

interface About {
  readonly name: string
  /** As it stands in a sentence. */
  readonly server: string
  readonly isAlias: boolean
  readonly group: string
}

/**
 * Reads what a name has at its primary server, and whose it is. A name without a record is an error:
 * nothing can be said of paths then, and nothing is written.
 */
export async function readName(
  primary: Primary,
  { name, server, isAlias, group }: About,
  deadlineMs: number,
  signal: AbortSignal,
): Promise<NameRead> {
  const types = isAlias ? (['CNAME'] as const) : (['A', 'AAAA'] as const)
  const questions: Question[] = [
    ...types.map((type): Question => ({ name, type })),
    { name: markName(name), type: 'TXT' },
  ]
  const firstId = primary.messageId()
  const ids = questions.map((_, index) => (firstId + index) & 0xffff)
  const messages = questions.map((question, index) => query(question, ids[index] ?? 0, false))
  const asked = await primary.ask(messages, deadlineMs, signal)
  if (!asked.ok) return asked
  const replies: Reply[] = []
  for (const [index, { message, code }] of asked.answers.entries()) {
    const question = questions[index]
    if (question === undefined) continue
    const said = codeName(code)
    if (said !== 'NOERROR' && said !== 'NXDOMAIN') {
      const says = `${server} answers ${said} when asked for ${question.name}`
      return { ok: false, retry: said === 'SERVFAIL', says }
    }
    const reply = readReply(message, ids[index] ?? 0, question)
    if (reply === undefined) return refused(`${server} answers with something damaged`)
    if (!reply.isAuthoritative) return refused(`${server} has no authority over ${question.name}`)
    replies.push(reply)
  }
  const [mark] = replies.splice(-1)
  const found = replies.map((reply, index) => ({ reply, type: types[index] ?? 'A' }))
  if (found.some(({ reply }) => reply.isAlias)) {
    return refused(`${name} is an alias (CNAME), but the paths name addresses`)
  }
  const sets = recordSets(Object.fromEntries(found.map(({ reply, type }) => [type, reply.values])))
  const ttls = replies.flatMap(({ ttl }) => ttl ?? [])
  if (ttls.length === 0) {
    return refused(
      `${name} has no ${types.join(' or ')} record at ${server}: create it with what serves now`,
    )
  }
  const state = { sets, mark: markOf(mark?.values ?? [], group) }
  return { ok: true, state, ttl: Math.min(...ttls) }
}

function refused(says: string): NameRead {
  return { ok: false, retry: false, says }
}
