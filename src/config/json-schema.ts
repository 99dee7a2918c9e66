import { formatDuration } from '../core/duration.ts'
import type { JsonSchema } from './expectation.ts'
import { fileSchema } from './file-schema.ts'
import { pluginTypes } from './load.ts'
import { inputSchema, optionsSchema } from './plugin-options.ts'
import type { OptionsPlugin, Plugins } from './plugin-options.ts'
import type { Profile } from './profiles.ts'

/**
 * JSON Schema (draft 2020-12) of the configuration file with the options of all plug-ins, for
 * editors that complete and check while one types. Defaults are those of the profile `default`.
 */
export function configSchema(plugins: Plugins): JsonSchema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Changeover configuration',
    ...forEditors(fullSchema('default', plugins)),
  }
}

/** The schema of the file under one profile, with every plug-in's options in its place. */
export function fullSchema(profile: Profile, plugins: Plugins): JsonSchema {
  const { $schema: _draft, ...file } = inputSchema(fileSchema(profile, pluginTypes(plugins)))
  const withRoutes = atKeys(file, ['notify', each], (common) => entry(common, plugins.notifiers))
  const group = ['streams', each, 'groups', each]
  const withWitnesses = atKeys(withRoutes, [...group, 'paths', each, 'witnesses', each], (common) =>
    entry(common, plugins.probes),
  )
  const withPaths = atKeys(withWitnesses, [...group, 'paths', each], (common) =>
    entry(common, plugins.probes),
  )
  return atKeys(withPaths, [...group, 'actuators', each], (common) =>
    entry(common, plugins.actuators),
  )
}

/** Any name in a map, or any position in a list. */
const each = '*'

/** A copy of a schema in which the one at a path of keys is replaced. */
function atKeys(
  schema: JsonSchema,
  keys: readonly string[],
  replace: (found: JsonSchema) => JsonSchema,
): JsonSchema {
  const [key, ...rest] = keys
  if (key === undefined) return replace(schema)
  if (key !== each) {
    const below = schema.properties?.[key]
    if (below === undefined) return schema
    return { ...schema, properties: { ...schema.properties, [key]: atKeys(below, rest, replace) } }
  }
  if (schema.items !== undefined) return { ...schema, items: atKeys(schema.items, rest, replace) }
  const values = schema.additionalProperties
  if (typeof values !== 'object') return schema
  return { ...schema, additionalProperties: atKeys(values, rest, replace) }
}

/** One alternative for each plug-in: its type, the common keys and its own. */
function entry(common: JsonSchema, plugins: readonly OptionsPlugin[]): JsonSchema {
  return { ...withoutShape(common), anyOf: plugins.flatMap((plugin) => variants(common, plugin)) }
}

function withoutShape(schema: JsonSchema): JsonSchema {
  const { properties: _properties, additionalProperties: _rest, ...others } = schema
  return { ...others, required: ['type'] }
}

function variants(common: JsonSchema, plugin: OptionsPlugin): JsonSchema[] {
  const options = optionsSchema(plugin)
  const shapes = [...(options.anyOf ?? []), ...(options.oneOf ?? [])]
  return (shapes.length === 0 ? [options] : shapes).map((shape) => ({
    type: 'object',
    title: plugin.type,
    description: plugin.summary,
    properties: {
      ...common.properties,
      type: { const: plugin.type, description: plugin.summary },
      ...shape.properties,
    },
    required: ['type', ...(shape.required ?? [])],
    additionalProperties: false,
  }))
}

/** Our own words (`bounds`, `perPath` and its like) become description, so that any validator takes the schema. */
function forEditors(schema: JsonSchema): JsonSchema {
  const { bounds, perPath: _all, somePaths: _some, pathName: _path, ...rest } = schema
  const description = [rest.description, bounds === undefined ? undefined : `From ${bounds}.`]
  const words = [...new Set(description)].filter((text) => text !== undefined).join(' ')
  return {
    ...rest,
    ...(words === '' ? {} : { description: words }),
    ...(rest.default === undefined ? {} : { default: writtenDefault(schema) }),
    ...mapped(rest),
  }
}

function mapped(schema: JsonSchema): Partial<JsonSchema> {
  const { properties, additionalProperties, items, anyOf, oneOf, allOf } = schema
  return {
    ...(properties && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([key, value]) => [key, forEditors(value)]),
      ),
    }),
    ...(typeof additionalProperties === 'object' && {
      additionalProperties: forEditors(additionalProperties),
    }),
    ...(items && { items: forEditors(items) }),
    ...(anyOf && { anyOf: anyOf.map(forEditors) }),
    ...(oneOf && { oneOf: oneOf.map(forEditors) }),
    ...(allOf && { allOf: allOf.map(forEditors) }),
  }
}

/** A default as one writes it in the file: schemas may hold durations and sizes as numbers. */
export function writtenDefault({ default: value, format }: JsonSchema): unknown {
  if (typeof value !== 'number') return value
  if (format === 'duration') return formatDuration(value)
  if (format === 'bit-rate') return formatBitRate(value)
  return format === 'byte-size' ? formatBytes(value) : value
}

function formatBitRate(bits: number): string {
  const unit = Math.min(4, [1, 2, 3, 4].filter((power) => bits % 1_000 ** power === 0).length)
  return bits === 0 ? '0bps' : `${bits / 1_000 ** unit}${['', 'k', 'M', 'G', 'T'][unit]}bps`
}

function formatBytes(bytes: number): string {
  const unit = Math.min(3, [1, 2, 3].filter((power) => bytes % 1_024 ** power === 0).length)
  return bytes === 0 ? '0B' : `${bytes / 1_024 ** unit}${['B', 'KiB', 'MiB', 'GiB'][unit]}`
}
