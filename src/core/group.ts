import type { Allocation } from './allocation.ts'
import type { Diagnosis } from './diagnosis.ts'
import type { DrillStep, OpenDrill } from './drill.ts'
import type { Health, Vote } from './health.ts'

/** The states of a group's controller. Their meaning stands in docs/safety.md. */
export type GroupState =
  | 'OBSERVE'
  | 'STEADY'
  | 'ALL-DOWN'
  | 'BLIND'
  | 'EVALUATE'
  | 'PRECHECK'
  | 'ACTUATE'
  | 'VERIFY'
  | 'ROLLBACK'
  | 'RAMP'
  | 'FROZEN'
  | 'HELD'

export type Mode = 'off' | 'advise' | 'armed'

/**
 * Why traffic is moved. `ramp`: a further step, on or back, of a change that was begun as failover or
 * failback. `spread`: the last resort of a weighted group that was told so, when nothing is left.
 * `drill`: a rehearsal, out or back.
 */
export type ChangeReason = 'failover' | 'failback' | 'steer' | 'ramp' | 'spread' | 'drill'

/**
 * A change that is made in steps: where it came from and goes to, and how far it has come. It lives
 * in the row, so that the next process goes on where this one was, and it is over as soon as
 * anything else moves weights.
 */
export interface Ramp {
  readonly reason: 'failover' | 'failback'
  readonly from: Allocation
  readonly to: Allocation
  /** What its last step applied. */
  readonly at: Allocation
  /** The configured weights that it was decided on; with others it is not gone on with. */
  readonly weights: Allocation
  /** Parts of the whole way, in percent, rising; the last is 100. */
  readonly steps: readonly number[]
  /** How many of the steps were reached in full. */
  readonly done: number
  /** Milliseconds between two steps. */
  readonly everyMs: number
  /** The rule that must be quiet on the paths that are entered. */
  readonly gate?: string
  /** How often the gate sent it back a step. */
  readonly setbacks: number
  /** Its last step was one back. */
  readonly isSetBack: boolean
  /** Short names of the paths that are left because they are down. */
  readonly leaving: readonly string[]
}

/** One guard's answer to one proposal. */
export interface GuardAnswer {
  readonly guard: string
  readonly pass: boolean
  /** A person named this guard as bypassed; it did not veto. */
  readonly bypassed?: boolean
  readonly says: string
}

/** A person froze the group. Nothing automatic is written while it lasts. */
export interface Hold {
  readonly owner: string
  readonly reason: string
  /** Wall milliseconds since the epoch. */
  readonly since: number
  /** Wall milliseconds since the epoch; every hold expires. */
  readonly until: number
}

/** The evidence that a change stands on, stored with its intent. */
export interface Basis {
  /** Every path by short name when it was decided. */
  readonly paths: Readonly<Record<string, PathBasis>>
  readonly guards: readonly GuardAnswer[]
  readonly says: string
  readonly mode?: Mode
  /** What served. */
  readonly allocation?: Allocation
  readonly timers?: {
    readonly holddownLeftMs: number
    /** What the changes within the budget's window cost together, of so many. */
    readonly budgetUsed: number
    readonly budgetOf: number
    /** How often the preferred path relapsed, which lengthens the wait for failback. */
    readonly relapses: number
    /** Flap penalties in points, by path. */
    readonly penalties: Readonly<Record<string, number>>
  }
}

/** What was known of one path. */
export interface PathBasis {
  readonly health: Health
  readonly says: string
  readonly diagnosis?: Diagnosis
  /** Milliseconds for which the health had been what it was. */
  readonly forMs?: number
  readonly votes?: readonly Pick<Vote, 'vantage' | 'health' | 'says'>[]
}

export type StepResult = 'waiting' | 'applied' | 'failed' | 'unknown' | 'conflict' | 'rolled-back'

/** One actuator's part in an intent. */
export interface IntentStep {
  /** Position in the group's actuators, in the order of applying. */
  readonly actuator: number
  readonly type: string
  readonly required: boolean
  /** The version read before deciding; the write applies to nothing else. Absent for pull actuators. */
  readonly expected?: string
  readonly result: StepResult
  readonly says: string
}

