import { createTask, validateDetailed } from 'node-cron'
import type { Schedule, Schedules } from '../plugin/schedules.ts'

/** A time that began this much too late was missed: drills are never run late. Milliseconds. */
const toleranceMs = 2_000
const minuteMs = 60_000
/** What was missed is looked for this far back: longer than that nobody expects a drill to be told of. */
const mostMinutes = 8 * 24 * 60

const silent = { info() {}, warn() {}, error() {}, debug() {} }

/** Schedules by node-cron: time zones, no overlap, and never late. */
export function cronSchedules(): Schedules {
  return {
    start: ({ cron, onMissed, run, timeZone }): Schedule => {
      const task = createTask(cron, run, {
        timezone: timeZone,
        noOverlap: true,
        suppressMissedWarning: true,
        missedExecutionTolerance: toleranceMs,
        unref: true,
        logger: silent,
      })
      task.on('execution:missed', ({ date }) => onMissed(date.getTime()))
      task.on('execution:overlap', ({ date }) => onMissed(date.getTime()))
      void task.start()
      return {
        next: () => task.getNextRun()?.getTime(),
        missed: (from, to) => {
          const last = Math.floor(to / minuteMs)
          const first = Math.max(Math.floor(from / minuteMs) + 1, last - mostMinutes)
          for (let minute = last; minute >= first; minute -= 1) {
            if (task.match(new Date(minute * minuteMs))) return minute * minuteMs
          }
          return undefined
        },
        stop: () => void task.destroy(),
      }
    },
  }
}

/** What is wrong with a cron expression of five fields; `undefined` where it is right. */
export function cronProblem(cron: string): string | undefined {
  if (cron.trim().split(/\s+/u).length !== 5) {
    return 'expected five fields: minute, hour, day of the month, month, day of the week'
  }
  const { errors, valid } = validateDetailed(cron)
  if (valid) return undefined
  return errors.map(({ field, message }) => `${field}: ${message}`).join('; ')
}
