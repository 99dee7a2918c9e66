const dayMs = 86_400_000

/** Making a formatter is slow, and there are few time zones in one configuration. */
const formatters = new Map<string, Intl.DateTimeFormat>()

function formatterOf(timeZone: string): Intl.DateTimeFormat {
  const known = formatters.get(timeZone)
  if (known !== undefined) return known
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  formatters.set(timeZone, made)
  return made
}

/**
 * What clocks on the wall show in a time zone at `wall` (milliseconds since the epoch), as
 * milliseconds of a day count without summer time: 0 is 1970-01-01 00:00 local. Seconds are the
 * finest. Throws a `RangeError` for a time zone that there is none of.
 */
export function localTime(wall: number, timeZone: string): number {
  const parts = formatterOf(timeZone).formatToParts(wall)
  const of = (type: Intl.DateTimeFormatPartTypes) =>
    Number(parts.find((part) => part.type === type)?.value)
  const [year, month, day] = [of('year'), of('month'), of('day')]
  return Date.UTC(year, month - 1, day, of('hour'), of('minute'), of('second'))
}

/**
 * When clocks in a time zone show `local`: the first and the last such moment, which differ where a
 * clock is put back over it. A time that a clock put forward leaves out is taken for the one that
 * it would have been without (as RFC 5545, section 3.3.5, has it).
 */
export function instantsOf(
  local: number,
  timeZone: string,
): { readonly first: number; readonly last: number } {
  // No zone changes its offset twice within two days.
  const before = localTime(local - dayMs, timeZone) - (local - dayMs)
  const after = localTime(local + dayMs, timeZone) - (local + dayMs)
  const found = [local - before, local - after].filter(
    (instant) => localTime(instant, timeZone) === local,
  )
  if (found.length === 0) return { first: local - before, last: local - before }
  return { first: Math.min(...found), last: Math.max(...found) }
}

/** Days since 1970-01-01 of a local time. */
export function dayOf(local: number): number {
  return Math.floor(local / dayMs)
}

/** Weekday of a day count: 0 is Sunday; 1970-01-01 was a Thursday. */
export function weekdayOf(day: number): number {
  return (((day + 4) % 7) + 7) % 7
}

/** The local time at which a day begins. */
export function startOfDay(day: number): number {
  return day * dayMs
}

/** The local time of `YYYY-MM-DD` or `YYYY-MM-DD HH:MM`. NaN where there is no such date. */
export function parseLocal(text: string): number {
  const match = /^(\d{4})-(\d{2})-(\d{2})(?:[ T](\d{2}):(\d{2}))?$/u.exec(text)
  if (match === null) return Number.NaN
  const [year, month, day, hour, minute] = match.slice(1).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
  ]
  const local = Date.UTC(year, month - 1, day, hour, minute)
  const again = formatLocal(local)
  return again.date === text.slice(0, 10) && hour < 24 && minute < 60 ? local : Number.NaN
}

/** A local time for people: date, time of day and weekday. */
export function formatLocal(local: number): {
  readonly date: string
  readonly time: string
  readonly weekday: number
} {
  const parts = formatterOf('UTC').formatToParts(local)
  const of = (type: Intl.DateTimeFormatPartTypes, digits: number) =>
    (parts.find((part) => part.type === type)?.value ?? '').padStart(digits, '0')
  return {
    date: `${of('year', 4)}-${of('month', 2)}-${of('day', 2)}`,
    time: `${of('hour', 2)}:${of('minute', 2)}`,
    weekday: weekdayOf(dayOf(local)),
  }
}
