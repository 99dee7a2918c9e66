/** The part of JSON Schema (2020-12) that zod writes and that this folder reads. */
export interface JsonSchema {
  readonly $schema?: string
  readonly type?: string
  readonly title?: string
  readonly description?: string
  readonly default?: unknown
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly format?: string
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
  readonly exclusiveMaximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly propertyNames?: JsonSchema
  readonly additionalProperties?: JsonSchema | boolean
  readonly items?: JsonSchema
  readonly anyOf?: readonly JsonSchema[]
  readonly oneOf?: readonly JsonSchema[]
  readonly allOf?: readonly JsonSchema[]
  /** Bounds of a duration or a size, in words: `1s to 1m`. */
  readonly bounds?: string
  /** A map with one entry for each path of the group. */
  readonly perPath?: boolean
  /** A map with an entry for some paths of the group. */
  readonly somePaths?: boolean
  /** The short name of a path of the group. */
  readonly pathName?: boolean
}

/** The schema of the value at a path below `schema`; `undefined` where none is declared. */
export function schemaAt(
  schema: JsonSchema | undefined,
  path: readonly PropertyKey[],
): JsonSchema | undefined {
  const [step, ...rest] = path
  if (schema === undefined || step === undefined) return schema
  const below = typeof step === 'number' ? schema.items : property(schema, String(step))
  if (below !== undefined) return schemaAt(below, rest)
  const found = variantsOf(schema).flatMap((variant) => schemaAt(variant, path) ?? [])
  return found.length > 1 ? { anyOf: found } : found[0]
}

/** The texts that a schema takes where it takes only certain ones. */
export function choices(schema: JsonSchema | undefined): string[] {
  if (schema === undefined) return []
  const own = [...(schema.enum ?? []), schema.const].filter((value) => typeof value === 'string')
  return [...own, ...variantsOf(schema).flatMap(choices)]
}

/** Names of the keys that a map may have. */
export function knownKeys(schema: JsonSchema | undefined): string[] {
  if (schema === undefined) return []
  const own = Object.keys(schema.properties ?? {})
  return [...new Set([...own, ...variantsOf(schema).flatMap((variant) => knownKeys(variant))])]
}

/** What a schema takes, as the end of the sentence "expected …". */
export function describe(schema: JsonSchema | undefined): string {
  if (schema === undefined) return 'another value'
  if (typeof schema.const === 'string') return schema.const
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.enum !== undefined) return alternatives(schema.enum.map(String))
  const variants = [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])]
  if (variants.length > 0) return alternatives(variants.map((variant) => describe(variant)))
  return byType(schema)
}

function byType(schema: JsonSchema): string {
  switch (schema.type) {
    case 'integer':
      return `a whole number${numberBounds(schema)}`
    case 'number':
      return `a number${numberBounds(schema)}`
    case 'boolean':
      return 'true or false'
    case 'array':
      return `a list${lengthBounds(schema.minItems, schema.maxItems, 'entries')}`
    case 'object':
      return 'a map'
    case 'string':
      return describeText(schema)
    case undefined:
    default:
      return 'another value'
  }
}

/** Bounds of a number in words, `1 to 9`; empty where there are none. */
export function boundsInWords(schema: JsonSchema): string {
  if (schema.bounds !== undefined) return schema.bounds
  const min = safe(schema.minimum)
  const max = safe(schema.maximum)
  if (min !== undefined && max !== undefined) return `${min} to ${max}`
  if (schema.exclusiveMinimum !== undefined) return `more than ${schema.exclusiveMinimum}`
  if (schema.exclusiveMaximum !== undefined) return `less than ${schema.exclusiveMaximum}`
  if (min !== undefined) return `at least ${min}`
  return max === undefined ? '' : `at most ${max}`
}

function numberBounds(schema: JsonSchema): string {
  const bounds = boundsInWords(schema)
  if (bounds === '') return ''
  return /^\d|^-/u.test(bounds) ? ` from ${bounds}` : ` of ${bounds}`
}

const withUnit: Readonly<Record<string, string>> = {
  duration: 'a duration',
  'byte-size': 'a size',
  'bit-rate': 'a bit rate',
}

function describeText(schema: JsonSchema): string {
  const what = withUnit[schema.format ?? '']
  if (what !== undefined) {
    return schema.bounds === undefined ? what : `${what} from ${schema.bounds}`
  }
  if (schema.format === 'ipv4') return 'an IPv4 address'
  if (schema.format === 'ipv6') return 'an IPv6 address'
  if (schema.format === 'uri') return 'an absolute URL'
  if (schema.pattern !== undefined) return `a text that matches ${schema.pattern}`
  return `a text${lengthBounds(schema.minLength, schema.maxLength, 'characters')}`
}

function lengthBounds(min: number | undefined, max: number | undefined, unit: string): string {
  if (min !== undefined && min === max) return ` of ${min} ${unit}`
  if (min !== undefined && max !== undefined) return ` of ${min} to ${max} ${unit}`
  if (min !== undefined) return ` of at least ${min} ${unit}`
  return max === undefined ? '' : ` of at most ${max} ${unit}`
}

function alternatives(words: readonly string[]): string {
  const unique = [...new Set(words)]
  if (unique.length < 2) return unique.join('')
  return `${unique.slice(0, -1).join(', ')} or ${unique.at(-1)}`
}

function property(schema: JsonSchema, name: string): JsonSchema | undefined {
  if (schema.properties !== undefined && Object.hasOwn(schema.properties, name)) {
    return schema.properties[name]
  }
  const rest = schema.additionalProperties
  return typeof rest === 'object' && Object.keys(rest).length > 0 ? rest : undefined
}

function variantsOf(schema: JsonSchema): readonly JsonSchema[] {
  return [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])]
}

/** zod writes the bounds of exact integers where none were asked for. */
function safe(bound: number | undefined): number | undefined {
  return bound === undefined || Math.abs(bound) === Number.MAX_SAFE_INTEGER ? undefined : bound
}
