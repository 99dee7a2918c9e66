import { markers, type Amf0Object, type Amf0Value } from './value.ts'

/** Strings up to this many bytes have a length of 16 bits. */
const LONGEST_SHORT = 0xffff

/** Writes AMF0 values one after another. Throws a RangeError for a property name beyond 65,535 bytes. */
export function encodeAmf0(values: readonly Amf0Value[]): Buffer {
  const parts: Buffer[] = []
  for (const value of values) write(value, parts)
  return Buffer.concat(parts)
}

/** An anonymous object of these properties. */
export function amf0Object(properties: Readonly<Record<string, Amf0Value>>): Amf0Object {
  return { type: 'object', properties: new Map(Object.entries(properties)) }
}

function write(value: Amf0Value, parts: Buffer[]): void {
  if (value === undefined) return void parts.push(Buffer.of(markers.undefined))
  if (value === null) return void parts.push(Buffer.of(markers.null))
  if (typeof value === 'boolean') {
    return void parts.push(Buffer.of(markers.boolean, value ? 1 : 0))
  }
  if (typeof value === 'number') return void parts.push(double(markers.number, value))
  if (typeof value === 'string') return writeString(value, parts)
  if (isArray(value)) {
    parts.push(Buffer.of(markers.strictArray), uint32(value.length))
    for (const each of value) write(each, parts)
    return
  }
  switch (value.type) {
    case 'date':
      return void parts.push(double(markers.date, value.ms), Buffer.alloc(2))
    case 'reference':
      return void parts.push(Buffer.of(markers.reference), uint16(value.index))
    case 'object':
      parts.push(Buffer.of(markers.object))
      break
    case 'ecma-array':
      parts.push(Buffer.of(markers.ecmaArray), uint32(value.properties.size))
      break
    case 'typed-object':
      parts.push(Buffer.of(markers.typedObject), shortText(value.name ?? ''))
      break
  }
  for (const [name, each] of value.properties) {
    parts.push(shortText(name))
    write(each, parts)
  }
  parts.push(Buffer.of(0, 0, markers.objectEnd))
}

/** `Array.isArray` does not narrow readonly arrays out of a union. */
function isArray(value: Amf0Value): value is readonly Amf0Value[] {
  return Array.isArray(value)
}

function writeString(text: string, parts: Buffer[]): void {
  const bytes = Buffer.from(text)
  const isLong = bytes.length > LONGEST_SHORT
  parts.push(
    Buffer.of(isLong ? markers.longString : markers.string),
    isLong ? uint32(bytes.length) : uint16(bytes.length),
    bytes,
  )
}

function shortText(text: string): Buffer {
  const bytes = Buffer.from(text)
  if (bytes.length > LONGEST_SHORT) throw new RangeError('a name has more than 65,535 bytes')
  return Buffer.concat([uint16(bytes.length), bytes])
}

function double(marker: number, value: number): Buffer {
  const bytes = Buffer.alloc(9)
  bytes[0] = marker
  bytes.writeDoubleBE(value, 1)
  return bytes
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(value)
  return bytes
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
