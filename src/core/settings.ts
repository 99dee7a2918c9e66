import type { CalendarEntry, Period } from './calendar.ts'
import type { Allocation } from './allocation.ts'
import type { ContinuityBlock, ContinuityLimits } from './continuity.ts'
import type { DrillPlan } from './drill-plan.ts'
import type { Mode } from './group.ts'
import type { RuleChanges } from './rule.ts'

/** How quickly rules judge where a rule file does not say. Milliseconds. */
export interface RuleTiming {
  readonly everyMs: number
  readonly forMs: number
  readonly ratio: { readonly bad: number; readonly of: number }
  readonly clearForMs: number
  readonly staleAfterMs: number
}

/** One path of a group, as configuration gives it. */
export interface PathSettings {
  /** Short name, unique in its group. */
  readonly name: string
  /** Type of the probe plug-in. */
  readonly type: string
  /** The probe's own options, parsed by its schema. */
  readonly options: unknown
  /** The URL or address, redacted, for people. */
  readonly shows: string
  readonly everyMs: number
  /** The failure domain, for preferring targets elsewhere. */
  readonly domain?: string
  /** Further checks of the same path that may contradict a down; each is named `<path>@<witness>`. */
  readonly witnesses?: readonly PathSettings[]
}

export interface QuorumSettings {
  readonly atLeast: number
  /** 0 to 1, of the configured vantages. */
  readonly fraction: number
  readonly domains: number
  readonly minFresh: number
}

export interface VantageSettings {
  readonly name: string
  readonly domain: string
}

export interface ActuatorSettings {
  readonly type: string
  readonly options: unknown
  readonly required: boolean
}

export interface BudgetSettings {
  readonly changes: number
  readonly perMs: number
}

export interface FailbackSettings {
  readonly auto: boolean
  readonly stableForMs: number
  readonly maxWaitMs: number
  /** Automatic failback only while one of these lasts; at any time where there is none. */
  readonly window: readonly Period[]
}

/** How going down again and again is remembered. Each time costs 1,000 points, which decay. */
export interface FlapSettings {
  readonly halfLifeMs: number
  /** Points from which a path ranks behind others and failback to it waits … */
  readonly suppress: number
  /** … until it owes less than this. */
  readonly reuse: number
}

export interface VerifySettings {
  /** Probed through the public name; absent: the target's own fresh probes decide. */
  readonly path?: PathSettings
  readonly forMs: number
}

/** How a weighted group shares its traffic. */
export interface SharingSettings {
  /** The configured weight of each path, by short name; integers that add up to 100. */
  readonly weights: Allocation
  /** The largest share of each path, 1 to 100, by short name. */
  readonly maxWeights: Allocation
  /** At least this many paths that are not down serve after a change, from 1. */
  readonly minServing: number
  /** At most so many points of weight (1 to 100) change hands within the time; absent: no limit. */
  readonly velocity?: { readonly points: number; readonly perMs: number }
  /** When the capacity that is left is below this part (0 to 1) of the demand, and what is done then. */
  readonly panic: { readonly fraction: number; readonly answer: 'hold' | 'spread' }
  /** Steps in percent of the whole way, rising to 100; absent: weight returns at once. */
  readonly ramp?: {
    readonly steps: readonly number[]
    readonly everyMs: number
    /** Name of the rule that must be quiet on a path that is entered. */
    readonly gate?: string
  }
}

/** What paths can carry, as far as it was declared; bits per second. Nothing of it is guessed. */
export interface CapacitySettings {
  /** What all viewers together take at most. */
  readonly demand?: number
  /** What a path can carry, by short name. */
  readonly paths: Readonly<Record<string, number>>
}

