import type { Settings } from '../core/settings.ts'
import { buildSettings } from './build.ts'
import { readDocument } from './document.ts'
import type { ConfigDocument } from './document.ts'
import { parseEntries } from './entries.ts'
import { fileSchema } from './file-schema.ts'
import type { PluginTypes } from './file-schema.ts'
import { inputSchema } from './plugin-options.ts'
import type { Plugins } from './plugin-options.ts'
import { profileNames } from './profiles.ts'
import type { Profile } from './profiles.ts'
import { relationProblems } from './relations.ts'
import { report } from './report.ts'
import { plainWords, sayIssue } from './say-issue.ts'
import type { SecretSources } from './substitute.ts'
import { settingsWarnings } from './warnings.ts'

/** A configuration file and everything outside it that its meaning depends on. */
export interface SettingsSource extends SecretSources {
  readonly text: string
  /** Only for messages. */
  readonly fileName: string
  readonly plugins: Plugins
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

  const schema = fileSchema(profileOf(document), pluginTypes(source.plugins))
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
  const settings = buildSettings({ file: parsed.data, entries, document })
  const warnings = report(settingsWarnings(settings, document), { fileName, text, document })
  return { ok: true, settings, warnings }
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
