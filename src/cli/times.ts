const SECOND = 1_000
const MINUTE = 60_000
const HOUR = 3_600_000
const DAY = 86_400_000

/** A span in the words that people use: `0.4 s`, `24 s`, `12 min`, `3 h 20 min`, `2 d`. Milliseconds. */
export function span(ms: number): string {
  const left = Math.max(0, ms)
  if (left < 10 * SECOND) return `${Math.floor(left / 100) / 10} s`
  if (left < MINUTE) return `${Math.floor(left / SECOND)} s`
  if (left < HOUR) return `${Math.floor(left / MINUTE)} min`
  if (left < DAY)
    return two(Math.floor(left / HOUR), 'h', Math.floor((left % HOUR) / MINUTE), 'min')
  return two(Math.floor(left / DAY), 'd', Math.floor((left % DAY) / HOUR), 'h')
}

/** Date and time in UTC to the second, as logs have it: `2026-03-04 05:06:07Z`. */
export function stamp(wall: number): string {
  return `${new Date(wall).toISOString().slice(0, 19).replace('T', ' ')}Z`
}

/** Time of day in UTC to the millisecond. */
export function timeOfDay(wall: number): string {
  return new Date(wall).toISOString().slice(11, 23)
}

function two(big: number, bigUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${big} ${bigUnit}` : `${big} ${bigUnit} ${small} ${smallUnit}`
}
