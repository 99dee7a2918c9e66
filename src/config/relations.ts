import { formatDuration } from '../core/duration.ts'
import { entryProblems, type FileCalendarEntry } from './calendar-fields.ts'
import { drillProblems } from './drills.ts'
import type { Path, Problem } from './document.ts'
import type { FileGroup, FileSettings } from './file-schema.ts'
import { routeProblems } from './route-fields.ts'
import { sharingProblems } from './sharing.ts'

/** What is wrong between values that are right each by itself. */
export function relationProblems(file: FileSettings): Problem[] {
  const problems = [...wholeFile(file)]
  for (const [streamName, stream] of Object.entries(file.streams)) {
    for (const [groupName, group] of Object.entries(stream.groups)) {
      problems.push(...groupProblems(group, ['streams', streamName, 'groups', groupName]))
    }
  }
  return problems
}

function wholeFile(file: FileSettings): Problem[] {
  const problems: Problem[] = [...ratio(file), ...vantages(file)]
  problems.push(...listeners(file))
  problems.push(...duplicates(file.tokens, ['tokens'], 'token'))
  problems.push(...duplicates(file.notify, ['notify'], 'route'), ...routeProblems(file.notify))
  problems.push(...calendarProblems(file.installation.calendar, ['installation', 'calendar']))
  problems.push(...duplicates(file.drills, ['drills'], 'drill'), ...drillProblems(file))
  return problems
}

function listeners({ listen }: FileSettings): Problem[] {
  const taken = [{ name: 'operator', at: listen.operator }]
  const problems: Problem[] = []
  for (const name of ['public', 'agent'] as const) {
    const at = listen[name]
    if (at === undefined) continue
    const other = taken.find((each) => each.at.host === at.host && each.at.port === at.port)
    if (other !== undefined && at.port !== 0) {
      const says = `is the same address as listen.${other.name}`
      problems.push({ path: ['listen', name], says })
    }
    taken.push({ name, at })
  }
  return problems
}

function ratio(file: FileSettings): Problem[] {
  const { bad, of } = file.timing.ratio
  if (bad <= of) return []
  return [{ path: ['timing', 'ratio', 'bad'], says: `${bad} of the last ${of} can never be bad` }]
}

function vantages(file: FileSettings): Problem[] {
  if (file.vantages === undefined) return []
  const own = file.vantages.find(({ name }) => name === file.vantage.name)
  if (own === undefined) {
    const says = `must also list this vantage, ${file.vantage.name}`
    return [{ path: ['vantages'], atKey: true, says }]
  }
  const problems = duplicates(file.vantages, ['vantages'], 'vantage')
  const listed = own.domain ?? own.name
  if (file.vantage.domain !== undefined && file.vantage.domain !== listed) {
    const says = `the list of vantages says that the domain of ${own.name} is ${listed}`
    problems.push({ path: ['vantage', 'domain'], says })
  }
  return problems
}

/** What is wrong between the values of one group, which stands at `at`. */
export function groupProblems(group: FileGroup, at: Path): Problem[] {
  const problems: Problem[] = []
  const { lease, failback, flaps } = group
  if (lease.renew * 2 > lease.ttl) {
    const limit = formatDuration(Math.floor(lease.ttl / 2))
    const says = `must be at most half of lease.ttl (${limit}), so that one renewal may fail`
    problems.push({ path: [...at, 'lease', 'renew'], says })
  } else if (group.call_timeout + lease.renew >= lease.ttl) {
    const rest = formatDuration(lease.ttl - lease.renew)
    const says = `must be shorter than what is left of the lease between renewals (${rest})`
    problems.push({ path: [...at, 'call_timeout'], says })
  }
  if (failback.max_wait < failback.stable_for) {
    const says = `must be at least failback.stable_for (${formatDuration(failback.stable_for)})`
    problems.push({ path: [...at, 'failback', 'max_wait'], says })
  }
  problems.push(...calendarProblems(group.calendar, [...at, 'calendar']))
  for (const [index, { from, to }] of failback.window.entries()) {
    for (const [key, says] of entryProblems({ from, to })) {
      problems.push({ path: [...at, 'failback', 'window', index, key], says })
    }
  }
  if (flaps.reuse >= flaps.suppress) {
    const says = `must be less than flaps.suppress (${flaps.suppress})`
    problems.push({ path: [...at, 'flaps', 'reuse'], says })
  }
  problems.push(...sharingProblems(group, at))
  if (Object.hasOwn(group.paths, 'verify')) {
    const says = 'this name is taken by the look at verify.url; give the path another'
    problems.push({ path: [...at, 'paths', 'verify'], atKey: true, says })
  }
  return problems
}

function calendarProblems(entries: readonly FileCalendarEntry[], at: Path): Problem[] {
  const wrong = entries.flatMap((entry, index) =>
    entryProblems(entry).map(([key, says]): Problem => ({ path: [...at, index, key], says })),
  )
  return [...wrong, ...duplicates(entries, at, 'entry of this calendar')]
}

function duplicates(
  list: readonly { readonly name?: string | undefined }[],
  at: Path,
  what: string,
): Problem[] {
  const seen = new Set<string>()
  return list.flatMap(({ name }, index) => {
    if (name === undefined) return []
    if (!seen.has(name)) {
      seen.add(name)
      return []
    }
    return [{ path: [...at, index, 'name'], says: `another ${what} has the name ${name}` }]
  })
}
