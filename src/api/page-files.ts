import { readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { type Context, Hono } from 'hono'

/** The built page seen from `src/api` in the repository, and from `dist/src/api` when published. */
const builtPages = ['../../dist/ui/', '../../ui/']

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

const notBuilt = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Changeover</title>
<h1>The status page is not built</h1>
<p>Changeover runs, and its API answers under <a href="/api/v1/state">/api/v1/state</a>.</p>
<p>In the repository, build the page with <code>npm run build:ui</code> and start again.</p></html>
`

interface PageFile {
  readonly type: string
  readonly plain: Buffer<ArrayBuffer>
  readonly packed: Buffer<ArrayBuffer>
}

/**
 * The status page as Vite built it, read once and kept in memory: it is small, and nothing that a
 * caller sends ever becomes a file name. Without a built page, one that says how to build it.
 */
export function pageFiles(directory?: string): Hono {
  const app = new Hono()
  const found = load(directory ?? builtPage())
  const index = found.get('index.html') ?? pageFile('.html', Buffer.from(notBuilt))

  app.get('/', (c) => send(c, index, 'no-cache'))
  app.get('/assets/:file', (c) => {
    const file = found.get(c.req.param('file'))
    // Names of assets carry a hash of their content.
    return file === undefined ? c.notFound() : send(c, file, 'public, max-age=31536000, immutable')
  })

  return app
}

function builtPage(): string {
  const places = builtPages.map((place) => fileURLToPath(new URL(place, import.meta.url)))
  return places.find((place) => names(place).includes('index.html')) ?? ''
}

function load(directory: string): Map<string, PageFile> {
  const files = new Map<string, PageFile>()
  for (const place of [directory, join(directory, 'assets')]) {
    for (const name of directory === '' ? [] : names(place)) {
      if (types[extname(name)] === undefined) continue
      files.set(name, pageFile(extname(name), readFileSync(join(place, name))))
    }
  }
  return files
}

function names(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

function pageFile(extension: string, plain: Buffer<ArrayBuffer>): PageFile {
  return { type: types[extension] ?? '', plain, packed: gzipSync(plain) }
}

function send(c: Context, file: PageFile, cache: string): Response {
  const packed = /\bgzip\b/u.test(c.req.header('accept-encoding') ?? '')
  return c.body(packed ? file.packed : file.plain, 200, {
    'content-type': file.type,
    'cache-control': cache,
    vary: 'accept-encoding',
    ...(packed && { 'content-encoding': 'gzip' }),
  })
}
