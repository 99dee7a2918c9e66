import { sameAllocation, serving } from '../core/allocation.ts'
import { verifyChain } from '../formats/journal-chain.ts'
import type { Write } from './target.ts'
import { groupOf } from './world.ts'
import { intentIdOf, type Trace, type Violation } from './trace.ts'

/** 11, 12: after every write something serves, in integers, and only configured paths. */
export function neverEmpty({ world }: Trace): Violation[] {
  const known = new Map(
    world.initial.map((group) => [group.name, new Set(group.paths.map((path) => path.name))]),
  )
  return world.writes
    .filter((write) => write.by === 'changeover')
    .filter((write) => {
      const weights = Object.values(write.to)
      return (
        serving(write.to).length === 0 ||
        Object.keys(write.to).some((path) => known.get(write.group)?.has(path) !== true) ||
        weights.some((weight) => !Number.isInteger(weight) || weight < 0 || weight > 100)
      )
    })
    .map((write) => ({ invariant: 11, at: write.at, says: `wrote ${JSON.stringify(write.to)}` }))
}

/** 26, 29: a write only under an intent that was open on disk and towards what it wants, each step once there and once back. */
export function intentFirst({ entries, world }: Trace): Violation[] {
  const violations: Violation[] = []
  const compensated = new Set(
    entries
      .filter(({ entry: { kind, says } }) => kind === 'decision' && says.startsWith('compensating'))
      .map(({ entry }) => intentIdOf(entry)),
  )
  for (const target of world.targets.values()) {
    const perIntent = new Map<string, number>()
    for (const write of target.writes) {
      if (write.by !== 'changeover') continue
      const { at, intent } = write
      if (intent === undefined || !write.matchesIntent) {
        const says = `wrote ${JSON.stringify(write.to)} without an intent for it`
        violations.push({ invariant: 26, at, says })
        continue
      }
      const count = (perIntent.get(intent) ?? 0) + 1
      perIntent.set(intent, count)
      // A step for each path there, one for a compensation or roll-back, and one where that one is rolled back.
      const ways = compensated.has(intent) ? 3 : 2
      if (count > ways * groupOf(world, target.group).paths.length) {
        violations.push({ invariant: 29, at, says: `${intent} wrote ${count} times` })
      }
    }
  }
  return violations
}

/** 27: tokens of writes never decrease. */
export function fencing({ world }: Trace): Violation[] {
  const violations: Violation[] = []
  for (const target of [...world.targets.values(), ...world.publications.values()]) {
    let highest = 0
    for (const { at, by, token } of target.writes) {
      if (by !== 'changeover') continue
      if (token < highest) {
        const says = `token ${token} after ${highest} on ${target.name}`
        violations.push({ invariant: 27, at, says })
      }
      highest = Math.max(highest, token)
    }
  }
  return violations
}

/** 31, 34: no call without a good read before it, nor with less lease left than it may take. */
export function calls({ world }: Trace): Violation[] {
  return world.calls.flatMap(({ at, group, leftMs, isReadBefore, target }) => [
    ...(leftMs <= groupOf(world, group).callTimeoutMs
      ? [{ invariant: 34, at, says: `a call to ${target} with ${leftMs} ms of lease left` }]
      : []),
    ...(isReadBefore
      ? []
      : [{ invariant: 31, at, says: `a call to ${target} on a read that failed` }]),
  ])
}

/** 28: what a person wrote is overwritten only by an intent that was decided on it. */
export function foreignEdits({ world, opened }: Trace): Violation[] {
  const violations: Violation[] = []
  for (const { writes } of world.targets.values()) {
    for (const [index, write] of writes.entries()) {
      const before = writes[index - 1]
      if (write.by !== 'changeover' || before?.by !== 'person') continue
      const intent = opened.find((each) => each.intent.id === write.intent)?.intent
      // Where the person did what was wanted anyway, the way back begins there.
      const based = intent === undefined ? [] : [intent.from, intent.to]
      if (based.some((each) => sameAllocation(each, before.to))) continue
      const says = `an edit by a person was overwritten after ${write.at - before.at} ms: ${JSON.stringify(before.to)}`
      violations.push({ invariant: 28, at: write.at, says })
    }
  }
  return violations
}

