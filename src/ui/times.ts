const SECOND = 1_000
const MINUTE = 60_000
const HOUR = 3_600_000
const DAY = 86_400_000

/** A span in the words that people use: `0.4 s`, `24 s`, `12 min`, `3 h 20 min`, `2 d`. Milliseconds, never negative. */
export function span(ms: number): string {
  const left = Math.max(0, ms)
  if (left < SECOND) return `${(Math.floor(left / 100) / 10).toFixed(1)} s`
  if (left < MINUTE) return `${Math.floor(left / SECOND)} s`
  if (left < HOUR) return `${Math.floor(left / MINUTE)} min`
  if (left < DAY)
    return two(Math.floor(left / HOUR), 'h', Math.floor((left % HOUR) / MINUTE), 'min')
  return two(Math.floor(left / DAY), 'd', Math.floor((left % DAY) / HOUR), 'h')
}

/** Like `span`, rounded up to whole seconds, for what counts down: `96 s`, `4 min 10 s`. */
export function countdown(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / SECOND))
  if (seconds < 120) return `${seconds} s`
  if (seconds < 3600) return two(Math.floor(seconds / 60), 'min', seconds % 60, 's')
  return span(seconds * SECOND)
}

/** `just now` or `12 min ago`. */
export function ago(at: number, now: number): string {
  const ms = now - at
  return ms < 2 * SECOND ? 'just now' : `${span(ms)} ago`
}

/** Time of day with seconds, in the reader's own zone. */
export function timeOfDay(at: number): string {
  return new Date(at).toLocaleTimeString('en-GB', { hour12: false })
}

/** The day, in words for today and yesterday. */
export function dayOf(at: number, now: number): string {
  const day = new Date(at).toDateString()
  if (day === new Date(now).toDateString()) return 'Today'
  if (day === new Date(now - DAY).toDateString()) return 'Yesterday'
  return new Date(at).toLocaleDateString('en-GB', {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
  })
}

/** `21:05`, with the day where that is not today, in the reader's own zone: for what is to come. */
export function momentInWords(at: number, now: number): string {
  const date = new Date(at)
  const time = date.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' })
  if (date.toDateString() === new Date(now).toDateString()) return time
  const day = date.toLocaleDateString('en-GB', { weekday: 'short', day: 'numeric', month: 'short' })
  return `${day} ${time}`
}

function two(big: number, bigUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${big} ${bigUnit}` : `${big} ${bigUnit} ${small} ${smallUnit}`
}
