import type { z } from 'zod'
import type { Clock, Random } from '../core/clock.ts'
import type { Picture } from '../core/picture.ts'
import type { MeasurementDeclaration, Observation } from '../core/sample.ts'
import type { Net } from './net.ts'
import type { Processes } from './processes.ts'

/**
 * Why the scheduler asks for a look now. `interval` is the cadence; the others were pulled forward.
 * `deadline` comes just before an age reaches its limit, so that the limit is judged on fresh evidence.
 */
export type Purpose = 'interval' | 'suspicion' | 'deadline' | 'precheck' | 'verify' | 'once'

/** One request by the scheduler for one look. */
export interface Due {
  /** Monotonic milliseconds at which the look was due. */
  readonly at: number
  readonly purpose: Purpose
}

/** What a probe session gets. A probe never sleeps for cadence: it awaits the next `due`. */
export interface ProbeContext {
  readonly clock: Clock
  readonly random: Random
  readonly net: Net
  /** Absent where no program can be started, as in a simulation. */
  readonly processes?: Processes | undefined
  /** Takes a picture of what the path shows now, for people; absent where nobody keeps any. */
  readonly showPicture?: ((picture: Picture) => void) | undefined
  /** Ends when the session must end; the probe then returns. */
  readonly due: AsyncIterable<Due>
  /** Aborts every call under way when the session must end. */
  readonly signal: AbortSignal
  /** The configured cadence in milliseconds; the ceiling of a light look's own deadlines derives from it. */
  readonly everyMs: number
}

/** A program that a probe starts, and what to say where it is not installed. */
export interface NeededProgram<Options> {
  readonly name: string
  readonly says: string
  /** Whether these options need it; they always do where this is absent. */
  isNeeded?(options: Options): boolean
}

/**
 * A probe plug-in: pulls one path the way a viewer or an encoder would and yields one observation
 * for each due look (streaming protocols may yield more, at once when the stream breaks).
 * It never throws for what a peer does; measurements made before a failure are kept.
 */
export interface ProbePlugin<Schema extends z.ZodType = z.ZodType> {
  readonly type: string
  /**
   * Which part of a stream's chain it pulls: what goes to the servers, or what goes from them to
   * viewers. `delivery` if absent.
   */
  readonly side?: 'ingest' | 'delivery'
  /** One sentence for the documentation. */
  readonly summary: string
  /** A strict object; every field has a default or a description, bounds and a unit. */
  readonly options: Schema
  /** Programs of this machine that it starts. */
  readonly programs?: readonly NeededProgram<z.output<Schema>>[]
  readonly measures: readonly MeasurementDeclaration[]
  observe(options: z.output<Schema>, context: ProbeContext): AsyncIterable<Observation>
}