/** A change in the making: written before the first external write, one open per group. */
export interface Intent {
  readonly id: string
  readonly token: number
  readonly reason: ChangeReason
  readonly from: Allocation
  readonly to: Allocation
  /** Short names of the paths that are left because they are down. */
  readonly leaving: readonly string[]
  readonly target: string
  readonly basis: Basis
  /** Wall milliseconds by which the last external call of this intent must have started. */
  readonly deadline: number
  readonly openedAt: number
  readonly steps: readonly IntentStep[]
  /** `applied`: every required actuator reads back as wanted, verification still runs. */
  readonly phase: 'open' | 'applied'
  /** What the change costs of the budget: 1, or 2 during holddown. */
  readonly charge: number
  /** A compensation or second attempt under the same intent has begun. */
  readonly compensating: boolean
  /** Who asked, for `steer`. */
  readonly actor?: string
  /** The ramp as it stands once this is applied; absent where this is the whole change, or its last step. */
  readonly ramp?: Ramp
  /** For a rehearsal: which, and whether it goes out or comes back. */
  readonly drill?: DrillStep
}

/** One applied change, as budgets, holddown and failback count it. */
export interface LedgerEntry {
  readonly intent: string
  readonly reason: ChangeReason
  readonly from: Allocation
  readonly to: Allocation
  readonly leaving: readonly string[]
  readonly target: string
  /** For a failback: the paths to which weight returns. */
  readonly returning?: readonly string[]
  /** A drill that came back. */
  readonly isReturn?: boolean
  /** Wall milliseconds at which it was applied (or charged, while it is open). */
  readonly at: number
  readonly charge: number
}

/** Everything about a group that survives the process. One row per group, one writer at a time. */
export interface GroupRow {
  readonly group: string
  /** The fencing token of the last writer; never decreases. */
  readonly token: number
  /** Rises by one with every write of this row. */
  readonly revision: number
  readonly state: GroupState
  /** Rises by one with every applied change. */
  readonly version: number
  /** The last applied allocation; absent until the world was read for the first time. */
  readonly allocation?: Allocation
  /** What pull actuators answer from. */
  readonly published?: Allocation
  readonly intent?: Intent
  readonly ledger: readonly LedgerEntry[]
  readonly hold?: Hold
  readonly frozen?: { readonly since: number; readonly says: string }
  readonly failback: FailbackMemory
  /** A change that is being made in steps. */
  readonly ramp?: Ramp
  /** A rehearsal that holds the traffic away, or waits for a fault to be found. */
  readonly drill?: OpenDrill
  /** What paths owe for going down again and again, by short name; absent: nothing. */
  readonly penalties?: Readonly<Record<string, PathPenalty>>
  /** What load drills found that paths carry, by short name. */
  readonly carried?: Readonly<Record<string, CarriedLoad>>
}

/** What load drills found that one path carries: two facts, because a ceiling hides how much more there is. */
export interface CarriedLoad {
  /** It carried so much; more was not asked of it. */
  readonly atLeast?: MeasuredLoad
  /** It was asked for more, and so much was all that came. */
  readonly atMost?: MeasuredLoad
}

/** One measurement of a load drill. */
export interface MeasuredLoad {
  /** Bits a second, the mean over the drill. */
  readonly bitsPerSecond: number
  /** Wall milliseconds at which the drill ended. */
  readonly at: number
  /** Name of the drill. */
  readonly plan: string
}

/** A flap penalty as stored: everything else follows from it and the time. */
export interface PathPenalty {
  /** Points at `at`. */
  readonly points: number
  /** Wall milliseconds at which the path last went down. */
  readonly at: number
  /** It was neither up nor degraded since. */
  readonly isDown: boolean
  /** It went down too often, and was not forgiven by `at`. */
  readonly isSuppressed: boolean
}

/** What failback remembers: relapses double the wait and block a second automatic one. */
export interface FailbackMemory {
  /** How often the preferred path relapsed after an automatic failback, until a quiet period. */
  readonly relapses: number
  /** Wall milliseconds of the last automatic failback. */
  readonly lastAt?: number
  /** Wall milliseconds before which no automatic failback happens. */
  readonly blockedUntil?: number
}
