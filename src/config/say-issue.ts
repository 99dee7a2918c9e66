import type { z } from 'zod'
import { placeKey } from './document.ts'
import type { ConfigDocument, Path, Problem } from './document.ts'
import { choices, describe, knownKeys, schemaAt } from './expectation.ts'
import type { JsonSchema } from './expectation.ts'
import { nearest } from '../core/nearest.ts'
import { showValue } from './report.ts'

/** What stands in the message where the schema has no words of its own. */
const noWords = '\0'

/** Options for `safeParse`: messages that a schema does not give itself are written here. */
export const plainWords = { error: () => noWords } as const

/** The value that a list of issues is about. */
export interface IssueContext {
  /** Where the parsed value stands in the file. */
  readonly at: Path
  readonly raw: unknown
  /** What the parsed value may look like. */
  readonly schema: JsonSchema
  /** Further keys that are allowed beside those of `schema`, for suggestions. */
  readonly moreKeys?: readonly string[]
  readonly document: ConfigDocument
}

/** One or more problems in our words for an issue that zod found. */
export function sayIssue(issue: z.core.$ZodIssue, context: IssueContext): Problem[] {
  const within = issue.path.filter((step) => typeof step !== 'symbol')
  const path = [...context.at, ...within]
  if (isUnresolved(path, context.document)) return []
  if (issue.code === 'invalid_union') {
    const meant = meantAlternative(issue.errors)
    if (meant !== undefined) {
      return meant.flatMap((inner) =>
        sayIssue({ ...inner, path: [...issue.path, ...inner.path] }, context),
      )
    }
  }
  if (issue.code === 'unrecognized_keys') return unknownKeys(issue.keys, within, context)
  if (issue.code === 'invalid_key') {
    return [{ path, atKey: true, says: issue.issues.map(ownWords).find(Boolean) ?? 'bad name' }]
  }
  const raw = valueAt(context.raw, within)
  return [{ path, says: sentence(issue, raw, within, context) }]
}

/** The one alternative whose kind of value was given, and of which only something inside is wrong. */
function meantAlternative(
  alternatives: readonly (readonly z.core.$ZodIssue[])[],
): readonly z.core.$ZodIssue[] | undefined {
  const close = alternatives.filter((issues) =>
    issues.every(({ path, code }) => path.length > 0 || code === 'unrecognized_keys'),
  )
  return close.length === 1 ? close[0] : undefined
}

function sentence(
  issue: z.core.$ZodIssue,
  raw: unknown,
  within: Path,
  context: IssueContext,
): string {
  const schema = schemaAt(context.schema, within)
  const words = ownWords(issue)
  const expected = words ?? `expected ${describe(schema)}`
  if (raw === undefined) return issue.code === 'custom' && words ? words : `missing; ${expected}`
  const complete = !expected.startsWith('expected ') || expected.includes(', got ')
  if (issue.code === 'custom' || complete) return expected
  if (isHidden([...context.at, ...within], context.document)) return expected
  return `${expected}, got ${showValue(raw)}${suggestion(raw, choices(schema))}`
}

function unknownKeys(keys: readonly string[], within: Path, context: IssueContext): Problem[] {
  const schema = schemaAt(context.schema, within)
  const candidates = [
    ...knownKeys(schema),
    ...(within.length === 0 ? (context.moreKeys ?? []) : []),
  ]
  return keys.map((key) => {
    const guess = suggestion(key, candidates)
    const known = candidates.length === 0 ? '' : `; known: ${candidates.toSorted().join(', ')}`
    const path = [...context.at, ...within, key]
    return {
      path,
      atKey: true,
      hidesValue: true,
      says: `unknown key${guess === '' ? known : guess}`,
    }
  })
}

function suggestion(word: unknown, candidates: readonly string[]): string {
  const guess = typeof word === 'string' ? nearest(word, candidates) : undefined
  return guess === undefined ? '' : `; did you mean "${guess}"?`
}

function ownWords(issue: { readonly message: string }): string | undefined {
  return issue.message === noWords || issue.message === '' ? undefined : issue.message
}

function valueAt(data: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, step) => {
    if (typeof value !== 'object' || value === null) return undefined
    return Object.hasOwn(value, step)
      ? (value as Record<string | number, unknown>)[step]
      : undefined
  }, data)
}

/** A value whose reference has no value was reported already, and so is all that stands below. */
function isUnresolved(path: Path, document: ConfigDocument): boolean {
  for (let length = 0; length <= path.length; length += 1) {
    if (document.unresolved.has(placeKey(path.slice(0, length)))) return true
  }
  return false
}

function isHidden(path: Path, document: ConfigDocument): boolean {
  return document.secretPlaces.has(placeKey(path))
}
