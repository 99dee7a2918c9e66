import type { Diagnosis } from './diagnosis.ts'
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
  readonly runbook?: string
  /** Wall milliseconds since the epoch. */
  readonly since: number
  readonly details: Readonly<Record<string, string | number>>
}
