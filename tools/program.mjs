// Runs the program itself from its source.
import { existsSync } from 'node:fs'
import { run } from './child.mjs'
import { at, giveUp, programNode } from './workspace.mjs'

/** Runs `src/main.ts` with these arguments where the person stands, and resolves to its exit code. */
export function runProgram(args, options = {}) {
  const main = at('src', 'main.ts')
  if (!existsSync(main)) giveUp('src/main.ts is missing.', 'Restore it from the repository.')
  return run(programNode(), [main, ...args], { cwd: whereThePersonStands(), ...options })
}

/** npm moves to the folder of package.json; relative file names mean the folder it was called in. */
function whereThePersonStands() {
  const isByNpm = ['start', 'changeover'].includes(process.env.npm_lifecycle_event ?? '')
  return (isByNpm ? process.env.INIT_CWD : undefined) ?? process.cwd()
}
