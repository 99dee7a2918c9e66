import { parentPort, workerData } from 'node:worker_threads'
import { reportSeed, type SeedJob } from './seed-report.ts'

// One thread of run-seeds.ts: a seed comes in, its report goes out.
const job = workerData as SeedJob
parentPort?.on('message', (seed: number) => {
  void reportSeed(seed, job).then((report) => parentPort?.postMessage(report))
})
