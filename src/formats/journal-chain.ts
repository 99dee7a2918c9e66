import { createHash } from 'node:crypto'
import type { JournalDraft, JournalEntry } from '../core/journal.ts'

/** The newest entry of a journal: its sequence and hash. */
export interface ChainLink {
  readonly seq: number
  readonly hash: string
}

/** What comes before the first entry: sequence 0 and a hash of 64 zeros. */
export const genesis: ChainLink = { seq: 0, hash: '0'.repeat(64) }

export type ChainVerdict =
  /** Every entry is as it was written; `last` is where the next page continues. */
  | { readonly ok: true; readonly last: ChainLink }
  /** `seq` is the first sequence that is missing or not as it was written. */
  | { readonly ok: false; readonly seq: number; readonly says: string }

/**
 * JSON with the keys of every object sorted by UTF-16 code units and no white space, as RFC 8785
 * (JSON Canonicalization Scheme) wants it, so that a database may reorder keys without breaking a
 * hash. What JSON leaves out (`undefined`, functions) is left out; numbers that are not finite
 * become `null`. Throws a `TypeError` for a bigint or a cycle, as `JSON.stringify` does.
 */
export function canonicalJson(value: unknown): string {
  return canonical(JSON.parse(JSON.stringify(value) ?? 'null'))
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item)).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const fields = Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`)
  return `{${fields.join(',')}}`
}

/**
 * The hash of an entry: SHA-256, in lower-case hexadecimal, over the previous hash, a line feed and
 * the canonical JSON of every other field.
 */
export function chain(
  previousHash: string,
  entry: Omit<JournalEntry, 'hash' | 'previous'> & { previous?: string; hash?: string },
): string {
  const { previous: _previous, hash: _hash, ...fields } = entry
  return createHash('sha256')
    .update(`${previousHash}\n${canonicalJson(fields)}`)
    .digest('hex')
}

/**
 * The entry that follows `previous` for a draft written at `at` (wall milliseconds). Its strings are
 * well-formed Unicode and its data plain JSON, so that it reads back from any store byte for byte.
 */
export function seal(draft: JournalDraft, previous: ChainLink, at: number): JournalEntry {
  const entry: Omit<JournalEntry, 'hash'> = {
    seq: previous.seq + 1,
    at,
    kind: draft.kind,
    ...(draft.group === undefined ? {} : { group: storable(draft.group) }),
    ...(draft.path === undefined ? {} : { path: storable(draft.path) }),
    ...(draft.actor === undefined ? {} : { actor: storable(draft.actor) }),
    says: storable(draft.says),
    ...(draft.data === undefined ? {} : { data: plain(draft.data) }),
    previous: previous.hash,
  }
  return { ...entry, hash: chain(previous.hash, entry) }
}

/** Databases refuse or replace lone surrogates and NUL characters in text. */
function storable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\uFFFD')
}

function plain(data: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return JSON.parse(JSON.stringify(data)) as Readonly<Record<string, unknown>>
}

/**
 * Verifies entries in ascending sequence. `after` is the entry before the first one given (default:
 * the beginning of the journal), for reading page by page. With `head`, the sequence and hash that
 * the store keeps apart from the entries, a truncated tail is found too.
 */
export function verifyChain(
  entries: Iterable<JournalEntry>,
  { after = genesis, head }: { readonly after?: ChainLink; readonly head?: ChainLink } = {},
): ChainVerdict {
  let last = after
  for (const entry of entries) {
    const seq = last.seq + 1
    if (entry.seq !== seq) {
      return broken(seq, `entry ${seq} is missing: entry ${entry.seq} follows entry ${last.seq}`)
    }
    if (entry.previous !== last.hash) {
      return broken(seq, `entry ${seq} does not continue entry ${last.seq}: one was replaced`)
    }
    if (chain(last.hash, entry) !== entry.hash) {
      return broken(seq, `entry ${seq} was edited after it was written`)
    }
    last = { seq, hash: entry.hash }
  }
  return head === undefined ? { ok: true, last } : atHead(last, head)
}

function atHead(last: ChainLink, head: ChainLink): ChainVerdict {
  if (last.seq < head.seq) {
    const seq = last.seq + 1
    return broken(seq, `entry ${seq} is missing: the journal once reached entry ${head.seq}`)
  }
  if (last.seq > head.seq) {
    const seq = head.seq + 1
    return broken(seq, `entry ${seq} was added without the store: its head is entry ${head.seq}`)
  }
  if (last.hash !== head.hash) {
    return broken(last.seq, `entry ${last.seq} is not the one that the store remembers as newest`)
  }
  return { ok: true, last }
}

function broken(seq: number, says: string): ChainVerdict {
  return { ok: false, seq, says }
}
