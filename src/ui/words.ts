import type { GroupState } from '../core/group.ts'
import type { Health } from '../core/health.ts'
import type { JournalKind } from '../core/journal.ts'
import type { GroupView, PathView } from '../core/view.ts'

/** How much a group wants to be looked at. `acting`: it is about to move traffic, or just does. */
export type Tone = 'calm' | 'acting' | 'notice' | 'bad' | 'blind'

const stateWords: Readonly<Record<GroupState, string>> = {
  OBSERVE: 'Reading back',
  STEADY: 'Steady',
  'ALL-DOWN': 'Every path down',
  BLIND: 'Cannot see',
  EVALUATE: 'Wants to move',
  PRECHECK: 'Checking target',
  ACTUATE: 'Moving traffic',
  VERIFY: 'Verifying',
  ROLLBACK: 'Rolling back',
  RAMP: 'Ramping',
  FROZEN: 'Frozen',
  HELD: 'Held',
}

/** The state of a group in a few words. */
export function stateInWords(group: GroupView): string {
  if (group.state === 'HELD' && group.hold !== undefined) return `Held by ${group.hold.owner}`
  if (group.state === 'EVALUATE' && group.whyNot !== undefined) {
    return `Kept by ${group.whyNot.guard}`
  }
  return stateWords[group.state]
}

const acting: readonly GroupState[] = [
  'EVALUATE',
  'PRECHECK',
  'ACTUATE',
  'VERIFY',
  'ROLLBACK',
  'RAMP',
]

/** Whether the group is about to move traffic, or is moving it. */
export function isActing(group: GroupView): boolean {
  return acting.includes(group.state)
}

/** The path that carries the traffic, where there is one. */
function activePath(group: GroupView): PathView | undefined {
  return group.paths.find((path) => path.name === group.active)
}

/** Whether the path could take over at once. */
export function isReady(path: PathView): boolean {
  return path.health === 'up' && !path.suspect
}

/** Paths that carry nothing now and could take over at once. */
function readyStandbys(group: GroupView): readonly PathView[] {
  return group.paths.filter((path) => path.weight === 0 && isReady(path))
}

/** Whether a failure now would find nowhere to go. */
function lacksStandby(group: GroupView): boolean {
  if (group.paths.length < 2) return false
  const others = group.strategy === 'weighted' ? sharing(group).filter(isReady).slice(1) : []
  return readyStandbys(group).length + others.length === 0
}

/** The paths that carry traffic now. */
function sharing(group: GroupView): readonly PathView[] {
  return group.paths.filter((path) => path.weight > 0)
}

/** How much a group wants to be looked at. */
export function toneOf(group: GroupView): Tone {
  const health = activePath(group)?.health
  const isDown = sharing(group).some((path) => path.health === 'down')
  if (isDown || group.state === 'ALL-DOWN') return 'bad'
  if (group.state === 'BLIND' || health === undefined || health === 'unknown') return 'blind'
  if (isActing(group)) return 'acting'
  const calm = group.state === 'STEADY' && health === 'up' && !lacksStandby(group)
  return calm ? 'calm' : 'notice'
}

/** What the tally beside a group says, and of which kind it is. */
export function tally(group: GroupView): {
  readonly kind: 'on' | 'down' | 'unseen' | 'none'
  readonly says: string
  readonly detail: string
} {
  const path = activePath(group)
  if (path === undefined) return { kind: 'none', says: 'NOTHING', detail: 'no path known' }
  if (path.health === 'down') return { kind: 'down', says: 'DOWN', detail: `on ${path.name}` }
  if (path.health === 'unknown') {
    return { kind: 'unseen', says: 'NOT SEEN', detail: `on ${path.name}` }
  }
  const parts = sharing(group)
  const detail = parts.map(({ name, weight }) => `${name} ${weight} %`).join(', ')
  return { kind: 'on', says: 'ON AIR', detail: parts.length > 1 ? detail : path.name }
}

/** What a path does in its group and how it is, in a few words, without a time. */
export function pathInWords(path: PathView): string {
  if (path.weight > 0) return path.weight === 100 ? path.health : `${path.health}, ${path.weight} %`
  if (path.health === 'up') return path.suspect ? 'suspect' : 'ready'
  return path.health
}

