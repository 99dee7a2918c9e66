// npm run gameday: breaks a fresh demo installation in eight ways and prints each recovery time.
import { runNode } from './child.mjs'
import { ensureInstalled } from './install.mjs'

ensureInstalled()
process.exitCode = await runNode('test/gameday/run.ts', process.argv.slice(2))
