// npm run -s changeover -- <command>: the command line from the source, without a build.
import { ensureInstalled } from './install.mjs'
import { runProgram } from './program.mjs'

ensureInstalled()
process.exitCode = await runProgram(process.argv.slice(2))
