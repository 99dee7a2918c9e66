import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { isCollection, isMap, isScalar, parseDocument, visit, type Document } from 'yaml'
import type { JsonSchema } from '../../src/config/expectation.ts'
import { knownKeys, schemaAt } from '../../src/config/expectation.ts'
import { commonKeys } from '../../src/config/file-schema.ts'
import { fullSchema } from '../../src/config/json-schema.ts'
import { loadSettings } from '../../src/config/load.ts'
import type { LoadedSettings } from '../../src/config/load.ts'
import { plugins } from '../../src/plugins.ts'

type Path = readonly (string | number)[]

const example = readFileSync(new URL('../../changeover.example.yaml', import.meta.url), 'utf8')
const everyOption = withEveryOption(example)
const schema = fullSchema('default', plugins)

const sharedKeys: ReadonlySet<string> = new Set(Object.values(commonKeys).flat())

const environment: Readonly<Record<string, string>> = {
  ALERTMANAGER_AUTHORIZATION: 'Bearer 0123456789abcdef',
  CDN_KEY: '0123456789abcdef',
  CLOUDFLARE_TOKEN: '0123456789abcdef0123456789abcdef',
  CHANGEOVER_TOKEN: '0123456789abcdef',
  HEARTBEAT_URL: 'https://beat.example/x',
  PAGERDUTY_ROUTING_KEY: '0123456789abcdef0123456789abcdef',
  PAGERDUTY_WEBHOOK_SECRET: '0123456789abcdef',
  SLACK_BOT_TOKEN: 'xoxb-0123456789-abcdef',
  SLACK_SIGNING_SECRET: '0123456789abcdef',
  SLACK_WEBHOOK_URL: 'https://hooks.slack.com/services/x',
  TEAMS_WORKFLOW_URL: 'https://flow.example/x',
  POWERDNS_API_KEY: '0123456789abcdef',
  TSIG_SECRET: 'MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=',
  WEBHOOK_URL: 'https://hooks.example/x',
}

