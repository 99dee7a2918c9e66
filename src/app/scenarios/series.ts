/** One step of a series: a value, or `_`, for which nothing is known. */
export type Step<T> = T | undefined

export type ParsedSeries<T> =
  | { readonly ok: true; readonly steps: readonly Step<T>[] }
  | { readonly ok: false; readonly says: string }

const maxSteps = 100_000
const number = String.raw`-?\d+(?:\.\d+)?(?:e[+-]?\d+)?`
const numberTerm = new RegExp(`^(${number})(?:([+-]\\d+(?:\\.\\d+)?)?x(\\d+))?$`, 'u')
const wordTerm = /^([a-z]+|_)(?:x(\d+))?$/u

/**
 * A series of numbers in short: `2x20 40x60` is twenty times 2, then sixty times 40; `0+5x10` rises
 * from 0 to 45 by 5; `_x3` is three steps without data.
 */
export function parseNumbers(text: string): ParsedSeries<number> {
  return parse(text, (term) => {
    const absent = /^_(?:x(\d+))?$/u.exec(term)
    if (absent !== null) return { count: Number(absent[1] ?? 1), at: () => undefined }
    const match = numberTerm.exec(term)
    if (match === null) return undefined
    const [, first, rise, count] = match
    const start = Number(first)
    // Decimal steps add up without the noise of binary ones.
    const at = (index: number) => Number((start + Number(rise ?? 0) * index).toPrecision(12))
    return { count: Number(count ?? 1), at }
  })
}

/** A series of words in short, `passx10 failx3`; `_` is a step without data. */
export function parseWords<T extends string>(text: string, words: readonly T[]): ParsedSeries<T> {
  return parse(text, (term) => {
    const match = wordTerm.exec(term)
    if (match === null) return undefined
    const word = words.find((each) => each === match[1])
    if (word === undefined && match[1] !== '_') return undefined
    return { count: Number(match[2] ?? 1), at: () => word }
  })
}

interface Term<T> {
  readonly count: number
  readonly at: (index: number) => Step<T>
}

function parse<T>(text: string, read: (term: string) => Term<T> | undefined): ParsedSeries<T> {
  const steps: Step<T>[] = []
  for (const word of text.trim().split(/\s+/u)) {
    const term = read(word)
    if (term === undefined) return { ok: false, says: `"${word}" is no step of a series` }
    if (steps.length + term.count > maxSteps) {
      return { ok: false, says: `a series has at most ${maxSteps} steps` }
    }
    for (let index = 0; index < term.count; index += 1) steps.push(term.at(index))
  }
  return { ok: true, steps }
}
