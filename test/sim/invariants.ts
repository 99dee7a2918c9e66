import { serving } from '../../src/core/allocation.ts'
import type { GroupRow, Intent } from '../../src/core/group.ts'
import type { JournalEntry } from '../../src/core/journal.ts'
import { verifyChain } from '../../src/formats/journal-chain.ts'
import { groupName, type World } from './world.ts'

/** A broken invariant, with its number in docs/safety.md. */
export interface Violation {
  readonly invariant: number
  readonly at: number
  readonly says: string
}

interface Applied {
  readonly at: number
  readonly intent: Intent
}

/** Checks the whole trace of a run: writes, journal, looks. */
export function checkTrace(world: World): Violation[] {
  const intents = intentsOf(world.disk.journal)
  const applied = appliedOf(world, intents)
  return [
    ...evidence(world, intents),
    ...targets(world, intents),
    ...neverEmpty(world),
    ...holddown(world, applied),
    ...budget(world, applied),
    ...intentFirst(world),
    ...fencing(world),
    ...foreignEdits(world),
    ...oneWritePerIntent(world),
    ...audit(world),
  ]
}

function intentsOf(journal: readonly JournalEntry[]): Map<string, Intent> {
  const found = new Map<string, Intent>()
  for (const entry of journal) {
    if (entry.kind !== 'intent' || entry.data === undefined) continue
    const intent = entry.data as unknown as Intent
    found.set(intent.id, intent)
  }
  return found
}

/** Changes as the journal counts them: the first `applied` entry of each intent. */
function appliedOf(world: World, intents: ReadonlyMap<string, Intent>): Applied[] {
  const seen = new Set<string>()
  const applied: Applied[] = []
  for (const [index, entry] of world.disk.journal.entries()) {
    const id = entry.data?.['intent']
    if (entry.kind !== 'applied' || typeof id !== 'string' || seen.has(id)) continue
    seen.add(id)
    const intent = intents.get(id)
    if (intent !== undefined) applied.push({ at: world.stamps[index] ?? 0, intent })
  }
  return applied
}

/** 1, 2, 3, 4, 8: an automatic move away from a path stands on enough vantages that saw it bad, lately. */
function evidence(world: World, intents: ReadonlyMap<string, Intent>): Violation[] {
  const violations: Violation[] = []
  const done = new Set<string>()
  for (const write of world.target.writes) {
    const intent = intents.get(write.intent ?? '')
    if (intent === undefined || intent.reason !== 'failover' || done.has(intent.id)) continue
    done.add(intent.id)
    for (const path of intent.leaving) {
      const basis = intent.basis.paths[path]?.health
      if (basis !== 'down') {
        violations.push({ invariant: 8, at: write.at, says: `left ${path}, which was ${basis}` })
      }
      const bad = new Set<string>()
      const fresh = new Set<string>()
      for (const look of world.looks) {
        if (look.path !== path || look.at > write.at) continue
        // Down keeps for clear_for after the last bad look; nothing older may count.
        if (look.sight === 'bad' && look.at > write.at - 200_000) bad.add(look.vantage)
        if (look.sight !== 'dark' && look.at > write.at - 45_000) fresh.add(look.vantage)
      }
      const needed = Math.min(2, world.group.vantages.length)
      if (bad.size < needed) {
        const says = `left ${path} on the word of ${bad.size} vantages`
        violations.push({ invariant: bad.size === 0 ? 2 : 1, at: write.at, says })
      }
      if (fresh.size < needed) {
        const says = `left ${path} while ${fresh.size} vantages were fresh`
        violations.push({ invariant: 3, at: write.at, says })
      }
    }
  }
  return violations
}

/** 7, 9, 10: the target was eligible in the snapshot, and looked at right before. */
function targets(world: World, intents: ReadonlyMap<string, Intent>): Violation[] {
  const violations: Violation[] = []
  const done = new Set<string>()
  for (const write of world.target.writes) {
    const intent = intents.get(write.intent ?? '')
    if (intent === undefined || done.has(intent.id) || intent.reason === 'steer') continue
    done.add(intent.id)
    const health = intent.basis.paths[intent.target]?.health
    if (health !== 'up' && health !== 'degraded') {
      const says = `moved to ${intent.target}, which was ${health}`
      violations.push({ invariant: 9, at: write.at, says })
    }
    const isChecked = world.looks.some(
      (look) =>
        look.path === intent.target &&
        look.purpose === 'precheck' &&
        look.sight === 'good' &&
        look.at <= write.at,
    )
    if (!isChecked) {
      violations.push({ invariant: 9, at: write.at, says: `${intent.target} was not checked` })
    }
    const down = Object.values(intent.basis.paths).every((path) => path.health === 'down')
    if (down) violations.push({ invariant: 10, at: write.at, says: 'moved while all are down' })
  }
  return violations
}

/** 11: after every write something serves, and only configured paths. */
function neverEmpty(world: World): Violation[] {
  const known = new Set(world.group.paths.map((path) => path.name))
  return world.target.writes
    .filter((write) => write.by === 'changeover')
    .filter(
      (write) =>
        serving(write.to).length === 0 || Object.keys(write.to).some((path) => !known.has(path)),
    )
    .map((write) => ({ invariant: 11, at: write.at, says: `wrote ${JSON.stringify(write.to)}` }))
}

