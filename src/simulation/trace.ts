import type { Intent } from '../core/group.ts'
import type { JournalEntry, JournalKind } from '../core/journal.ts'
import type { Mode } from '../core/group.ts'
import type { World } from './world.ts'

/** A broken invariant, with its number in docs/safety.md. */
export interface Violation {
  readonly invariant: number
  readonly at: number
  readonly says: string
}

/** A journal entry with its monotonic time. */
export interface Stamped {
  readonly at: number
  readonly entry: JournalEntry
}

/** An intent as it was opened. */
export interface Opened {
  /** Monotonic time of the decision, a little before the entry was durable. */
  readonly at: number
  readonly group: string
  readonly intent: Intent
}

/** One `applied` entry; a compensation has a second one for the same intent. */
export interface Applied extends Opened {
  readonly isFirst: boolean
}

/** What a run left behind, arranged for the invariants. */
export interface Trace {
  readonly world: World
  readonly entries: readonly Stamped[]
  readonly opened: readonly Opened[]
  readonly applied: readonly Applied[]
  readonly of: (group: string, ...kinds: JournalKind[]) => readonly Stamped[]
  readonly modeAt: (at: number) => Mode
  /** A wall clock that went ahead before a restart within the window makes stored times look older than they are. */
  readonly isClockDoubtful: (from: number, until: number) => boolean
}

/** Arranges the trace of a world. */
export function traceOf(world: World): Trace {
  const entries = world.disk.journal.map((entry, index) => ({
    at: world.stamps[index] ?? 0,
    entry,
  }))
  const opened: Opened[] = []
  const byId = new Map<string, Intent>()
  const applied: Applied[] = []
  for (const { at, entry } of entries) {
    const group = entry.group ?? ''
    if (entry.kind === 'intent') {
      const intent = entry.data as unknown as Intent
      byId.set(intent.id, intent)
      opened.push({ at: at - Math.max(0, entry.at - intent.openedAt), group, intent })
    }
    if (entry.kind === 'applied') {
      const intent = byId.get(intentIdOf(entry) ?? '')
      if (intent === undefined) continue
      const isFirst = !applied.some((each) => each.intent.id === intent.id)
      // A slow store records it later; holddown runs from the last write.
      const wrote = world.writes.findLast((write) => write.intent === intent.id && write.at <= at)
      applied.push({ at: wrote?.at ?? at, group, intent, isFirst })
    }
  }
  return {
    world,
    entries,
    opened,
    applied,
    of: (group, ...kinds) =>
      entries.filter(({ entry }) => entry.group === group && kinds.includes(entry.kind)),
    modeAt: (at) => world.modes.findLast((each) => each.at < at)?.mode ?? 'armed',
    isClockDoubtful: (from, until) =>
      world.jumps.some(
        (jump) =>
          jump.ms > 0 &&
          jump.at > from &&
          world.processes.some((each) => each.startedAt >= jump.at && each.startedAt <= until),
      ),
  }
}

/** The id of the intent that an entry belongs to. */
export function intentIdOf(entry: JournalEntry): string | undefined {
  const id = entry.data?.['intent']
  return typeof id === 'string' ? id : undefined
}

/** Nobody asked for it: guards and holds apply in full. */
export function isAutomatic(intent: Intent): boolean {
  return intent.reason !== 'steer'
}

/** The process that opened an intent: `p2` of `p2-17`. */
export function processOf(intentId: string): string {
  return intentId.split('-')[0] ?? ''
}