/** 32: every applied intent is verified, or compensated once. */
export function verified({ entries, applied }: Trace): Violation[] {
  const violations: Violation[] = []
  const perIntent = new Map<string, number>()
  for (const { at, intent } of applied) {
    const count = (perIntent.get(intent.id) ?? 0) + 1
    perIntent.set(intent.id, count)
    if (count > 2)
      violations.push({ invariant: 32, at, says: `${intent.id} applied ${count} times` })
  }
  const compensations = new Map<string, number>()
  for (const { at, entry } of entries) {
    if (entry.kind !== 'decision' || !entry.says.startsWith('compensating')) continue
    const id = intentIdOf(entry) ?? ''
    const count = (compensations.get(id) ?? 0) + 1
    compensations.set(id, count)
    if (count > 1)
      violations.push({ invariant: 32, at, says: `${id} was compensated ${count} times` })
  }
  return violations
}

/** 38: the chain holds; every intent that wrote has its outcome in the journal; what was aborted is back where it was. */
export function audit(trace: Trace): Violation[] {
  const { world, entries } = trace
  const violations: Violation[] = []
  const chain = verifyChain(world.disk.journal)
  if (!chain.ok) violations.push({ invariant: 38, at: 0, says: chain.says })
  const open = new Set([...world.disk.rows.values()].map((row) => row.intent?.id))
  for (const { at, group, intent } of trace.opened) {
    const wrote = world.writes.some((write) => write.intent === intent.id)
    const outcome = entries.find(
      ({ entry }) =>
        ['applied', 'aborted', 'frozen'].includes(entry.kind) && intentIdOf(entry) === intent.id,
    )
    if (wrote && outcome === undefined && !open.has(intent.id)) {
      violations.push({ invariant: 38, at, says: `${intent.id} wrote, and the journal has no end` })
    }
    if (outcome?.entry.kind !== 'aborted') continue
    for (const target of world.targets.values()) {
      if (target.group !== group || !target.isRequired) continue
      // One that left after its deadline, because the process was suspended just before, may be under way
      // for longer than anybody can wait: what it leaves is found as an edit.
      const deadline = at + intent.deadline - intent.openedAt
      const last = target.writes.findLast(
        ({ at: landed, sentAt }) =>
          landed <= outcome.at + 4_000 && (landed <= outcome.at || sentAt <= deadline),
      )
      if (last?.intent !== intent.id || sameAllocation(last.to, intent.from)) continue
      const says = `${intent.id} was aborted, and left ${JSON.stringify(last.to)} on ${target.name}`
      violations.push({ invariant: 38, at: outcome.at, says })
    }
  }
  return [...violations, ...ending(trace)]
}

/** 29, 38: when all is calm again, no intent is open, and the world is as the row says, unless a person must look. */
function ending({ world }: Trace): Violation[] {
  const violations: Violation[] = []
  const at = world.clock.now()
  const isCalm = (write: Write) => write.by !== 'person' || at - write.at > 30_000
  const calmSince = Math.max(...world.processes.map((each) => each.startedAt))
  if (at - calmSince < 120_000) return []
  for (const row of world.disk.rows.values()) {
    if (row.frozen !== undefined) continue
    if (
      row.intent !== undefined &&
      row.intent.openedAt < world.clock.wall() - 70_000 - groupOf(world, row.group).verify.forMs
    ) {
      violations.push({ invariant: 29, at, says: `the intent ${row.intent.id} never ended` })
    }
    if (row.intent !== undefined || row.allocation === undefined) continue
    for (const target of [...world.targets.values(), ...world.publications.values()]) {
      const { allocation } = row
      if (target.group !== row.group || !target.isRequired) continue
      if (!target.writes.every(isCalm) || sameAllocation(target.allocation, allocation)) continue
      // Targets that disagree are a person's to put right; the group is held until then.
      const isEdited = world.writes.some(
        (write) => write.by === 'person' && write.group === row.group,
      )
      if (row.hold !== undefined && isEdited && world.targets.size > 1) continue
      const says = `${target.name} serves ${JSON.stringify(target.allocation)}, and the row says ${JSON.stringify(allocation)}`
      violations.push({ invariant: 38, at, says })
    }
  }
  return violations
}
