import { raisedPaths } from '../core/allocation.ts'
import { isAutomatic, processOf, type Opened, type Trace, type Violation } from './trace.ts'
import { slowest } from './shapes.ts'
import { isBadSight, type Sight } from './vantages.ts'
import { groupOf } from './world.ts'

/** 1 to 8: an automatic move away from a path stands on enough vantages that saw it bad, lately, with their own network well. */
export function evidence({ world, opened }: Trace): Violation[] {
  const violations: Violation[] = []
  const needed = Math.min(2, world.settings.vantages.length)
  // A rule over a window remembers what it saw a little longer, and so does a count of bad looks.
  const { timing } = world.settings
  const { windowMs } = slowest(world.rules, timing)
  const lately = timing.staleAfterMs + Math.max(windowMs, timing.ratio.of * timing.everyMs)
  for (const { at, group, intent } of opened) {
    if (intent.reason !== 'failover') continue
    if (intent.leaving.length === 0) {
      violations.push({ invariant: 8, at, says: 'a failover that leaves nothing' })
    }
    let isLately = false
    for (const path of intent.leaving) {
      const basis = intent.basis.paths[path]?.health
      if (basis !== 'down') {
        const invariant = basis === 'unknown' ? 2 : basis === 'degraded' ? 7 : 8
        violations.push({ invariant, at, says: `left ${path}, which was ${basis}` })
      }
      const bad = new Set<string>()
      const ever = new Set<string>()
      const fresh = new Set<string>()
      const told = new Map<string, Sight>()
      for (const look of world.looks) {
        if (look.group !== group || look.path !== path || look.at > at || look.isCut) continue
        if (isBadSight(look.sight)) ever.add(look.vantage)
        // A look that lacks what the rule asks for changes no state: what it said before stands.
        if (look.sight !== 'broken') told.set(look.vantage, look.sight)
        if (look.at < at - lately - 100) continue
        if (isBadSight(told.get(look.vantage) ?? 'good')) bad.add(look.vantage)
        if (isBadSight(look.sight)) bad.add(look.vantage)
        if (look.sight !== 'dark') fresh.add(look.vantage)
      }
      isLately ||= bad.size >= needed
      const tell = (invariant: number, count: number, what: string) => {
        const says = `left ${path} while ${count} vantages ${what}, ${needed} needed`
        if (count < needed) violations.push({ invariant, at, says })
      }
      tell(ever.size === 0 ? 2 : 1, ever.size, 'ever saw it bad')
      tell(3, fresh.size, 'were fresh')
    }
    if (!isLately) {
      const says = `left ${intent.leaving.join(', ')} while too few vantages lately saw any of it bad`
      violations.push({ invariant: 4, at, says })
    }
  }
  return violations
}

/** 9, 10: the target was eligible in the snapshot and looked at right before; nothing moves while all is down. */
export function targets(trace: Trace): Violation[] {
  return trace.opened
    .filter(({ intent }) => isAutomatic(intent))
    .flatMap((each) => targetOf(trace, each))
}

function targetOf(trace: Trace, { at, group, intent }: Opened): Violation[] {
  const { world } = trace
  const violations: Violation[] = []
  // A last resort goes where it was told to: to the configured weights.
  if (intent.reason === 'spread') return violations
  const { sharing } = groupOf(world, group)
  const { paths } = intent.basis
  const health = paths[intent.target]?.health
  // Up, and neither left as down within this holddown nor refused by its pre-check.
  const isUp = Object.entries(paths).some(
    ([name, path]) => path.health === 'up' && !isBarred(trace, group, name, at, intent.id),
  )
  // Where the others are at their maximum, weights go to a degraded path too.
  if (health !== 'up' && (health !== 'degraded' || (isUp && sharing === undefined))) {
    const says = `moved to ${intent.target}, which was ${health}`
    violations.push({ invariant: 9, at, says })
  }
  const isChecked = world.looks.some(
    (look) =>
      look.group === group &&
      look.path === intent.target &&
      look.purpose === 'precheck' &&
      !isBadSight(look.sight) &&
      look.sight !== 'dark' &&
      !look.isCut &&
      look.at <= at &&
      look.at >= at - groupOf(world, group).precheckTtlMs - 100,
  )
  if (!isChecked) {
    violations.push({ invariant: 9, at, says: `${intent.target} was not checked right before` })
  }
  const all = Object.values(paths)
  if (all.every((path) => path.health === 'down')) {
    violations.push({ invariant: 10, at, says: 'moved while all are down' })
  }
  return violations
}

/** Left as down within this holddown, or refused by its pre-check lately; `by` is the intent that asks. */
export function isBarred(
  trace: Trace,
  group: string,
  path: string,
  at: number,
  by: string,
): boolean {
  const { holddownMs, precheckTtlMs } = groupOf(trace.world, group)
  const wasLeft = trace.opened.some(
    (each) =>
      each.group === group &&
      each.at < at &&
      at - each.at < 2 * holddownMs &&
      each.intent.leaving.includes(path),
  )
  // A new leader begins with a full holddown over the newest change, however long ago that was.
  const newest = trace.applied.findLast((each) => each.group === group && each.at < at)
  const isInherited =
    newest !== undefined &&
    newest.intent.leaving.includes(path) &&
    processOf(newest.intent.id) !== processOf(by)
  const wasRefused = trace
    .of(group, 'decision')
    .some(
      (each) =>
        each.at <= at &&
        at - each.at <= precheckTtlMs + 1_000 &&
        each.entry.says.startsWith(`${path} failed its pre-check`),
    )
  return wasLeft || wasRefused || isInherited
}

/** 22, 24: failback never leaves what nobody sees, and is not repeated after a relapse; how long it waits, the witness checks. */
export function failback(trace: Trace): Violation[] {
  const violations: Violation[] = []
  for (const group of trace.world.settings.groups) {
    const home = group.paths[0]?.name ?? ''
    const { maxWaitMs } = group.failback
    const own = trace.applied.filter((each) => each.group === group.name && each.isFirst)
    for (const { at, intent } of trace.opened) {
      const isOwn =
        intent.reason === 'failback' &&
        trace.of(group.name, 'intent').some(({ entry }) => entry.data?.['id'] === intent.id)
      if (!isOwn) continue
      const tell = (invariant: number, says: string) => violations.push({ invariant, at, says })
      const before = own.filter((each) => each.at <= at)
      const last = before.findLast((each) => each.intent.reason === 'failback')
      const returned =
        group.sharing === undefined || last === undefined
          ? [home]
          : raisedPaths(last.intent.from, last.intent.ramp?.to ?? last.intent.to)
      const relapse = before.findLast(
        (each) =>
          each.intent.reason === 'failover' &&
          each.intent.leaving.some((name) => returned.includes(name)),
      )
      const quietMs = Math.max(group.budget.perMs, maxWaitMs)
      const isRelapsed =
        last !== undefined &&
        relapse !== undefined &&
        relapse.at > last.at &&
        relapse.at - last.at < quietMs
      const doubtful = trace.isClockDoubtful(at - group.budget.perMs, at)
      if (isRelapsed && at - relapse.at < group.budget.perMs && !doubtful) {
        tell(24, 'a second automatic failback after a relapse')
      }
      const current = Object.keys(intent.from).find((path) => (intent.from[path] ?? 0) > 0) ?? ''
      if (intent.basis.paths[current]?.health === 'unknown') tell(22, 'the current path is unknown')
    }
  }
  return violations
}
