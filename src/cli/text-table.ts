import { textWidth, wrapped } from './text-width.ts'

export interface TableOptions {
  /** Columns of the whole table; what does not fit wraps in the last column. */
  readonly width: number
  /** Spaces in front of each line. */
  readonly indent?: number
}

const gap = 2
/** Below this the last column is not squeezed further: the terminal then breaks lines itself. */
const narrowest = 20

/**
 * Rows as aligned lines without rulers, ready to be written. Every column is as wide as its widest
 * cell; the last one takes what is left and wraps under itself. Cells may be coloured, the last
 * one only in words that need not wrap.
 */
export function textTable(rows: readonly (readonly string[])[], options: TableOptions): string {
  const { width, indent = 0 } = options
  const last = Math.max(0, ...rows.map((row) => row.length)) - 1
  const widths = Array.from({ length: Math.max(0, last) }, (_, column) =>
    Math.max(...rows.map((row) => textWidth(row[column] ?? ''))),
  )
  const taken = indent + widths.reduce((sum, each) => sum + each + gap, 0)
  const rest = Math.max(narrowest, width - taken)
  return rows
    .flatMap((row) => {
      const head = widths
        .map((columns, column) => padded(row[column] ?? '', columns + gap))
        .join('')
      const [first = '', ...more] = wrapped(row[last] ?? '', rest)
      return [
        `${' '.repeat(indent)}${head}${first}`.trimEnd(),
        ...more.map((line) => `${' '.repeat(taken)}${line}`.trimEnd()),
      ]
    })
    .map((line) => `${line}\n`)
    .join('')
}

/** Text followed by spaces up to so many columns. */
export function padded(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - textWidth(text)))
}
