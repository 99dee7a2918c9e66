import { placeKey } from './document.ts'
import type { ConfigDocument, Path, Problem } from './document.ts'
import { maskByLook, maskRange, showText } from './mask.ts'

const maxReported = 100
const maxWidth = 120

/** Where a problem list comes from: the file's name, its text and what was read from it. */
export interface Source {
  readonly fileName: string
  readonly text: string
  readonly document: ConfigDocument
}

/**
 * Problems as people read them, in the order of the file: `file:line:column: path: sentence`, then
 * the line with a caret below the place. At most 100, then how many more there are. No secret of
 * the file, and nothing that was substituted into it, is shown.
 */
export function report(problems: readonly Problem[], given: Source): string[] {
  const source = withoutUnknownValues(problems, given)
  const placed = problems
    .map((problem) => ({ problem, offset: offsetOf(problem, source.document) }))
    .toSorted((a, b) => (a.offset ?? -1) - (b.offset ?? -1))
  const texts = new Set<string>()
  for (const [index, { problem, offset }] of placed.entries()) {
    if (texts.size === maxReported) {
      return [...texts, `${source.fileName}: and ${placed.length - index} more`]
    }
    texts.add(render(problem, offset, source))
  }
  return [...texts]
}

/** `streams.channel-1.groups.cdn.actuators[0].servers`; names with other characters are quoted. */
function formatPath(path: Path): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`
    if (!/^[\w-]{1,100}$/u.test(part)) return `${text}[${showValue(maskByLook(part))}]`
    return text === '' ? part : `${text}.${part}`
  }, '')
}

/** A value as an error may show it: short, in one line, and no more of a URL than its host. */
export function showValue(value: unknown): string {
  if (value === null || value === undefined) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a map'
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (typeof value !== 'string') return 'another value'
  const shown = showText(value)
  return JSON.stringify(shown.length > 60 ? `${shown.slice(0, 60)}…` : shown)
}

function withoutUnknownValues(problems: readonly Problem[], source: Source): Source {
  const { document } = source
  const unknown = problems.flatMap(({ path, hidesValue }) => {
    const place = hidesValue === true ? document.places.get(placeKey(path)) : undefined
    const isEmpty = place === undefined || place.end <= place.value
    return isEmpty ? [] : [{ start: place.value, end: place.end, shows: '…' }]
  })
  return { ...source, document: { ...document, masks: [...unknown, ...document.masks] } }
}

function offsetOf(problem: Problem, document: ConfigDocument): number | undefined {
  if (problem.offset !== undefined) return problem.offset
  if (problem.path.length === 0) return document.places.get('')?.value
  // What is missing has no place: point at the nearest thing above that has.
  for (let length = problem.path.length; length > 0; length -= 1) {
    const place = document.places.get(placeKey(problem.path.slice(0, length)))
    if (place === undefined) continue
    const exact = length === problem.path.length
    return exact && problem.atKey !== true ? place.value : (place.key ?? place.value)
  }
  return undefined
}

function render(problem: Problem, offset: number | undefined, source: Source): string {
  const path = formatPath(problem.path)
  const says = `${path === '' ? '' : `${path}: `}${scrub(problem.says, source.document.secrets)}`
  if (offset === undefined) return `${source.fileName}: ${says}`
  const { line, col } = source.document.lines.linePos(offset)
  const quoted = quote(offset, source)
  return `${source.fileName}:${line}:${col}: ${says}${quoted === undefined ? '' : `\n${quoted}`}`
}

/** The line of the file at an offset, and a caret below the place, with secrets masked. */
function quote(offset: number, { text, document }: Source): string | undefined {
  const start = text.lastIndexOf('\n', offset - 1) + 1
  const newline = text.indexOf('\n', offset)
  const end = newline < 0 ? text.length : newline
  let [before, after] = document.broken
    ? splitByLook(
        text.slice(start, end),
        maskRange(text, start, end, document.masks),
        offset - start,
      )
    : [maskRange(text, start, offset, document.masks), maskRange(text, offset, end, document.masks)]
  before = plain(before, document)
  after = plain(after, document).trimEnd()
  if (before.trim() === '' && after === '') return undefined
  if (before.length > maxWidth) before = `…${before.slice(-maxWidth / 2)}`
  if (after.length > maxWidth) after = `${after.slice(0, maxWidth)}…`
  return `${before}${after}\n${' '.repeat(before.length)}^`
}

/** Where there is no tree, a line is masked as a whole, and the caret stands at most at a mask. */
function splitByLook(raw: string, masked: string, column: number): [string, string] {
  const line = maskByLook(masked)
  let caret = 0
  while (caret < column && raw[caret] === line[caret]) caret += 1
  return [line.slice(0, caret), line.slice(caret)]
}

function plain(text: string, document: ConfigDocument): string {
  return scrub(text, document.secrets).replaceAll(/[\p{Cc}\p{Cf}]/gu, ' ')
}

/** Replaces secrets that a message repeats; very short ones only where they stand quoted. */
function scrub(text: string, secrets: readonly string[]): string {
  return secrets.reduce((result, secret) => {
    const unquoted = result.replaceAll(JSON.stringify(secret), '"…"')
    return secret.length >= 4 ? unquoted.replaceAll(secret, '…') : unquoted
  }, text)
}
