import type { Clock, Ids } from '../../core/clock.ts'
import type { Intent } from '../../core/group.ts'
import type { JournalDraft } from '../../core/journal.ts'
import type { GroupSettings } from '../../core/settings.ts'
import type { Situation } from '../../engine/group/situation.ts'
import type { Installation } from '../installation.ts'
import type { BoundActuator } from './bound-actuator.ts'
import type { GroupRecord } from './group-record.ts'
import type { LeaseKeeper } from './lease-keeper.ts'

/** What a change needs from the outside; everything else it keeps in the row. */
export interface ChangeDeps {
  readonly clock: Clock
  readonly ids: Ids
  readonly settings: GroupSettings
  readonly actuators: readonly BoundActuator[]
  readonly record: GroupRecord
  readonly lease: LeaseKeeper
  readonly installation: Installation
  readonly situation: () => Situation
  /** Probes the public name (or the paths that were given weight) afresh until it is good, bad or out of time. */
  readonly verify: (targets: readonly string[], signal: AbortSignal) => Promise<Verified>
  /** The row changed in a way that people or pull actuators should see. */
  readonly onChange: () => void
  /** An intent was committed as applied: how far it comes from there is watched elsewhere. */
  readonly onApplied?: (intent: Intent) => void
  readonly onPhase?: (phase: 'apply' | 'verify', ms: number) => void
}

/** What fresh looks say of a target. */
export interface Verified {
  readonly ok: boolean
  readonly says: string
  /** Nothing could be seen: no evidence that the target is bad. */
  readonly isBlind?: boolean
}

/** Milliseconds within which the external calls of one intent must begin. */
export function intentBudgetMs(settings: GroupSettings): number {
  return settings.callTimeoutMs * 4
}

/** The journal entry of one moment of an intent; the one that opens it carries it whole. */
export function entryOf(
  settings: GroupSettings,
  kind: JournalDraft['kind'],
  intent: Pick<Intent, 'id' | 'target' | 'actor'> | undefined,
  says: string,
): JournalDraft {
  return {
    kind,
    group: settings.name,
    ...(intent !== undefined && { path: intent.target }),
    ...(intent?.actor !== undefined && { actor: intent.actor }),
    says,
    data:
      kind === 'intent' && intent !== undefined
        ? { ...intent }
        : { ...(intent !== undefined && { intent: intent.id }) },
  }
}
