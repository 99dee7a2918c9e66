import { boundsInWords } from './expectation.ts'
import type { JsonSchema } from './expectation.ts'
import { commonKeys } from './file-schema.ts'
import { fullSchema, writtenDefault } from './json-schema.ts'
import { optionsSchema } from './plugin-options.ts'
import type { OptionsPlugin, Plugins } from './plugin-options.ts'
import { profileNames } from './profiles.ts'

/** One key of the file, as the reference lists it. */
export interface ReferenceRow {
  /** `streams.<name>.groups.<name>.holddown`; `[]` marks a list's entries. */
  readonly key: string
  readonly type: string
  /** As written in the file; `required`, or empty where absent means off or is described. */
  readonly fallback: string
  readonly bounds: string
  readonly description: string
}

const intro = `# Configuration reference

<!-- Generated from the schemas in src/config and the plug-ins. Regenerate it with
     npx vitest run --project unit -u test/config/reference.test.ts -->

One YAML file, strict: an unknown key is an error. \`changeover.example.yaml\` shows every key at its
default. \`changeover check\` says what is wrong with a file and prints what it would watch.

- A duration needs a unit: \`250ms\`, \`5s\`, \`1m30s\`, \`2h\`, \`7d\`.
- A name is 1 to 63 lower-case letters, digits and hyphens, and begins with a letter or digit.
- \`\${NAME}\` in a value stands for an environment variable and \`\${file:/run/secrets/x}\` for a file
  without its final line break; \`$\${\` stands for a literal \`\${\`. Inside \`{ }\` and \`[ ]\` such a value
  must be quoted. What is put in stays text, and is never shown in errors, logs and pages.
- Anchors, aliases and merge keys (\`<<: *name\`) may be used. Tags and several documents may not.
- Relative paths start at the folder of the file.
`

/** The reference of the configuration file in Markdown, made from the schemas alone. */
export function referenceMarkdown(plugins: Plugins): string {
  const rows = referenceRows(plugins)
  const groupPrefix = 'streams.<name>.groups.<name>.'
  const ofGroup = rows.filter(({ key }) => key.startsWith(groupPrefix))
  const sections = [
    intro,
    '## Top level\n',
    table(rows.filter(({ key }) => !key.startsWith(groupPrefix))),
    '## Groups\n',
    `Keys of \`${groupPrefix.slice(0, -1)}\`.\n`,
    table(ofGroup.map((row) => ({ ...row, key: row.key.slice(groupPrefix.length) }))),
    '## Profiles\n',
    'Defaults that differ between profiles; a key in the file always wins.\n',
    profileTable(plugins),
    ...plugInSection('Probes', 'A path is looked at by a probe: its `type`.', plugins.probes),
    ...plugInSection('Actuators', 'What moves the traffic of a group.', plugins.actuators),
    ...plugInSection('Notifiers', 'How people are told.', plugins.notifiers),
  ]
  return `${sections.join('\n').trimEnd()}\n`
}

/** Every key of the file but the plug-ins' own, in the order of the schema. */
export function referenceRows(
  plugins: Plugins,
  profile: (typeof profileNames)[number] = 'default',
): ReferenceRow[] {
  return rowsOf(fullSchema(profile, plugins), '', false)
}

function rowsOf(schema: JsonSchema, key: string, required: boolean): ReferenceRow[] {
  const own = key === '' ? [] : [row(schema, key, required)]
  return [...own, ...rowsBelow(schema, key)]
}

function rowsBelow(schema: JsonSchema, key: string): ReferenceRow[] {
  if (schema.anyOf?.some(({ title }) => title !== undefined)) return commonRows(schema, key)
  if (schema.items !== undefined) return rowsBelow(schema.items, `${key}[]`)
  if (typeof schema.additionalProperties === 'object') {
    return rowsBelow(schema.additionalProperties, `${key}.<name>`)
  }
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) =>
    rowsOf(property, key === '' ? name : `${key}.${name}`, isRequired(schema, name)),
  )
}

/** Of an entry that names a plug-in: only the keys that all plug-ins share. */
function commonRows(schema: JsonSchema, key: string): ReferenceRow[] {
  const shared = new Set<string>(Object.values(commonKeys).flat())
  const [first] = schema.anyOf ?? []
  const properties = Object.entries(first?.properties ?? {}).filter(([name]) => shared.has(name))
  return properties.map(([name, property]) =>
    name === 'type'
      ? row({ type: 'string', description: 'The plug-in; see below.' }, `${key}.type`, true)
      : row(property, `${key}.${name}`, false),
  )
}

