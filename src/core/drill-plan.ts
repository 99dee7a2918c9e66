import type { Period } from './calendar.ts'
import type { DrillKind } from './drill.ts'
import type { Severity } from './notice.ts'

/** What a drill measures. `gap`: the longest time for which the public name showed nothing good. */
export type DrillMeasure = 'detect' | 'decide' | 'apply' | 'verify' | 'effective' | 'gap' | 'return'

/** In the order in which they happen. */
export const drillMeasures: readonly DrillMeasure[] = [
  'detect',
  'decide',
  'apply',
  'verify',
  'effective',
  'gap',
  'return',
]

/** How a fault drill breaks its path and heals it: the lab's control API, or two addresses of one's own. */
export type FaultHook =
  | {
      readonly by: 'lab'
      /** Address of the lab's control API. */
      readonly url: string
      readonly target: string
      readonly fault: string
      readonly value?: number
    }
  | { readonly by: 'webhook'; readonly begin: string; readonly end: string }

/** The ceiling of virtual viewers; both are required, nothing is pulled beyond them. */
export interface LoadCeiling {
  readonly viewers: number
  readonly bitsPerSecond: number
}

/** A drill as configured. Times are milliseconds. */
export interface DrillPlan {
  readonly name: string
  /** `<stream>/<group>` */
  readonly group: string
  readonly kind: DrillKind
  /** Five fields; absent: on demand only. */
  readonly cron?: string
  readonly timeZone: string
  /** Short name of the path to be left (or pulled, for `load`: the standby); chosen where absent. */
  readonly away?: string
  readonly stayMs: number
  readonly maxMs: number
  readonly objectives: Readonly<Partial<Record<DrillMeasure, number>>>
  readonly abortIf: {
    /** Healths of the standby that end the drill, besides down and unknown, which always do. */
    readonly standby: readonly ('degraded' | 'contested')[]
    /** A gap at the public name longer than this ends the drill. */
    readonly gapMs?: number
  }
  /** Open incidents of the group from this severity on keep the drill from starting, and end it. */
  readonly blockedBy: Severity
  /** Only within one of these times, where there is any. */
  readonly window: readonly Period[]
  readonly fault?: FaultHook
  readonly load?: LoadCeiling
}
