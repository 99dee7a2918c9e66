import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { plugins } from '../src/plugins.ts'
import { filesUnder, repository, sourcesUnder } from './architecture/source.ts'

const kinds = [
  { kind: 'probe', list: plugins.probes, folder: 'probes', tests: 'test/probes' },
  { kind: 'actuator', list: plugins.actuators, folder: 'src/actuators', tests: 'test/actuators' },
  { kind: 'notifier', list: plugins.notifiers, folder: 'src/notifiers', tests: 'test/notifiers' },
]

const documents = filesUnder('docs')
  .filter((path) => path.endsWith('.md'))
  .map((path) => readFileSync(join(repository, path), 'utf8'))
  .join('\n')

/** The plug-in files of a folder; parts of a plug-in lie in a folder of its name. */
function filesOf(folder: string): readonly string[] {
  return filesUnder(folder).filter((path) => path.slice(folder.length + 1).split('/').length === 1)
}

describe.each(kinds)('every $kind', ({ kind, list, folder, tests }) => {
  test('is in the list, and the list names nothing else', () => {
    const types = filesOf(folder)
      .map((path) => basename(path, '.ts'))
      .toSorted()

    expect(list.map(({ type }) => type).toSorted()).toEqual(types)
  })

  test('has a test that imports it', () => {
    const imported = sourcesUnder(tests)
      .filter(({ path }) => path.endsWith('.test.ts'))
      .flatMap(({ imports }) => imports.map(({ of }) => of))

    const untested = filesOf(folder).filter((path) => !imported.includes(path))

    expect(untested, `give each a test in ${tests}`).toEqual([])
  })

  test('is explained in the documentation', () => {
    const unexplained = list
      .map(({ type }) => type)
      .filter((type) => !documents.includes(`\`${type}\``))

    expect(unexplained, `mention each ${kind} as \`type\` in docs`).toEqual([])
  })

  test('says in one sentence what it is for', () => {
    for (const { summary } of list) expect(summary).toMatch(/^[A-Z][^\n]{10,150}\.$/u)
  })

  test('takes strict options, each with a description or a default', () => {
    for (const { type, options } of list) {
      const schema = z.toJSONSchema(options, { io: 'input', unrepresentable: 'any' })

      expect(schema.additionalProperties, `${type} accepts unknown keys`).toBe(false)
      for (const [name, field] of Object.entries(schema.properties ?? {})) {
        const isExplained = typeof field === 'object' && 'description' in field
        const hasDefault = typeof field === 'object' && 'default' in field
        expect(isExplained || hasDefault, `${type}.${name} has neither`).toBe(true)
      }
    }
  })
})

test('every measurement is declared once per probe, in snake_case, with a sentence of help', () => {
  for (const { type, measures } of plugins.probes) {
    const names = measures.map(({ name }) => name)
    expect(new Set(names).size, `${type} declares one twice`).toBe(names.length)
    for (const { name, help } of measures) {
      expect(name).toMatch(/^[a-z]+(_[a-z0-9]+)*$/u)
      expect(help, `help of ${name}`).toMatch(/^[A-Z].*\.$/u)
    }
  }
})

test('plain Node loads every plug-in: the test runner forgives imports that Node refuses', () => {
  const list = new URL('../src/plugins.ts', import.meta.url).href

  const loaded = execFileSync(
    process.execPath,
    [
      '-e',
      `import(${JSON.stringify(list)}).then(({ plugins }) => console.log(plugins.probes.length))`,
    ],
    { encoding: 'utf8', timeout: 15_000 },
  )

  expect(Number(loaded)).toBe(plugins.probes.length)
})
