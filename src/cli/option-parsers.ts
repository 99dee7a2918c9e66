import { InvalidArgumentError, Option } from 'commander'
import { parseDuration } from '../core/duration.ts'

/**
 * An option that is a duration with its unit, within two others; gives milliseconds. The default is
 * written as one would give it.
 */
export function durationOption(
  flags: string,
  says: string,
  [min, max]: readonly [string, string],
  fallback?: string,
): Option {
  const low = parseDuration(min) ?? 0
  const high = parseDuration(max) ?? Number.MAX_SAFE_INTEGER
  const option = new Option(flags, `${says}, ${min} to ${max}`).argParser((text: string) => {
    const ms = parseDuration(text)
    if (ms !== undefined && ms >= low && ms <= high) return ms
    throw new InvalidArgumentError(
      `Use a duration from ${min} to ${max} with its unit, such as ${fallback ?? '2h'}.`,
    )
  })
  return fallback === undefined ? option : option.default(parseDuration(fallback), fallback)
}

/** Reads an option that is a whole number, both limits included. */
export function wholeOption(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (/^\d{1,15}$/u.test(text) && value >= min && value <= max) return value
    throw new InvalidArgumentError(`Use a whole number from ${min} to ${max}.`)
  }
}

/** Reads a port; 0 is any free one. */
export const portOption = wholeOption(0, 65_535)

/** Reads one line of text that is not empty, such as a reason. */
export function lineOption(most: number): (text: string) => string {
  return (text) => {
    const line = text.trim()
    if (line !== '' && line.length <= most && !/\p{Cc}/u.test(line)) return line
    throw new InvalidArgumentError(`Use one line of at most ${most} characters.`)
  }
}

/** Reads `a,b` and repeated options to one list. */
export function listOption(text: string, before: readonly string[] = []): readonly string[] {
  const names = text.split(',').map((name) => name.trim())
  if (names.includes('')) throw new InvalidArgumentError('Use names with commas in between.')
  return [...before, ...names]
}

/** Reads the full name of a group. */
export function groupArgument(text: string): string {
  if (/^[^/\s]+\/[^/\s]+$/u.test(text)) return text
  throw new InvalidArgumentError(
    'A group is called <stream>/<group>, such as channel-1/cdn; `changeover status` lists them.',
  )
}

/** Where a person wants the traffic, as the API takes it. */
export type SteerTarget =
  | { readonly path: string }
  | { readonly weights: Readonly<Record<string, number>> }

/** Reads `cdn-b`, or weights: `cdn-a=70,cdn-b=30`. */
export function steerTarget(text: string): SteerTarget {
  if (!text.includes('=')) return { path: text }
  const weights: Record<string, number> = {}
  for (const part of text.split(',')) {
    const [, name, weight] = /^\s*([^=\s]+)=(\d{1,3})\s*$/u.exec(part) ?? []
    if (name === undefined || Object.hasOwn(weights, name)) {
      throw new InvalidArgumentError(
        'Use each path once, with its weight, such as cdn-a=70,cdn-b=30.',
      )
    }
    weights[name] = Number(weight)
  }
  return { weights }
}
