// npm start: the demo; npm start -- <config>: the watchdog on that configuration.
import { ensureInstalled } from './install.mjs'
import { ensurePage } from './page.mjs'
import { runProgram } from './program.mjs'

ensureInstalled()
// Without its page the watchdog still watches, and the address says what is wrong.
await ensurePage()
const args = process.argv.slice(2)
process.exitCode = await runProgram(args.length === 0 ? ['demo'] : ['run', ...args])
