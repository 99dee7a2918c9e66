import type { Allocation } from './allocation.ts'
import type { Diagnosis } from './diagnosis.ts'
import type { StreamFault } from './fault.ts'
import type {
  ChangeReason,
  GroupState,
  GuardAnswer,
  Hold,
  Intent,
  LedgerEntry,
  Mode,
} from './group.ts'
import type { Health, RuleVerdict, Vote } from './health.ts'
import type { PictureLooks } from './picture.ts'
import type { Finding } from './sample.ts'
import type { Silence } from './silence.ts'
import type { Severity } from './notice.ts'
import type { DrillKind } from './drill.ts'
import type { DrillMoment, DrillSummary } from './drill-report.ts'

/** What the API serves and the status page draws. Times are wall milliseconds since the epoch. */
export interface WatchdogView {
  readonly version: string
  readonly mode: Mode
  readonly profile: string
  readonly wall: number
  readonly startedAt: number
  readonly vantage: { readonly name: string; readonly ok: boolean; readonly says: string }
  readonly store: { readonly ok: boolean; readonly says: string }
  readonly groups: readonly GroupView[]
  readonly incidents: readonly IncidentView[]
  /** The configured ways to people. */
  readonly routes: readonly RouteView[]
  /** Silences that last or are to come. */
  readonly silences: readonly Silence[]
  /** Controls for the demo, where the demo runs. */
  readonly demo?: { readonly lab: string; readonly viewer: string }
}

export interface GroupView {
  /** `<stream>/<group>` */
  readonly name: string
  readonly stream: string
  readonly title: string
  /** Words that routes and silences may name; absent where there are none. */
  readonly tags?: readonly string[]
  readonly state: GroupState
  /** One sentence: what it does and why. */
  readonly says: string
  readonly since: number
  readonly allocation?: Allocation
  readonly active?: string
  readonly preferred: string
  /** `standby` where absent. */
  readonly strategy?: 'standby' | 'weighted'
  /** The configured weights of a weighted group. */
  readonly weights?: Allocation
  /** A change that is being made in steps, in words. */
  readonly ramp?: string
  readonly leader: boolean
  readonly token?: number
  readonly hold?: Hold
  readonly frozen?: { readonly since: number; readonly says: string }
  /** Why a down active path is not left, where that is so. */
  readonly whyNot?: { readonly guard: string; readonly says: string }
  /** Every guard's answer to the newest proposal, in order; empty without one. */
  readonly guards: readonly GuardAnswer[]
  /** What the calendar says of a failover now, where that is anything. */
  readonly calendar?: {
    readonly open: boolean
    readonly says: string
    /** What begins next, where anything does within eight days. */
    readonly next?: string
  }
  /** Where the fault of the stream lies, where something is wrong with it. */
  readonly fault?: Pick<StreamFault, 'place' | 'says'>
  readonly holddownLeftMs: number
  readonly budget: { readonly left: number; readonly of: number; readonly perMs: number }
  readonly failback: { readonly auto: boolean; readonly says: string }
  /** Rehearsals of this group; absent where there are none. */
  readonly drill?: GroupDrillView
  readonly intent?: Intent
  readonly lastChange?: LedgerEntry
  /** How far the last change has come; absent once it is in effect everywhere, or where nobody passes it on. */
  readonly effect?: EffectView
  readonly actuators: readonly {
    readonly type: string
    readonly ok: boolean
    readonly says: string
    /** Milliseconds until an applied write is in effect everywhere, as the plug-in declares it. */
    readonly settleMs: number
  }[]
  readonly paths: readonly PathView[]
}

/** How far an applied change is in effect among those who pass it on. Times are wall milliseconds. */
export interface EffectView {
  readonly intent: string
  readonly appliedAt: number
  /** When every server was first seen to say it; absent while one does not. */
  readonly serversAt?: number
  /** Milliseconds for which caches may keep what they have, as the actuators declare it. */
  readonly settleMs: number
  /** Who says something else, or nothing. */
  readonly behind: readonly {
    readonly who: string
    readonly kind: 'server' | 'cache'
    readonly says: string
  }[]
}

/** An applied change. Applied, verified and in effect are three facts with three times. */
export interface ChangeView {
  readonly intent: string
  readonly reason: ChangeReason
  readonly from: Allocation
  readonly to: Allocation
  /** Who asked, where a person did. */
  readonly actor?: string
  readonly appliedAt: number
  /** Absent while it is looked at, and where something else came first. */
  readonly verified?: { readonly ok: boolean; readonly at: number; readonly says?: string }
  /** When it was seen to be in effect everywhere; absent where nobody passes it on, or it was not followed to there. */
  readonly effective?: {
    readonly at: number
    /** Milliseconds since it was applied. */
    readonly ms?: number
    /** It may have been in effect before: everybody followed before somebody looked. */
    readonly isAtMost?: true
    /** How many were asked. */
    readonly asked: number
    /** Who followed later than others. */
    readonly late: readonly string[]
  }
  /** How far it has come, while it is not in effect everywhere. */
  readonly effect?: EffectView
}

