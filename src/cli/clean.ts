/** C0 and C1 controls, DEL, and what turns the direction of text: they can forge lines in a terminal. */
// oxlint-disable-next-line no-control-regex
const harmful = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]+/gu

/** Text of others as one harmless line: each run of control characters becomes a space. */
export function clean(text: string): string {
  return text.replaceAll(harmful, ' ')
}

/** A JSON value with every string in it cleaned; keys too. */
export function cleanJson(value: unknown): unknown {
  if (typeof value === 'string') return clean(value)
  if (Array.isArray(value)) return value.map(cleanJson)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [clean(key), cleanJson(each)]),
  )
}
