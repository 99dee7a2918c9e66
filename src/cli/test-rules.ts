import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { runRuleScenarios, type ScenarioResult } from '../app/rule-scenarios.ts'
import { ChangeoverError } from '../core/errors.ts'
import { compileRuleSet, type RuleSet } from '../engine/rules/rule-set.ts'
import { clean } from './clean.ts'
import type { Cli } from './cli.ts'
import { defaultConfiguration } from './configuration.ts'
import { sayAll, sayFailure } from './failure.ts'
import { watchText } from './file-watch.ts'
import { stopSignal } from './follow.ts'
import type { ExitCode, Io } from './io.ts'
import { junitXml } from '../formats/junit.ts'
import { painter } from './paint.ts'
import {
  chosenFolders,
  loadPacks,
  shippedFolder,
  shownPath,
  type RuleFolder,
} from './rule-folders.ts'

/** The options of `rules test`. */
export interface RulesTestOptions {
  readonly json?: true
  readonly junit?: string
  readonly watch?: true
}

interface FileResult {
  readonly file: string
  readonly tests: readonly ScenarioResult[]
}

/** Runs the scenarios of rule folders; 1 where an expectation does not hold, 2 where a file is wrong. */
export async function testRules(
  cli: Cli,
  dir: string | undefined,
  options: RulesTestOptions,
): Promise<ExitCode> {
  return options.watch === true
    ? await watchRules(cli, dir, options)
    : await testOnce(cli, dir, options)
}

/** To the top left corner, and everything below it cleared (ECMA-48 CUP and ED). */
const home = '\u001b[H\u001b[J'

/**
 * Runs them at once and again after each change of a rule or scenario file, until the process is
 * asked to end; the last run gives the exit code. A configuration or a folder that is wrong, or
 * gone for a moment, is said, and waited for.
 */
async function watchRules(
  cli: Cli,
  dir: string | undefined,
  options: RulesTestOptions,
): Promise<ExitCode> {
  const { io, composition } = cli
  const isScreen = io.isTerminal && options.json !== true
  let code: ExitCode = 2
  const runAgain = async () => {
    if (isScreen) io.out(home)
    try {
      code = await testOnce(cli, dir, options)
    } catch (error) {
      if (!(error instanceof ChangeoverError)) throw error
      sayFailure(io, error)
      code = 2
    }
    if (isScreen) io.out('Waiting for changes; Ctrl-C ends it.\n')
  }
  await runAgain()
  let running = Promise.resolve()
  await watchText(
    composition.clock,
    () => textOf(cli, dir),
    stopSignal(composition),
    () => {
      running = running.then(runAgain)
    },
  )
  await running
  return code
}

/** Names and texts of everything that a run reads; a reason in place of what cannot be read. */
function textOf({ composition }: Cli, dir: string | undefined): string {
  const silent = { io: silentIo, composition }
  try {
    const folders = chosenFolders(silent, dir)
    const config = existsSync(defaultConfiguration) ? [defaultConfiguration] : []
    if (typeof folders === 'number') return config.map((file) => readFileSync(file, 'utf8')).join()
    const files = folders.flatMap(({ rules, tests }) => [...rules, ...tests])
    return [...config, ...files].map((file) => `${file}\n${readFileSync(file, 'utf8')}`).join('\n')
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

const silentIo: Io = {
  out: () => {},
  err: () => {},
  isTerminal: false,
  width: 80,
  color: false,
  errIsTerminal: false,
  errColor: false,
}

async function testOnce(
  cli: Cli,
  dir: string | undefined,
  options: RulesTestOptions,
): Promise<ExitCode> {
  const { io } = cli
  const folders = chosenFolders(cli, dir)
  if (typeof folders === 'number') return folders
  const results: FileResult[] = []
  const errors: string[] = []
  for (const folder of folders) {
    const rules = rulesInForce(cli, folder)
    if (!rules.ok) {
      errors.push(...rules.errors)
      continue
    }
    for (const file of folder.tests) {
      const result = await runFile(cli, file, rules.set)
      if ('errors' in result) errors.push(...result.errors)
      else {
        results.push(result)
        if (options.json !== true) io.out(fileText(cli, result))
      }
    }
  }
  if (options.junit !== undefined) writeJunit(options.junit, results, errors)
  const tests = results.flatMap((result) => result.tests)
  const failed = tests.filter(({ failures }) => failures.length > 0).length
  const isOk = failed === 0 && errors.length === 0
  if (options.json === true) {
    io.out(
      `${JSON.stringify({ ok: isOk, passed: tests.length - failed, failed, errors, files: results })}\n`,
    )
  } else {
    sayAll(io, errors)
    io.out(summary(cli, tests.length - failed, failed))
  }
  if (errors.length > 0) return 2
  return failed === 0 ? 0 : 1
}

/** The shipped rules, and over them those of the folder, as a watchdog would have them. */
function rulesInForce(
  cli: Cli,
  folder: RuleFolder,
):
  | { readonly ok: true; readonly set: RuleSet }
  | { readonly ok: false; readonly errors: readonly string[] } {
  const loaded = loadPacks(cli, ...(folder.isShipped ? [] : [shippedFolder()]), folder)
  if (!loaded.ok) return loaded
  const compiled = compileRuleSet(loaded.packs, cli.composition.plugins.probes)
  if (compiled.ok) return compiled
  return {
    ok: false,
    errors: compiled.errors.map(({ rule, message }) => `rule ${rule}: ${message}`),
  }
}

async function runFile(
  { composition }: Cli,
  file: string,
  rules: RuleSet,
): Promise<FileResult | { readonly errors: readonly string[] }> {
  const fileName = shownPath(file)
  const report = await runRuleScenarios({
    text: readFileSync(file, 'utf8'),
    fileName,
    rules,
    probes: composition.plugins.probes,
  })
  return report.ok ? { file: fileName, tests: report.tests } : { errors: report.errors }
}

function fileText({ io }: Cli, { file, tests }: FileResult): string {
  const paint = painter(io)
  const failed = tests.filter(({ failures }) => failures.length > 0)
  const expectations = tests.reduce((sum, test) => sum + test.expectations, 0)
  const mark = failed.length === 0 ? paint('good', 'ok') : paint('bad', 'FAILS')
  const lines = failed.flatMap(({ name, failures }) => [
    `  ${paint('bad', '✖')} ${clean(name)}`,
    ...failures.map(({ says }) => `      ${clean(says)}`),
  ])
  return `${[`${mark}  ${file}  ${tests.length} scenarios, ${expectations} expectations`, ...lines].join('\n')}\n`
}

function summary({ io }: Cli, passed: number, failed: number): string {
  if (passed + failed === 0) return 'No scenarios were found.\n'
  const paint = painter(io)
  const bad = failed === 0 ? '' : `, ${paint('bad', `${failed} failed`)}`
  return `${passed} passed${bad}\n`
}

function writeJunit(file: string, results: readonly FileResult[], errors: readonly string[]): void {
  const cases = results.flatMap((result) =>
    result.tests.map(({ name, failures }) => ({
      name,
      file: result.file,
      failures: failures.map(({ says }) => says),
    })),
  )
  // What could not be run must not look like nothing to run.
  const broken = errors.map((says) => ({
    name: 'can be read',
    file: /^[^\n]*?\.ya?ml(?=:)/u.exec(says)?.[0] ?? 'rules',
    failures: [],
    error: says,
  }))
  try {
    writeFileSync(file, junitXml([...broken, ...cases]))
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
    throw new ChangeoverError('USAGE', `${file} cannot be written${code}.`, {
      todo: 'Give --junit a file in a folder that exists.',
    })
  }
}
