import { describe, expect, it } from 'vitest'
import { runRuleScenarios } from '../../src/app/rule-scenarios.ts'
import type { RulePack } from '../../src/core/rule.ts'
import { finerMutantsOf, mutantsOf } from './pack-mutants.ts'
import { compile, loadPack, packNames, probes, readText } from './shipped-packs.ts'

/** Packs whose scenarios also notice other limits, classes and damping of the profile. */
const closely: readonly string[] = ['dns', 'hls', 'http']

async function failuresOf(pack: RulePack): Promise<readonly string[]> {
  const fileName = `rules/${pack.name}.test.yaml`
  const rules = compile(pack)
  const report = await runRuleScenarios({ text: readText(fileName), fileName, rules, probes })
  if (!report.ok) return report.errors
  return report.tests.flatMap((test) => test.failures.map((failure) => failure.says))
}

describe.each(packNames)('the shipped pack %s', (name) => {
  const pack = loadPack(name)

  it('does what its scenarios say', async () => {
    expect(await failuresOf(pack)).toEqual([])
  })

  const mutants = [...mutantsOf(pack), ...(closely.includes(name) ? finerMutantsOf(pack) : [])]

  it.each(mutants)('has a scenario that fails: $what', async ({ pack: mutant }) => {
    expect(await failuresOf(mutant)).not.toEqual([])
  })
})
