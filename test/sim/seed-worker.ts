import { parentPort, workerData } from 'node:worker_threads'
import { reportSeed } from '../../src/simulation/seed-report.ts'

// One thread of run-seeds.ts: a seed comes in, its report goes out.
const minutes = workerData as number
parentPort?.on('message', (seed: number) => {
  // A thread has no origin: the rule means windows.
  // oxlint-disable-next-line unicorn/require-post-message-target-origin
  void reportSeed(seed, minutes).then((report) => parentPort?.postMessage(report))
})
