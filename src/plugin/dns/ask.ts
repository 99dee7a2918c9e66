import type { Clock } from '../../core/clock.ts'
import { query, readDatagram, readReply, type Reply } from '../../formats/dns/query.ts'
import type { Question, Server } from '../../formats/dns/question.ts'
import type { Net } from '../net.ts'

/** Where a query ended. */
export type Asked =
  | { readonly ok: true; readonly reply: Reply; readonly ms: number }
  /** `local`: the fault is ours, nothing is known of the server. */
  | { readonly ok: false; readonly local: boolean; readonly says: string }

/** What asking needs. */
export interface Asking {
  readonly clock: Clock
  readonly net: Net
  readonly signal: AbortSignal
  /** The identity of the next message: 16 bits that are hard to guess (RFC 5452 section 4.3). */
  readonly messageId: () => number
}

/** A datagram may be lost: it is sent again after this, in milliseconds, or after half of the time. */
const RETRY_MS = 800
/** The longest answer over TCP that is read. */
const MOST_BYTES = 16 * 1_024

/**
 * Asks one server over UDP, once more where no answer comes, and over TCP where the answer was cut
 * (RFC 7766). It ends by `deadlineAt` (monotonic milliseconds) and never throws.
 */
export async function ask(
  asking: Asking,
  server: Server,
  question: Question,
  recurse: boolean,
  deadlineAt: number,
): Promise<Asked> {
  const { clock } = asking
  const startedAt = clock.now()
  const left = () => Math.max(0, deadlineAt - clock.now())
  let asked = await overUdp(asking, server, question, recurse, Math.min(RETRY_MS, left() / 2))
  if (asked === 'no answer') asked = await overUdp(asking, server, question, recurse, left())
  if (asked === 'no answer') {
    return { ok: false, local: false, says: `${server.shown} does not answer` }
  }
  if (!asked.ok || !asked.reply.isTruncated) return asked
  const whole = await overTcp(asking, server, question, recurse, left())
  return whole.ok ? { ...whole, ms: clock.now() - startedAt } : whole
}

async function overUdp(
  { net, messageId, signal }: Asking,
  { host, port, shown }: Server,
  question: Question,
  recurse: boolean,
  deadlineMs: number,
): Promise<Asked | 'no answer'> {
  const id = messageId()
  const payload = query(question, id, recurse)
  let reply: Reply | undefined
  const isAnswer = (datagram: Buffer) => {
    reply = readDatagram(datagram, id, question)
    return reply !== undefined
  }
  const result = await net.datagram({ host, port, payload, deadlineMs, isAnswer, signal })
  if (!result.ok) {
    if (result.fault === 'timeout') return 'no answer'
    const local = result.fault === 'local' || result.fault === 'aborted'
    return { ok: false, local, says: result.says }
  }
  if (reply === undefined) return { ok: false, local: true, says: `${shown} was not understood` }
  return { ok: true, reply, ms: result.ms }
}

async function overTcp(
  { net, messageId, signal }: Asking,
  { host, port, shown }: Server,
  question: Question,
  recurse: boolean,
  deadlineMs: number,
): Promise<Asked> {
  const id = messageId()
  const message = query(question, id, recurse)
  const length = Buffer.alloc(2)
  length.writeUInt16BE(message.length)
  const result = await net.exchange({
    to: { host, port },
    payload: Buffer.concat([length, message]),
    deadlineMs,
    maxBytes: MOST_BYTES,
    isComplete: (body) => body.length >= 2 && body.length >= 2 + body.readUInt16BE(0),
    signal,
  })
  if (!result.ok) {
    const local = result.fault === 'local' || result.fault === 'aborted'
    return { ok: false, local, says: result.says }
  }
  const { body } = result
  const end = body.length < 2 ? 0 : 2 + body.readUInt16BE(0)
  const reply = readReply(body.subarray(2, end), id, question)
  if (reply !== undefined && end <= body.length) return { ok: true, reply, ms: result.ms }
  return { ok: false, local: false, says: `${shown} answers over TCP with something damaged` }
}
