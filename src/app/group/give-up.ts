import { describeAllocation } from '../../core/allocation.ts'
import type { GroupRow, Intent } from '../../core/group.ts'
import type { JournalDraft } from '../../core/journal.ts'
import { entryOf, intentBudgetMs, type ChangeDeps } from './change-deps.ts'
import { converge, type Converged } from './converge.ts'
import { drillOver, withoutOpened } from './drill-over.ts'
import { without } from './group-record.ts'

/** A required actuator did not follow: conflict and a clean failure abort, what was written is taken back. */
export async function giveUp(
  deps: ChangeDeps,
  intent: Intent,
  failure: Converged,
  results: readonly (Converged | undefined)[],
): Promise<void> {
  const { clock, record, settings } = deps
  if (failure.result === 'lost') {
    // Another process may lead now: write nothing. Whoever leads judges the open intent.
    record.forget()
    deps.onChange()
    return
  }
  if (results.some((result) => result?.isUncertain === true)) {
    // An unanswered write may still land: what is read before that would not last.
    await clock.sleep(settings.callTimeoutMs)
  }
  const isConflict = failure.result === 'conflict'
  const isHalfOurs = isConflict && failure.wrote
  const problems = await takeBack(deps, intent, results, isConflict ? failure : undefined)
  if (problems.length === 0 && isConflict && !failure.wrote && intent.compensating) {
    // A person put something else in place of what could not be verified: that is theirs now.
    await leaveToPeople(deps, intent, failure.says)
    return
  }
  if (problems.length > 0 || isHalfOurs || intent.compensating) {
    const state = problems.length > 0 ? `; taking it back failed: ${problems.join('; ')}` : ''
    await freeze(deps, intent, `the change stopped half-way: ${failure.says}${state}`, [])
    return
  }
  await abort(deps, intent, failure.says)
}

/** Brings back what was written, last first. After a foreign edit nothing is taken back on that target: the edit is never overwritten. */
async function takeBack(
  deps: ChangeDeps,
  intent: Intent,
  results: readonly (Converged | undefined)[],
  edited: Converged | undefined,
): Promise<string[]> {
  const { clock, settings } = deps
  const problems: string[] = []
  for (const [index, actuator] of [...deps.actuators.entries()].toReversed()) {
    const done = results[index]
    if (done === undefined || !done.wrote || done === edited) continue
    const undone = await converge({
      clock,
      actuator,
      wanted: intent.from,
      trail: done.trail,
      callTimeoutMs: settings.callTimeoutMs,
      deadline: clock.now() + intentBudgetMs(settings),
      confirm: () => deps.lease.confirm(intent.token, settings.callTimeoutMs),
      signal: new AbortController().signal,
    })
    if (undone.result !== 'applied') problems.push(`${actuator.type}: ${undone.says}`)
  }
  return problems
}

/** Drops an intent of which nothing is left in the world, and refunds it. Where that cannot be made durable it stays open. */
export async function abort(deps: ChangeDeps, intent: Intent, says: string): Promise<void> {
  const { clock, record, settings } = deps
  const saved = await record.save(
    (row): GroupRow => ({
      ...withoutOpened(without(row, 'intent'), intent),
      state: 'OBSERVE',
      ledger: row.ledger.filter((each) => each.intent !== intent.id),
      published: intent.from,
    }),
    [
      entryOf(
        settings,
        'aborted',
        intent,
        `${intent.reason} to ${describeAllocation(intent.to)} aborted: ${says}`,
      ),
      ...(intent.drill?.opens === undefined
        ? []
        : [drillOver(settings.name, intent.drill.opens, `nothing was moved: ${says}`)]),
    ],
  )
  if (!saved.ok) return
  deps.installation.refund(intent.id)
  record.remember((memory) => {
    const changes = memory.changes.filter((change) => change.intent !== intent.id)
    // Holddown runs from applied changes: without any there is none, also after a restart.
    const holddownUntil = changes.length === 0 ? clock.now() : memory.holddownUntil
    return { ...memory, readBack: false, changes, holddownUntil }
  })
  deps.onChange()
}

/**
 * Ends an applied intent whose target somebody else has changed since: the change counts, and the
 * next read-back sees the edit and holds the group.
 */
export async function leaveToPeople(deps: ChangeDeps, intent: Intent, says: string): Promise<void> {
  const { record, settings } = deps
  const saved = await record.save(
    (row): GroupRow => ({
      ...without(row, 'intent'),
      state: 'OBSERVE',
      ...(row.allocation !== undefined && { published: row.allocation }),
    }),
    [entryOf(settings, 'decision', intent, `the change is left as it is: ${says}`)],
  )
  if (!saved.ok) return
  record.remember((memory) => ({ ...memory, readBack: false }))
  deps.onChange()
}

/** Stops everything automatic in the group until a person acknowledges. */
export async function freeze(
  deps: ChangeDeps,
  intent: Intent | undefined,
  says: string,
  entries: readonly JournalDraft[],
): Promise<void> {
  const { clock, record, settings } = deps
  await record.save(
    (row) => ({
      // A person looks now: what was under way in steps is not gone on with.
      ...without(without(row, 'intent'), 'ramp'),
      state: 'FROZEN',
      frozen: { since: clock.wall(), says },
    }),
    [...entries, entryOf(settings, 'frozen', intent, says)],
  )
  deps.onChange()
}