describe('changeover.example.yaml', () => {
  it('loads as it stands, without any variable or secret', () => {
    expect(load(example, {})).toMatchObject({ ok: true, settings: { mode: 'advise' } })
  })

  it('loads with every option that is commented out', () => {
    expect(load(everyOption, environment)).toMatchObject({
      ok: true,
      settings: {
        listen: { public: { port: 8643 } },
        notify: [
          { route: 'on-call' },
          { route: 'webhook' },
          { route: 'alertmanager' },
          { route: 'email' },
          { route: 'slack' },
          { route: 'chat' },
          { route: 'teams' },
        ],
      },
    })
  })

  it.each([...defaultsIn(example), ...defaultsIn(everyOption)])(
    'shows the default of %s',
    (_, path, text) => {
      const shortened = parseDocument(text)
      shortened.deleteIn(path)

      const without = load(shortened.toString(), environment)

      expect(without).toEqual({ ...loadedOnce(text), warnings: expect.anything() })
    },
  )

  it('shows every key of the file and every option of the plug-ins that it uses', () => {
    const shown = keysIn(everyOption)

    const missing = everyKey(schema, []).filter((key) => !shown.has(key))

    expect(missing).toEqual([])
  })

  it('says something about every key', () => {
    const lines = example.split('\n')
    const silent = lines.filter((line, index) => {
      // Names and types speak for themselves; `segments` is explained by what stands in it.
      const isOption = /^ *#?\w+:/u.test(line) && !/^ *#?(?:streams|groups|segments):/u.test(line)
      if (!isOption || / # \S/u.test(line)) return false
      const before = lines.slice(0, index).findLast((above) => !/^ *\w+: \[\]$/u.test(above))
      return !/^ *#/u.test(before ?? '')
    })

    expect(silent).toEqual([])
  })
})

function load(text: string, variables: Readonly<Record<string, string>>): LoadedSettings {
  return loadSettings({
    text,
    fileName: 'changeover.example.yaml',
    plugins,
    environment: (name) => variables[name],
    readFile: () => 'a secret of 16 letters\n',
  })
}

const loaded = new Map<string, LoadedSettings>()

function loadedOnce(text: string): LoadedSettings {
  const settings = loaded.get(text) ?? load(text, environment)
  loaded.set(text, settings)
  return settings
}

/** The file with what is commented out by a # and no blank; it stands for an empty list above it. */
function withEveryOption(text: string): string {
  return text
    .replaceAll(/^( *)(\w+): \[\]\n(?=\1#\2:)/gmu, '')
    .replaceAll(/^( *)#(?=\w+:|  )/gmu, '$1')
}

const documents = new Map<string, Document.Parsed>()

/** A text that is read once, for whoever changes nothing: each value asks several times. */
function read(text: string): Document.Parsed {
  const known = documents.get(text)
  if (known !== undefined) return known
  const document = parseDocument(text)
  documents.set(text, document)
  return document
}

/** Every value of the file, lists with entries left out, for which the schema knows a default. */
function defaultsIn(text: string): [string, Path, string][] {
  return placesIn(text).flatMap(({ path, isLeaf }): [string, Path, string][] => {
    // A group that shows the keys of weighted ones must be one.
    const isShown = path.at(-1) === 'strategy' && read(text).getIn(path) === 'weighted'
    const isKnown = isLeaf && !isShown && hasDefault(pluginSchema(text, path))
    return isKnown ? [[path.join('.'), path, text]] : []
  })
}

function hasDefault(found: JsonSchema | undefined): boolean {
  const variants = found?.anyOf ?? []
  return found?.default !== undefined || variants.some(hasDefault)
}

/** The schema at a place, where a plug-in's entry is that of the plug-in which the file names. */
function pluginSchema(text: string, path: Path): JsonSchema | undefined {
  let found: JsonSchema | undefined = schema
  for (const [index, step] of path.entries()) {
    const entry: unknown = read(text).getIn([...path.slice(0, index), 'type'])
    const variant = found?.anyOf?.find(({ title }) => title !== undefined && title === entry)
    found = schemaAt(variant ?? found, [step])
  }
  return found
}

/** Keys as the schema tells them: `*` for any name or position, a plug-in's type in its entry. */
function everyKey(part: JsonSchema, at: readonly string[]): string[] {
  const plugIns = (part.anyOf ?? []).filter(({ title }) => title !== undefined)
  if (plugIns.length > 0) {
    return plugIns.flatMap((plugIn) =>
      knownKeys(plugIn).map((key) =>
        [...at.slice(0, -1), entryOf(key, plugIn.title), key].join('.'),
      ),
    )
  }
  if (part.items !== undefined) return everyKey(part.items, [...at, '*'])
  if (part.properties === undefined) {
    const rest = part.additionalProperties
    return typeof rest === 'object' ? everyKey(rest, [...at, '*']) : []
  }
  return Object.entries(part.properties).flatMap(([key, below]) => [
    [...at, key].join('.'),
    ...everyKey(below, [...at, key]),
  ])
}

/** A key that all plug-ins of a kind share is shown once, and one of a plug-in in its own entry. */
function entryOf(key: string, type: string | undefined): string {
  return type === undefined || sharedKeys.has(key) ? '*' : type
}

function keysIn(text: string): Set<string> {
  const document = read(text)
  return new Set(
    placesIn(text).flatMap(({ path }) => {
      const names = path.map((step, index) => {
        const parent = String(path[index - 1])
        const isEntry = ['paths', 'actuators', 'notify'].includes(parent)
        const type = String(document.getIn([...path.slice(0, index + 1), 'type']))
        if (isEntry) return entryOf(String(path[index + 1]), type)
        return typeof step === 'number' || ['streams', 'groups'].includes(parent) ? '*' : step
      })
      return [names.join('.')]
    }),
  )
}

function placesIn(text: string): { readonly path: Path; readonly isLeaf: boolean }[] {
  const places: { path: Path; isLeaf: boolean }[] = []
  visit(read(text), {
    Pair(_, pair, parents) {
      const path: (string | number)[] = []
      for (const [index, parent] of [...parents, pair].entries()) {
        const above = parents[index - 1]
        if (above !== undefined && 'items' in above && !isMap(above)) {
          path.push(above.items.findIndex((item) => item === parent))
        }
        if ('key' in parent && isScalar(parent.key)) path.push(String(parent.key.value))
      }
      places.push({ path, isLeaf: !isCollection(pair.value) || pair.value.items.length === 0 })
    },
  })
  return places
}
