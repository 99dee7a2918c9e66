import type { Diagnosis } from './diagnosis.ts'
import type { FaultPlace } from './fault.ts'
import type { Severity } from './notice.ts'

/**
 * Something that is wrong now and that people should know. Conditions are levels, not events: a
 * group hands over all of its current ones at every evaluation, and alerting makes incidents of them.
 */
export interface Condition {
  /** One key per incident: the same as long as it is the same trouble. */
  readonly key: string
  readonly severity: Severity
  /** `<stream>/<group>` */
  readonly group: string
  /** Short name of the path. */
  readonly path?: string
  readonly diagnosis?: Diagnosis
  /** One line: what is wrong, where. */
  readonly title: string
  /** What Changeover did, or why it did not. */
  readonly did: string
  /** What a person should do next. */
  readonly todo: string
  /** What viewers get meanwhile, where that is known. */
  readonly viewers?: string
  readonly runbook?: string
  /** Wall milliseconds since the epoch. */
  readonly since: number
  /** Changeover itself cannot see, act or tell: no wide silence, route or cause keeps it from people. */
  readonly isOwn?: true
  /** Tags of the stream, for routes and silences. */
  readonly tags?: readonly string[]
  /** Whether the group carries the stream to the servers or from them to viewers. */
  readonly role?: 'ingest' | 'delivery'
  /** Where the fault lies, where the paths of the stream show it together. */
  readonly place?: FaultPlace
  readonly details: Readonly<Record<string, string | number>>
}
