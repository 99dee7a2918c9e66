// npm test [-- <vitest arguments>]: everything that is needed, all tests, and one line at the end:
// `N passed, N failed` and, where some are, `, N skipped`.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { environment, run } from './child.mjs'
import { ensureInstalled } from './install.mjs'
import { ensurePage } from './page.mjs'
import { runProgram } from './program.mjs'
import { ensureSystemPackages } from './system-packages.mjs'
import { at, programNode, say } from './workspace.mjs'

ensureInstalled()
ensureSystemPackages()
const hasPage = await ensurePage()

const args = process.argv.slice(2)
const total = await vitest()
if (args.length === 0) {
  if (!hasPage) total.failed += 1
  await ruleScenarios()
}
conclude()

async function vitest() {
  return await withFile('count.json', async (file) => {
    const script = at('node_modules', 'vitest', 'vitest.mjs')
    const reporters = ['--reporter=default', `--reporter=${at('tools', 'count-reporter.mjs')}`]
    const env = environment({ CHANGEOVER_TEST_COUNT: file })
    const code = await run(programNode(), [script, 'run', ...reporters, ...args], { env })
    if (!existsSync(file)) {
      say(`vitest ended with code ${code} before it could count.`)
      return { passed: 0, failed: 1, skipped: [] }
    }
    const count = JSON.parse(readFileSync(file, 'utf8'))
    // Thresholds and the like fail a run in which every test passed.
    if (code !== 0 && count.failed === 0) count.failed = 1
    return count
  })
}

/** The rule packs bring their own tests, in virtual time; each scenario counts. */
async function ruleScenarios() {
  process.stdout.write('\nScenarios of the rule packs:\n')
  await withFile('rules.xml', async (file) => {
    const code = await runProgram(['rules', 'test', '--junit', file])
    const report = existsSync(file) ? readFileSync(file, 'utf8') : ''
    let failed = 0
    for (const [, tests, failures] of report.matchAll(/ tests="(\d+)" failures="(\d+)"/gu)) {
      total.passed += Number(tests) - Number(failures)
      failed += Number(failures)
    }
    // A pack that cannot be read has no scenario that failed.
    total.failed += code !== 0 && failed === 0 ? 1 : failed
  })
}

/** Gives `use` the name of a file that is gone afterwards. */
async function withFile(name, use) {
  const folder = mkdtempSync(join(tmpdir(), 'changeover-test-'))
  try {
    return await use(join(folder, name))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function conclude() {
  const { passed, failed, skipped } = total
  if (skipped.length > 0) process.stdout.write('\nSkipped:\n')
  for (const { name, reason } of skipped) {
    process.stdout.write(`  ${name}${reason === '' ? '' : ` (${reason})`}\n`)
  }
  if (passed + failed === 0) say('No test ran.')
  const tail = skipped.length > 0 ? `, ${skipped.length} skipped` : ''
  process.stdout.write(`\n${passed} passed, ${failed} failed${tail}\n`)
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0
}
