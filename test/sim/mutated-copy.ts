import { spawn } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Mutation } from './mutations/mutation.ts'
import { verdictOf, type TestReport, type Verdict } from './mutation-verdict.ts'

const root = resolve(import.meta.dirname, '../..')
const copied = [
  'src',
  'probes',
  'rules',
  'test/sim',
  'test/fakes',
  'test/app',
  'test/core',
  'test/engine',
  'package.json',
  'tsconfig.json',
]

/** What runs first, and without stopping at the first failure: units, in a few seconds. */
const units = [
  'test/core/continuity.test.ts',
  'test/engine/group',
  'test/engine/quorum.test.ts',
  'test/engine/witness.test.ts',
  'test/engine/calendar.test.ts',
  'test/engine/rules/path-watch.test.ts',
  'test/app/unit',
  'test/app/installation.test.ts',
]

/** What runs where no unit noticed: whole worlds, until the first failure. */
const worlds = [
  'test/app/group',
  'test/app/alerting',
  'test/app/drills',
  'test/app/watchdog.test.ts',
  'test/app/change-notices.test.ts',
]

/** One thread, and every file in the same one: modules load once. A test may take long on a busy machine. */
const config = (testMs: number) => `export default { test: {
  testTimeout: ${testMs}, hookTimeout: ${testMs}, restoreMocks: true, pool: 'threads',
  isolate: false, fileParallelism: false, include: ['test/**/*.test.ts'] } }
`

/** A copy of the source in which one line at a time is taken out. */
export class MutatedCopy {
  readonly #folder = mkdtempSync(join(tmpdir(), 'changeover-mutations-'))
  readonly #runMs: number

  /** `testMs` bounds a single test, in milliseconds; a whole run may take three times that. */
  constructor(testMs: number) {
    this.#runMs = testMs * 3
    for (const path of copied) {
      cpSync(join(root, path), join(this.#folder, path), { recursive: true })
    }
    symlinkSync(join(root, 'node_modules'), join(this.#folder, 'node_modules'))
    writeFileSync(join(this.#folder, 'vitest.config.ts'), config(testMs))
  }

  /** Runs `work` while the mutation stands; `undefined` where its line does not stand once in the source. */
  async with<T>({ file, find, replace }: Mutation, work: () => Promise<T>): Promise<T | undefined> {
    const path = join(this.#folder, file)
    const source = readFileSync(path, 'utf8')
    if (source.split(find).length !== 2) return undefined
    writeFileSync(
      path,
      source.replace(find, () => replace),
    )
    try {
      return await work()
    } finally {
      writeFileSync(path, source)
    }
  }

  /** The units that fail, all of them. */
  units(): Promise<Verdict> {
    return this.#run(units, [])
  }

  /** The first scenario that fails. */
  async worlds(): Promise<Verdict> {
    const first = await this.#run(worlds, ['--bail=1'])
    if (first.noticed.length > 0 || first.late.length === 0) return first
    // What ran out of time ended the run, though another test may say something.
    const whole = await this.#run(worlds, [])
    return { ...whole, late: [...new Set([...first.late, ...whole.late])] }
  }

  /** The first seed that breaks an invariant, or `''`. */
  async simulate(seeds: string, minutes: string): Promise<string> {
    const args = [
      'test/sim/run.ts',
      '--seeds',
      seeds,
      '--minutes',
      minutes,
      '--first',
      '--jobs',
      '1',
    ]
    const { status, out } = await this.#node(args, 600_000)
    const seed = /^seed (\d+)/mu.exec(out)?.[1]
    const invariant = /invariant (\d+)/u.exec(out)?.[1]
    if (seed !== undefined && invariant !== undefined) return `invariant ${invariant}, seed ${seed}`
    return status === 0 ? '' : 'it ends with an error'
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #run(suites: readonly string[], more: readonly string[]): Promise<Verdict> {
    const report = join(this.#folder, 'report.json')
    rmSync(report, { force: true })
    const vitest = join(root, 'node_modules/vitest/vitest.mjs')
    const reporter = ['--reporter=json', `--outputFile=${report}`]
    await this.#node([vitest, 'run', ...reporter, ...more, ...suites], this.#runMs)
    if (!existsSync(report)) {
      return { noticed: [], late: [`the run of ${suites.join(', ')}`], broken: [] }
    }
    return verdictOf(JSON.parse(readFileSync(report, 'utf8')) as TestReport)
  }

  #node(args: readonly string[], limitMs: number): Promise<{ status: number | null; out: string }> {
    return new Promise((done) => {
      const child = spawn(process.execPath, args, {
        cwd: this.#folder,
        stdio: ['ignore', 'pipe', 'ignore'],
        timeout: limitMs,
        killSignal: 'SIGKILL',
      })
      let out = ''
      child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
      child.on('close', (status) => done({ status, out }))
    })
  }
}
