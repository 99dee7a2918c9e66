import { readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { bannedGlobals } from './architecture/banned.ts'
import {
  longFiles,
  machineFolders,
  machinePlaces,
  publicRegistry,
  refusedConstructs,
  refusedNames,
  registryHosts,
  unfinishedWork,
} from './architecture/habits.ts'
import { importsAgainstTheLayers, nosyPlugins, worldlyImports } from './architecture/layers.ts'
import { filesUnder, parse, repository, sourcesUnder } from './architecture/source.ts'

const lineLimit = 400
/** A test is a list of examples that are read one at a time. */
const testLineLimit = 750

/** Files that are longer for a reason; a reason goes when its file is short again. */
const reasonsForLength: Readonly<Record<string, string>> = {}

const production = sourcesUnder('src', 'probes')
const tests = sourcesUnder('test')
const everything = [...production, ...tests]
const texts = filesUnder('.')
  .filter((path) => !isBinary(path))
  .map((path) => ({ path, text: readFileSync(join(repository, path), 'utf8') }))

function isBinary(path: string): boolean {
  const withText = [
    '.ts',
    '.tsx',
    '.mjs',
    '.js',
    '.json',
    '.yaml',
    '.yml',
    '.md',
    '.html',
    '.css',
    '.sh',
    '',
  ]
  return !withText.includes(extname(path)) || path.startsWith('test/fixtures/')
}

/** The complaints of `check` about one file that does not exist. */
function about(
  check: (files: ReturnType<typeof sourcesUnder>) => readonly string[],
  path: string,
  text: string,
): string {
  return check([parse(path, text)]).join('\n')
}

describe('layers', () => {
  test('imports point down only', () => {
    expect(importsAgainstTheLayers(production)).toEqual([])
  })

  test('plug-ins know neither engine nor platform nor each other', () => {
    expect(nosyPlugins(production)).toEqual([])
  })

  test('core, formats, contracts and engine do not touch the world', () => {
    expect(worldlyImports(production)).toEqual([])
  })

  test.each([
    ['up', 'src/core/x.ts', "import { decide } from '../engine/group/decide.ts'", 'not below'],
    ['sideways', 'src/app/x.ts', "import type { Lab } from '../lab/lab.ts'", 'not below'],
    ['up, in a type', 'src/net/x.ts', "type A = import('../app/a.ts').A", 'not below'],
    ['up, on demand', 'src/app/x.ts', "export const a = () => import('../cli/a.ts')", 'not below'],
    ['up, by re-export', 'src/core/x.ts', "export { a } from '../app/a.ts'", 'not below'],
    ['out of the house', 'src/app/x.ts', "import { a } from '../../test/fakes/a.ts'", 'outside'],
    ['from nowhere', 'src/stuff/x.ts', '', 'belongs to no module'],
  ])('an import that points %s is noticed', (_, path, text, complaint) => {
    expect(about(importsAgainstTheLayers, path, text)).toContain(complaint)
  })

  test('imports of the own module and of lower floors are allowed', () => {
    const text =
      "import '../core/clock.ts'\nimport './b.ts'\nimport 'undici'\nimport '../net/http.ts'"

    expect(about(importsAgainstTheLayers, 'src/app/a.ts', text)).toBe('')
  })

  test.each([
    [
      'the engine',
      'probes/x.ts',
      "import '../src/engine/quorum.ts'",
      'a plug-in only looks or acts',
    ],
    [
      'the platform',
      'src/actuators/x.ts',
      "import '../platform/real-clock.ts'",
      'through its context',
    ],
    ['its neighbour', 'src/actuators/x.ts', "import './y.ts'", 'of another plug-in'],
    ['parts of its neighbour', 'probes/x/a.ts', "import '../y/b.ts'", 'of another plug-in'],
  ])('a plug-in that imports %s is noticed', (_, path, text, complaint) => {
    expect(about(nosyPlugins, path, text)).toContain(complaint)
  })

  test('a plug-in may have parts of its own', () => {
    expect(about(nosyPlugins, 'src/stores/x.ts', "import './x/tables.ts'")).toBe('')
    expect(about(nosyPlugins, 'src/stores/x/rows.ts', "import './tables.ts'")).toBe('')
  })

  test.each([
    ['src/core/x.ts', "import { z } from 'zod'", 'the core imports nothing'],
    ['src/engine/x.ts', "import { readFile } from 'node:fs/promises'", 'src/engine is pure'],
    ['src/formats/x.ts', "import net from 'node:net'", 'src/formats is pure'],
    ['src/ui/x.ts', "import { join } from 'node:path'", 'runs in a browser'],
    ['src/app/x.ts', "import { join } from 'path'", 'write node:path'],
  ])('%s that says `%s` is noticed', (path, text, complaint) => {
    expect(about(worldlyImports, path, text)).toContain(complaint)
  })
})

describe('time, chance and identity', () => {
  test('they come only through the context', () => {
    const watched = production.filter(({ path }) => !/^src\/(platform|ui)\//u.test(path))

    expect(bannedGlobals(watched)).toEqual([])
  })

  test.each([
    'const a = Date.now()',
    "const a = Date['now']()",
    'const a = globalThis.Date.now()',
    'const { now } = Date',
    'const a = new Date()',
    'const a = Date()',
    'const a = performance.now()',
    'setTimeout(() => {}, 1)',
    'const wait = setInterval',
    'globalThis.setImmediate(() => {})',
    'const a = { setTimeout }',
    'const a = Math.random()',
    'const a = crypto.randomUUID()',
    "import { randomUUID } from 'node:crypto'",
    "import { setTimeout as wait } from 'node:timers/promises'",
    "import { performance } from 'node:perf_hooks'",
    'const a = AbortSignal.timeout(1_000)',
    'const a = process.env.HOME',
    'const { env } = process',
  ])('`%s` is noticed', (text) => {
    expect(about(bannedGlobals, 'src/app/x.ts', text)).not.toBe('')
  })

  test.each([
    'const a = clock.setTimeout(1)',
    'const a = new Date(wall)',
    'const a = { setTimeout: 1 }',
    'const a = Date.parse(text)',
    '// Date.now() and setTimeout in words',
    "const says = 'Date.now() is banned'",
    'interface A { setTimeout(): void }',
    'clearTimeout(timer)',
  ])('`%s` is allowed', (text) => {
    expect(about(bannedGlobals, 'src/app/x.ts', text)).toBe('')
  })
})

describe('habits', () => {
  test('the code does without enums, namespaces, decorators, barrels and any', () => {
    expect(refusedConstructs(everything)).toEqual([])
  })

  test.each([
    ['enum A { B }', 'an enum'],
    ['namespace A { export const b = 1 }', 'a namespace'],
    ['class A { constructor(private b: string) {} }', 'a parameter property'],
    ['@b class A {}', 'a decorator'],
    ['const a: any = 1', '`any`'],
    ["export * from './a.ts'", '`export *`'],
    ['export default 1', 'a default export'],
  ])('`%s` is noticed', (text, complaint) => {
    expect(about(refusedConstructs, 'src/app/x.ts', text)).toContain(complaint)
  })

  test('a plug-in has a default export', () => {
    expect(about(refusedConstructs, 'probes/x.ts', 'export default 1')).toBe('')
    expect(about(refusedConstructs, 'probes/x/part.ts', 'export default 1')).not.toBe('')
  })

  test('files and folders are named in words of the domain', () => {
    // Fixtures keep the names that their origin gave them.
    const named = filesUnder('src', 'probes', 'test', 'tools').filter(
      (path) => !path.startsWith('test/fixtures/'),
    )

    expect(refusedNames(named)).toEqual([])
  })

  test.each([
    ['src/utils/time.ts', 'a word of the domain'],
    ['test/helpers/server.ts', 'a word of the domain'],
    ['src/net/index.ts', 'a barrel'],
    ['src/net/HttpClient.ts', 'kebab-case'],
  ])('the name %s is noticed', (path, complaint) => {
    expect(refusedNames([path]).join()).toContain(complaint)
  })

  test('files are short, or longer for a reason', () => {
    expect(longFiles(production, lineLimit, reasonsForLength)).toEqual([])
    expect(longFiles(tests, testLineLimit, {})).toEqual([])
  })

  test('a long file without a reason and a reason without a long file are noticed', () => {
    const files = [
      { path: 'src/a.ts', lines: 401 },
      { path: 'src/b.ts', lines: 400 },
    ]

    const found = longFiles(files, 400, { 'src/b.ts': 'because' })

    expect(found).toEqual([
      expect.stringContaining('src/a.ts has 401 lines, more than 400'),
      expect.stringContaining('src/b.ts has at most 400 lines or is gone'),
    ])
  })

  test('nothing is left unfinished', () => {
    const unfinished = ['TO', 'DO'].join('')

    expect(unfinishedWork(production)).toEqual([])
    expect(about(unfinishedWork, 'src/app/x.ts', `// ${unfinished}: later`)).toContain('unfinished')
  })
})

describe('what is committed', () => {
  test('it names no place of one machine', () => {
    expect(machinePlaces(texts)).toEqual([])
    expect(machinePlaces([{ path: 'a.md', text: `see ${machineFolders[0]}a` }])).toHaveLength(1)
  })

  test('packages come from the public registry, which only the lock file names', () => {
    expect(registryHosts(texts)).toEqual([])
  })

  test.each([
    ['package-lock.json', '"resolved": "https://packages.example/a.tgz"'],
    ['package-lock.json', `"resolved": "${publicRegistry.replace('https', 'http')}a.tgz"`],
    ['README.md', `see ${publicRegistry}`],
  ])('the registry in %s that says `%s` is noticed', (path, text) => {
    expect(registryHosts([{ path, text }])).toHaveLength(1)
  })
})
