import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { mutations, type Mutation } from './mutation-list.ts'

/**
 * Takes one safety line at a time out of a copy of the source, and tells which unit test and which
 * seed of the simulation notice. Prints a table; exits 1 where nothing noticed.
 */

const { values } = parseArgs({
  options: {
    // Parts of names, with | in between.
    only: { type: 'string', default: '' },
    seeds: { type: 'string', default: '150' },
    minutes: { type: 'string', default: '20' },
    write: { type: 'string' },
    // The simulation runs for every mutation, not only for those that no test noticed.
    both: { type: 'boolean', default: false },
  },
})

const root = resolve(import.meta.dirname, '../..')
const copied = [
  'src',
  'probes',
  'rules',
  'test/sim',
  'test/fakes',
  'test/app',
  'test/engine/group',
  'test/engine/rules',
]
const files = [
  'package.json',
  'vitest.config.ts',
  'tsconfig.json',
  'test/engine/quorum.test.ts',
  'test/engine/calendar.test.ts',
]
const suites = [
  'test/engine/group',
  'test/engine/quorum.test.ts',
  'test/engine/calendar.test.ts',
  'test/engine/rules/path-watch.test.ts',
  'test/app/group',
  'test/app/unit',
  'test/app/alerting',
]
const copy = mkdtempSync(join(tmpdir(), 'changeover-mutations-'))

/** Mutations whose line has changed since: they prove nothing any more. */
const stale: string[] = []

interface Noticed {
  readonly test: string
  /** `undefined`: it was not asked, because a test had noticed. */
  readonly simulation: string | undefined
}

try {
  for (const path of [...copied, ...files]) {
    cpSync(join(root, path), join(copy, path), { recursive: true, force: true })
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  const parts = values.only.split('|')
  const chosen = mutations.filter(({ name }) => parts.some((part) => name.includes(part)))
  const untouched = runTests()
  if (untouched !== '') throw new Error(`without any mutation this fails: ${untouched}`)
  const rows: string[] = []
  const survivors: string[] = []
  for (const mutation of chosen) {
    const noticed = run(mutation)
    if (noticed.test === '' && noticed.simulation === '') survivors.push(mutation.name)
    const row = `| ${mutation.name} | ${cell(noticed.test)} | ${noticed.simulation === undefined ? '' : cell(noticed.simulation)} |`
    rows.push(row)
    process.stdout.write(`${row}\n`)
  }
  const noticed = chosen.length - survivors.length - stale.length
  const sum = `${noticed} of ${chosen.length} mutations were noticed`
  process.stdout.write(`${sum}\n`)
  if (values.write !== undefined) writeFileSync(values.write, document(rows, sum))
  if (stale.length > 0) {
    process.stdout.write(`${stale.join('\n')}\n`)
    process.exitCode = 1
  }
  if (survivors.length > 0) {
    process.stdout.write(`nobody noticed: ${survivors.join('; ')}\n`)
    process.exitCode = 1
  }
} finally {
  rmSync(copy, { recursive: true, force: true })
}

function run({ name, file, find, replace }: Mutation): Noticed {
  const path = join(copy, file)
  const source = readFileSync(path, 'utf8')
  if (source.split(find).length !== 2) {
    stale.push(`${name}: its line does not stand once in ${file}`)
    return { test: '', simulation: undefined }
  }
  writeFileSync(
    path,
    source.replace(find, () => replace),
  )
  try {
    const test = runTests()
    return { test, simulation: test === '' || values.both ? runSimulation() : undefined }
  } finally {
    writeFileSync(path, source)
  }
}

/** The first test that fails, without the simulation. */
function runTests(): string {
  rmSync(join(copy, 'report.json'), { force: true })
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const report = join(copy, 'report.json')
  const reporter = ['--reporter=json', `--outputFile=${report}`]
  spawnSync(
    process.execPath,
    [vitest, 'run', '--project', 'unit', '--bail=1', ...reporter, ...suites],
    { cwd: copy, timeout: 300_000, stdio: 'ignore' },
  )
  const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as {
    testResults: { assertionResults: { status: string; fullName: string }[]; message: string }[]
  }
  const failed = testResults
    .flatMap((suite) => suite.assertionResults)
    .find((each) => each.status === 'failed')
  return failed?.fullName ?? testResults.find((suite) => suite.message !== '')?.message ?? ''
}

/** The first seed that breaks an invariant. */
function runSimulation(): string {
  const { stdout, status } = spawnSync(
    process.execPath,
    ['test/sim/run.ts', '--seeds', values.seeds, '--minutes', values.minutes, '--first'],
    { cwd: copy, timeout: 600_000, encoding: 'utf8' },
  )
  const seed = /^seed (\d+)/mu.exec(stdout)?.[1]
  const invariant = /invariant (\d+)/u.exec(stdout)?.[1]
  if (seed !== undefined && invariant !== undefined) return `invariant ${invariant}, seed ${seed}`
  return status === 0 ? '' : 'it ends with an error'
}

function cell(text: string): string {
  return text === '' ? '–' : text.replaceAll('|', '\\|').replaceAll('\n', ' ').slice(0, 160)
}

function document(rows: readonly string[], sum: string): string {
  return `# Mutations: does anything notice?

Each line that safety hangs on is taken out of a copy of the source, one at a time; then the unit
tests and scenarios of the decision core run, and where they say nothing the simulation
(${values.seeds} seeds of ${values.minutes} virtual minutes, until the first violation). The table says which test, or which
seed, noticed first. Measured with \`npm run mutations\`; ${sum}. \`–\`: not noticed there; one of the two
must. \`npm run mutations -- --both\` asks the simulation about every one.

The numbers are those of the invariants in [safety.md](safety.md). A seed is replayed with
\`npm run sim -- --from SEED --seeds 1 --minutes ${values.minutes} --verbose\`, on the mutated source.

| what was taken out | test that noticed | simulation |
| --- | --- | --- |
${rows.join('\n')}
`
}
