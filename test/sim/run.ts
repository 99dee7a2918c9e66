import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { runSeeds } from './run-seeds.ts'
import { simulate } from '../../src/simulation/simulate.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '300' },
    from: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '20' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    verbose: { type: 'boolean', default: false },
    // Ends with the first seed that breaks an invariant.
    first: { type: 'boolean', default: false },
  },
})

const from = Number(values.from)
const seeds = Number(values.seeds)
const minutes = Number(values.minutes)
/** Between two remarks on a long run, in seconds. */
const remarkEvery = 60
const failed: number[] = []
let done = 0
let writes = 0
const startedAt = performance.now()
let remarkedAt = startedAt

const sofar = () => {
  const seconds = (performance.now() - startedAt) / 1_000
  return `${done - failed.length} of ${done} seeds of ${minutes} virtual minutes passed, ${writes} writes, ${seconds.toFixed(1)} s`
}

for await (const report of runSeeds({ from, seeds, minutes, jobs: Number(values.jobs) })) {
  const { seed, violations } = report
  done += 1
  writes += report.writes
  if (values.verbose || violations.length > 0) {
    console.log(`seed ${seed}: ${violations.length} violations`)
    for (const fault of report.faults) console.log(`  ${fault}`)
    for (const violation of violations.slice(0, 10)) {
      console.log(`  invariant ${violation.invariant} at ${violation.at} ms: ${violation.says}`)
    }
  }
  if (values.verbose) {
    const { world } = await simulate(seed, minutes)
    for (const entry of world.disk.journal) {
      console.log(`  ${entry.at - 1_700_000_000_000} ${entry.kind}: ${entry.says}`)
    }
  }
  if (violations.length > 0) {
    failed.push(seed)
    console.log(`  replay: npm run sim -- --from ${seed} --seeds 1 --minutes ${minutes} --verbose`)
    if (values.first) break
  }
  if (performance.now() - remarkedAt < remarkEvery * 1_000) continue
  remarkedAt = performance.now()
  console.log(`… ${sofar()}`)
}
console.log(sofar())
if (failed.length > 0) {
  console.log(`failed seeds: ${failed.join(', ')}`)
  process.exitCode = 1
}
