import { decodeValue, encodeValue, type ValueType } from './value.ts'
import { classes, decodeWire, encodeWire, types, type WireRecord } from './wire.ts'

/**
 * What must hold for an update to be made (RFC 2136 section 2.4). `exactly`: the record set has these
 * values and no other. `exists`: it has any. `absent`: there is none.
 */
export type Prerequisite =
  | {
      readonly kind: 'exactly'
      readonly name: string
      readonly type: ValueType
      readonly values: readonly string[]
    }
  | { readonly kind: 'exists' | 'absent'; readonly name: string; readonly type: ValueType }

/** What an update does (RFC 2136 section 2.5), in order. `ttl` in seconds. */
export type Change =
  | {
      readonly kind: 'add'
      readonly name: string
      readonly type: ValueType
      readonly ttl: number
      readonly value: string
    }
  | { readonly kind: 'delete-set'; readonly name: string; readonly type: ValueType }
  | {
      readonly kind: 'delete'
      readonly name: string
      readonly type: ValueType
      readonly value: string
    }

/** One UPDATE: all of its changes are made, or none. */
export interface Update {
  readonly id: number
  readonly zone: string
  readonly prerequisites: readonly Prerequisite[]
  readonly changes: readonly Change[]
}

const opcodeUpdate = 5
const flagsUpdate = opcodeUpdate << 11

/** Encodes an UPDATE, unsigned. Throws `RangeError` for names and values that are none. */
export function encodeUpdate({ id, zone, prerequisites, changes }: Update): Buffer {
  return encodeWire({
    id,
    flags: flagsUpdate,
    questions: [{ name: zone, type: types.SOA, class: classes.IN }],
    answers: prerequisites.flatMap((each) => prerequisiteRecords(each)),
    authorities: changes.map((each) => changeRecord(each)),
    additionals: [],
  })
}

/** Decodes what `encodeUpdate` gives, and any other UPDATE that is made of the same parts. */
export function decodeUpdate(bytes: Buffer): Update | undefined {
  const message = decodeWire(bytes)
  const zone = message?.questions[0]
  if (message === undefined || zone === undefined || message.questions.length > 1) return undefined
  // QR 0 and opcode UPDATE; the other bits mean nothing here.
  if (((message.flags >> 11) & 0x1f) !== opcodeUpdate || zone.type !== types.SOA) return undefined
  const prerequisites = readPrerequisites(message.answers)
  const changes = message.authorities.map((record) => readChange(record))
  if (prerequisites === undefined || !changes.every((change) => change !== undefined))
    return undefined
  return { id: message.id, zone: zone.name, prerequisites, changes }
}

function prerequisiteRecords(given: Prerequisite): WireRecord[] {
  const { kind, name } = given
  const type = types[given.type]
  switch (kind) {
    case 'exactly':
      return given.values.map((value) => ({
        name,
        type,
        class: classes.IN,
        ttl: 0,
        data: encodeValue(given.type, value),
      }))
    case 'exists':
      return [{ name, type, class: classes.ANY, ttl: 0, data: Buffer.alloc(0) }]
    case 'absent':
      return [{ name, type, class: classes.NONE, ttl: 0, data: Buffer.alloc(0) }]
  }
}

function changeRecord(change: Change): WireRecord {
  const { kind, name } = change
  const type = types[change.type]
  switch (kind) {
    case 'add':
      return {
        name,
        type,
        class: classes.IN,
        ttl: change.ttl,
        data: encodeValue(change.type, change.value),
      }
    case 'delete-set':
      return { name, type, class: classes.ANY, ttl: 0, data: Buffer.alloc(0) }
    case 'delete':
      return {
        name,
        type,
        class: classes.NONE,
        ttl: 0,
        data: encodeValue(change.type, change.value),
      }
  }
}

/** Records of one set stand for one `exactly`, in the order of their first ones. */
function readPrerequisites(records: readonly WireRecord[]): Prerequisite[] | undefined {
  const found: Prerequisite[] = []
  const sets = new Map<string, string[]>()
  for (const record of records) {
    const type = typeName(record.type)
    if (type === undefined || record.ttl !== 0) return undefined
    const { name } = record
    if (record.class !== classes.IN) {
      const isKnown = record.class === classes.ANY || record.class === classes.NONE
      if (!isKnown || record.data.length > 0) return undefined
      found.push({ kind: record.class === classes.ANY ? 'exists' : 'absent', name, type })
      continue
    }
    const value = decodeValue(type, record.data)
    if (value === undefined) return undefined
    const key = `${type} ${name}`
    const values = sets.get(key)
    if (values !== undefined) {
      values.push(value)
      continue
    }
    const begun = [value]
    sets.set(key, begun)
    found.push({ kind: 'exactly', name, type, values: begun })
  }
  return found
}

function readChange(record: WireRecord): Change | undefined {
  const { name, ttl, data } = record
  const type = typeName(record.type)
  if (type === undefined) return undefined
  if (record.class === classes.ANY) {
    return data.length === 0 && ttl === 0 ? { kind: 'delete-set', name, type } : undefined
  }
  const value = decodeValue(type, data)
  if (value === undefined) return undefined
  if (record.class === classes.IN) return { kind: 'add', name, type, ttl, value }
  return record.class === classes.NONE && ttl === 0
    ? { kind: 'delete', name, type, value }
    : undefined
}

function typeName(type: number): ValueType | undefined {
  return (['A', 'AAAA', 'CNAME', 'TXT'] as const).find((name) => types[name] === type)
}
