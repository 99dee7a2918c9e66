import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Plugins } from '../app/plugin-binding.ts'
import type { LoadedConfiguration } from '../cli/composition.ts'
import { loadSettings } from '../config/load.ts'
import { loadRuleFile } from '../config/rule-file.ts'
import type { RulePack } from '../core/rule.ts'
import { compileRuleSet } from '../engine/rules/rule-set.ts'
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
  const loaded = loadSettings({
    text,
    fileName,
    plugins,
    environment: readEnvironment,
    readFile: (path) => readFileSync(resolve(base, path), 'utf8'),
  })
  if (!loaded.ok) return loaded
  const { settings } = loaded
  const errors: string[] = []
  const warnings = [...loaded.warnings]
  const packs: RulePack[] = []
  const directories = [
    ...(settings.rules.shipped ? [shippedRules()] : []),
    ...settings.rules.directories.map((each) => resolve(base, each)),
  ]
  for (const directory of directories) {
    for (const file of ruleFiles(directory, errors)) {
      const text = ruleText(file, errors)
      if (text === undefined) continue
      const pack = loadRuleFile({
        text,
        fileName: file,
        probes: plugins.probes,
        everyMs: settings.timing.everyMs,
      })
      if (!pack.ok) {
        errors.push(...pack.errors)
        continue
      }
      packs.push(pack.pack)
      warnings.push(...pack.warnings)
    }
  }
  const compiled = compileRuleSet(packs, plugins.probes)
  if (!compiled.ok) {
    errors.push(...compiled.errors.map((error) => `rule ${error.rule}: ${error.message}`))
    return { ok: false, errors }
  }
  if (errors.length > 0) return { ok: false, errors }
  return { ok: true, settings, rules: compiled.set, warnings }
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
