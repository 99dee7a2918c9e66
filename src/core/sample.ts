import type { Continuity } from './continuity.ts'
import type { Diagnosis } from './diagnosis.ts'

/** `unknown` means that the probe could not look: it says nothing about the path. */
export type Outcome = 'pass' | 'fail' | 'unknown'

/** Something that a probe noticed, in words, beyond its numbers. */
export interface Finding {
  /** A stable kebab-case name of the rule or fact, for instance `target-duration-changed`. */
  readonly code: string
  readonly diagnosis?: Diagnosis
  readonly severity: 'info' | 'warning' | 'error'
  /** One sentence with the values in it. Never a credential, stream key or signed query. */
  readonly says: string
  /** The rendition it concerns, by a short name such as `v1` or `720p`. */
  readonly rendition?: string
  /** The line of the playlist, counted from 1. */
  readonly line?: number
}

/**
 * Numbers by declared name. A measurement that could not be taken is absent, never guessed;
 * NaN and infinities count as absent.
 */
export type Measurements = Readonly<Record<string, number>>

/** What a probe yields for one look at its path. */
export interface Observation {
  readonly outcome: Outcome
  /** Required with `fail` and `unknown`: one sentence that says what happened. */
  readonly reason?: string
  /** With `fail`: what is wrong, from the closed list. `unreachable` where nothing more is known. */
  readonly diagnosis?: Diagnosis
  /** What was measured, also before a failure. */
  readonly measurements: Measurements
  readonly findings: readonly Finding[]
  /** What a switch would have to keep continuous for viewers, where the protocol shows it. */
  readonly continuity?: Continuity
}

/** An observation with who made it, of what, and when. */
export interface Sample extends Observation {
  /** The full name of the path, `<stream>/<group>/<path>`. */
  readonly path: string
  /** The plug-in type of the probe. */
  readonly probe: string
  readonly vantage: string
  /** Monotonic milliseconds of the clock of the process that applied it. */
  readonly at: number
  /** Wall time in milliseconds since the epoch. */
  readonly wall: number
}

/**
 * How a measurement behaves over time. An `age` grows by itself: the engine keeps the moment of
 * the last change and notices a limit without another look. A `counter` never falls while its source lives.
 */
export type MeasurementKind = 'gauge' | 'age' | 'counter'

/** Declared once by the probe; metrics, rule checks, documentation and dashboards derive from it. */
export interface MeasurementDeclaration {
  /** snake_case with the base unit as suffix: `playlist_age_seconds`. */
  readonly name: string
  readonly kind: MeasurementKind
  readonly unit: 'seconds' | 'bytes' | 'bits_per_second' | 'ratio' | 'count' | 'days'
  readonly help: string
}
