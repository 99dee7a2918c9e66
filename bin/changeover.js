#!/usr/bin/env node
// Plain JavaScript that any Node can read: `engines` in package.json only warns.
import { existsSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { fileURLToPath } from 'node:url'

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 24 || (major === 24 && minor < 15)) {
  process.stderr.write(
    `changeover needs Node 24.15 or newer, and this is ${process.versions.node}.\n` +
      'Install a newer Node (https://nodejs.org/), then try again.\n',
  )
  process.exit(2)
}

// A repository that was never built runs from its source.
const places = ['../dist/src/main.js', '../src/main.ts']
const main = places
  .map((place) => new URL(place, import.meta.url))
  .find((url) => existsSync(fileURLToPath(url)))
if (main === undefined) {
  process.stderr.write('changeover is installed incompletely: install the package again.\n')
  process.exit(2)
}
// Halves the time to the first line of `--help`; where no cache can be kept, nothing changes.
enableCompileCache()
await import(main.href)
