import { formatDuration, parseDuration } from '../core/duration.ts'
import { LONGEST_SILENCE_MS, type Silence, type SilenceMatch } from '../core/silence.ts'
import type { GroupView, IncidentView, WatchdogView } from '../core/view.ts'
import { isSilencedBy } from '../engine/silence-match.ts'

/** Where a person was when they asked for a silence: nothing of it is given from the overview. */
export interface SilenceAbout {
  readonly incident?: IncidentView
  readonly group?: string
  readonly path?: string
}

/** How much a silence covers, the least first. */
export type Cover = 'incident' | 'path' | 'group' | 'stream' | 'all'

/** What the person chose in the silence dialog. */
export interface SilenceChoice {
  readonly cover: Cover
  /** Which one, for each cover that has several. A path is named `<stream>/<group>/<path>`. */
  readonly names: Readonly<Record<'path' | 'group' | 'stream', string>>
  /** `own`: as written in `own`. */
  readonly period: string
  readonly own: string
}

/** What is offered by a button; anything else is written. */
export const silencePeriods = ['15m', '1h', '4h'] as const

const SHORTEST_MS = 60_000

/** What each cover can be of, in the order of the page. */
export function namesOf(
  cover: 'path' | 'group' | 'stream',
  groups: readonly GroupView[],
): readonly string[] {
  if (cover === 'stream') return [...new Set(groups.map(({ stream }) => stream))]
  if (cover === 'group') return groups.map(({ name }) => name)
  return groups.flatMap(({ name, paths }) => paths.map((path) => `${name}/${path.name}`))
}

/** What can be chosen where the person was, the least first. */
export function coversOf(about: SilenceAbout, groups: readonly GroupView[]): readonly Cover[] {
  const { incident } = about
  if (incident?.isOwn === true) return ['incident']
  const wide: readonly Cover[] = groups.length === 0 ? ['all'] : ['path', 'group', 'stream', 'all']
  return incident === undefined ? wide : ['incident', ...wide]
}

/** What a person begins with: the least that covers where they were, for an hour. */
export function firstSilence(about: SilenceAbout, groups: readonly GroupView[]): SilenceChoice {
  const { incident } = about
  const name = about.group ?? incident?.group
  const group = groups.find((each) => each.name === name) ?? groups[0]
  const short = about.path ?? incident?.path
  const path = group?.paths.find((each) => each.name === short) ?? group?.paths[0]
  const cover = incident !== undefined ? 'incident' : about.path !== undefined ? 'path' : 'group'
  return {
    cover: groups.length === 0 && incident === undefined ? 'all' : cover,
    names: {
      path: group === undefined || path === undefined ? '' : `${group.name}/${path.name}`,
      group: group?.name ?? '',
      stream: group?.stream ?? '',
    },
    period: '1h',
    own: '',
  }
}

/** What the choice covers, as the API takes it. */
export function matchOf({ cover, names }: SilenceChoice, { incident }: SilenceAbout): SilenceMatch {
  switch (cover) {
    case 'incident':
      return { key: incident?.key ?? '' }
    case 'path': {
      const at = names.path.lastIndexOf('/')
      return { group: names.path.slice(0, at), path: names.path.slice(at + 1) }
    }
    case 'group':
      return { group: names.group }
    case 'stream':
      return { stream: names.stream }
    case 'all':
      return { stream: '*' }
  }
}

/** Milliseconds for which it lasts; `undefined` where what was written is no such time. */
export function silenceMs({ period, own }: SilenceChoice): number | undefined {
  const ms = parseDuration(period === 'own' ? own.replaceAll(' ', '') : period)
  return ms !== undefined && ms >= SHORTEST_MS && ms <= LONGEST_SILENCE_MS ? ms : undefined
}

/** Why a choice cannot be sent; `undefined` where it can. */
export function silenceFault(choice: SilenceChoice): string | undefined {
  if (silenceMs(choice) !== undefined) return undefined
  const [least, most] = [formatDuration(SHORTEST_MS), formatDuration(LONGEST_SILENCE_MS)]
  return `Write how long with a unit, from ${least} to ${most}: 90m, or 2h30m.`
}

/** The body of `POST /api/v1/silences` without the person. */
export function silenceBody(choice: SilenceChoice, about: SilenceAbout): object {
  return { ...matchOf(choice, about), for: formatDuration(silenceMs(choice) ?? 0) }
}

/** What it covers, for people. */
export function coverInWords(match: SilenceMatch): string {
  const { group, key, path, stream, tag } = match
  const isOnly = (...others: readonly (string | undefined)[]) => others.every((each) => !each)
  if (stream === '*' && isOnly(group, key, path, tag)) return 'everything'
  const parts = [
    ...(key === undefined ? [] : [`the incident ${key}`]),
    ...(path === undefined ? [] : [`path ${path}`]),
    ...(group === undefined ? [] : [`group ${group}`]),
    ...(stream === undefined ? [] : [`stream ${stream}`]),
    ...(tag === undefined ? [] : [`streams with the tag ${tag}`]),
  ]
  return parts.join(' of ')
}

/** Open incidents of which nobody would be told. */
export function covered(
  match: SilenceMatch,
  { groups, incidents }: Pick<WatchdogView, 'groups' | 'incidents'>,
): readonly IncidentView[] {
  return incidents.filter((incident) =>
    isSilencedBy(match, { ...incident, tags: tagsOf(incident.group, groups) }),
  )
}

/** Silences in force that cover a whole group, or one of its paths where `path` is given. */
export function silencesOn(
  silences: readonly Silence[],
  group: Pick<GroupView, 'name' | 'tags'>,
  path: string | undefined,
  now: number,
): readonly Silence[] {
  const about = { group: group.name, tags: group.tags ?? [] }
  return silences.filter(({ from, match, until }) => {
    if (from > now || until <= now || match.key !== undefined) return false
    const isWhole = isSilencedBy(match, about)
    return path === undefined ? isWhole : !isWhole && isSilencedBy(match, { ...about, path })
  })
}

function tagsOf(name: string, groups: readonly GroupView[]): readonly string[] {
  return groups.find((group) => group.name === name)?.tags ?? []
}
