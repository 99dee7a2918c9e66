import { describeAllocation } from '../core/allocation.ts'
import { formatDuration } from '../core/duration.ts'
import type { GroupState, GuardAnswer } from '../core/group.ts'
import type { EffectView, GroupView, PathView } from '../core/view.ts'
import { describeBehind } from '../engine/group/effect.ts'
import type { Io } from './io.ts'
import { healthMark, painter, type Paint, type Tone } from './paint.ts'
import { textTable } from './text-table.ts'
import { span, stamp } from './times.ts'

const tones: Readonly<Partial<Record<GroupState, Tone>>> = {
  STEADY: 'good',
  OBSERVE: 'quiet',
  'ALL-DOWN': 'bad',
  BLIND: 'bad',
  FROZEN: 'bad',
  ROLLBACK: 'bad',
  RAMP: 'warn',
}

/** The line that begins what is said of a group: name, title, state and for how long. */
export function groupHeading(group: GroupView, wall: number, paint: Paint): string {
  const title = group.title === group.stream ? '' : `  ${group.title}`
  const state = paint(tones[group.state] ?? 'warn', group.state)
  return `${paint('strong', group.name)}${title}  ${state} for ${span(wall - group.since)}\n`
}

/** Each path in a line: whether it serves, weight, health with its age, and why. */
export function pathTable(group: GroupView, wall: number, io: Io): string {
  const paint = painter(io)
  const rows = group.paths.map((path) => [
    path.weight > 0 ? '▶' : ' ',
    path.name,
    String(path.weight),
    healthMark(path.health, paint) + (path.suspect ? paint('warn', ' suspect') : ''),
    span(wall - path.since),
    path.says + flapping(path),
  ])
  return textTable(rows, { width: io.width, indent: 2 })
}

/** Told in the one line that everybody reads only where it bears on what is done. */
function flapping({ penalty }: PathView): string {
  if (penalty === undefined || penalty.forgivenInMs === 0) return ''
  return `; went down too often: the last choice for ${span(penalty.forgivenInMs)}`
}

/** What keeps a group from acting, where anything does: hold, freeze, veto. */
export function restraints(group: GroupView, wall: number): [string, string][] {
  const { hold, frozen, whyNot, calendar } = group
  return [
    ...(calendar === undefined || calendar.open ? [] : row('calendar', calendar.says)),
    ...(hold === undefined
      ? []
      : row('held', `by ${hold.owner} for ${span(hold.until - wall)} more: ${hold.reason}`)),
    ...(frozen === undefined
      ? []
      : row('frozen', `${frozen.says}; \`changeover ack ${group.name}\` lets it decide again`)),
    ...(whyNot === undefined ? [] : row('not acting', `${whyNot.guard}: ${whyNot.says}`)),
  ]
}

/** Everything that `explain` says of a group, guard by guard. */
export function explanation(group: GroupView, wall: number, io: Io): string {
  const paint = painter(io)
  const table = (rows: readonly (readonly string[])[]) =>
    textTable(rows, { width: io.width, indent: 2 })
  const section = (title: string, rows: readonly (readonly string[])[]) =>
    rows.length === 0 ? '' : `\n${paint('strong', title)}\n${table(rows)}`
  const guards = guardRows(group.guards, paint)
  const actuators = group.actuators.map(({ type, ok, says, settleMs }) => [
    ok ? paint('good', 'ok') : paint('bad', 'FAILS'),
    type,
    `${says} (in effect within ${formatDuration(settleMs)})`,
  ])
  return (
    groupHeading(group, wall, paint) +
    table([['', group.says]]).replace(/^ +/u, '  ') +
    `\n${table(facts(group, wall))}` +
    section('Guards, asked about the newest proposal', guards) +
    section('Actuators', actuators) +
    `\n${paint('strong', 'Paths')}\n${pathTable(group, wall, io)}` +
    group.paths.map((path) => pathReasons(path, io)).join('')
  )
}

