import { describe, expect, it } from 'vitest'
import { runRuleScenarios } from '../../src/app/rule-scenarios.ts'
import type { RulePack } from '../../src/core/rule.ts'
import { compile, loadPack, packNames, probes, readText } from './shipped-packs.ts'

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

  it.each(pack.rules.map((rule) => rule.name))(
    'has a scenario that fails without %s',
    async (removed) => {
      const rules = pack.rules.filter((rule) => rule.name !== removed)

      expect((await failuresOf({ ...pack, rules })).join('\n')).toContain(removed)
    },
  )

  it.each(pack.rules.filter((rule) => rule.clearWhen !== undefined).map((rule) => rule.name))(
    'has a scenario that fails without the clear_when of %s',
    async (altered) => {
      const rules = pack.rules.map((rule) => {
        if (rule.name !== altered) return rule
        const { clearWhen: _, ...rest } = rule
        return rest
      })

      expect(await failuresOf({ ...pack, rules })).not.toEqual([])
    },
  )
})
