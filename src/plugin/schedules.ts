/** A job that comes again and again. */
export interface Schedule {
  /** Wall milliseconds of the next time; `undefined` where it never comes again. */
  next(): number | undefined
  /** The newest time after `from` and up to `to`, both wall milliseconds, at which it should have run. */
  missed(from: number, to: number): number | undefined
  stop(): void
}

/** Runs jobs by the calendar. A time that was missed is told, and never made up for. */
export interface Schedules {
  start(job: {
    /** Five fields: minute, hour, day of the month, month, day of the week. */
    readonly cron: string
    readonly timeZone: string
    readonly run: () => Promise<void>
    /** It should have run at this wall time, and did not: the process was busy or suspended. */
    readonly onMissed: (at: number) => void
  }): Schedule
}
