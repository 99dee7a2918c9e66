// npm run mutations: takes one safety line at a time out of a copy of the source, and tells which test dies.
import { runNode } from './child.mjs'
import { ensureInstalled } from './install.mjs'

ensureInstalled()
const args = process.argv.slice(2)
const whole = args.some((arg) => arg.startsWith('--only')) ? [] : ['--write', 'docs/mutations.md']
process.exitCode = await runNode('test/sim/mutate.ts', [...whole, ...args])