export interface PathView {
  readonly name: string
  readonly type: string
  readonly shows: string
  readonly health: Health
  readonly suspect: boolean
  readonly since: number
  readonly says: string
  readonly diagnosis?: Diagnosis
  readonly remedy?: string
  readonly weight: number
  readonly votes: readonly Vote[]
  /** What it owes for going down again and again, where anything. */
  readonly penalty?: PenaltyView
  /** What it can carry, where that is declared or a load drill measured it. */
  readonly capacity?: CapacityView
  readonly rules: readonly RuleVerdict[]
  readonly measurements: readonly MeasurementView[]
  readonly findings: readonly Finding[]
  /** When the newest sample was taken. */
  readonly seenAt?: number
  /** When `measurements` were taken, where that is before the newest sample: a failing look measures nothing. */
  readonly measuredAt?: number
  /** The cadence in milliseconds; what is older than three looks is old. */
  readonly everyMs: number
  /** Of the newest picture, where deep looks are made. */
  readonly picture?: PictureView
  /** Rules that are bad, but not yet for long enough to count; not among `rules`. */
  readonly pending: readonly RuleVerdict[]
}

export interface PictureView {
  /** When it was on air, by arrival. */
  readonly wall: number
  readonly looks: PictureLooks
  /** For so many milliseconds it counts as the present. */
  readonly freshForMs: number
  /** When the newest good picture was on air, where the newest one is not good itself. */
  readonly goodWall?: number
}

export interface CapacityView {
  /** `at-least`: so much was carried, and more was not asked for. */
  readonly source: 'declared' | 'at-most' | 'at-least'
  readonly bitsPerSecond: number
  /** When it was measured; absent where it is declared. */
  readonly wall?: number
  /** In words, with its age. */
  readonly says: string
}

export interface PenaltyView {
  /** Each time that a path goes down costs 1,000; they decay. */
  readonly points: number
  /** It went down too often: the last choice, and no failback to it, for so long; 0 where it is not. */
  readonly forgivenInMs: number
}

export interface MeasurementView {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly help: string
}

export interface RouteView {
  readonly route: string
  /** It takes notices, as far as is known. */
  readonly ok: boolean
  /** What it answers, where it does not. */
  readonly says?: string
}

export interface IncidentView {
  readonly key: string
  readonly severity: Severity
  readonly title: string
  /** What viewers get meanwhile, where that is known. */
  readonly viewers?: string
  readonly did: string
  readonly todo: string
  readonly group: string
  readonly path?: string
  /** It is about Changeover itself: only a silence of this very key keeps people from being told. */
  readonly isOwn?: true
  readonly runbook?: string
  readonly since: number
  /** Routes that were told of it. */
  readonly told: readonly string[]
  /** Why people are not told of it now, where that is so. */
  readonly quiet?: { readonly kind: 'silenced' | 'inhibited'; readonly says: string }
  readonly acknowledgedBy?: string
  /** What that person does about it, in their words. */
  readonly acknowledgedFor?: string
}

/** A drill that runs now. */
export interface RunningDrillView {
  readonly id: string
  readonly plan: string
  readonly group: string
  readonly kind: DrillKind
  readonly actor: string
  readonly since: number
  /** What it does now, in words. */
  readonly says: string
  /** What it did, oldest first; the newest twelve. */
  readonly steps: readonly DrillMoment[]
}

/** The drills of one group. */
export interface GroupDrillView {
  readonly running?: RunningDrillView
  readonly next?: { readonly plan: string; readonly at: number; readonly timeZone: string }
  readonly last?: DrillSummary
  /** When the last one that passed ended. */
  readonly passedAt?: number
  /** Newest first, at most five. */
  readonly recent: readonly DrillSummary[]
}

/** A drill of the configuration. */
export interface DrillPlanView {
  readonly name: string
  /** `<stream>/<group>` */
  readonly group: string
  readonly kind: DrillKind
  readonly timeZone: string
  readonly cron?: string
  readonly away?: string
  readonly next?: number
  readonly last?: DrillSummary
}

/** All drills, or those of one group: what is planned, what runs, and what came of the newest ones. */
export interface DrillsView {
  readonly plans: readonly DrillPlanView[]
  readonly running?: RunningDrillView
  /** Newest first. */
  readonly history: readonly DrillSummary[]
}

/** What a drill would do if it began now. */
export interface DrillOutlookView {
  /** It would begin, as far as that is known. */
  readonly ready: boolean
  /** What would keep it from beginning, where something would. */
  readonly says?: string
  /** What it does, in order, each in a few words. */
  readonly steps: readonly string[]
}
