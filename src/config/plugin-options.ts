import { z } from 'zod'
import type { ConfigDocument, Path, Problem } from './document.ts'
import type { JsonSchema } from './expectation.ts'
import { plainWords, sayIssue } from './say-issue.ts'

/**
 * Options that say where a probe looks, the one that is shown first. `verify.url` takes over none of
 * them from the first path: a path pinned to an address must not pin the viewers' public name to it.
 */
export const whereOptions: readonly string[] = ['url', 'address', 'host', 'target', 'pathway']

/** What this folder needs of a plug-in: its name and the schema of its options. */
export interface OptionsPlugin {
  readonly type: string
  readonly summary: string
  readonly options: z.ZodType
  /** What its tests ran against, where it drives or tells a product of somebody else. */
  readonly tested?: 'real' | 'contract' | 'transcribed'
  /** Of a probe: the part of the chain that it pulls. */
  readonly side?: 'ingest' | 'delivery'
  /** Of an actuator, by its options: whether a change can be taken back without viewers noticing. */
  capabilities?(options: unknown): { readonly reversible: boolean }
  /** Of a pull actuator: where it is asked. */
  readonly route?: string
  /** Of a notifier: whether these options let its service tell us of what people did there. */
  readonly reactions?: { isOn(options: unknown): boolean }
}

/** The plug-ins that a configuration may name, one list for each kind. */
export interface Plugins {
  readonly probes: readonly OptionsPlugin[]
  readonly actuators: readonly OptionsPlugin[]
  readonly notifiers: readonly OptionsPlugin[]
}

/** An entry of the file that names a plug-in, as data with its `${…}` substituted. */
export interface PluginEntry {
  readonly at: Path
  readonly raw: Readonly<Record<string, unknown>>
  /** Keys of the entry that are not the plug-in's. */
  readonly common: readonly string[]
}

export type ParsedOptions =
  | { readonly ok: true; readonly options: unknown }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/** Judges the plug-in's part of an entry by the plug-in's own schema. */
export function parseOptions(
  plugin: OptionsPlugin,
  entry: PluginEntry,
  document: ConfigDocument,
): ParsedOptions {
  const raw = ownOptions(entry)
  const parsed = plugin.options.safeParse(raw, plainWords)
  if (parsed.success) return { ok: true, options: parsed.data }
  const context = {
    at: entry.at,
    raw,
    schema: optionsSchema(plugin),
    moreKeys: entry.common,
    document,
  }
  return { ok: false, problems: parsed.error.issues.flatMap((issue) => sayIssue(issue, context)) }
}

/** The part of an entry that belongs to the plug-in. */
export function ownOptions(entry: Omit<PluginEntry, 'at'>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(entry.raw).filter(([key]) => !entry.common.includes(key)),
  )
}

/** JSON Schema of a plug-in's options as they are written in the file. */
export function optionsSchema(plugin: OptionsPlugin): JsonSchema {
  return inputSchema(plugin.options)
}

/** JSON Schema of what a zod schema takes. */
export function inputSchema(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override({ zodSchema, jsonSchema }) {
      const { def } = zodSchema._zod
      // zod leaves the default of a transformed value out: it is no input. We write it as one.
      if (def.type === 'default')
        jsonSchema.default ??= def.defaultValue as typeof jsonSchema.default
    },
  }) as JsonSchema
}

/**
 * What is wrong with an actuator's maps from path names (declared with `perPath` or `somePaths`):
 * entries for paths that the group has not got, entries that name such a path (declared with
 * `pathName`), and, in a map of all, paths without an entry, to which traffic could never be moved.
 */
export function perPathProblems(
  plugin: OptionsPlugin,
  entry: PluginEntry,
  paths: readonly string[],
): Problem[] {
  const properties = Object.entries(optionsSchema(plugin).properties ?? {})
  return properties.flatMap(([key, schema]) => {
    const map = entry.raw[key]
    const isOfPaths = schema.perPath === true || schema.somePaths === true
    if (!isOfPaths || typeof map !== 'object' || map === null) return []
    const at = [...entry.at, key]
    const known = `the paths of this group are ${paths.join(', ')}`
    const strangers = Object.keys(map).filter((name) => !paths.includes(name))
    const missing = schema.perPath === true ? paths.filter((name) => !Object.hasOwn(map, name)) : []
    return [
      ...strangers.map((name) => ({
        path: [...at, name],
        atKey: true,
        says: `names no path of the group; ${known}`,
      })),
      ...missing.map((name) => ({
        path: at,
        atKey: true,
        says: `has no entry for the path ${name}, so traffic could never be moved there`,
      })),
      ...namedPaths(schema, map)
        .filter(({ name }) => !paths.includes(name))
        .map(({ below }) => ({
          path: [...at, ...below],
          atKey: false,
          says: `names no path of the group; ${known}`,
        })),
    ]
  })
}

/** Paths that entries of a map name in their fields, and where. */
function namedPaths(
  schema: JsonSchema,
  map: object,
): { readonly below: readonly string[]; readonly name: string }[] {
  const entry = schema.additionalProperties
  const fields = typeof entry === 'object' ? Object.entries(entry.properties ?? {}) : []
  return fields
    .filter(([, field]) => field.pathName === true)
    .flatMap(([field]) =>
      Object.entries(map).flatMap(([key, value]: [string, unknown]) => {
        const name: unknown =
          typeof value === 'object' && value !== null ? Reflect.get(value, field) : undefined
        return typeof name === 'string' ? [{ below: [key, field], name }] : []
      }),
    )
}
