import { parseArgs } from 'node:util'
import { simulate } from '../../src/simulation/simulate.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '300' },
    from: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '20' },
    verbose: { type: 'boolean', default: false },
    // Ends with the first seed that breaks an invariant.
    first: { type: 'boolean', default: false },
  },
})

const from = Number(values.from)
const seeds = Number(values.seeds)
const minutes = Number(values.minutes)
const failed: number[] = []
let changes = 0
const startedAt = performance.now()
for (let seed = from; seed < from + seeds; seed += 1) {
  const outcome = await simulate(seed, minutes)
  changes += outcome.changes
  if (values.verbose || outcome.violations.length > 0) {
    console.log(`seed ${seed}: ${outcome.violations.length} violations`)
    for (const fault of outcome.faults) console.log(`  ${fault}`)
    for (const violation of outcome.violations.slice(0, 10)) {
      console.log(`  invariant ${violation.invariant} at ${violation.at} ms: ${violation.says}`)
    }
  }
  if (values.verbose) {
    for (const entry of outcome.world.disk.journal) {
      console.log(`  ${entry.at - 1_700_000_000_000} ${entry.kind}: ${entry.says}`)
    }
  }
  if (outcome.violations.length > 0) {
    failed.push(seed)
    if (values.first) break
    console.log(`  replay: npm run sim -- --from ${seed} --seeds 1 --minutes ${minutes} --verbose`)
  }
}
const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
console.log(
  `${seeds - failed.length} of ${seeds} seeds of ${minutes} virtual minutes passed, ${changes} writes, ${seconds} s`,
)
if (failed.length > 0) {
  console.log(`failed seeds: ${failed.join(', ')}`)
  process.exitCode = 1
}
