import { readFileSync, writeFileSync } from 'node:fs'
import { runRuleScenarios, type ScenarioResult } from '../app/rule-scenarios.ts'
import { ChangeoverError } from '../core/errors.ts'
import { compileRuleSet, type RuleSet } from '../engine/rules/rule-set.ts'
import { clean } from './clean.ts'
import type { Cli } from './cli.ts'
import { sayAll } from './failure.ts'
import type { ExitCode } from './io.ts'
import { junitXml } from './junit.ts'
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
  if (options.junit !== undefined) writeJunit(options.junit, results)
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

function writeJunit(file: string, results: readonly FileResult[]): void {
  const cases = results.flatMap((result) =>
    result.tests.map(({ name, failures }) => ({
      name,
      file: result.file,
      failures: failures.map(({ says }) => says),
    })),
  )
  try {
    writeFileSync(file, junitXml(cases))
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
    throw new ChangeoverError('USAGE', `${file} cannot be written${code}.`, {
      todo: 'Give --junit a file in a folder that exists.',
    })
  }
}
