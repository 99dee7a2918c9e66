import type { Clock, Ids } from '../../core/clock.ts'
import type { Condition } from '../../core/condition.ts'
import type { GroupState, Mode } from '../../core/group.ts'
import type { PathHealth } from '../../core/health.ts'
import type { Log } from '../../core/log.ts'
import type { GroupSettings } from '../../core/settings.ts'
import type { Decision } from '../../engine/group/decide.ts'
import type { Situation } from '../../engine/group/situation.ts'
import type { Store } from '../../plugin/store.ts'
import type { Installation } from '../installation.ts'
import type { BoundActuator } from './bound-actuator.ts'
import type { Verified } from './change-deps.ts'
import type { ActuatorReading } from './read-back.ts'

/** What a group controller needs from the outside. */
export interface GroupControllerDeps {
  readonly clock: Clock
  readonly ids: Ids
  readonly store: Store
  readonly log: Log
  /** Identity of this process as a lease owner. */
  readonly owner: string
  readonly settings: GroupSettings
  readonly actuators: readonly BoundActuator[]
  readonly installation: Installation
  readonly mode: () => Mode
  /** Health by short path name, now. */
  readonly health: () => ReadonlyMap<string, PathHealth>
  /** One fresh look at a path: the pre-check of a target. */
  readonly look: (path: string, signal: AbortSignal) => Promise<Verified>
  /** Fresh looks through the public name until good, bad or out of time. */
  readonly verify: (target: string, signal: AbortSignal) => Promise<Verified>
  readonly onChange: () => void
  readonly onConditions: (conditions: readonly Condition[]) => void
  /** Another process leads: what goes on, and when it is over, is for that one to tell. */
  readonly onAside?: () => void
  readonly onDecision?: (decision: Decision) => void
  readonly onPhase?: (phase: 'apply' | 'verify' | 'detect' | 'effective', ms: number) => void
  /** Guards to leave out; only the mutation tests use it. */
  readonly withoutGuards?: readonly string[]
  /** Milliseconds between evaluations when nothing changes. */
  readonly tickMs: () => number
}

/** Everything that views, metrics and pull actuators show of a group. */
export interface GroupSnapshot {
  readonly situation: Situation
  readonly decision: Decision
  readonly state: GroupState
  readonly stateSince: number
  readonly busy: string | undefined
  readonly readings: readonly ActuatorReading[]
  readonly lastTurn: number
}
