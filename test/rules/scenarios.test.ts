import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { runRuleScenarios } from '../../src/app/rule-scenarios.ts'
import type { RulePack } from '../../src/core/rule.ts'
import { dampers, finerMutantsOf, mutantsOf } from './pack-mutants.ts'
import { compile, loadPack, packNames, probes, readText } from './shipped-packs.ts'

/** Packs whose scenarios notice every damping field that is gone; of the others, every rule. */
const dampedPacks: readonly string[] = [
  'dash',
  'dns',
  'hls',
  'http',
  'mpegts',
  'rtmp',
  'server',
  'srt',
]
/** Packs whose scenarios also notice other limits, classes and damping of the profile. */
const closely: readonly string[] = ['dns', 'hls', 'http']

/** What does not hold of a pack; the scenarios that name `first` run first, and end with the first failure. */
async function failuresOf(pack: RulePack, first?: string): Promise<readonly string[]> {
  const fileName = `rules/${pack.name}.test.yaml`
  const rules = compile(pack)
  const text = readText(fileName)
  const run = { text: first === undefined ? text : inOrder(text, first), fileName, rules, probes }
  const report = await runRuleScenarios({ ...run, stopAtFailure: first !== undefined })
  if (!report.ok) return report.errors
  return report.tests.flatMap((test) => test.failures.map((failure) => failure.says))
}

function inOrder(text: string, first: string): string {
  const { tests } = parse(text) as { tests: readonly unknown[] }
  const isNamed = (test: unknown) => JSON.stringify(test).includes(first)
  return JSON.stringify({
    tests: tests.toSorted((a, b) => Number(isNamed(b)) - Number(isNamed(a))),
  })
}

describe.each(packNames)('the shipped pack %s', (name) => {
  const pack = loadPack(name)

  it('does what its scenarios say', async () => {
    expect(await failuresOf(pack)).toEqual([])
  })

  const fields = dampedPacks.includes(name) ? dampers : (['clearWhen'] as const)
  const mutants = [
    ...mutantsOf(pack, fields),
    ...(closely.includes(name) ? finerMutantsOf(pack) : []),
  ]

  it.each(mutants)('has a scenario that fails: $what', async ({ pack: mutant, rule }) => {
    expect(await failuresOf(mutant, rule)).not.toEqual([])
  })
})
