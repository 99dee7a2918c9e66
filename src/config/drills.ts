import type { DrillPlan, FaultHook } from '../core/drill-plan.ts'
import { formatDuration } from '../core/duration.ts'
import { nearest } from '../core/nearest.ts'
import { cronProblem } from '../platform/cron-schedules.ts'
import { entryProblems, periodOf } from './calendar-fields.ts'
import type { Path, Problem } from './document.ts'
import type { FileDrill } from './drill-schema.ts'
import type { FileGroup, FileSettings } from './file-schema.ts'

/** What is wrong with drills beside what is wrong with each value by itself. */
export function drillProblems(file: FileSettings): Problem[] {
  const groups = new Map<string, FileGroup>(
    Object.entries(file.streams).flatMap(([stream, { groups: all }]) =>
      Object.entries(all).map(([name, group]) => [`${stream}/${name}`, group] as const),
    ),
  )
  return file.drills.flatMap((drill, index) => {
    const at: Path = ['drills', index]
    const group = groups.get(drill.group)
    if (group === undefined) {
      const near = nearest(drill.group, [...groups.keys()])
      const guess = near === undefined ? '' : `; did you mean ${near}?`
      return [{ path: [...at, 'group'], says: `there is no group ${drill.group}${guess}` }]
    }
    const problems = [...ownProblems(drill, at)]
    const paths = Object.keys(group.paths)
    if (drill.away_from !== undefined && !paths.includes(drill.away_from)) {
      const says = `${drill.group} has no path ${drill.away_from}; its paths: ${paths.join(', ')}`
      problems.push({ path: [...at, 'away_from'], says })
    }
    const isMove = drill.kind === 'switch' || drill.kind === 'fault'
    if (isMove && paths.length < 2) {
      problems.push({ path: [...at, 'kind'], says: `${drill.group} has no second path to go to` })
    }
    if (drill.kind === 'load') problems.push(...loadProblems(drill, group, at))
    const asks = [
      ['objectives', drill.objectives.viewer_gap],
      ['abort_if', drill.abort_if.viewer_gap],
    ] as const
    for (const [key, value] of asks) {
      if (value === undefined || group.verify.url !== undefined) continue
      const says = `needs verify.url of ${drill.group}: nothing else shows what viewers get`
      problems.push({ path: [...at, key, 'viewer_gap'], says })
    }
    return problems
  })
}

/** Probes whose paths are pulled in segments, as players of HLS and DASH do. */
const pullable = ['hls', 'dash']

/** Viewers must be able to pull whichever path the drill takes. */
function loadProblems(drill: FileDrill, group: FileGroup, at: Path): Problem[] {
  const { away_from: chosen } = drill
  const wrong = Object.entries(group.paths).filter(
    ([name, { type }]) => (chosen ?? name) === name && !pullable.includes(type),
  )
  if (wrong.length === 0) return []
  const list = wrong.map(([name, { type }]) => `${name} is ${type}`).join(', ')
  const says = `viewers pull HLS and DASH, and ${list}${chosen === undefined ? '; name another path in `away_from`' : ''}`
  return [{ path: [...at, chosen === undefined ? 'kind' : 'away_from'], says }]
}

function ownProblems(drill: FileDrill, at: Path): Problem[] {
  const problems: Problem[] = []
  const tell = (path: Path, says: string) => problems.push({ path: [...at, ...path], says })
  const wrong = drill.cron === undefined ? undefined : cronProblem(drill.cron)
  if (wrong !== undefined) tell(['cron'], wrong)
  if (drill.max <= drill.stay)
    tell(['max'], `must be longer than stay (${formatDuration(drill.stay)})`)
  if (drill.kind !== 'fault' && drill.objectives.detect !== undefined) {
    tell(
      ['objectives', 'detect'],
      'belongs to the kind `fault`: nothing is detected in another one',
    )
  }
  for (const [index, { from, to }] of drill.window.entries()) {
    for (const [key, says] of entryProblems({ from, to })) tell(['window', index, key], says)
  }
  if ((drill.kind === 'load') !== (drill.load !== undefined)) {
    tell(
      drill.load === undefined ? ['kind'] : ['load'],
      drill.load === undefined
        ? 'needs `load` with viewers and bits_per_second: nothing is pulled without a ceiling'
        : 'belongs to the kind `load`',
    )
  }
  if ((drill.kind === 'fault') !== (drill.fault !== undefined)) {
    tell(
      drill.fault === undefined ? ['kind'] : ['fault'],
      drill.fault === undefined
        ? 'needs `fault`: how the path is broken'
        : 'belongs to the kind `fault`',
    )
  }
  if (drill.fault !== undefined && hookOf(drill.fault) === undefined) {
    tell(['fault'], 'expected either `lab`, `target` and `fault`, or `begin` and `end`')
  }
  return problems
}

/** The drills for the watchdog; the file was found to be right before. */
export function buildDrills(file: FileSettings): DrillPlan[] {
  return file.drills.map((drill): DrillPlan => {
    const hook = drill.fault === undefined ? undefined : hookOf(drill.fault)
    const { viewer_gap: gap, ...objectives } = drill.objectives
    const wanted = Object.entries({ ...objectives, gap }).filter(([, ms]) => ms !== undefined)
    return {
      name: drill.name,
      group: drill.group,
      kind: drill.kind,
      timeZone: drill.timezone,
      ...(drill.cron !== undefined && { cron: drill.cron }),
      ...(drill.away_from !== undefined && { away: drill.away_from }),
      stayMs: drill.stay,
      maxMs: drill.max,
      objectives: Object.fromEntries(wanted),
      abortIf: {
        standby: drill.abort_if.standby,
        ...(drill.abort_if.viewer_gap !== undefined && { gapMs: drill.abort_if.viewer_gap }),
      },
      blockedBy: drill.blocked_by,
      window: drill.window.map((each) => periodOf(each)),
      ...(hook !== undefined && { fault: hook }),
      ...(drill.load !== undefined && {
        load: { viewers: drill.load.viewers, bitsPerSecond: drill.load.bits_per_second },
      }),
    }
  })
}

function hookOf(given: NonNullable<FileDrill['fault']>): FaultHook | undefined {
  const { begin, end, fault, lab, target, value } = given
  const isLab = lab !== undefined && target !== undefined && fault !== undefined
  const isHook = begin !== undefined && end !== undefined
  if (isLab && begin === undefined && end === undefined) {
    return { by: 'lab', url: lab, target, fault, ...(value !== undefined && { value }) }
  }
  const isMixed = [lab, target, fault, value].some((each) => each !== undefined)
  return isHook && !isMixed ? { by: 'webhook', begin, end } : undefined
}
