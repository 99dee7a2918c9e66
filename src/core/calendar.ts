/** Days of the week as configuration names them, in the order of Sunday = 0. */
export const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const

export type Weekday = (typeof weekdays)[number]

/** Every week, from one local time to another. */
export interface WeeklyPeriod {
  readonly repeats: 'weekly'
  /** Days on which it begins. */
  readonly days: readonly Weekday[]
  /** Minutes after local midnight, 0 to 1,439. */
  readonly from: number
  /** Minutes after local midnight, 1 to 1,440; not after `from`: on the next day. */
  readonly to: number
  /** IANA name, such as `Europe/Berlin`. */
  readonly timeZone: string
  /** The last local date on which it begins, `YYYY-MM-DD`. */
  readonly until?: string
}

/** Once, from one local date and time to another. */
export interface SinglePeriod {
  readonly repeats: 'once'
  /** `YYYY-MM-DD HH:MM`, local. */
  readonly from: string
  /** `YYYY-MM-DD HH:MM`, local, after `from`. */
  readonly to: string
  readonly timeZone: string
}

export type Period = WeeklyPeriod | SinglePeriod

/**
 * A freeze: no change while it lasts. A window: changes only while one of the windows lasts. With
 * `failback-only` that is true of automatic failback alone, and failing paths are left at any time.
 */
export interface CalendarEntry {
  readonly name: string
  readonly kind: 'freeze' | 'window'
  readonly stops: 'all' | 'failback-only'
  readonly period: Period
}
