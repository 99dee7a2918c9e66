import { streamOfGroup } from '../core/full-name.ts'
import type { SilenceMatch } from '../core/silence.ts'
import { glob } from './rules/glob.ts'

/** What a silence is asked about: an incident, or a group or path as a whole. */
export interface Silenceable {
  /** Absent for what is no incident. */
  readonly key?: string
  /** Full name of the group. */
  readonly group: string
  /** Short name of the path. */
  readonly path?: string
  /** Tags of the stream. */
  readonly tags?: readonly string[]
  /** It is about Changeover itself, not about the stream. */
  readonly isOwn?: boolean
}

/**
 * Whether a silence is about something. That Changeover itself cannot see, act or tell is silenced
 * only by the key of that very incident: a wide silence for maintenance of a stream must not hide
 * that nobody watches any more.
 */
export function isSilencedBy(match: SilenceMatch, about: Silenceable): boolean {
  const { key, group, path, tags = [], isOwn } = about
  if (match.key !== undefined && match.key !== key) return false
  if (isOwn === true && match.key === undefined) return false
  const stream = streamOfGroup(group)
  if (match.stream !== undefined && !glob(stream, match.stream)) return false
  if (match.group !== undefined && !glob(group, match.group)) return false
  if (match.path !== undefined && !glob(path ?? '', match.path)) return false
  const { tag } = match
  return tag === undefined || tags.some((each) => glob(each, tag))
}
