import {
  AUTHORITATIVE_ANSWER,
  RECURSION_DESIRED,
  decode,
  encode,
  type Answer,
  type DecodedPacket,
} from 'dns-packet'
import type { Question } from './question.ts'
import { normalTarget } from './value.ts'

/** What an answer says of its question. */
export interface Reply {
  /** Such as `NOERROR` or `NXDOMAIN` (RFC 6895 section 2.3). */
  readonly code: string
  readonly isAuthoritative: boolean
  readonly isTruncated: boolean
  /** The values of the asked type as text, sorted; where there are none, the targets of aliases. */
  readonly values: readonly string[]
  /** Whether the name is an alias (CNAME) of another. */
  readonly isAlias: boolean
  /** The least time to live of all answers, in seconds. */
  readonly ttl: number | undefined
}

/** Answers up to here arrive in one piece on every usual path (RFC 9715 section 3.2). */
const PAYLOAD_SIZE = 1_232
/** The longest datagram that is read: a hostile one must cost little. */
const MOST_DATAGRAM = 4_096

/** A query with EDNS (RFC 6891); `recurse` for resolvers. */
export function query(question: Question, id: number, recurse: boolean): Buffer {
  return encode({
    type: 'query',
    id,
    flags: recurse ? RECURSION_DESIRED : 0,
    questions: [{ ...question, class: 'IN' }],
    additionals: [
      {
        type: 'OPT',
        name: '.',
        udpPayloadSize: PAYLOAD_SIZE,
        extendedRcode: 0,
        ednsVersion: 0,
        flags: 0,
        flag_do: false,
        options: [],
      },
    ],
  })
}

/** Reads an answer; `undefined` for what is damaged or answers something else. Never throws. */
export function readReply(message: Buffer, id: number, question: Question): Reply | undefined {
  // The header decides before anything is decoded: length, QR and id (RFC 1035 section 4.1.1).
  if (message.length < 12 || message.readUInt16BE(0) !== id) return undefined
  if ((message.readUInt16BE(2) & 0x8000) === 0) return undefined
  let packet: DecodedPacket & { readonly rcode?: unknown }
  try {
    packet = decode(message)
  } catch {
    return undefined
  }
  const code = typeof packet.rcode === 'string' ? packet.rcode : 'UNKNOWN'
  const [asked, ...more] = packet.questions ?? []
  // A server that did not understand the query may leave the question out.
  const isOurs = asked === undefined ? code !== 'NOERROR' : isSame(asked, question)
  if (!isOurs || more.length > 0) return undefined
  const answers = (packet.answers ?? []).filter(({ type }) => type !== 'OPT')
  const wanted = answers.filter(({ type }) => type === question.type)
  const told = wanted.length > 0 ? wanted : answers.filter(({ type }) => type === 'CNAME')
  const ttls = answers.flatMap((answer) => ('ttl' in answer ? (answer.ttl ?? []) : []))
  return {
    code,
    isAuthoritative: ((packet.flags ?? 0) & AUTHORITATIVE_ANSWER) !== 0,
    isTruncated: packet.flag_tc,
    values: [...new Set(told.map((answer) => valueOf(answer)))].toSorted(),
    isAlias: question.type !== 'CNAME' && answers.some(({ type }) => type === 'CNAME'),
    ttl: ttls.length === 0 ? undefined : Math.min(...ttls),
  }
}

/** Like `readReply`, for a datagram: what no server of ours would send is not even decoded. */
export function readDatagram(message: Buffer, id: number, question: Question): Reply | undefined {
  return message.length > MOST_DATAGRAM ? undefined : readReply(message, id, question)
}

/** A value as people write it: lower case, without final dots, IPv6 in its short form (RFC 5952). */
export function normalValue(text: string): string {
  return normalTarget(text.trim())
}

function isSame(asked: { readonly name: string; readonly type: string }, question: Question) {
  const name = asked.name.toLowerCase().replace(/\.$/u, '')
  return name === question.name && asked.type === question.type
}

function valueOf(answer: Answer): string {
  if (answer.type === 'MX') {
    return normalValue(`${answer.data.preference ?? 0} ${answer.data.exchange}`)
  }
  if (answer.type === 'SRV') {
    const { priority = 0, weight = 0, port, target } = answer.data
    return normalValue(`${priority} ${weight} ${port} ${target}`)
  }
  if (answer.type === 'TXT') {
    const parts = Array.isArray(answer.data) ? answer.data : [answer.data]
    return normalValue(parts.map((part) => part.toString()).join(''))
  }
  return 'data' in answer && typeof answer.data === 'string' ? normalValue(answer.data) : ''
}