function row(schema: JsonSchema, key: string, required: boolean): ReferenceRow {
  return {
    key,
    type: typeInWords(schema),
    fallback: required ? 'required' : defaultInWords(schema),
    bounds: bounds(schema),
    description: schema.description ?? '',
  }
}

function typeInWords(schema: JsonSchema): string {
  if (schema.enum !== undefined)
    return schema.enum.map((value) => `\`${String(value)}\``).join(', ')
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``
  const variants = [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])]
  if (variants.length > 0) return [...new Set(variants.map(typeInWords))].join(' or ')
  if (schema.format === 'duration') return 'duration'
  if (schema.format === 'byte-size') return 'size'
  if (schema.format === 'bit-rate') return 'bit rate'
  const words: Readonly<Record<string, string>> = {
    integer: 'whole number',
    boolean: '`true`, `false`',
    string: 'text',
    array: 'list',
    object: 'map',
  }
  return words[schema.type ?? ''] ?? schema.type ?? 'any'
}

function defaultInWords(schema: JsonSchema): string {
  const value = writtenDefault(schema)
  if (value === undefined || (typeof value === 'object' && Object.keys(value ?? {}).length === 0)) {
    return Array.isArray(value) ? '`[]`' : ''
  }
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``
}

function bounds(schema: JsonSchema): string {
  if (schema.enum !== undefined) return ''
  const { minLength, maxLength, minItems, maxItems } = schema
  if (minLength !== undefined || maxLength !== undefined) {
    return `${minLength ?? 0} to ${maxLength ?? 'any number of'} characters`
  }
  if (maxItems !== undefined) return `${minItems ?? 0} to ${maxItems} entries`
  return boundsInWords(schema)
}

function isRequired(schema: JsonSchema, name: string): boolean {
  return schema.required?.includes(name) ?? false
}

function plugInSection(title: string, says: string, plugins: readonly OptionsPlugin[]): string[] {
  const known = plugins.toSorted((a, b) => a.type.localeCompare(b.type, 'en'))
  return [`## ${title}\n`, `${says}\n`, ...known.flatMap(plugInTable)]
}

function plugInTable(plugin: OptionsPlugin): string[] {
  const options = optionsSchema(plugin)
  const shapes = [...(options.anyOf ?? []), ...(options.oneOf ?? [])]
  const rows = (shapes.length === 0 ? [options] : shapes).flatMap((shape) => rowsBelow(shape, ''))
  const unique = rows.filter((row, at) => rows.findIndex(({ key }) => key === row.key) === at)
  const body = unique.length === 0 ? 'It has no options.\n' : table(unique)
  const tested = plugin.tested === undefined ? '' : ` ${testedAgainst[plugin.tested]}`
  return [`### \`${plugin.type}\`\n`, `${plugin.summary}${tested}\n`, body]
}

const testedAgainst = {
  real: 'Tested against the real product.',
  contract: "Tested against the vendor's published contract, not the real product.",
  transcribed: "Tested against what the vendor's documentation says, not the real product.",
} as const

function profileTable(plugins: Plugins): string {
  const byProfile = profileNames.map((profile) => referenceRows(plugins, profile))
  const [standard = []] = byProfile
  const lines = standard.flatMap((row, index) => {
    const values = byProfile.map((rows) => rows[index]?.fallback ?? '')
    return new Set(values).size === 1 ? [] : [`| \`${row.key}\` | ${values.join(' | ')} |`]
  })
  const head = `| key | ${profileNames.map((profile) => `\`${profile}\``).join(' | ')} |`
  return `${[head, '| --- | --- | --- | --- |', ...lines].join('\n')}\n`
}

function table(rows: readonly ReferenceRow[]): string {
  const lines = rows.map(
    ({ key, type, fallback, bounds, description }) =>
      `| \`${key}\` | ${[type, fallback, bounds, description].map(cell).join(' | ')} |`,
  )
  const head = '| key | type | default | bounds | description |'
  return `${[head, '| --- | --- | --- | --- | --- |', ...lines].join('\n')}\n`
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll(/\s+/gu, ' ').trim()
}
