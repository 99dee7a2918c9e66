import { Worker } from 'node:worker_threads'
import type { SeedReport } from '../../src/simulation/seed-report.ts'

/** What to run, and on how many threads. */
export interface SeedRun {
  /** Virtual minutes of each seed. */
  readonly minutes: number
  readonly from: number
  readonly seeds: number
  /** Worker threads, at least 1. */
  readonly jobs: number
}

/**
 * Runs seeds on worker threads and gives their reports in the order of the seeds, each as soon as all
 * before it are there. Which thread ran a seed changes nothing about it. Leaving the loop early ends
 * the threads.
 */
export async function* runSeeds({
  from,
  seeds,
  jobs,
  minutes,
}: SeedRun): AsyncGenerator<SeedReport> {
  const waiting = new Map<number, (report: SeedReport | Error) => void>()
  const results = new Map<number, Promise<SeedReport | Error>>()
  let next = from
  const workers = Array.from({ length: Math.min(jobs, seeds) }, () => {
    const worker = new Worker(new URL('seed-worker.ts', import.meta.url), { workerData: minutes })
    const give = () => {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
      if (next < from + seeds) worker.postMessage(next++)
    }
    worker.on('message', (report: SeedReport) => {
      waiting.get(report.seed)?.(report)
      give()
    })
    worker.on('error', (cause) => {
      // A defect of the simulation itself: whoever waits for anything learns it.
      const error = cause instanceof Error ? cause : new Error(String(cause))
      for (const done of waiting.values()) done(error)
    })
    give()
    return worker
  })
  const resultOf = (seed: number) =>
    new Promise<SeedReport | Error>((resolve) => waiting.set(seed, resolve))
  for (let seed = from; seed < from + seeds; seed += 1) results.set(seed, resultOf(seed))
  try {
    for (let seed = from; seed < from + seeds; seed += 1) {
      const result = await results.get(seed)
      results.delete(seed)
      waiting.delete(seed)
      if (result === undefined) continue
      if (result instanceof Error) throw result
      yield result
    }
  } finally {
    await Promise.all(workers.map(async (worker) => await worker.terminate()))
  }
}
