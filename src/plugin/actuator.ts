import type { z } from 'zod'
import type { Allocation } from '../core/allocation.ts'
import type { Clock, Ids } from '../core/clock.ts'
import type { Health } from '../core/health.ts'
import type { Files } from './files.ts'
import type { Net } from './net.ts'
import type { Processes } from './processes.ts'

/** What an actuator's target looks like now. */
export interface Observed {
  /** Weight of each configured path, normalised to integers 0 to 100 as the target serves it now. */
  readonly allocation: Allocation
  /** An opaque mark of the target's state, equal exactly when nothing that we could overwrite changed. */
  readonly version: string
  /**
   * Whether the target bears our mark, or can only ever be ours. A target that is not ours stays
   * untouched until a person says `adopt`.
   */
  readonly ours: boolean
  /** One sentence for people. */
  readonly says: string
}

/** One idempotent write, as a sentence and as data that survives a restart (plain JSON). */
export interface Step {
  readonly says: string
  readonly data: Readonly<Record<string, string | number | boolean | null>>
}

/**
 * What came of a write. `conflict`: the target changed since it was observed, nothing was written.
 * `unknown`: the call may or may not have taken effect; read back, never repeat blindly.
 */
export type ApplyResult =
  | { readonly result: 'applied'; readonly version?: string }
  | { readonly result: 'conflict'; readonly says: string }
  | { readonly result: 'failed'; readonly retry: boolean; readonly says: string }
  | { readonly result: 'unknown'; readonly says: string }

export type ObserveResult =
  | { readonly ok: true; readonly observed: Observed }
  /** An error is not an empty target: nothing is ever planned on it. */
  | { readonly ok: false; readonly retry: boolean; readonly says: string }

export interface Capabilities {
  /** `weights`: any share per path. `single`: all to one path. */
  readonly shape: 'weights' | 'single'
  /** `pull`: the target asks us. `push`: we write to the target. */
  readonly mode: 'pull' | 'push'
  readonly reversible: boolean
  /** Milliseconds until an applied write is in effect everywhere (a TTL, a check interval). */
  readonly settleMs: number
  /** `atomic` where the target compares and sets by itself; `checked` where we read just before the write. */
  readonly compareAndSet: 'atomic' | 'checked'
  /** `dns`: caches keep the old answer, so it is written after everything else of its group. */
  readonly layer?: 'dns'
  /** What the credentials must allow, for `changeover check`. */
  readonly permissions: readonly string[]
}

export interface ActuatorContext {
  readonly clock: Clock
  readonly ids: Ids
  readonly net: Net
  /** Programs and files of this machine; absent where there are none, as in a simulation. */
  readonly processes?: Processes | undefined
  readonly files?: Files | undefined
  /** The full group name, `<stream>/<group>`. */
  readonly group: string
  /** Short names of the group's paths in configured order. */
  readonly paths: readonly string[]
  /** One call's ceiling in milliseconds. */
  readonly callTimeoutMs: number
}

/** A question to a pull actuator, for one path. */
export interface PullRequest {
  readonly path: string
  readonly query: Readonly<Record<string, string>>
}

/** A question to a pull actuator that answers for the whole group. */
export interface GroupRequest {
  readonly method: 'GET' | 'POST'
  readonly query: Readonly<Record<string, string>>
  /** The media type of the body without parameters, in lower case; empty where there is none. */
  readonly contentType: string
  /** At most 64 KiB; empty for GET. */
  readonly body: string
}

export interface PullAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string
}

/** One of those who pass on what the target says, and does not say it yet. */
export interface Behind {
  /** Such as `192.0.2.54`. */
  readonly who: string
  /**
   * `server`: it should follow by itself, at once. `cache`: it may keep what it has for as long as
   * changes take to settle.
   */
  readonly kind: 'server' | 'cache'
  /** What it does in place of it: `still answers A 192.0.2.1`. */
  readonly says: string
  /** Within so many milliseconds of applying, that is as it should be, and nobody need hear of it. */
  readonly withinMs?: number
}

