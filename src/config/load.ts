import type { RuleChanges } from '../core/rule.ts'
import type { Settings } from '../core/settings.ts'
import { buildSettings } from './build.ts'
import { readDocument } from './document.ts'
import type { ConfigDocument, Path, Problem } from './document.ts'
import { parseEntries } from './entries.ts'
import { fileSchema } from './file-schema.ts'
import type { FileGroup, FileSettings, PluginTypes } from './file-schema.ts'
import { inputSchema } from './plugin-options.ts'
import type { Plugins } from './plugin-options.ts'
import { profileNames } from './profiles.ts'
import type { Profile } from './profiles.ts'
import { relationProblems } from './relations.ts'
import { report } from './report.ts'
import { toChanges } from './rule-fields.ts'
import { plainWords, sayIssue } from './say-issue.ts'
import type { SecretSources } from './substitute.ts'
import { settingsWarnings } from './warnings.ts'

/** A configuration file and everything outside it that its meaning depends on. */
export interface SettingsSource extends SecretSources {
  readonly text: string
  /** Only for messages. */
  readonly fileName: string
  readonly plugins: Plugins
  /** Reads the rule packs that the settings name, and judges what the file says of their rules. */
  readonly judgeRules?: (settings: Settings, places: RulePlaces) => JudgedRules
}

/** Where a file changes rules, and what it changes there. */
export type RulePlaces = readonly { readonly path: Path; readonly changes: RuleChanges }[]

/** What is wrong with rules: at places of the configuration, and sentences about other files. */
export interface JudgedRules {
  readonly problems: readonly Problem[]
  readonly errors: readonly string[]
  readonly warnings: readonly Problem[]
}

export type LoadedSettings =
  | { readonly ok: true; readonly settings: Settings; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly errors: readonly string[] }

/**
 * Reads a configuration file, strictly: either complete settings with every default filled in, or
 * all errors at once, each with file, line, column, path and what was expected. Pure given its
 * arguments, never throws, and shows no secret in an error or a warning.
 */
export function loadSettings(source: SettingsSource): LoadedSettings {
  const { fileName, text } = source
  const document = readDocument(text, source)
  if (document.broken)
    return { ok: false, errors: report(document.problems, { fileName, text, document }) }

  const schema = schemaOf(profileOf(document), source.plugins)
  const parsed = schema.safeParse(document.value, plainWords)
  const entries = parseEntries(document, source.plugins)
  const problems = [...document.problems, ...entries.problems]
  if (parsed.success) {
    problems.push(...relationProblems(parsed.data))
  } else {
    const context = { at: [], raw: document.value, schema: inputSchema(schema), document }
    problems.push(...parsed.error.issues.flatMap((issue) => sayIssue(issue, context)))
  }
  if (!parsed.success || problems.length > 0) {
    return { ok: false, errors: report(problems, { fileName, text, document }) }
  }
  const settings = buildSettings({
    file: parsed.data,
    entries,
    document,
    plugins: source.plugins,
  })
  const rules = source.judgeRules?.(settings, rulePlaces(parsed.data))
  const errors = [
    ...report(rules?.problems ?? [], { fileName, text, document }),
    ...(rules?.errors ?? []),
  ]
  if (errors.length > 0) return { ok: false, errors }
  const found = [
    ...settingsWarnings(settings, document, source.plugins),
    ...(rules?.warnings ?? []),
  ]
  return { ok: true, settings, warnings: report(found, { fileName, text, document }) }
}

function rulePlaces(file: FileSettings): RulePlaces {
  const places: { path: Path; changes: RuleChanges }[] = []
  const add = (path: Path, raw: FileGroup['rules']) => {
    if (raw !== undefined) places.push({ path: [...path, 'rules'], changes: toChanges(raw) })
  }
  for (const [streamName, stream] of Object.entries(file.streams)) {
    add(['streams', streamName], stream.rules)
    for (const [groupName, group] of Object.entries(stream.groups)) {
      const at = ['streams', streamName, 'groups', groupName]
      add(at, group.rules)
      for (const [name, path] of Object.entries(group.paths)) {
        add([...at, 'paths', name], path.rules)
        for (const [witness, { rules }] of Object.entries(path.witnesses ?? {})) {
          add([...at, 'paths', name, 'witnesses', witness], rules)
        }
      }
    }
  }
  return places
}

const schemas = new WeakMap<Plugins, Map<Profile, ReturnType<typeof fileSchema>>>()

/** Building the schema takes longer than judging a file by it, so each is built once. */
function schemaOf(profile: Profile, plugins: Plugins): ReturnType<typeof fileSchema> {
  const known = schemas.get(plugins) ?? new Map<Profile, ReturnType<typeof fileSchema>>()
  schemas.set(plugins, known)
  const schema = known.get(profile) ?? fileSchema(profile, pluginTypes(plugins))
  known.set(profile, schema)
  return schema
}

/** The types of plug-ins, as the schema of the file lists them. */
export function pluginTypes(plugins: Plugins): PluginTypes {
  return {
    probes: plugins.probes.map(({ type }) => type),
    actuators: plugins.actuators.map(({ type }) => type),
    notifiers: plugins.notifiers.map(({ type }) => type),
  }
}

/** Defaults hang on the profile, so it is read before anything is judged. */
function profileOf({ value }: ConfigDocument): Profile {
  const given =
    typeof value === 'object' && value !== null && 'profile' in value ? value.profile : ''
  return profileNames.find((name) => name === given) ?? 'default'
}
