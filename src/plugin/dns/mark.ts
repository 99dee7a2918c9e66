import { parseSets, textOfSets, type RecordSets } from './record-sets.ts'

/** What one name has, and whose it is. */
export interface NameState {
  readonly sets: RecordSets
  /** `other`: another group, or another program, says that the name is its own. */
  readonly mark: 'ours' | 'none' | 'other'
}

/** Where the mark of a name stands: a TXT record beside it, because an alias allows none at the name. */
export function markName(name: string): string {
  return `_changeover.${name}`
}

/** What the mark of a group says, in lower case because some tools write TXT so. */
export function markText(group: string): string {
  return `heritage=changeover group=${group.toLowerCase()}`
}

/** Whose the name is by the texts that were found as its mark. */
export function markOf(texts: readonly string[], group: string): NameState['mark'] {
  if (texts.length === 0) return 'none'
  return texts.length === 1 && texts[0]?.toLowerCase() === markText(group) ? 'ours' : 'other'
}

/** The version of a name: equal exactly where records and mark are. The TTL is no part of it. */
export function versionOf({ sets, mark }: NameState): string {
  return `${textOfSets(sets)} mark=${mark}`
}

/** Reads what `versionOf` gives; `undefined` for anything else. */
export function parseVersion(version: string): NameState | undefined {
  const found = /^(?<sets>.*) mark=(?<mark>ours|none|other)$/u.exec(version)?.groups
  const sets = parseSets(found?.['sets'] ?? '?')
  const mark = (['ours', 'none', 'other'] as const).find((each) => each === found?.['mark'])
  return sets === undefined || mark === undefined ? undefined : { sets, mark }
}
