import { intentIdOf, isAutomatic, type Stamped, type Trace, type Violation } from './trace.ts'

interface Held {
  readonly from: number
  readonly until: number
  /** The steer whose implied hold it is. */
  readonly intent: string | undefined
}

/** 33: while the mode is not armed nothing automatic begins. */
export function advise(trace: Trace): Violation[] {
  const violations: Violation[] = []
  for (const { at, intent } of trace.opened) {
    if (!isAutomatic(intent) || trace.modeAt(at) === 'armed') continue
    const says = `${intent.reason} was begun in mode ${trace.modeAt(at)}`
    violations.push({ invariant: 33, at, says })
  }
  for (const { at, entry } of compensations(trace)) {
    const intent = trace.opened.find((each) => each.intent.id === intentIdOf(entry))?.intent
    if (intent === undefined || !isAutomatic(intent) || trace.modeAt(at) === 'armed') continue
    const says = `${intent.reason} was compensated in mode ${trace.modeAt(at)}`
    violations.push({ invariant: 33, at, says })
  }
  return violations
}

/** 35: while a hold lasts nothing automatic begins, compensation included. */
export function holdWins(trace: Trace): Violation[] {
  const violations: Violation[] = []
  for (const group of trace.world.settings.groups) {
    const holds = holdsOf(trace, group.name)
    const during = (at: number, openedAt: number, intent?: string) =>
      holds.some(
        (hold) =>
          at > hold.from &&
          at < hold.until &&
          (intent === undefined || (hold.intent !== intent && hold.from > openedAt)),
      )
    for (const { at, intent, group: own } of trace.opened) {
      if (own !== group.name || !isAutomatic(intent) || !during(at, at)) continue
      violations.push({ invariant: 35, at, says: `${intent.reason} was begun during a hold` })
    }
    for (const { at, entry } of compensations(trace)) {
      const opened = trace.opened.find((each) => each.intent.id === intentIdOf(entry))
      if (opened === undefined || entry.group !== group.name) continue
      // What a person bypassed when the change began does not bind its way back.
      if (!during(at, opened.at, opened.intent.id)) continue
      violations.push({
        invariant: 35,
        at,
        says: `${intentIdOf(entry)} was compensated during a hold`,
      })
    }
  }
  return violations
}

/** 36: a steer stands on guards that all pass, or that its person named. */
export function overrides(trace: Trace): Violation[] {
  return trace.opened
    .filter(({ intent }) => !isAutomatic(intent))
    .flatMap(({ at, intent }) => {
      const { guards } = intent.basis
      if (guards.length > 0 && guards.every((guard) => guard.pass)) return []
      const says = `a steer without the answers of its guards, or against them: ${JSON.stringify(guards)}`
      return [{ invariant: 36, at, says }]
    })
}

/** 44: one key per incident, opened once until it is resolved. */
export function oneIncident({ world, entries }: Trace): Violation[] {
  // A second process that hears nothing of the first may open an incident again: duplicates are allowed then.
  if (world.processes.length > 1) return []
  const open = new Set<string>()
  const seen = new Map<string, Set<string>>()
  const violations: Violation[] = []
  for (const { at, entry } of entries) {
    if (entry.kind !== 'incident') continue
    const { event, key } = entry.data ?? {}
    if (typeof key !== 'string') continue
    // A commit whose answer was lost is made again: the same entries, at least once, and several together.
    const text = JSON.stringify([entry.says, entry.data])
    const before = seen.get(key) ?? new Set()
    const isAgain = before.has(text)
    seen.set(key, before.add(text))
    const violate = (says: string) => {
      if (!isAgain) violations.push({ invariant: 44, at, says: `${key} was ${says}` })
    }
    if (event === 'opened' && open.has(key)) violate('opened twice')
    // An end that was taken back while it was written: the incident goes on.
    if (event === 'opened' || event === 'updated') open.add(key)
    if (event === 'resolved' && !open.delete(key)) violate('resolved and not open')
  }
  return violations
}

function compensations({ entries }: Trace): Stamped[] {
  return entries.filter(
    ({ entry }) => entry.kind === 'decision' && entry.says.startsWith('compensating'),
  )
}

/** Holds by their entries: a person's, an edit's, a steer's own; each ends with its release, or with an adopted world after an `ack`. */
function holdsOf(trace: Trace, group: string): Held[] {
  const holds: Held[] = []
  let open: { from: number; intent: string | undefined } | undefined
  for (const { at, entry } of trace.of(group, 'hold', 'foreign-edit', 'applied', 'release')) {
    if (entry.kind === 'release') {
      if (open !== undefined) holds.push({ ...open, until: at })
      open = undefined
      continue
    }
    const isSteer = entry.data?.['reason'] === 'steer'
    if (entry.kind === 'applied' && !isSteer) continue
    open ??= { from: at, intent: entry.kind === 'applied' ? intentIdOf(entry) : undefined }
  }
  if (open !== undefined) holds.push({ ...open, until: Number.POSITIVE_INFINITY })
  return holds
}
