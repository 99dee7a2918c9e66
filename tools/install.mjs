// Installs the npm packages that are missing. `node tools/install.mjs` does only that.
import { spawnSync } from 'node:child_process'
import { accessSync, constants, readFileSync } from 'node:fs'
import { delimiter } from 'node:path'
import { pathToFileURL } from 'node:url'
import { at, giveUp, installedNode, isThisNodeEnough, root, say, sentenceOf } from './workspace.mjs'

/** Brings node_modules to what package-lock.json says; does nothing where it is so already. */
export function ensureInstalled() {
  const why = whatIsMissing()
  if (why === undefined) return
  requireWritable()
  say(`Installing npm packages (${why}); this takes up to a minute ...`)
  const began = performance.now()
  const { command, args, shell } = npm()
  const done = spawnSync(
    command,
    [...args, 'ci', '--no-audit', '--no-fund', '--no-progress', '--loglevel=error'],
    {
      cwd: root,
      encoding: 'utf8',
      env: withoutOurNode(),
      maxBuffer: 64 * 1024 * 1024,
      shell,
    },
  )
  if (done.error !== undefined) {
    giveUp(
      `cannot start npm: ${sentenceOf(done.error)}.`,
      'npm comes with Node; install both, then try again.',
    )
  }
  if (done.status !== 0) explain(`${done.stdout}\n${done.stderr}`)
  const still = whatIsMissing()
  if (still !== undefined) {
    giveUp(
      `npm finished, but something is still missing (${still}).`,
      'Remove the folder node_modules and try again; if it stays so, run `npm ci` and read its messages.',
    )
  }
  say(`Installed in ${((performance.now() - began) / 1000).toFixed(1)} s.`)
}

/** Compares the lock file with what npm wrote about node_modules: no stamp of our own can go stale. */
function whatIsMissing() {
  const wanted = packagesOf('package-lock.json')
  if (wanted === undefined) {
    return giveUp('package-lock.json is missing or damaged.', 'Restore it from the repository.')
  }
  const present = packagesOf('node_modules/.package-lock.json')
  if (present === undefined) return 'nothing is installed yet'
  const missing = Object.entries(wanted).filter(([place, { version, link, optional }]) => {
    if (link === true || !place.startsWith('node_modules/')) return false
    const found = present[place]?.version
    return found === undefined ? optional !== true : found !== version
  })
  if (missing.length > 0) return `${missing.length} missing or outdated`
  if (installedNode() === undefined && !isThisNodeEnough()) return 'Node 26 is missing'
  return undefined
}

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(at(...file.split('/')), 'utf8')).packages
  } catch {
    return undefined
  }
}

function requireWritable() {
  try {
    accessSync(root, constants.W_OK)
  } catch (error) {
    giveUp(
      `npm packages are missing, and this folder cannot be written (${error.code}).`,
      'Run it as the owner of the folder, or from a copy that you may write.',
    )
  }
}

/** The npm that started us; otherwise the one on the PATH. */
function npm() {
  const script = process.env.npm_execpath
  if (script !== undefined && /npm-cli\.[cm]?js$/u.test(script)) {
    // Not our own Node: it lies in node_modules, which `npm ci` takes away under its feet.
    return { command: process.env.npm_node_execpath ?? process.execPath, args: [script] }
  }
  return { command: 'npm', args: [], shell: process.platform === 'win32' }
}

function withoutOurNode() {
  const path = (process.env.PATH ?? '').split(delimiter)
  const outside = path.filter((folder) => folder !== at('node_modules', '.bin'))
  return { ...process.env, PATH: outside.join(delimiter) }
}

function explain(output) {
  const lines = output.split('\n').filter((line) => line.trim() !== '')
  for (const line of lines.slice(-15)) say(`  ${line}`)
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ECONNRESET|ENETUNREACH/u.test(output)) {
    giveUp(
      'npm cannot reach its registry.',
      'Check the network or the proxy (`npm config get registry`), then try again.',
    )
  }
  if (/ENOSPC/u.test(output)) {
    giveUp('the disk is full.', 'About 600 MB are needed; make room, then try again.')
  }
  if (/EACCES|EPERM|EROFS/u.test(output)) {
    giveUp(
      'npm may not write into this folder.',
      'Run it as the owner of the folder, or from a copy that you may write.',
    )
  }
  giveUp(
    'npm could not install the packages; its last lines stand above.',
    'Run `npm ci` to see everything.',
  )
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) ensureInstalled()
