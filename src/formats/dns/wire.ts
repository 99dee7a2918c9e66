import { decodeName, encodeName } from './name.ts'

/** One record as it stands in a message; its data undecoded. */
export interface WireRecord {
  /** Lower case, without the final dot. */
  readonly name: string
  readonly type: number
  readonly class: number
  /** Seconds. */
  readonly ttl: number
  /** May be empty: RFC 2136 deletes by records without data. */
  readonly data: Buffer
}

/** A message of four sections (RFC 1035 section 4.1); an UPDATE calls them zone, prerequisites, updates and more. */
export interface WireMessage {
  readonly id: number
  readonly flags: number
  readonly questions: readonly Omit<WireRecord, 'ttl' | 'data'>[]
  readonly answers: readonly WireRecord[]
  readonly authorities: readonly WireRecord[]
  readonly additionals: readonly WireRecord[]
}

/** Types that this program writes or has to know (RFC 6895 section 3.1). */
export const types = { A: 1, CNAME: 5, SOA: 6, TXT: 16, AAAA: 28, OPT: 41, TSIG: 250 } as const
/** Classes; RFC 2136 section 2.4 gives NONE and ANY meanings of their own. */
export const classes = { IN: 1, NONE: 254, ANY: 255 } as const

const headerLength = 12

/** Encodes a message without compression. Throws `RangeError` for names that are none. */
export function encodeWire(message: WireMessage): Buffer {
  const { id, flags, questions, answers, authorities, additionals } = message
  const header = Buffer.alloc(headerLength)
  const counts = [questions, answers, authorities, additionals].map(({ length }) => length)
  for (const [index, value] of [id, flags, ...counts].entries())
    header.writeUInt16BE(value, index * 2)
  return Buffer.concat([
    header,
    ...questions.map((each) => Buffer.concat([encodeName(each.name), two(each.type, each.class)])),
    ...[...answers, ...authorities, ...additionals].map((record) => encodeRecord(record)),
  ])
}

/** Encodes one record without compression. */
export function encodeRecord(record: WireRecord): Buffer {
  const ttl = Buffer.alloc(6)
  ttl.writeUInt32BE(record.ttl, 0)
  ttl.writeUInt16BE(record.data.length, 4)
  return Buffer.concat([encodeName(record.name), two(record.type, record.class), ttl, record.data])
}

/** Where the last record of a message begins, and what it is: TSIG must be the last (RFC 8945 section 5.1). */
export interface Tail {
  readonly record: WireRecord
  readonly begin: number
}

/**
 * Decodes a message; `undefined` where it is damaged or something follows it. Names inside of data
 * stay as they are, so compressed ones mean nothing outside of the message. Never throws.
 */
export function decodeWire(bytes: Buffer): (WireMessage & { readonly tail?: Tail }) | undefined {
  if (bytes.length < headerLength) return undefined
  const counts = [4, 6, 8, 10].map((at) => bytes.readUInt16BE(at))
  const [asked = 0, ...recordCounts] = counts
  const questions: WireMessage['questions'][number][] = []
  let position = headerLength
  for (let index = 0; index < asked; index += 1) {
    const found = decodeName(bytes, position)
    if (found === undefined || found.end + 4 > bytes.length) return undefined
    const { name, end } = found
    questions.push({ name, type: bytes.readUInt16BE(end), class: bytes.readUInt16BE(end + 2) })
    position = end + 4
  }
  const sections: WireRecord[][] = []
  let tail: Tail | undefined
  for (const count of recordCounts) {
    const section: WireRecord[] = []
    sections.push(section)
    for (let index = 0; index < count; index += 1) {
      const found = decodeRecord(bytes, position)
      if (found === undefined) return undefined
      section.push(found.record)
      tail = { record: found.record, begin: position }
      position = found.end
    }
  }
  if (position !== bytes.length) return undefined
  const [answers = [], authorities = [], additionals = []] = sections
  return {
    id: bytes.readUInt16BE(0),
    flags: bytes.readUInt16BE(2),
    questions,
    answers,
    authorities,
    additionals,
    ...(tail !== undefined && { tail }),
  }
}

function decodeRecord(
  bytes: Buffer,
  at: number,
): { readonly record: WireRecord; readonly end: number } | undefined {
  const found = decodeName(bytes, at)
  if (found === undefined || found.end + 10 > bytes.length) return undefined
  const { name, end } = found
  const dataEnd = end + 10 + bytes.readUInt16BE(end + 8)
  if (dataEnd > bytes.length) return undefined
  const record = {
    name,
    type: bytes.readUInt16BE(end),
    class: bytes.readUInt16BE(end + 2),
    ttl: bytes.readUInt32BE(end + 4),
    data: bytes.subarray(end + 10, dataEnd),
  }
  return { record, end: dataEnd }
}

function two(first: number, second: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt16BE(first, 0)
  bytes.writeUInt16BE(second, 2)
  return bytes
}
