import { weekdays, type CalendarEntry, type Period } from '../core/calendar.ts'
import type { ChangeReason } from '../core/group.ts'
import {
  dayOf,
  formatLocal,
  instantsOf,
  localTime,
  parseLocal,
  startOfDay,
  weekdayOf,
} from './local-time.ts'

/** One time that a period lasts. */
interface Occurrence {
  /** Wall milliseconds since the epoch: the first moment that belongs to it, the first that no longer does. */
  readonly starts: number
  readonly ends: number
  readonly startsLocal: number
  readonly endsLocal: number
}

const minuteMs = 60_000

/** Occurrences of a period that end after `wall`, in order, as far as they begin within eight days. */
function occurrences(period: Period, wall: number): Occurrence[] {
  const local = localTime(wall, period.timeZone)
  return rangesAround(period, local)
    .map(([startsLocal, endsLocal]) => ({
      // A time that occurs twice counts from its first to its last occurrence.
      starts: instantsOf(startsLocal, period.timeZone).first,
      ends: instantsOf(endsLocal, period.timeZone).last,
      startsLocal,
      endsLocal,
    }))
    .filter(({ ends }) => wall < ends)
}

function rangesAround(period: Period, local: number): [number, number][] {
  if (period.repeats === 'once') return [[parseLocal(period.from), parseLocal(period.to)]]
  const today = dayOf(local)
  const last =
    period.until === undefined ? Number.POSITIVE_INFINITY : dayOf(parseLocal(period.until))
  const found: [number, number][] = []
  // The day before yesterday too: its night may end twice today, where clocks are put back.
  for (let day = today - 2; day <= Math.min(today + 8, last); day += 1) {
    const weekday = weekdays[weekdayOf(day)]
    if (weekday === undefined || !period.days.includes(weekday)) continue
    const midnight = startOfDay(day)
    const nextDay = period.to <= period.from ? 1 : 0
    found.push([
      midnight + period.from * minuteMs,
      startOfDay(day + nextDay) + period.to * minuteMs,
    ])
  }
  return found
}

/** When a period that lasts now ends; `undefined` where it does not last. */
function lasting(period: Period, wall: number): Occurrence | undefined {
  const now = occurrences(period, wall).filter(({ starts }) => starts <= wall)
  return now.toSorted((a, b) => b.ends - a.ends)[0]
}

/** What a calendar says of a change for `reason` at `wall` milliseconds since the epoch. */
export function askCalendar(
  entries: readonly CalendarEntry[],
  reason: ChangeReason,
  wall: number,
): { readonly pass: boolean; readonly says: string } {
  const concerned = entries.filter(({ stops }) => stops === 'all' || reason === 'failback')
  for (const { name, kind, period } of concerned) {
    const now = kind === 'freeze' ? lasting(period, wall) : undefined
    if (now === undefined) continue
    return { pass: false, says: `freeze ${name} until ${moment(now.endsLocal, period.timeZone)}` }
  }
  // A window that will not come again limits nothing any more.
  const windows = concerned
    .filter(({ kind }) => kind === 'window')
    .map(({ name, period }) => ({ name, period, next: occurrences(period, wall)[0] }))
    .flatMap(({ next, ...rest }) => (next === undefined ? [] : [{ ...rest, next }]))
  const open = windows.find(({ next }) => next.starts <= wall)
  if (open !== undefined) {
    const until = moment(open.next.endsLocal, open.period.timeZone)
    return { pass: true, says: `change window ${open.name} until ${until}` }
  }
  const soonest = windows.toSorted((a, b) => a.next.starts - b.next.starts)[0]
  if (soonest === undefined) return { pass: true, says: 'nothing in the calendar' }
  const from = moment(soonest.next.startsLocal, soonest.period.timeZone)
  return { pass: false, says: `outside every change window; ${soonest.name} opens ${from}` }
}

/** The freeze or window that begins next, within eight days or on a date; `undefined` where none does. */
export function nextInCalendar(
  entries: readonly CalendarEntry[],
  wall: number,
): string | undefined {
  const [first] = entries
    .flatMap(({ name, kind, stops, period }) => {
      const next = occurrences(period, wall).find(({ starts }) => starts > wall)
      return next === undefined ? [] : [{ name, kind, stops, period, next }]
    })
    .toSorted((a, b) => a.next.starts - b.next.starts)
  if (first === undefined) return undefined
  const { name, kind, stops, period, next } = first
  const what = kind === 'freeze' ? 'freeze' : 'change window'
  const of = stops === 'all' ? '' : ' of failback'
  const from = moment(next.startsLocal, period.timeZone)
  return `${what}${of} ${name} from ${from}`
}

/** Whether one of the periods lasts; where none does, when the next begins. Without any, always. */
export function isOpen(
  periods: readonly Period[],
  wall: number,
): { readonly open: boolean; readonly says: string } {
  if (periods.length === 0) return { open: true, says: 'at any time' }
  const next = periods
    .flatMap((period) => {
      const first = occurrences(period, wall)[0]
      return first === undefined ? [] : [{ ...first, timeZone: period.timeZone }]
    })
    .toSorted((a, b) => a.starts - b.starts)[0]
  if (next === undefined) return { open: false, says: 'its window does not come again' }
  return next.starts <= wall
    ? { open: true, says: `until ${moment(next.endsLocal, next.timeZone)}` }
    : { open: false, says: `its window opens ${moment(next.startsLocal, next.timeZone)}` }
}

/** A local time for people, with its zone, such as `Sat 2026-11-21 23:30 (Europe/Berlin)`. */
function moment(local: number, timeZone: string): string {
  const { date, time, weekday } = formatLocal(local)
  const day = weekdays[weekday] ?? ''
  return `${day.charAt(0).toUpperCase()}${day.slice(1)} ${date} ${time} (${timeZone})`
}
