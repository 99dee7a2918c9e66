import type {
  Change,
  ListResourceRecordSetsResponse,
  ResourceRecordSet,
} from '@aws-sdk/client-route-53'
import type { CallAnswer, CallFailure } from '../../plugin/call-failure.ts'
import { weightsVersion, weightsVersionAfter } from '../../plugin/weights-version.ts'

/** What a hosted zone holds for the paths of one group. */
export interface RecordSets {
  /** By path: the record set as it was read, and its weight, or 100 for the primary role. */
  readonly byPath: ReadonlyMap<string, { readonly set: ResourceRecordSet; readonly value: number }>
  /** What the mark beside the name says; `undefined` where there is none. */
  readonly mark: string | undefined
  readonly markSet: ResourceRecordSet | undefined
  /** Record sets of the same name and type that carry traffic and are no path of the group. */
  readonly strangers: readonly string[]
  /** TTLs that occur, in seconds. */
  readonly ttls: readonly number[]
}

interface Named {
  readonly name: string
  readonly record: 'A' | 'AAAA' | 'CNAME'
  readonly routing: 'weighted' | 'failover'
  readonly sets: Readonly<Record<string, string>>
}

/** More record sets of one name and type than Route 53 holds by default (100 of the same name). */
const MOST_PAGES = 20

const MARK_TTL_SECONDS = 300

/** Where the mark of `name` stands. */
export function markName(name: string): string {
  return `_changeover.${name}`
}

/** Every record set of `name` and `type`: the list is sorted, so they stand together. */
export async function allSets(
  name: string,
  type: string,
  list: (identifier: string | undefined) => Promise<CallAnswer<ListResourceRecordSetsResponse>>,
): Promise<CallAnswer<readonly ResourceRecordSet[]>> {
  const found: ResourceRecordSet[] = []
  let identifier: string | undefined
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const answer = await list(identifier)
    if (!answer.ok) return answer
    const { ResourceRecordSets: sets, IsTruncated, NextRecordName, NextRecordType } = answer.value
    // Something else that answers 200 is no empty zone.
    if (sets === undefined || IsTruncated === undefined) return notTheAnswer
    const isSame = (of: string | undefined, kind: string | undefined) =>
      kind === type && of?.toLowerCase().replace(/\.$/u, '') === name
    found.push(...sets.filter((set) => isSame(set.Name, set.Type)))
    if (!IsTruncated || !isSame(NextRecordName, NextRecordType)) return { ok: true, value: found }
    identifier = answer.value.NextRecordIdentifier
  }
  return { ...notTheAnswer, says: `Route 53 has too many record sets of ${name} ${type}` }
}

const notTheAnswer: CallFailure = {
  ok: false,
  sent: true,
  status: 200,
  code: 'NoList',
  retry: true,
  says: 'Route 53 answered without a list of record sets',
}

/** Finds the record set of each path; what is wrong, as a sentence, where one is missing or of another kind. */
export function readSets(
  found: readonly ResourceRecordSet[],
  markSet: ResourceRecordSet | undefined,
  { name, record, routing, sets }: Named,
  paths: readonly string[],
): RecordSets | { readonly says: string } {
  const byPath = new Map<string, { set: ResourceRecordSet; value: number }>()
  for (const path of paths) {
    const identifier = sets[path]
    if (identifier === undefined) return { says: `sets names no record set for path ${path}` }
    const set = found.find((each) => each.SetIdentifier === identifier)
    if (set === undefined) {
      return { says: `${name} ${record} has no record set "${identifier}": create it first` }
    }
    if (set.TrafficPolicyInstanceId !== undefined) {
      return { says: `record set "${identifier}" belongs to a traffic policy, which sets it` }
    }
    const value = valueOf(set, routing)
    if (value === undefined) {
      return { says: `record set "${identifier}" of ${name} has no ${routing} routing` }
    }
    byPath.set(path, { set, value })
  }
  const own = new Set([...byPath.values()].map(({ set }) => set))
  const roles = [...byPath.values()].filter(({ value }) => value > 0).length
  if (routing === 'failover' && roles !== 1) {
    return { says: `${name} ${record} has no one primary record set among those of the group` }
  }
  return {
    byPath,
    mark: markSet?.ResourceRecords?.map(({ Value }) => unquoted(Value ?? '')).join(' '),
    markSet,
    strangers: found
      .filter((set) => !own.has(set) && (valueOf(set, routing) ?? 1) > 0)
      .map((set) => `record set "${set.SetIdentifier ?? 'without identifier'}"`),
    ttls: [...new Set([...own].flatMap(({ TTL }) => (TTL === undefined ? [] : [TTL])))],
  }
}

/** The values, a digest of everything else in the record sets, and the mark. */
export function versionOf({ byPath, mark }: RecordSets, paths: readonly string[]): string {
  const values = new Map([...byPath].map(([path, { value }]) => [path, value]))
  const rest = paths.map((path) => {
    const { Weight: _weight, Failover: _role, ...more } = byPath.get(path)?.set ?? {}
    return more
  })
  return `mark ${mark ?? '-'}; ${weightsVersion(values, paths, rest)}`
}

/** The version once `values` are written under `mark`; `undefined` for what is no version. */
export function versionAfter(
  version: string,
  values: Readonly<Record<string, number>>,
  paths: readonly string[],
  mark: string,
): string | undefined {
  const after = weightsVersionAfter(version, new Map(Object.entries(values)), paths)
  return after === undefined ? undefined : `mark ${mark}; ${after}`
}

/** The batch that brings record sets to `values`, and the mark to `mark`: old ones out, new ones in. */
export function changesTo(
  { byPath, mark, markSet }: RecordSets,
  values: Readonly<Record<string, number>>,
  { name, routing }: Named,
  own: string,
): Change[] {
  const moved = [...byPath].filter(([path, { value }]) => value !== values[path])
  const marks: Change[] = []
  if (mark !== own) {
    if (markSet !== undefined) marks.push({ Action: 'DELETE', ResourceRecordSet: markSet })
    const set: ResourceRecordSet = {
      Name: `${markName(name)}.`,
      Type: 'TXT',
      TTL: MARK_TTL_SECONDS,
      ResourceRecords: [{ Value: `"${own}"` }],
    }
    marks.push({ Action: 'CREATE', ResourceRecordSet: set })
  }
  return [
    ...moved.map(([, { set }]): Change => ({ Action: 'DELETE', ResourceRecordSet: set })),
    ...moved.map(([path, { set }]): Change => {
      const value = values[path] ?? 0
      const changed: ResourceRecordSet =
        routing === 'weighted'
          ? { ...set, Weight: value }
          : { ...set, Failover: value > 0 ? 'PRIMARY' : 'SECONDARY' }
      return { Action: 'CREATE', ResourceRecordSet: changed }
    }),
    ...marks,
  ]
}

/** Whether Route 53 refused a batch because something is no longer as it was read. */
export function isLostRace({ code, says }: CallFailure): boolean {
  return (
    code === 'InvalidChangeBatch' &&
    /do not match the current values|was not found|already exists/u.test(says)
  )
}

function valueOf(set: ResourceRecordSet, routing: Named['routing']): number | undefined {
  if (routing === 'weighted') return set.Weight
  return set.Failover === undefined ? undefined : set.Failover === 'PRIMARY' ? 100 : 0
}

function unquoted(text: string): string {
  return /^"(.*)"$/u.exec(text)?.[1] ?? text
}
