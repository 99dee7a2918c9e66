import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { createMetrics } from '../../src/metrics/create-metrics.ts'
import { filesUnder } from '../architecture/source.ts'

const folder = new URL('../../rules/prometheus/', import.meta.url)
const testFiles = ['changeover.test.yml', 'drills.test.yml'] as const
const hasPromtool = spawnSync('promtool', ['--version']).status === 0

/** Metrics of Prometheus itself, about a scrape. */
const ofPrometheus: readonly string[] = ['up']

interface RuleFile {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly alert: string
      readonly expr: string
      readonly labels?: Readonly<Record<string, string>>
      readonly annotations?: Readonly<Record<string, string>>
    }[]
  }[]
}

const file = parse(readFileSync(new URL('changeover.yml', folder), 'utf8')) as RuleFile
const rules = file.groups.flatMap((group) => group.rules)

describe('the Prometheus rules for Changeover itself', () => {
  test.for(testFiles)('pass their own tests in %s', (testFile, { skip }) => {
    skip(!hasPromtool, 'promtool is not installed (Debian package prometheus)')

    const ran = spawnSync('promtool', ['test', 'rules', testFile], {
      cwd: folder,
      encoding: 'utf8',
    })

    expect(`${ran.stdout}${ran.stderr}`).toContain('SUCCESS')
    expect(ran.status).toBe(0)
  })

  test('name only metrics that there are', async () => {
    const metrics = createMetrics({
      clock: { wall: () => 0, sleep: async () => true },
      declarations: [],
      version: '0',
    })
    const { body } = await metrics.text()
    const known = new Set(
      [...body.matchAll(/^# TYPE (\S+) (\S+)$/gmu)].flatMap(([, name = '', type]) =>
        type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
      ),
    )

    const unknown = rules
      .flatMap(({ expr }) => [...expr.matchAll(/\b(?:changeover_[a-z_]+|up)\b/gu)])
      .map(([name]) => name)
      .filter((name) => !known.has(name) && !ofPrometheus.includes(name))

    expect(unknown).toEqual([])
  })

  test('each say what is wrong, what that means and what to do', () => {
    expect(rules.length).toBeGreaterThan(10)
    for (const { alert, labels, annotations } of rules) {
      expect(alert).toMatch(/^Changeover[A-Z]/u)
      expect(labels?.['severity']).toMatch(/^(?:critical|warning)$/u)
      expect(Object.keys(annotations ?? {})).toEqual(['summary', 'description', 'action'])
    }
  })

  test('each have a test that sees them fire', () => {
    const tests = testFiles.map((name) => readFileSync(new URL(name, folder), 'utf8')).join('\n')

    expect(filesUnder('rules/prometheus')).toHaveLength(1 + testFiles.length)
    for (const { alert } of rules) expect(tests).toContain(alert)
  })
})
