const zero = 48
const nine = 57
const dash = 45
const colon = 58

/**
 * Wall milliseconds (with fraction) of an ISO 8601 date and time, `2026-02-28T10:00:00.250Z`;
 * zones as `Z`, `+01`, `+0100` or `+01:00`, and none is taken as UTC. `undefined` where it is no
 * such date. Read by hand: large live playlists carry one for each segment.
 */
export function isoTime(text: string | undefined): number | undefined {
  if (text === undefined || text.length < 19 || text.length > 40) return undefined
  const separator = text.charCodeAt(10) | 32
  if (text.charCodeAt(4) !== dash || text.charCodeAt(7) !== dash || separator !== 116)
    return undefined
  if (text.charCodeAt(13) !== colon || text.charCodeAt(16) !== colon) return undefined
  const year = digits(text, 0, 4)
  const month = digits(text, 5, 7)
  const day = digits(text, 8, 10)
  const hour = digits(text, 11, 13)
  const minute = digits(text, 14, 16)
  const second = digits(text, 17, 19)
  if (month < 1 || month > 12 || day < 1 || day > 31) return undefined
  if (hour > 24 || minute > 59 || second > 60) return undefined
  let at = 19
  let fraction = 0
  if (text[at] === '.' || text[at] === ',') {
    const from = ++at
    while (at < text.length && text.charCodeAt(at) >= zero && text.charCodeAt(at) <= nine) at++
    const count = at - from
    if (count < 1 || count > 12) return undefined
    fraction = (digits(text, from, at) * 1_000) / 10 ** count
  }
  const zone = zoneMs(text, at)
  const whole = Date.UTC(year, month - 1, day, hour, minute, second)
  const time = whole + fraction - zone
  return Number.isNaN(time) ? undefined : time
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
function zoneMs(text: string, at: number): number {
  const rest = text.length - at
  const sign = text[at]
  if (rest === 0 || (rest === 1 && (sign === 'Z' || sign === 'z'))) return 0
  if (sign !== '+' && sign !== '-') return Number.NaN
  const minutesAt =
    rest === 3 ? -1 : rest === 5 ? at + 3 : rest === 6 && text[at + 3] === ':' ? at + 4 : 0
  if (minutesAt === 0) return Number.NaN
  const minutes = minutesAt < 0 ? 0 : digits(text, minutesAt, minutesAt + 2)
  return (sign === '-' ? -1 : 1) * (digits(text, at + 1, at + 3) * 60 + minutes) * 60_000
}
