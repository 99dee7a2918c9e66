import { markers, type Amf0Value } from './value.ts'

/** What was read, and why reading ended early where it did. */
export interface Amf0Decoded {
  readonly values: readonly Amf0Value[]
  /** What is wrong, without anything of the content. */
  readonly problem?: string
}

/** A command has five levels at most in practice; deeper nesting is an attack on the stack. */
const MOST_DEPTH = 16
/** Values of one message, nested ones included. */
const MOST_VALUES = 4_096

/**
 * Reads AMF0 values until the bytes end. Never throws; what came before a problem is kept. Strings
 * are taken as UTF-8, with replacement characters where they are not. The count of an ECMA array is
 * passed over, as encoders get it wrong; its end marker counts.
 */
export function decodeAmf0(bytes: Buffer): Amf0Decoded {
  const reader = new Reader(bytes)
  const values: Amf0Value[] = []
  try {
    while (reader.left > 0) values.push(reader.value(0))
  } catch (error) {
    if (error instanceof Problem) return { values, problem: error.message }
    throw error
  }
  return { values }
}

/** Ends reading; never leaves this file. */
class Problem extends Error {}

class Reader {
  readonly #bytes: Buffer
  #at = 0
  #values = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get left(): number {
    return this.#bytes.length - this.#at
  }

  value(depth: number): Amf0Value {
    this.#values += 1
    if (this.#values > MOST_VALUES) throw new Problem(`more than ${MOST_VALUES} values`)
    if (depth > MOST_DEPTH) throw new Problem(`nested deeper than ${MOST_DEPTH} levels`)
    const marker = this.#byte()
    switch (marker) {
      case markers.number:
        return this.#bytes.readDoubleBE(this.#take(8))
      case markers.boolean:
        return this.#byte() !== 0
      case markers.string:
        return this.#text(this.#short())
      case markers.longString:
      case markers.xmlDocument:
        return this.#text(this.#long())
      case markers.object:
        return { type: 'object', properties: this.#properties(depth) }
      case markers.ecmaArray:
        this.#long()
        return { type: 'ecma-array', properties: this.#properties(depth) }
      case markers.typedObject: {
        const name = this.#text(this.#short())
        return { type: 'typed-object', name, properties: this.#properties(depth) }
      }
      case markers.strictArray:
        return this.#strictArray(depth)
      case markers.date: {
        const ms = this.#bytes.readDoubleBE(this.#take(8))
        this.#take(2)
        return { type: 'date', ms }
      }
      case markers.reference:
        return { type: 'reference', index: this.#short() }
      case markers.null:
        return null
      case markers.undefined:
      case markers.unsupported:
        return undefined
      default:
        throw new Problem(`the type marker 0x${marker.toString(16).padStart(2, '0')} is unknown`)
    }
  }

  #properties(depth: number): Map<string, Amf0Value> {
    const properties = new Map<string, Amf0Value>()
    for (;;) {
      const name = this.#text(this.#short())
      if (name === '' && this.left > 0 && this.#bytes[this.#at] === markers.objectEnd) {
        this.#at += 1
        return properties
      }
      properties.set(name, this.value(depth + 1))
    }
  }

  #strictArray(depth: number): readonly Amf0Value[] {
    const count = this.#long()
    // Every value takes a byte at least, so a count beyond that is a lie, told before any memory.
    if (count > this.left) throw new Problem('an array is longer than the message')
    const values: Amf0Value[] = []
    for (let index = 0; index < count; index += 1) values.push(this.value(depth + 1))
    return values
  }

  #text(length: number): string {
    const at = this.#take(length)
    return this.#bytes.toString('utf8', at, at + length)
  }

  #byte(): number {
    return this.#bytes.readUInt8(this.#take(1))
  }

  #short(): number {
    return this.#bytes.readUInt16BE(this.#take(2))
  }

  #long(): number {
    return this.#bytes.readUInt32BE(this.#take(4))
  }

  /** Where so many bytes begin; they are passed over. */
  #take(length: number): number {
    if (this.left < length) throw new Problem('the message ends inside a value')
    const at = this.#at
    this.#at += length
    return at
  }
}
