import type { Clock } from '../core/clock.ts'

/** Timers of Node hold a signed 32-bit number of milliseconds; beyond it they fire at once. */
const LONGEST_TIMER = 2 ** 31 - 1

/** The clock of this machine. `sleep` never wakes early and at most about 2 ms late on an idle loop. */
export function realClock(): Clock {
  return { wall: () => Date.now(), now: () => performance.now(), sleep }
}

function sleep(asked: number, signal?: AbortSignal): Promise<boolean> {
  const ms = Number.isNaN(asked) ? 0 : asked
  if (signal?.aborted) return Promise.resolve(false)
  return new Promise((resolve) => {
    const due = performance.now() + ms
    let cancel: () => void
    const stop = () => {
      cancel()
      resolve(false)
    }
    const wake = () => {
      const left = due - performance.now()
      if (left > 0) return arm(left)
      signal?.removeEventListener('abort', stop)
      resolve(true)
    }
    const arm = (left: number) => {
      if (left <= 0) {
        const immediate = setImmediate(wake)
        cancel = () => clearImmediate(immediate)
        return
      }
      const timer = setTimeout(wake, Math.min(Math.ceil(left), LONGEST_TIMER))
      cancel = () => clearTimeout(timer)
    }
    arm(ms)
    signal?.addEventListener('abort', stop, { once: true })
  })
}
