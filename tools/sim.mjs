// npm run sim -- --seeds N: the controller against generated faults, in virtual time.
import { runNode } from './child.mjs'
import { ensureInstalled } from './install.mjs'

ensureInstalled()
process.exitCode = await runNode('test/sim/run.ts', process.argv.slice(2))
