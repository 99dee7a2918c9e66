import { formatDuration } from '../core/duration.ts'
import type { GroupSettings, Settings } from '../core/settings.ts'
import { placeKey } from './document.ts'
import type { ConfigDocument, Path, Problem } from './document.ts'
import type { Plugins } from './plugin-options.ts'
import { sharingWarnings } from './sharing-warnings.ts'

/** What works but is worth a thought: sentences for `changeover check` and the start of `run`. */
export function settingsWarnings(
  settings: Settings,
  document: ConfigDocument,
  plugins: Plugins,
): Problem[] {
  return [
    ...modeWarnings(settings),
    ...vantageWarnings(settings),
    ...timingWarnings(settings),
    ...settings.groups.flatMap((group) => groupWarnings(group, settings, document)),
    ...settings.groups.flatMap((group) => agentWarnings(group, settings, plugins)),
    ...notifyWarnings(settings),
    ...inboundWarnings(settings, plugins),
  ]
}

function modeWarnings({ mode }: Settings): Problem[] {
  switch (mode) {
    case 'armed':
      return []
    case 'advise':
      return [warning(['mode'], "advise: decisions are explained, nobody's traffic is moved")]
    case 'off':
      return [warning(['mode'], 'off: paths are watched, nothing is decided')]
  }
}

function vantageWarnings({ vantages, vantage }: Settings): Problem[] {
  const problems: Problem[] = []
  if (vantages.length === 1) {
    const says =
      'one vantage only: its own network trouble looks like trouble of a path; ' +
      'a second one in another failure domain would tell them apart'
    problems.push(warning(['vantages'], says))
  } else {
    const silent = vantages.map(({ name }) => name).filter((name) => name !== vantage.name)
    const says =
      `nothing carries the votes of ${silent.join(', ')} to this process yet, so quorum is out of ` +
      'reach, every path stays unknown and nothing is ever moved; list only the own vantage'
    problems.push(warning(['vantages'], says))
  }
  if (vantage.reference.length === 0) {
    const says = 'no reference targets: this vantage cannot tell that it is blind itself'
    problems.push(warning(['vantage', 'reference'], says))
  }
  return problems
}

function timingWarnings({ timing }: Settings): Problem[] {
  if (timing.forMs >= timing.everyMs) return []
  const says =
    `for (${formatDuration(timing.forMs)}) is shorter than every ` +
    `(${formatDuration(timing.everyMs)}): it takes two bad looks all the same`
  return [warning(['timing', 'for'], says)]
}

function groupWarnings(group: GroupSettings, settings: Settings, document: ConfigDocument) {
  const at = ['streams', group.stream, 'groups', group.name.slice(group.stream.length + 1)]
  const problems = [
    ...staleWarnings(group, settings, at),
    ...witnessWarnings(group, at),
    ...quorumWarnings(group, at, document),
    ...cadenceWarnings(group, settings, at),
    ...sharingWarnings(group, at),
  ]
  if (group.paths.length === 1) {
    problems.push(warning([...at, 'paths'], 'one path only: there is nothing to fail over to'))
  }
  if (group.verify.path === undefined) {
    const says = "no verify.url: the viewers' public name is not verified after a change"
    problems.push(warning([...at, 'verify'], says))
  }
  const strict = group.calendar.filter(({ stops }) => stops === 'all').map(({ name }) => name)
  if (strict.length > 0) {
    const says =
      `${strict.join(', ')} of the calendar can keep traffic on a failing path until a person ` +
      'steers; stops: failback-only would not'
    problems.push(warning([...at, 'calendar'], says))
  }
  if (settings.mode === 'armed' && group.actuators.length === 0) {
    problems.push(warning([...at, 'actuators'], 'armed without actuators: nothing can be moved'))
  }
  return problems
}

/** Paths that are looked at more slowly than `timing` reckons with. */
function cadenceWarnings(group: GroupSettings, { timing }: Settings, at: Path): Problem[] {
  return group.paths.flatMap(({ name, everyMs }) => {
    // What holds for every path is said once, of the timing.
    if (timing.forMs >= everyMs || timing.forMs < timing.everyMs) return []
    const says =
      `every (${formatDuration(everyMs)}) is longer than timing.for ` +
      `(${formatDuration(timing.forMs)}): it takes two bad looks all the same`
    return [warning([...at, 'paths', name], says)]
  })
}

