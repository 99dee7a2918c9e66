import { describeAllocation, sameAllocation } from '../../core/allocation.ts'
import type { OpenDrill } from '../../core/drill.ts'
import type { GroupRow, Intent } from '../../core/group.ts'
import type { JournalDraft } from '../../core/journal.ts'
import { whyDrillIsOver } from '../../engine/group/drill.ts'
import type { ChangeDeps } from './change-deps.ts'
import { without } from './group-record.ts'

/** The entry that a drill holds the traffic no longer, for whatever reason. */
export function drillOver(group: string, drill: OpenDrill, says: string): JournalDraft {
  return {
    kind: 'drill',
    group,
    path: drill.away,
    actor: drill.actor,
    says: `drill ${drill.plan} moves nothing any more: ${says}`,
    data: { event: 'over', drill: drill.id, plan: drill.plan },
  }
}

/** The row's drill once an intent is applied: what the watchdog moved during a fault belongs to it, everything else ends it. */
export function drillAfter(row: GroupRow, intent: Intent): GroupRow {
  const { drill } = row
  if (drill === undefined) return row
  if (drill.to !== undefined && sameAllocation(drill.to, intent.to)) return row
  const isFound =
    drill.kind === 'fault' &&
    (intent.reason === 'ramp' ||
      (intent.reason === 'failover' &&
        drill.to === undefined &&
        intent.leaving.includes(drill.away)))
  return isFound ? { ...row, drill: { ...drill, to: intent.to } } : without(row, 'drill')
}

/** The drill that ends with an applied intent, and why. */
export function endedDrill(
  row: GroupRow,
  intent: Intent,
): { readonly drill: OpenDrill; readonly says: string } | undefined {
  const { drill } = row
  if (drill === undefined || drillAfter(row, intent).drill !== undefined) return undefined
  const isBack = sameAllocation(intent.to, drill.from)
  const where = describeAllocation(intent.to)
  const says = isBack ? `${where} serves again` : `${where} serves by ${intent.reason}`
  return { drill, says }
}

/** An intent that left nothing behind never opened its drill. */
export function withoutOpened(row: GroupRow, intent: Intent): GroupRow {
  const isOwn = intent.drill?.opens !== undefined && row.drill?.id === intent.drill.id
  return isOwn ? without(row, 'drill') : row
}

/** Ends the drill in the row that something else ended in the world: an edit, a reload, its own time. */
export async function settleDrill({ record, settings, situation }: ChangeDeps): Promise<void> {
  const { drill } = record.memory.row
  const says = drill && whyDrillIsOver(situation())
  if (drill === undefined || says === undefined) return
  await record.save((row) => without(row, 'drill'), [drillOver(settings.name, drill, says)])
}