/** One path group, complete: every default is filled in. */
export interface GroupSettings {
  /** `<stream>/<group>` */
  readonly name: string
  readonly stream: string
  readonly title: string
  /** Of the stream, for routes and silences. */
  readonly tags?: readonly string[]
  readonly strategy: 'standby' | 'weighted'
  /** Present exactly where the strategy is `weighted`. */
  readonly sharing?: SharingSettings
  /** Absent where neither demand nor the capacity of a path is declared. */
  readonly capacity?: CapacitySettings
  /** What its paths carry: the stream to the servers, or from them to viewers. */
  readonly role: 'ingest' | 'delivery'
  /** In order of preference: the first is the preferred path. */
  readonly paths: readonly PathSettings[]
  readonly vantages: readonly VantageSettings[]
  /** Which group goes first where the blast radius lets only some go: the higher one. */
  readonly priority: number
  readonly quorum: QuorumSettings
  readonly verify: VerifySettings
  readonly holddownMs: number
  readonly budget: BudgetSettings
  /** How often drills may move traffic, beside `budget`. */
  readonly drillBudget: BudgetSettings
  /** At least one drill must pass within this time, or people are told. Absent: nobody is. */
  readonly drillWithinMs?: number
  readonly failback: FailbackSettings
  readonly flaps: FlapSettings
  /** Freezes and change windows of the installation and of the group. */
  readonly calendar: readonly CalendarEntry[]
  /** What of a stream must go on when it is moved, and which changes a stream that would not keeps waiting. */
  readonly continuity: ContinuityLimits & { readonly blocks: readonly ContinuityBlock[] }
  /** Types of the actuators that decide what serves and that cannot be taken back; empty: all can. */
  readonly irreversible: readonly string[]
  /** An active path that is down is left by itself only when it has been down for so long. */
  readonly leaveAfterMs: number
  readonly pageAfterMs: number
  readonly actuators: readonly ActuatorSettings[]
  /** Lease time to live, its renewal interval and the ceiling of one external call. */
  readonly leaseMs: number
  readonly renewMs: number
  readonly callTimeoutMs: number
  /** How old the pre-check of a target may be when the change begins. */
  readonly precheckTtlMs: number
  /** How often actuators are read back while nothing happens, to notice foreign edits. */
  readonly observeEveryMs: number
  /** How long a foreign edit or a steer holds the group. */
  readonly impliedHoldMs: number
  /** Milliseconds that a path needs to earn its health; until then an unknown one is OBSERVE, not BLIND. */
  readonly earnMs: number
}

export interface NotifierSettings {
  /** Unique name of the route: its type, or type and position. */
  readonly route: string
  readonly type: string
  readonly options: unknown
  /** Only notices of this severity and worse; `info` takes everything. */
  readonly minSeverity: 'critical' | 'error' | 'warning' | 'info'
  /** Patterns; of each list that is given, one must match. Everything where absent. */
  readonly only?: {
    readonly streams?: readonly string[] | undefined
    readonly groups?: readonly string[] | undefined
    readonly tags?: readonly string[] | undefined
  }
  /** Only while one of these lasts. */
  readonly when?: readonly Period[]
  /** Only what nobody acknowledged for so long. */
  readonly afterMs?: number
  readonly repeatMs?: number
  /** Only while this route does not take notices. */
  readonly insteadOf?: string
  readonly togetherMs?: number
}

export interface InstallationSettings {
  /**
   * At most max(groups, fraction × all groups) groups change per window. The others wait for the
   * next one, or freeze until a person looks.
   */
  readonly blastRadius: {
    readonly beyond: 'queue' | 'freeze'
    readonly groups: number
    readonly fraction: number
    readonly perMs: number
  }
}

/** Where a running watchdog keeps what it saw, for `changeover replay`. */
export interface RecordingSettings {
  readonly directory: string
  /** Of one file. */
  readonly maxBytes: number
  /** How many files are kept; the oldest is removed. */
  readonly files: number
}

/** The whole configuration, parsed, with every default filled in. */
export interface Settings {
  readonly mode: Mode
  readonly profile: 'default' | 'broadcast' | 'demo'
  readonly vantage: {
    readonly name: string
    readonly domain: string
    /** Targets that tell whether this vantage itself can see; empty: only loop lag is checked. */
    readonly reference: readonly string[]
  }
  readonly vantages: readonly VantageSettings[]
  /** `sqlite:<file>` */
  readonly store: string
  readonly listen: {
    readonly operator: { readonly host: string; readonly port: number }
    readonly public?: { readonly host: string; readonly port: number }
    /** For agent-checks of HAProxy, over TCP. */
    readonly agent?: { readonly host: string; readonly port: number }
  }
  /** Bearer tokens by role; without any, a token file is made beside the store. */
  readonly tokens: readonly {
    readonly role: 'viewer' | 'operator'
    readonly token: string
    readonly name: string
  }[]
  /** An address outside that is called while the loop is alive. */
  readonly heartbeat?: { readonly url: string; readonly everyMs: number }
  /** Address of the status page as people reach it, for links in notices. */
  readonly publicUrl?: string
  readonly rules: {
    readonly directories: readonly string[]
    readonly shipped: boolean
    /** What is judged otherwise, by the full name of the path; `<stream>/<group>/verify` for `verify.url`. */
    readonly changes?: Readonly<Record<string, RuleChanges>>
  }
  readonly timing: RuleTiming
  /** Absent: nothing is recorded. */
  readonly recording?: RecordingSettings
  readonly installation: InstallationSettings
  readonly groups: readonly GroupSettings[]
  /** Rehearsals, each under a name of its own. */
  readonly drills: readonly DrillPlan[]
  /** Where reports of drills are kept, and how many; beside the store where there is no directory. */
  readonly drillReports: { readonly directory?: string; readonly keep: number }
  readonly notify: readonly NotifierSettings[]
}
