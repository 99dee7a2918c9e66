const zero = 48
const nine = 57
const dash = 45
const colon = 58
const dot = 46
const comma = 44
const letterT = 116
const letterZ = 122

/**
 * Wall milliseconds (with fraction) of an ISO 8601 date and time, `2026-02-28T10:00:00.250Z`;
 * zones as `Z`, `+01`, `+0100` or `+01:00`, and none is taken as UTC. `undefined` where it is no
 * such date. Read by hand, and in place between `from` and `end`: large live playlists carry one for
 * each segment.
 */
export function isoTime(
  text: string | undefined,
  from = 0,
  end = text?.length ?? 0,
): number | undefined {
  const length = end - from
  if (text === undefined || length < 19 || length > 40) return undefined
  const separator = text.charCodeAt(from + 10) | 32
  if (text.charCodeAt(from + 4) !== dash || text.charCodeAt(from + 7) !== dash) return undefined
  if (separator !== letterT) return undefined
  if (text.charCodeAt(from + 13) !== colon || text.charCodeAt(from + 16) !== colon) return undefined
  const year = digits(text, from, from + 4)
  const month = digits(text, from + 5, from + 7)
  const day = digits(text, from + 8, from + 10)
  const hour = digits(text, from + 11, from + 13)
  const minute = digits(text, from + 14, from + 16)
  const second = digits(text, from + 17, from + 19)
  if (!(month >= 1 && month <= 12 && day >= 1 && day <= 31)) return undefined
  if (!(year >= 0 && hour <= 24 && minute <= 59 && second <= 60)) return undefined
  let at = from + 19
  let fraction = 0
  const point = text.charCodeAt(at)
  if (at < end && (point === dot || point === comma)) {
    const first = ++at
    while (at < end && text.charCodeAt(at) >= zero && text.charCodeAt(at) <= nine) at++
    const count = at - first
    if (count < 1 || count > 12) return undefined
    fraction = (digits(text, first, at) * 1_000) / 10 ** count
  }
  const zone = at + 1 === end && (text.charCodeAt(at) | 32) === letterZ ? 0 : zoneMs(text, at, end)
  const whole =
    (((daysSince1970(year, month, day) * 24 + hour) * 60 + minute) * 60 + second) * 1_000
  const time = whole + fraction - zone
  return Number.isNaN(time) ? undefined : time
}

/**
 * Days from 1970-01-01 in the proleptic Gregorian calendar; a day beyond its month counts on into the
 * next one. Years of 400 begin in March, so that the leap day is the last of its year.
 */
function daysSince1970(year: number, month: number, day: number): number {
  const shifted = month > 2 ? year : year - 1
  const era = Math.floor(shifted / 400)
  const ofEra = shifted - era * 400
  const ofYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1
  const days = ofEra * 365 + Math.floor(ofEra / 4) - Math.floor(ofEra / 100) + ofYear
  return era * 146_097 + days - 719_468
}

/** The number between two positions; NaN where a character is no digit. */
function digits(text: string, from: number, to: number): number {
  let value = 0
  for (let at = from; at < to; at++) {
    const digit = text.charCodeAt(at) - zero
    if (!(digit >= 0 && digit <= 9)) return Number.NaN
    value = value * 10 + digit
  }
  return value
}

/** Milliseconds that the zone at `at` is ahead of UTC; NaN where it is malformed. */
function zoneMs(text: string, at: number, end: number): number {
  const rest = end - at
  const sign = text[at]
  if (rest === 0) return 0
  if (sign !== '+' && sign !== '-') return Number.NaN
  const minutesAt =
    rest === 3 ? -1 : rest === 5 ? at + 3 : rest === 6 && text[at + 3] === ':' ? at + 4 : 0
  if (minutesAt === 0) return Number.NaN
  const minutes = minutesAt < 0 ? 0 : digits(text, minutesAt, minutesAt + 2)
  return (sign === '-' ? -1 : 1) * (digits(text, at + 1, at + 3) * 60 + minutes) * 60_000
}
