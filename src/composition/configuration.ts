import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Plugins } from '../app/plugin-binding.ts'
import type { LoadedConfiguration } from '../cli/composition.ts'
import type { Problem } from '../config/document.ts'
import { gateProblems } from '../config/gate-problems.ts'
import { loadSettings, type RulePlaces } from '../config/load.ts'
import { changeProblems } from '../config/rule-changes.ts'
import { ruleWarnings } from '../config/rule-warnings.ts'
import { loadRulePacks, type RuleText } from '../config/rule-packs.ts'
import type { Settings } from '../core/settings.ts'
import { alterPaths, alterRules } from '../engine/rules/alter-rules.ts'
import { compileRuleSet, type RuleSet } from '../engine/rules/rule-set.ts'
import { readEnvironment } from '../platform/environment.ts'

/** The folder of the shipped rule packs, from `src/` as well as from `dist/src/`. */
function shippedRules(): string {
  const here = dirname(fileURLToPath(import.meta.url))
  const candidates = [join(here, '../../rules'), join(here, '../../../rules')]
  return candidates.find((folder) => existsSync(folder)) ?? join(here, '../../rules')
}

/** Reads a configuration with its rule packs: all of it, or all of its errors. */
export function loadConfiguration(
  text: string,
  fileName: string,
  plugins: Plugins,
): LoadedConfiguration {
  const base = dirname(resolve(fileName))
  let rules: RuleSet | undefined
  const warnings: string[] = []
  const loaded = loadSettings({
    text,
    fileName,
    plugins,
    environment: readEnvironment,
    readFile: (path) => readFileSync(resolve(base, path), 'utf8'),
    judgeRules: (settings, places) => {
      const read = readPacks(settings, base, plugins)
      if (!read.ok) return { problems: [], errors: read.errors, warnings: [] }
      warnings.push(...read.warnings)
      const definitions = read.set.rules.map((rule) => rule.definition)
      const names = definitions.map((rule) => rule.name)
      const problems = [
        ...places.flatMap(({ path, changes }) => changeProblems(changes, path, definitions)),
        ...gateProblems(settings, names),
      ]
      if (problems.length > 0) return { problems, errors: [], warnings: [] }
      rules = alterPaths(read.set, settings.rules.changes ?? {})
      const found = changeWarnings(settings, read.set, places, plugins)
      return { problems: [], errors: [], warnings: found }
    },
  })
  if (!loaded.ok) return loaded
  if (rules === undefined) throw new Error('rules are judged wherever settings are right')
  return { ok: true, settings: loaded.settings, rules, warnings: [...loaded.warnings, ...warnings] }
}

/** Changes that leave a rule without effect, or with one that is hardly meant; each once. */
function changeWarnings(
  { timing }: Settings,
  set: RuleSet,
  places: RulePlaces,
  { probes }: Plugins,
): Problem[] {
  return places.flatMap(({ path, changes }) =>
    alterRules(set, changes).rules.flatMap((rule) => {
      const { name } = rule.definition
      if (!Object.hasOwn(changes, name)) return []
      return ruleWarnings(rule, [...path, name], { probes, everyMs: timing.everyMs })
    }),
  )
}

/** The shipped packs and those of the settings' folders, compiled. */
function readPacks(
  settings: Settings,
  base: string,
  plugins: Plugins,
):
  | { readonly ok: true; readonly set: RuleSet; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly errors: readonly string[] } {
  const errors: string[] = []
  const shipped = ruleTexts(shippedRules(), errors).map((file) => ({ ...file, isShipped: true }))
  const own = settings.rules.directories.flatMap((each) => ruleTexts(resolve(base, each), errors))
  const files = [
    ...shipped.map((file) => ({ ...file, isOnlyKnown: !settings.rules.shipped })),
    ...own,
  ]
  const { probes } = plugins
  const { everyMs } = settings.timing
  const loaded = loadRulePacks(files, { probes, everyMs, watched: cadences(settings) })
  if (!loaded.ok) errors.push(...loaded.errors)
  if (!loaded.ok || errors.length > 0) return { ok: false, errors }
  const compiled = compileRuleSet(loaded.packs, probes)
  if (compiled.ok) return { ...compiled, warnings: loaded.warnings }
  return {
    ok: false,
    errors: compiled.errors.map((error) => `rule ${error.rule}: ${error.message}`),
  }
}

/** The fastest cadence in milliseconds by type of probe, over every path and witness. */
function cadences({ groups }: Settings): Map<string, number> {
  const fastest = new Map<string, number>()
  for (const { type, everyMs } of groups.flatMap(({ paths }) =>
    paths.flatMap((path) => [path, ...(path.witnesses ?? [])]),
  )) {
    fastest.set(type, Math.min(everyMs, fastest.get(type) ?? everyMs))
  }
  return fastest
}

function ruleTexts(directory: string, errors: string[]): RuleText[] {
  return ruleFiles(directory, errors).flatMap((fileName) => {
    const text = ruleText(fileName, errors)
    return text === undefined ? [] : [{ fileName, text }]
  })
}

function ruleFiles(directory: string, errors: string[]): string[] {
  try {
    return readdirSync(directory)
      .filter((name) => name.endsWith('.yaml') && !name.endsWith('.test.yaml'))
      .sort()
      .map((name) => join(directory, name))
  } catch {
    errors.push(
      `${directory}: this rules folder cannot be read; correct "rules" or make the folder`,
    )
    return []
  }
}

function ruleText(file: string, errors: string[]): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const says = error instanceof Error ? error.message : String(error)
    errors.push(`${file}: this rule file cannot be read: ${says}`)
    return undefined
  }
}