/** What HAProxy asks over TCP is asked at a listener of its own: without it nobody hears of a change. */
function agentWarnings(group: GroupSettings, { listen }: Settings, plugins: Plugins): Problem[] {
  if (listen.agent !== undefined) return []
  const at = ['streams', group.stream, 'groups', group.name.slice(group.stream.length + 1)]
  return group.actuators.flatMap(({ type }, index): Problem[] => {
    const plugin = plugins.actuators.find((each) => each.type === type)
    if (plugin?.route !== 'agent') return []
    const says = `nobody can ask ${type}: listen.agent is not configured`
    return [warning([...at, 'actuators', index], says)]
  })
}

/** The same look twice is one kind of evidence: it fails and passes with the path itself. */
function witnessWarnings(group: GroupSettings, at: Path): Problem[] {
  return group.paths.flatMap((path) =>
    (path.witnesses ?? []).flatMap((witness): Problem[] => {
      if (witness.type !== path.type || witness.shows !== path.shows) return []
      const name = witness.name.slice(path.name.length + 1)
      const says = 'looks at the same place in the same way: it sees no more than the path itself'
      return [warning([...at, 'paths', path.name, 'witnesses', name], says)]
    }),
  )
}

function staleWarnings(group: GroupSettings, { timing }: Settings, at: Path): Problem[] {
  return group.paths
    .flatMap((path) => [path, ...(path.witnesses ?? [])])
    .filter(({ everyMs }) => timing.staleAfterMs < 2 * everyMs)
    .map(({ name, everyMs }) => {
      const says =
        `stale_after (${formatDuration(timing.staleAfterMs)}) is less than two looks ` +
        `(every ${formatDuration(everyMs)}): one late look makes health unknown`
      const [path = '', witness] = name.split('@')
      const place = witness === undefined ? [path] : [path, 'witnesses', witness]
      return warning([...at, 'paths', ...place], says)
    })
}

/** Only what the file itself asks for; the defaults are meant to be more than a small site has. */
function quorumWarnings(group: GroupSettings, at: Path, document: ConfigDocument): Problem[] {
  const { atLeast, domains, minFresh } = group.quorum
  const vantages = group.vantages.length
  const places = new Set(group.vantages.map(({ domain }) => domain)).size
  const asked = [
    { key: 'at_least', wanted: atLeast, have: vantages, what: 'vantages' },
    { key: 'min_fresh', wanted: minFresh, have: vantages, what: 'vantages' },
    { key: 'domains', wanted: domains, have: places, what: 'failure domains' },
  ]
  return asked.flatMap(({ key, wanted, have, what }) => {
    const path = [...at, 'quorum', key]
    const isWritten = document.places.has(placeKey(path))
    const matters = isWritten || (key === 'domains' && vantages > 1)
    if (wanted <= have || !matters) return []
    return [warning(path, `asks for ${wanted} ${what}, configured: ${have}; ${have} counts`)]
  })
}

function notifyWarnings({ notify }: Settings): Problem[] {
  if (notify.length === 0) return [warning(['notify'], 'no routes: nobody is told')]
  const isAtOnce = notify.some(({ afterMs, insteadOf, when, only, minSeverity }) => {
    const isLate = afterMs !== undefined || insteadOf !== undefined || when !== undefined
    return !isLate && only === undefined && minSeverity !== 'critical'
  })
  if (isAtOnce) return []
  const says =
    'no route takes every incident at once (without only, when, after, instead_of and min_severity: critical): some may reach nobody'
  return [warning(['notify'], says)]
}

/** What a service would tell us must reach us: by the public listener, or by a proxy before the other. */
function inboundWarnings({ listen, notify, publicUrl }: Settings, plugins: Plugins): Problem[] {
  const isReachable =
    listen.public !== undefined || publicUrl !== undefined || !isLoopback(listen.operator.host)
  if (isReachable) return []
  return notify.flatMap(({ type, route, options }, index): Problem[] => {
    const plugin = plugins.notifiers.find((each) => each.type === type)
    if (plugin?.reactions?.isOn(options) !== true) return []
    const says =
      `nobody outside this machine reaches /hooks/notify/${route}: listen.public is not configured, ` +
      'and no public_url says that a proxy stands before listen.operator'
    return [warning(['notify', index], says)]
  })
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.')
}

function warning(path: Path, says: string): Problem {
  return { path, atKey: true, says }
}
