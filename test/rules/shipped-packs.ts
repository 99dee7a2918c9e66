import { readFileSync, readdirSync } from 'node:fs'
import { loadRuleFile } from '../../src/config/rule-file.ts'
import type { RulePack } from '../../src/core/rule.ts'
import { compileRuleSet } from '../../src/engine/rules/rule-set.ts'
import type { ProbeMeasures, RuleSet } from '../../src/engine/rules/rule-set.ts'

const root = new URL('../../', import.meta.url)

/** Every probe plug-in of the folder. */
export const probes: readonly ProbeMeasures[] = await Promise.all(
  readdirSync(new URL('probes/', root))
    .filter((file) => file.endsWith('.ts'))
    .map(async (file) => {
      const module = (await import(new URL(`probes/${file}`, root).href)) as {
        default: ProbeMeasures
      }
      return module.default
    }),
)

/** `hls` for `rules/hls.yaml`. */
export const packNames = readdirSync(new URL('rules/', root))
  .filter((file) => file.endsWith('.yaml') && !file.endsWith('.test.yaml'))
  .map((file) => file.replace(/\.yaml$/u, ''))

export function readText(file: string): string {
  return readFileSync(new URL(file, root), 'utf8')
}

/** A shipped pack, or an error with everything that is wrong with it. */
export function loadPack(name: string): RulePack {
  const fileName = `rules/${name}.yaml`
  const loaded = loadRuleFile({ text: readText(fileName), fileName, probes, everyMs: 5_000 })
  if (!loaded.ok) throw new Error(loaded.errors.join('\n'))
  if (loaded.warnings.length > 0) throw new Error(loaded.warnings.join('\n'))
  return loaded.pack
}

export function compile(...packs: readonly RulePack[]): RuleSet {
  const compiled = compileRuleSet(packs, probes)
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.errors))
  return compiled.set
}
