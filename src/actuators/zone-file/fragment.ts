import { markOf, markText, type NameState } from '../../plugin/dns/mark.ts'
import {
  recordSets,
  targetTypes,
  type RecordSets,
  type TargetType,
} from '../../plugin/dns/record-sets.ts'

/**
 * How records stand in a file. `zone`: master file lines (RFC 1035 section 5.1). `unbound`: local data
 * of Unbound. `hosts`: hosts(5), as dnsmasq, CoreDNS and the machine itself read it.
 */
export const formats = ['zone', 'unbound', 'hosts'] as const

export type Format = (typeof formats)[number]

/** What a file says, as far as it is made of what we write. */
export interface Fragment {
  readonly state: NameState
  /** Seconds; absent in a hosts file. */
  readonly ttl?: number
  /** It was written, and the server that reads it was not yet told. */
  readonly isPending: boolean
}

const pendingNote = 'not loaded yet'
const advice = 'written by Changeover: edits are overwritten with the next change'

/** The whole text of a file with the records of one name and our mark. `ttl` in seconds. */
export function renderFragment(
  format: Format,
  about: {
    readonly name: string
    readonly group: string
    readonly sets: RecordSets
    readonly ttl: number
    readonly isPending: boolean
  },
): string {
  const { name, group, sets, ttl, isPending } = about
  const comment = format === 'zone' ? ';' : '#'
  const lines = targetTypes.flatMap((type) =>
    sets[type].map((value) => {
      const target = type === 'CNAME' ? `${value}.` : value
      const record = `${name}. ${ttl} IN ${type} ${target}`
      if (format === 'hosts') return `${value} ${name}`
      return format === 'zone' ? record : `  local-data: "${record}"`
    }),
  )
  return [
    `${comment} ${markText(group)}`,
    `${comment} ${advice}`,
    ...(isPending ? [`${comment} ${pendingNote}`] : []),
    ...(format === 'unbound' ? ['server:'] : []),
    ...lines,
    '',
  ].join('\n')
}

/**
 * Reads a file back. Anything that is not a record of this name, a comment or a blank line is refused,
 * because the whole file would be replaced: the number of that line is given instead.
 */
export function parseFragment(
  text: string,
  format: Format,
  { name, group }: { readonly name: string; readonly group: string },
): Fragment | { readonly strangeLine: number } {
  const comment = format === 'zone' ? ';' : '#'
  const found: Record<TargetType, string[]> = { A: [], AAAA: [], CNAME: [] }
  const ttls: number[] = []
  const comments: string[] = []
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim()
    if (line === '' || (format === 'unbound' && line === 'server:')) continue
    if (line.startsWith(comment)) {
      comments.push(line.slice(1).trim())
      continue
    }
    const record = format === 'hosts' ? parseHost(line, name) : parseRecord(line, format, name)
    if (record === undefined) return { strangeLine: index + 1 }
    found[record.type].push(record.value)
    if (record.ttl !== undefined) ttls.push(record.ttl)
  }
  const marks = comments.filter((each) => each.startsWith('heritage='))
  return {
    state: { sets: recordSets(found), mark: markOf(marks, group) },
    ...(ttls.length > 0 && { ttl: Math.min(...ttls) }),
    isPending: comments.includes(pendingNote),
  }
}

interface FoundRecord {
  readonly type: TargetType
  readonly value: string
  readonly ttl?: number
}

function parseRecord(line: string, format: Format, name: string): FoundRecord | undefined {
  const bare = format === 'unbound' ? /^local-data: "(.*)"$/u.exec(line)?.[1] : line
  const parts = /^(\S+)\.\s+(\d{1,10})\s+IN\s+(A|AAAA|CNAME)\s+(\S+)$/iu.exec(bare ?? '')
  const type = targetTypes.find((each) => each === parts?.[3]?.toUpperCase())
  const value = parts?.[4]
  if (type === undefined || value === undefined || parts?.[1]?.toLowerCase() !== name)
    return undefined
  // Without its final dot a name would lie in the zone of the file, whichever that is.
  if (type === 'CNAME' && !value.endsWith('.')) return undefined
  return { type, value, ttl: Number(parts[2]) }
}

function parseHost(line: string, name: string): FoundRecord | undefined {
  const [value = '', host, ...more] = line.split(/\s+/u)
  if (host?.toLowerCase() !== name || more.length > 0) return undefined
  return { type: value.includes(':') ? 'AAAA' : 'A', value }
}
