import { existsSync, readFileSync } from 'node:fs'

/** The longest time for which the event loop did not turn, and where that time went, in milliseconds. */
export interface Stall {
  readonly ms: number
  /** Spent waiting for a processor that others used; NaN where the system does not tell. */
  readonly queuedMs: number
}

const everyMs = 10

/**
 * Watches the event loop of this process, so that a late result can be told from a busy machine:
 * Linux says how long the thread waited for a processor (schedstat, second field).
 */
export function watchStalls(): { longest(): Stall; stop(): void } {
  const file = `/proc/self/task/${process.pid}/schedstat`
  const queued = existsSync(file)
    ? () => Number(readFileSync(file, 'utf8').split(' ')[1]) / 1e6
    : () => Number.NaN
  let longest: Stall = { ms: 0, queuedMs: 0 }
  let at = performance.now()
  let queuedAt = queued()
  const timer = setInterval(() => {
    const now = performance.now()
    const ms = now - at - everyMs
    const queuedNow = queued()
    if (ms > longest.ms) longest = { ms, queuedMs: queuedNow - queuedAt }
    at = now
    queuedAt = queuedNow
  }, everyMs)
  return { longest: () => longest, stop: () => clearInterval(timer) }
}