function facts(group: GroupView, wall: number): [string, string][] {
  const { allocation, effect, intent, lastChange, budget, holddownLeftMs, failback } = group
  const carried =
    allocation === undefined ? 'not read yet' : `carried by ${describeAllocation(allocation)}`
  const home =
    group.weights === undefined
      ? `preferred is ${group.preferred}`
      : `configured is ${describeAllocation(group.weights)}`
  return [
    ...row('traffic', `${carried}; ${home}`),
    ...(group.ramp === undefined ? [] : row('ramp', group.ramp)),
    ...restraints(group, wall),
    ...(group.fault === undefined ? [] : row('where', `${group.fault.place}: ${group.fault.says}`)),
    ...(intent === undefined
      ? []
      : row(
          'change',
          `${intent.reason} to ${describeAllocation(intent.to)} is ${intent.phase}: ${intent.basis.says}`,
        )),
    ...(intent?.steps ?? []).flatMap((step) =>
      row('', `${step.type}: ${step.result}${step.says === '' ? '' : `, ${step.says}`}`),
    ),
    ...(lastChange === undefined
      ? []
      : row(
          'last change',
          `${lastChange.reason} from ${describeAllocation(lastChange.from)} to ${describeAllocation(lastChange.to)}, ${stamp(lastChange.at)}`,
        )),
    ...(effect === undefined ? [] : row('in effect', effectSays(effect, wall))),
    ...row('holddown', holddownLeftMs > 0 ? `${span(holddownLeftMs)} left` : 'none'),
    ...row(
      'budget',
      `${budget.left} of ${budget.of} changes left per ${formatDuration(budget.perMs)}`,
    ),
    ...(group.calendar?.open === true ? row('calendar', group.calendar.says) : []),
    ...row('failback', failback.says),
    ...row(
      'leader',
      group.leader ? `this process, token ${group.token ?? '–'}` : 'another process',
    ),
  ]
}

/** Applied is not in effect: who still says the old, or how long caches may. */
function effectSays(effect: EffectView, wall: number): string {
  const { behind, serversAt, settleMs } = effect
  if (behind.length > 0) return `not everywhere yet: ${describeBehind(behind)}`
  const left = Math.max(0, (serversAt ?? wall) + settleMs - wall)
  return `every server has it; caches may keep the old for another ${span(left)}`
}

function pathReasons(path: PathView, io: Io): string {
  const paint = painter(io)
  const votes = path.votes.map((vote) => [
    'vote',
    vote.vantage,
    healthMark(vote.health, paint),
    vote.says,
  ])
  const rules = path.rules.map((rule) => [
    'rule',
    rule.rule,
    rule.class,
    rule.says + (rule.isClearing ? ' (clearing)' : ''),
  ])
  const findings = path.findings.map((finding) => [
    'finding',
    finding.code,
    finding.severity,
    finding.says,
  ])
  const { penalty } = path
  const penalties =
    penalty === undefined ? [] : [['penalty', `${penalty.points} points`, '', penaltySays(penalty)]]
  const { capacity } = path
  const capacities =
    capacity === undefined ? [] : [['capacity', capacity.source, '', capacity.says]]
  const rows = [...votes, ...rules, ...findings, ...penalties, ...capacities]
  if (rows.length === 0 && path.remedy === undefined) return ''
  const remedy =
    path.remedy === undefined ? [] : [['remedy', path.diagnosis ?? '', '', path.remedy]]
  return `\n${paint('strong', path.name)}  ${paint('quiet', path.shows)}\n${textTable(
    [...rows, ...remedy],
    { width: io.width, indent: 2 },
  )}`
}

function penaltySays({ forgivenInMs }: NonNullable<PathView['penalty']>): string {
  if (forgivenInMs === 0) return 'for going down; too few to matter'
  return `went down too often: the last choice, and no failback to it, for ${span(forgivenInMs)}`
}

/** Each guard in a row: its answer, its name, its sentence. */
export function guardRows(guards: readonly GuardAnswer[], paint: Paint): string[][] {
  return guards.map(({ guard, pass, bypassed, says }) => [
    guardMark(pass, bypassed === true, paint),
    guard,
    says,
  ])
}

function guardMark(pass: boolean, bypassed: boolean, paint: Paint): string {
  if (bypassed) return paint('warn', 'bypassed')
  return pass ? paint('good', 'pass') : paint('bad', 'VETO')
}

function row(name: string, says: string): [string, string][] {
  return [[name, says]]
}