/** 17, 21: between changes lies a holddown, with one exception, and no return to a path left as down. */
function holddown(world: World, applied: readonly Applied[]): Violation[] {
  const violations: Violation[] = []
  const automatic = applied.filter(({ intent }) => intent.reason !== 'steer')
  for (const [index, { at, intent }] of automatic.entries()) {
    const recent = automatic
      .slice(0, index)
      .filter((earlier) => at - earlier.at < world.group.holddownMs)
    if (recent.length === 0) continue
    if (intent.charge < 2 || intent.reason !== 'failover') {
      const says = `${intent.reason} ${at - (recent.at(-1)?.at ?? 0)} ms after a change`
      violations.push({ invariant: 17, at, says })
    }
    if (recent.some((earlier) => earlier.intent.charge > 1)) {
      violations.push({ invariant: 17, at, says: 'a second exception within one holddown' })
    }
    const left = recent.find((earlier) => earlier.intent.leaving.includes(intent.target))
    if (left !== undefined) {
      violations.push({ invariant: 21, at, says: `returned to ${intent.target}, left as down` })
    }
  }
  return violations
}

/** 18: in any sliding window, unless a person forgave what was spent. */
function budget(world: World, applied: readonly Applied[]): Violation[] {
  const { changes, perMs } = world.group.budget
  const forgiven = world.disk.journal.some((entry) => entry.kind === 'ack')
  if (forgiven) return []
  const automatic = applied.filter(({ intent }) => intent.reason !== 'steer')
  return automatic.flatMap(({ at }) => {
    const window = automatic.filter((each) => each.at <= at && at - each.at < perMs)
    const cost = window.reduce((sum, each) => sum + each.intent.charge, 0)
    return cost > changes
      ? [{ invariant: 18, at, says: `changes cost ${cost} within the window, ${changes} allowed` }]
      : []
  })
}

/** 26: a write only under an intent that was open on disk, and only towards what it wants. */
function intentFirst(world: World): Violation[] {
  return world.target.writes
    .filter(
      (write) => write.by === 'changeover' && (write.intent === undefined || !write.matchesIntent),
    )
    .map((write) => ({
      invariant: 26,
      at: write.at,
      says: `wrote ${JSON.stringify(write.to)} without an intent for it`,
    }))
}

/** 27, 34: tokens of writes never decrease. */
function fencing(world: World): Violation[] {
  const violations: Violation[] = []
  let highest = 0
  for (const write of world.target.writes) {
    if (write.by !== 'changeover') continue
    if (write.token < highest) {
      violations.push({
        invariant: 27,
        at: write.at,
        says: `token ${write.token} after ${highest}`,
      })
    }
    highest = Math.max(highest, write.token)
  }
  return violations
}

/** 28, 31: nothing that a person wrote is overwritten before it was read back and held. */
function foreignEdits(world: World): Violation[] {
  const violations: Violation[] = []
  const { writes } = world.target
  for (const [index, write] of writes.entries()) {
    if (write.by !== 'person') continue
    const next = writes[index + 1]
    if (next === undefined || next.by === 'person' || next.at - write.at > 1_000) continue
    violations.push({
      invariant: 28,
      at: next.at,
      says: `an edit by a person was overwritten after ${next.at - write.at} ms`,
    })
  }
  return violations
}

/** 29: never two different writes for one intent, compensation apart: each step once, in one direction. */
function oneWritePerIntent(world: World): Violation[] {
  const violations: Violation[] = []
  const byIntent = new Map<string, string[]>()
  for (const write of world.target.writes) {
    if (write.by !== 'changeover' || write.intent === undefined) continue
    const known = byIntent.get(write.intent) ?? []
    known.push(JSON.stringify(write.to))
    byIntent.set(write.intent, known)
  }
  for (const [intent, seen] of byIntent) {
    // Two steps there, two for one compensation.
    if (seen.length > 4) {
      violations.push({ invariant: 29, at: 0, says: `${intent} wrote ${seen.length} times` })
    }
  }
  return violations
}

/** 38: the journal's chain holds, and every write's intent is in it. */
function audit(world: World): Violation[] {
  const violations: Violation[] = []
  const chain = verifyChain(world.disk.journal)
  if (!chain.ok) violations.push({ invariant: 38, at: 0, says: chain.says })
  return violations
}

/** 37: whatever the moment, a down active path that is not left has a reason. Called while running. */
export function checkExplained(world: World): Violation[] {
  const violations: Violation[] = []
  for (const process of world.processes) {
    if (process.dead || process.store.crashed) continue
    const snapshot = process.watchdog.controller(groupName)?.snapshot()
    if (snapshot === undefined || snapshot.decision.kind !== 'stay') continue
    const { decision, situation, busy } = snapshot
    const on = serving(situation.memory.row.allocation ?? {})
    const isDown = on.some((path) => situation.paths.get(path)?.health === 'down')
    const isSaid =
      decision.whyNot !== undefined || busy !== undefined || decision.state !== 'STEADY'
    if (isDown && !isSaid && situation.now - snapshot.lastTurn < 100) {
      const at = world.clock.now()
      violations.push({ invariant: 37, at, says: `a down path is not left: ${decision.says}` })
    }
  }
  return violations
}

/** Everything that must be equal for two runs of one seed (invariant 15). */
export function fingerprint(world: World): string {
  const rows: GroupRow[] = [...world.disk.rows.values()]
  return JSON.stringify({ journal: world.disk.journal, writes: world.target.writes, rows })
}
