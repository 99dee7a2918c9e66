import { parentPort, workerData } from 'node:worker_threads'
import { reportSeed, type SeedJob } from './seed-report.ts'

// One thread of run-seeds.ts: a seed comes in, its report goes out.
const job = workerData as SeedJob
parentPort?.on('message', (seed: number) => {
  // A thread has no origin: the rule means windows.
  // oxlint-disable-next-line unicorn/require-post-message-target-origin
  void reportSeed(seed, job).then((report) => parentPort?.postMessage(report))
})
