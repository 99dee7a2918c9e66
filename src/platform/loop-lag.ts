import { monitorEventLoopDelay } from 'node:perf_hooks'

const RESOLUTION_MS = 10

/** How late the event loop ran since the last reading, in milliseconds. */
interface LoopLag {
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}

/** A running measurement of the event loop's lag. */
export interface LoopLagWatch {
  /** The lag since the last reading; zeros where less than one sample was taken. */
  read(): LoopLag
  close(): void
}

/**
 * Watches the lag of this thread's event loop with a sampling timer of 10 ms.
 * Node's histogram holds whole intervals, so the interval itself is taken off.
 */
export function watchLoopLag(): LoopLagWatch {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  histogram.enable()
  const late = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS)
  return {
    read() {
      if (histogram.count === 0) return { p50Ms: 0, p99Ms: 0, maxMs: 0 }
      const lag = {
        p50Ms: late(histogram.percentile(50)),
        p99Ms: late(histogram.percentile(99)),
        maxMs: late(histogram.max),
      }
      histogram.reset()
      return lag
    },
    close() {
      histogram.disable()
    },
  }
}
