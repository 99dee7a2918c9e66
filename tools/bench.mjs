// npm run bench [-- <filter>]: runs the benchmarks one after another; each prints its own table.
import { existsSync, readdirSync } from 'node:fs'
import { runNode } from './child.mjs'
import { ensureInstalled } from './install.mjs'
import { at, giveUp, say } from './workspace.mjs'

ensureInstalled()
const [filter = '', ...args] = process.argv.slice(2)
const folder = 'test/bench'
const all = existsSync(at(folder)) ? readdirSync(at(folder)) : []
// What benchmarks share lies in folders below.
const names = all.filter((name) => /^[a-z][a-z0-9-]*\.ts$/u.test(name)).toSorted()
const chosen = names.filter((name) => name.includes(filter))
if (chosen.length === 0) {
  giveUp(`no benchmark matches "${filter}".`, `There are: ${names.join(', ') || 'none'}.`)
}
let failed = 0
for (const name of chosen) {
  say(`\n== ${name.replace('.ts', '')}`)
  if ((await runNode(`${folder}/${name}`, args)) !== 0) {
    failed += 1
    say(`${name} failed.`)
  }
}
process.exitCode = failed === 0 ? 0 : 1