/** The wall in one sentence: is everything on air, and if not, what is not. */
export function headline(groups: readonly GroupView[]): string {
  if (groups.length === 0) return 'No group is configured.'
  const down = groups.filter((group) => tally(group).kind === 'down')
  const unseen = groups.filter((group) => ['unseen', 'none'].includes(tally(group).kind))
  const well = groups.length - down.length - unseen.length
  if (well === groups.length) {
    return groups.length === 1 ? 'On air.' : `All ${groups.length} on air.`
  }
  const parts = [`${well} of ${groups.length} on air.`]
  if (down.length > 0) parts.push(`${titles(down)} ${down.length === 1 ? 'is' : 'are'} down.`)
  if (unseen.length > 0) parts.push(`${titles(unseen)} cannot be seen.`)
  return parts.join(' ')
}

/** What else is worth a look, below the headline. */
export function subline(groups: readonly GroupView[]): string {
  const parts: string[] = []
  const add = (label: string, some: readonly GroupView[]) => {
    if (some.length > 0) parts.push(`${label}: ${titles(some)}`)
  }
  add('Acting', groups.filter(isActing))
  add(
    'Waits for a person',
    groups.filter((group) => group.state === 'FROZEN'),
  )
  add(
    'Held',
    groups.filter((group) => group.hold !== undefined),
  )
  add('No standby ready', groups.filter(lacksStandby))
  return parts.length === 0
    ? 'Nothing is about to move. Every standby is ready.'
    : `${parts.join('. ')}.`
}

function titles(groups: readonly GroupView[]): string {
  const names = groups.map((group) => group.title)
  if (names.length <= 2) return names.join(' and ')
  return `${names.slice(0, 2).join(', ')} and ${names.length - 2} more`
}

const kindWords: Readonly<Record<JournalKind, string>> = {
  boot: 'Started',
  stop: 'Stopped',
  config: 'Configuration',
  health: 'Health',
  state: 'State',
  decision: 'Decision',
  intent: 'Intent',
  step: 'Step',
  applied: 'Applied',
  verified: 'Verified',
  'verify-failed': 'Verification failed',
  effective: 'In effect',
  'rolled-back': 'Rolled back',
  aborted: 'Aborted',
  frozen: 'Frozen',
  'foreign-edit': 'Foreign edit',
  adopted: 'Adopted',
  hold: 'Hold',
  release: 'Release',
  drill: 'Drill',
  steer: 'Steer',
  ack: 'Acknowledged',
  incident: 'Incident',
  silence: 'Silence',
  notice: 'Notice',
}

/** A kind of journal entry in words. */
export function kindInWords(kind: JournalKind): string {
  return kindWords[kind]
}

const detailKinds: ReadonlySet<JournalKind> = new Set(['step', 'state', 'notice'])
const changeKinds: ReadonlySet<JournalKind> = new Set([
  'applied',
  'verified',
  'verify-failed',
  'rolled-back',
  'frozen',
  'foreign-edit',
])

/** How much an entry stands out: a change of traffic, an ordinary line, or a detail. */
export function entryWeight(kind: JournalKind): 'change' | 'plain' | 'detail' {
  if (changeKinds.has(kind)) return 'change'
  return detailKinds.has(kind) ? 'detail' : 'plain'
}

/** What a health means, for whoever hovers or listens. */
export const healthMeans: Readonly<Record<Health, string>> = {
  up: 'up: enough vantages see it well',
  degraded: 'degraded: it works, but not well',
  contested: 'contested: vantages disagree, and that moves nothing',
  down: 'down: enough vantages see it failing',
  unknown: 'unknown: too few vantages know',
}

/**
 * What the watchdog says, as a whole sentence: it begins large, but for a name such as `cdn-a`, and
 * ends with a full stop.
 */
export function sentence(says: string): string {
  const text = says.trim()
  const isWord = /^\p{Ll}+(?:['’]\p{Ll}+)?(?=[\s,;:.?!]|$)/u.test(text)
  const begun = isWord ? text.charAt(0).toUpperCase() + text.slice(1) : text
  return /[.!?…]$/u.test(begun) ? begun : `${begun}.`
}
