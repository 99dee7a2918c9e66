import { z } from 'zod'
import { weekdays, type CalendarEntry, type Period } from '../core/calendar.ts'
import { localTime, parseLocal } from '../engine/local-time.ts'
import { name } from './fields.ts'

/** An entry of a calendar as parsed. */
export type FileCalendarEntry = z.output<ReturnType<typeof entry>>
type FilePeriod = z.output<ReturnType<typeof weeklyPeriod>>

const timeOfDay = /^(?:[01]\d|2[0-3]):[0-5]\d$|^24:00$/u

/** The calendar of the installation or of one group. */
export function calendar() {
  return z.array(entry()).max(100).prefault([])
}

function entry() {
  const expected =
    'expected a time of day such as "18:00", or a date and time such as "2026-12-24 18:00"'
  const isTime = (text: string) => timeOfDay.test(text) || Number.isFinite(dateAndTime(text))
  const time = () => z.string().refine(isTime, expected)
  return z.strictObject({
    name: name().describe('Its name, for the reason that is given.'),
    kind: z
      .enum(['freeze', 'window'])
      .prefault('freeze')
      .describe('`freeze`: no change meanwhile. `window`: changes only within the windows.'),
    stops: z
      .enum(['all', 'failback-only'])
      .prefault('all')
      .describe('`failback-only`: failing paths are left all the same.'),
    days: days().optional().describe('The days on which it begins. Every day if absent.'),
    from: time().describe('When it begins: a time of day, or a date and time.'),
    to: time().describe('When it ends; a time of day not after `from` is on the next day.'),
    timezone: timeZone(),
    until: z
      .string()
      .refine((text) => text.length === 10 && Number.isFinite(parseLocal(text)), {
        message: 'expected a date such as "2026-12-31"',
      })
      .optional()
      .describe('The last date on which it begins. It comes for ever if absent.'),
  })
}

/** A time that comes every week. */
export function weeklyPeriod() {
  const expected = 'expected a time of day such as "02:00"'
  return z.strictObject({
    days: days().optional().describe('The days on which it begins. Every day if absent.'),
    from: z.string().regex(timeOfDay, expected).describe('When it begins.'),
    to: z
      .string()
      .regex(timeOfDay, expected)
      .describe('When it ends; not after `from`: on the next day.'),
    timezone: timeZone(),
  })
}

function days() {
  return z.array(z.enum(weekdays)).min(1).max(7)
}

/** The time zone of times of day; UTC unless told. */
export function timeZone() {
  const expected = 'expected a time zone such as UTC or Europe/Berlin'
  return z
    .string()
    .refine((text) => isTimeZone(text), expected)
    .prefault('UTC')
    .describe('The time zone of its times.')
}

function isTimeZone(text: string): boolean {
  try {
    return Number.isFinite(localTime(0, text))
  } catch {
    return false
  }
}

/** What is wrong between the values of an entry, or of a weekly time: the key that it is about, and a sentence. */
export function entryProblems(
  each: Pick<FileCalendarEntry, 'from' | 'to' | 'days' | 'until'>,
): [string, string][] {
  const { from, to } = each
  if (from === '24:00') return [['from', 'is written 00:00 where something begins']]
  const isWeekly = timeOfDay.test(from)
  if (isWeekly !== timeOfDay.test(to)) {
    return [['to', 'must be of the form of `from`: both times of day, or both dates and times']]
  }
  if (isWeekly) {
    return from === to ? [['to', 'is when it begins; the whole day is 00:00 to 24:00']] : []
  }
  const problems: [string, string][] = []
  if (each.days !== undefined) problems.push(['days', 'belongs to times of day, not to dates'])
  if (each.until !== undefined) problems.push(['until', 'belongs to times of day, not to dates'])
  if (dateAndTime(to) <= dateAndTime(from)) problems.push(['to', 'must be after `from`'])
  return problems
}

/** An entry for the engine. */
export function calendarEntry(each: FileCalendarEntry): CalendarEntry {
  const { name: title, kind, stops, from, to, timezone } = each
  const isWeekly = timeOfDay.test(from)
  const period: Period = isWeekly
    ? { ...periodOf(each), ...(each.until !== undefined && { until: each.until }) }
    : { repeats: 'once', from, to, timeZone: timezone }
  return { name: title, kind, stops, period }
}

/** A weekly time for the engine. */
export function periodOf(each: Omit<FilePeriod, 'days'> & { days?: FilePeriod['days'] }): Period {
  return {
    repeats: 'weekly',
    days: each.days ?? weekdays,
    from: minutes(each.from),
    to: minutes(each.to),
    timeZone: each.timezone,
  }
}

function minutes(text: string): number {
  const [hours = 0, rest = 0] = text.split(':').map(Number)
  return hours * 60 + rest
}

function dateAndTime(text: string): number {
  return text.length === 16 ? parseLocal(text) : Number.NaN
}
