/**
 * The offset in the source of a YAML scalar of a line and column (from 1) of its value. Folding and
 * indentation change white space only, so the other characters are counted; quotes and the header of
 * a block are skipped. Where escapes make source and value differ, it is the start of the scalar.
 */
export function offsetInScalar(
  source: string,
  value: string,
  place: { readonly line: number; readonly column: number },
): number {
  const lines = value.split('\n')
  const before = lines.slice(0, place.line - 1).join('\n')
  const target = before.length + (place.line > 1 ? 1 : 0) + place.column - 1
  let at = contentStart(source)
  for (let index = 0; index < value.length; index += 1) {
    const letter = value[index] ?? ''
    if (isSpace(letter)) continue
    while (at < source.length && isSpace(source[at] ?? '')) at += 1
    if (source[at] !== letter) return 0
    if (index >= target) return at
    at += 1
  }
  return at
}

function contentStart(source: string): number {
  const first = source[0]
  if (first === '"' || first === "'") return 1
  if (first !== '|' && first !== '>') return 0
  const newline = source.indexOf('\n')
  return newline < 0 ? 0 : newline
}

function isSpace(letter: string): boolean {
  return letter === ' ' || letter === '\n' || letter === '\t' || letter === '\r'
}
