/**
 * A value of AMF0 (Action Message Format, amf0-file-format-specification.pdf, section 2). Properties
 * stand in a map, so that no name that a peer chooses can mean anything to JavaScript.
 */
export type Amf0Value =
  | number
  | boolean
  | string
  | null
  | undefined
  | Amf0Object
  | Amf0Date
  | Amf0Reference
  | readonly Amf0Value[]

/** An anonymous object, an ECMA array, or an object of a named class. */
export interface Amf0Object {
  readonly type: 'object' | 'ecma-array' | 'typed-object'
  /** The class, of a typed object only. */
  readonly name?: string
  readonly properties: ReadonlyMap<string, Amf0Value>
}

/** Milliseconds since the Unix epoch; the time zone of the format is reserved and always 0. */
export interface Amf0Date {
  readonly type: 'date'
  readonly ms: number
}

/** Stands for the object or array that came `index`-th in the same message; it is not resolved. */
export interface Amf0Reference {
  readonly type: 'reference'
  readonly index: number
}

/** The first byte of every value (section 2.1). */
export const markers = {
  number: 0x00,
  boolean: 0x01,
  string: 0x02,
  object: 0x03,
  null: 0x05,
  undefined: 0x06,
  reference: 0x07,
  ecmaArray: 0x08,
  objectEnd: 0x09,
  strictArray: 0x0a,
  date: 0x0b,
  longString: 0x0c,
  unsupported: 0x0d,
  xmlDocument: 0x0f,
  typedObject: 0x10,
} as const

/** A property of an object, `undefined` where the value is no object or has none of that name. */
export function property(value: Amf0Value, name: string): Amf0Value {
  return isAmf0Object(value) ? value.properties.get(name) : undefined
}

/** Whether a value has named properties. */
function isAmf0Object(value: Amf0Value): value is Amf0Object {
  return typeof value === 'object' && value !== null && 'properties' in value
}