/** How far an applied allocation has come beyond the target itself. */
export interface Spread {
  /** How many were asked. */
  readonly asked: number
  readonly behind: readonly Behind[]
  /** Those who say it already, by name; absent where the target does not know them one by one. */
  readonly follow?: readonly Pick<Behind, 'who' | 'kind'>[]
  /**
   * How long caches may keep the old answer once every server follows, in milliseconds; what the
   * capabilities say of settling where it is absent.
   */
  readonly cachesMs?: number
}

export interface Actuator {
  observe(signal: AbortSignal): Promise<ObserveResult>
  /** Pure. Ordered steps from `observed` to `wanted`; empty means that it is applied. The set served is never empty in between. */
  plan(observed: Observed, wanted: Allocation): readonly Step[]
  /** Writes one step if the target still is at `version`. Doing it twice equals doing it once. */
  apply(step: Step, version: string, signal: AbortSignal): Promise<ApplyResult>
  /**
   * Asks those who pass on what the target says, such as secondary name servers, whether they say
   * `wanted`. Given where a change is in effect later than it is applied. Reads only; whoever cannot
   * be asked is behind.
   */
  spread?(wanted: Allocation, signal: AbortSignal): Promise<Spread>
}

/** The last durably applied allocation of a group, as pull actuators answer from it. */
export interface Published {
  readonly allocation: Allocation
  /** `advise` and a group where every path is down keep everything serving. */
  readonly serveAll: boolean
}

/**
 * What a pull actuator of a whole group answers from. The same object as long as nothing changed, so
 * that what was made of it can be kept.
 */
export interface GroupPublished extends Published {
  /**
   * The last allocation that was good: kept while the store is down or nothing is known. Only a
   * process that never saw one has none (`{}`), and then nobody may be moved.
   */
  readonly allocation: Allocation
  /** Health by short path name, as the group sees it. */
  readonly health: Readonly<Record<string, Health>>
  /**
   * Whether the allocation may change soon: a path that carries traffic is suspect or not well, or
   * a change is being made or watched. Whoever asks is then best told to ask again soon.
   */
  readonly isSuspect: boolean
}

/** What a pull actuator of a whole group is made with. */
export interface PullContext extends Pick<ActuatorContext, 'clock' | 'ids' | 'group' | 'paths'> {}

/**
 * An actuator plug-in. A pull actuator has `answer` in place of a target: for it, applying is the
 * durable publication of the allocation, which the controller does by itself. One that is asked for
 * a whole group has `open`, which may keep what it made of an answer; it is opened afresh when its
 * options or the paths of its group change.
 */
export type ActuatorPlugin<Schema extends z.ZodType = z.ZodType> = {
  readonly type: string
  readonly summary: string
  /**
   * What its tests ran against: the `real` product, a fake that checks every request against the
   * vendor's machine-readable `contract`, or one that checks it against what was `transcribed` from the
   * vendor's documentation, which the test names. Absent where there is no product on the other side.
   */
  readonly tested?: 'real' | 'contract' | 'transcribed'
  readonly options: Schema
  capabilities(options: z.output<Schema>): Capabilities
} & (
  | {
      readonly mode: 'push'
      create(options: z.output<Schema>, context: ActuatorContext): Actuator
    }
  | {
      readonly mode: 'pull'
      readonly asks?: 'path'
      /** The first segment of its route: `serve` is asked at `/serve/<stream>/<group>/<path>`. */
      readonly route: string
      answer(options: z.output<Schema>, published: Published, request: PullRequest): PullAnswer
    }
  | {
      readonly mode: 'pull'
      readonly asks: 'group'
      /** The first segments of its route: `steering` is asked at `/steering/<stream>/<group>`. */
      readonly route: string
      open(
        options: z.output<Schema>,
        context: PullContext,
      ): (published: GroupPublished, request: GroupRequest) => PullAnswer
    }
)
