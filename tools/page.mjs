// Builds the status page where the built one is missing or older than its source.
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { environment, run } from './child.mjs'
import { at, programNode, say } from './workspace.mjs'

/** The page shares words and types with the core; lock file and settings may change the result too. */
const sources = ['src/ui', 'src/core', 'vite.config.ts', 'package-lock.json']

/** Makes sure that `dist/ui` holds the status page of this source; `false` where it cannot be built. */
export async function ensurePage() {
  const built = at('dist', 'ui', 'index.html')
  if (existsSync(built) && statSync(built).mtimeMs >= newest(sources.map((file) => at(file))))
    return true
  say('Building the status page ...')
  const vite = at('node_modules', 'vite', 'bin', 'vite.js')
  const code = await run(programNode(), [vite, 'build', '--logLevel', 'warn'], {
    env: environment(),
    // Standard output belongs to the command that was asked for.
    stdio: ['ignore', 2, 2],
  })
  if (code !== 0) say('The status page could not be built; the reason stands above.')
  return code === 0
}

function newest(places) {
  return Math.max(0, ...places.map(changedAt))
}

function changedAt(place) {
  if (!existsSync(place)) return 0
  const found = statSync(place)
  if (!found.isDirectory()) return found.mtimeMs
  return newest(readdirSync(place).map((name) => join(place, name)))
}
