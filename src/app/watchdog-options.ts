import type { Clock, Ids, Random } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import type { Sample } from '../core/sample.ts'
import type { Settings } from '../core/settings.ts'
import type { RuleSet } from '../engine/rules/rule-set.ts'
import type { Files } from '../plugin/files.ts'
import type { Net } from '../plugin/net.ts'
import type { Delivery } from '../plugin/notifier.ts'
import type { Processes } from '../plugin/processes.ts'
import type { Schedules } from '../plugin/schedules.ts'
import type { Store } from '../plugin/store.ts'
import type { DrillArchive } from './drills/archive.ts'
import type { Transition } from './health-board.ts'
import type { Plugins } from './plugin-binding.ts'

/** What is observed from outside: metrics hook in here. */
export interface WatchdogHooks {
  readonly onSample?: (sample: Sample) => void
  readonly onTransition?: (transition: Transition) => void
  readonly onLag?: (ms: number) => void
  readonly onPhase?: (phase: 'detect' | 'apply' | 'verify' | 'effective', ms: number) => void
  readonly onDelivered?: (route: string, delivery: Delivery) => void
  /** A heartbeat was sent: whether it was taken. */
  readonly onHeartbeat?: (isTaken: boolean) => void
  readonly onForget?: (path: string) => void
  /** A group was evaluated. */
  readonly onTurn?: () => void
}

/** What a watchdog is made of. */
export interface WatchdogOptions {
  readonly clock: Clock
  readonly random: Random
  readonly ids: Ids
  readonly net: Net
  readonly processes?: Processes | undefined
  readonly files?: Files | undefined
  readonly store: Store
  readonly log: Log
  readonly plugins: Plugins
  readonly settings: Settings
  /** Rules of every pack, compiled against the probes' declarations. */
  readonly rules: RuleSet
  /** Runs drills by the calendar; absent: on demand only. */
  readonly schedules?: Schedules
  /** Where reports of drills are kept; absent: nowhere. */
  readonly drillArchive?: DrillArchive
  /** Our own version, for reports. */
  readonly version?: string
  readonly lagMs: () => number
  readonly hooks?: WatchdogHooks
  /** Guards to leave out; only the mutation tests use it. */
  readonly withoutGuards?: readonly string[]
  /** Milliseconds between evaluations of a group when nothing changes. */
  readonly tickMs?: (settings: Settings) => number
}
