import type { Diagnosis } from './diagnosis.ts'

export type Severity = 'critical' | 'error' | 'warning' | 'info'

/** A further incident in a notice that tells of several. */
export interface AlsoTold {
  readonly key: string
  readonly severity: Severity
  readonly title: string
}

/** What a notifier sends. One incident has one key, from the first suspicion to all clear. */
export interface Notice {
  /** Identity of this notice, stable over retries and restarts. */
  readonly id: string
  /** The incident's key; the notifier's own deduplication key derives from it. */
  readonly key: string
  /** `change`: a change that was made, which is no incident; only routes that say so are sent it. */
  readonly action: 'trigger' | 'acknowledge' | 'resolve' | 'change'
  readonly severity: Severity
  /** Other severities under which the incident was told before, where it had any. */
  readonly formerly?: readonly Severity[]
  /** `<stream>/<group>` */
  readonly group: string
  readonly path?: string
  readonly diagnosis?: Diagnosis
  /** One line: what is wrong on which path. */
  readonly title: string
  /** What viewers get meanwhile, where that is known. */
  readonly viewers?: string
  /** What Changeover did, or why it did not. */
  readonly did: string
  /** What to do next. */
  readonly todo: string
  readonly runbook?: string
  /** The measurement that shows it, as a line of bars with its first and last value. */
  readonly trend?: string
  /** Further incidents of the stream that this notice tells of, where the route takes several in one. */
  readonly also?: readonly AlsoTold[]
  /** Who looks after the incident, where somebody said so. */
  readonly acknowledgedBy?: string
  /** Wall milliseconds since the epoch at which it began. */
  readonly since: number
  readonly wall: number
  /** Tags of the stream. */
  readonly tags?: readonly string[]
  /** Link to the status page, where an address is configured. */
  readonly link?: string
  /** Link to a picture (JPEG) of the path as it looks now, where there is one and the address is configured; who opens it must be allowed to read the status page. */
  readonly picture?: string
  readonly details: Readonly<Record<string, string | number>>
}
