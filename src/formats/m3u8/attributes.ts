/** An attribute list (RFC 8216 4.2): values without their quotes. The first of two equal names wins. */
export interface Attributes {
  readonly values: ReadonlyMap<string, string>
  /** What is wrong with the list, for a finding. */
  readonly fault: 'syntax' | 'duplicate' | undefined
}

const comma = 44
const quote = 34
const equals = 61
const space = 32

/** More attributes than any tag has: a longer list is hostile and the rest is not read. */
const maxAttributes = 64

/**
 * Reads `NAME=VALUE,NAME="quoted, value"`. Total: a piece without `=` or with an open quote is
 * skipped and marked as a fault; spaces around names and values, which some packagers write, are
 * accepted.
 */
export function parseAttributes(text: string): Attributes {
  const values = new Map<string, string>()
  let fault: Attributes['fault']
  let at = 0
  while (at < text.length && values.size < maxAttributes) {
    while (at < text.length && (text.charCodeAt(at) === space || text.charCodeAt(at) === comma))
      at++
    if (at >= text.length) break
    const end = nameEnd(text, at)
    if (text.charCodeAt(end) !== equals) {
      fault = 'syntax'
      at = end + 1
      continue
    }
    const name = text.slice(at, end).trimEnd()
    at = end + 1
    while (text.charCodeAt(at) === space) at++
    const quoted = text.charCodeAt(at) === quote
    let stop = text.indexOf(quoted ? '"' : ',', quoted ? at + 1 : at)
    if (stop < 0) {
      if (quoted) fault = 'syntax'
      stop = text.length
    }
    const value = quoted ? text.slice(at + 1, stop) : text.slice(at, stop).trimEnd()
    at = stop + 1
    if (
      quoted &&
      at < text.length &&
      text.charCodeAt(at) !== comma &&
      text.charCodeAt(at) !== space
    ) {
      fault = 'syntax'
    }
    if (values.has(name)) fault ??= 'duplicate'
    else values.set(name, value)
  }
  return { values, fault }
}

function nameEnd(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === equals || code === comma) return at
  }
  return text.length
}

/** A decimal integer from 0 to 2^53 − 1; `undefined` for anything else. */
export function decimalInteger(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,16}$/u.test(text)) return undefined
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : undefined
}

/** A finite decimal floating-point number, not negative; `undefined` for anything else. */
export function decimalFloat(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,16}(?:\.\d{0,16})?$/u.test(text)) return undefined
  return Number(text)
}

/** `WIDTHxHEIGHT`. */
export function resolution(
  text: string | undefined,
): { readonly width: number; readonly height: number } | undefined {
  const match = /^(\d{1,6})x(\d{1,6})$/iu.exec(text ?? '')
  return match === null ? undefined : { width: Number(match[1]), height: Number(match[2]) }
}

/** `LENGTH[@OFFSET]`; the offset is `undefined` where it follows from the range before. */
export function byteRange(
  text: string | undefined,
): { readonly length: number; readonly offset: number | undefined } | undefined {
  const match = /^(\d{1,16})(?:@(\d{1,16}))?$/u.exec(text ?? '')
  if (match === null) return undefined
  const length = decimalInteger(match[1])
  if (length === undefined) return undefined
  return { length, offset: decimalInteger(match[2]) }
}
