// npm run build: what is published. JavaScript for dist, the media beside it, and the status page.
import { cpSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { environment, run } from './child.mjs'
import { ensureInstalled } from './install.mjs'
import { at, programNode } from './workspace.mjs'

const folders = ['src', 'probes']
const page = join('src', 'ui')

ensureInstalled()
for (const folder of folders) rmSync(at('dist', folder), { recursive: true, force: true })
await step('typescript/bin/tsc', ['-p', 'tsconfig.build.json'])
for (const folder of folders) copyMedia(folder)
await step('vite/bin/vite.js', ['build', '--logLevel', 'warn'])

async function step(script, args) {
  const file = at('node_modules', ...script.split('/'))
  const code = await run(programNode(), [file, ...args], { env: environment() })
  if (code !== 0) process.exit(code)
}

/** The compiler leaves out what it does not read, such as the clip of the lab. */
function copyMedia(folder) {
  for (const entry of readdirSync(at(folder), { withFileTypes: true, recursive: true })) {
    const place = join(entry.parentPath ?? entry.path, entry.name).slice(at().length + 1)
    if (!entry.isFile() || /\.(tsx?|sh)$/u.test(entry.name) || place.startsWith(page)) continue
    cpSync(at(place), at('dist', place), { recursive: true })
  }
}
