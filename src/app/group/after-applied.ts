import type { GroupRow, Intent } from '../../core/group.ts'
import type { GroupSettings } from '../../core/settings.ts'
import { failbackAfter } from '../../engine/group/failback.ts'
import { drillAfter } from './drill-over.ts'
import { without } from './group-record.ts'
import { impliedReason } from './verify-change.ts'

/** The row after an applied intent: allocation, ramp, ledger time, failback memory, implied hold. */
export function afterApplied(
  row: GroupRow,
  intent: Intent,
  settings: GroupSettings,
  facts: { readonly wall: number; readonly relapsed: boolean; readonly isQuiet: boolean },
): GroupRow {
  const { wall } = facts
  const moved: GroupRow = {
    // Whatever moves weights and is no step of a ramp ends it.
    ...drillAfter(without(row, 'ramp'), intent),
    ...(intent.ramp !== undefined && { ramp: intent.ramp }),
    intent,
    allocation: intent.to,
    published: intent.to,
    version: row.version + 1,
    ledger: row.ledger.map((each) => (each.intent === intent.id ? { ...each, at: wall } : each)),
  }
  if (intent.reason === 'steer') {
    const implied = {
      owner: intent.actor ?? 'unknown',
      reason: impliedReason,
      since: wall,
      until: wall + settings.impliedHoldMs,
    }
    // A hold that lasts longer was given by somebody who meant it.
    const isLonger = row.hold !== undefined && row.hold.until > implied.until
    return isLonger ? moved : { ...moved, hold: implied }
  }
  return { ...moved, failback: failbackAfter(row.failback, intent, settings, facts) }
}
