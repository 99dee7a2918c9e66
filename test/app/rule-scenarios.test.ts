import { describe, expect, it } from 'vitest'
import { runRuleScenarios } from '../../src/app/rule-scenarios.ts'
import { probe, rule, rulesOf, stalled } from '../engine/rules/rule-fixtures.ts'

const rules = rulesOf([stalled, rule({ name: 'missing', says: '{missing_ratio} missing' })])

async function run(text: string) {
  const fileName = 'rules/own.test.yaml'
  return runRuleScenarios({ text, fileName, rules, probes: [probe] })
}

async function failuresOf(text: string) {
  const report = await run(text)
  if (!report.ok) throw new Error(report.errors.join('\n'))
  return report.tests.flatMap((test) => test.failures)
}

describe('a scenario', () => {
  it('tells file, place, test, time, expectation, answer and reason of what fails', async () => {
    const failures = await failuresOf(`tests:
  - name: refused connections
    given:
      - { path: cdn-a, outcome: "passx5 failx20", reason: "connection refused" }
    expect:
      - { at: 1m, path: cdn-a, health: up }
`)

    expect(failures).toEqual([
      {
        place: 'rules/own.test.yaml:6:9',
        at: '1m',
        expected: 'health up',
        got: 'down',
        says:
          'rules/own.test.yaml:6:9: "refused connections" at 1m: ' +
          'expected cdn-a health up, got down: connection refused',
      },
    ])
  })

  it('counts tests and expectations', async () => {
    const report = await run(`tests:
  - name: constants hold for the whole scenario
    given:
      - { path: cdn-a, missing_ratio: 0 }
    expect:
      - { at: 10s, path: cdn-a, health: unknown }
      - { at: 10m, path: cdn-a, health: up }
`)

    expect(report).toMatchObject({
      ok: true,
      tests: [{ place: 'rules/own.test.yaml:2:5', expectations: 2, failures: [] }],
    })
  })

  it('lets a path go on between looks, so that a held age is no stall', async () => {
    const failures = await failuresOf(`tests:
  - name: age 5 at every look, limit 6
    given:
      - { path: cdn-a, target_duration_seconds: 2, playlist_age_seconds: "5x20" }
    expect:
      - { at: 90s, path: cdn-a, health: up, pending: [] }
`)

    expect(failures).toEqual([])
  })

  it('lets an age grow between looks where the next look shows that nothing came', async () => {
    const failures = await failuresOf(`tests:
  - name: the limit of 6 s lies between two looks
    given:
      - { path: cdn-a, target_duration_seconds: 2, playlist_age_seconds: "1x5 1+5x3" }
    expect:
      - { at: 30s, path: cdn-a, health: up }
      - { at: 30001ms, path: cdn-a, health: up, pending: [playlist-stalled] }
      - { at: 31001ms, path: cdn-a, health: down }
`)

    expect(failures.map((failure) => failure.says)).toEqual([])
  })

  it('takes _ as a look that brought nothing, and silence as no look at all', async () => {
    const failures = await failuresOf(`tests:
  - name: silence
    given:
      - { path: cdn-a, missing_ratio: "0x5 _x10" }
    expect:
      - { at: 34999ms, path: cdn-a, health: up }
      - { at: 35s, path: cdn-a, health: unknown, says: "nothing seen for 15 s" }
`)

    expect(failures).toEqual([])
  })

  it('judges by quorum over the vantages given, and shows one vantage where asked', async () => {
    const failures = await failuresOf(`tests:
  - name: two of three
    vantages: { fra: hetzner, lhr: aws, iad: aws }
    given:
      - { path: cdn-a, vantage: [lhr, iad], missing_ratio: "0x5 1x20" }
      - { path: cdn-a, vantage: fra, missing_ratio: 0 }
    expect:
      - { at: 2m, path: cdn-a, health: contested, rules: [missing] }
      - { at: 2m, path: cdn-a, vantage: iad, health: down }
      - { at: 2m, path: cdn-a, vantage: fra, health: up, rules: [] }
`)

    expect(failures.map((failure) => failure.says)).toEqual([])
  })

  it('decides for a group with the guards and defaults of a real one', async () => {
    const failures = await failuresOf(`tests:
  - name: failover
    given:
      - { path: cdn-a, missing_ratio: "0x5 1x20" }
      - { path: cdn-b, missing_ratio: "0x25" }
    expect:
      - { at: 35s, group: channel-1/cdn, state: STEADY, writes: 0, active: cdn-a }
      - { at: 45s, group: channel-1/cdn, state: STEADY, writes: 1, active: cdn-b }
`)

    expect(failures.map((failure) => failure.says)).toEqual([])
  })

  it('says what a group did instead, and why', async () => {
    const failures = await failuresOf(`tests:
  - name: nowhere to go
    given:
      - { path: cdn-a, missing_ratio: "0x5 1x20" }
    expect:
      - { at: 45s, group: channel-1/cdn, state: STEADY }
`)

    expect(failures[0]?.says).toBe(
      'rules/own.test.yaml:6:9: "nowhere to go" at 45s: expected channel-1/cdn state STEADY, ' +
        'got ALL-DOWN: every path is down: traffic stays where it is',
    )
  })
})

describe('a scenario file', () => {
  const head = 'tests:\n  - name: t\n    given:\n'
  const tail = '    expect:\n      - { at: 30s, path: cdn-a, health: up }\n'
  const row = '      - { path: cdn-a, missing_ratio: 0 }\n'

  it.each([
    [
      'an unknown measurement',
      head + row.replace('missing_ratio', 'mising_ratio') + tail,
      'tests[0].given[0].mising_ratio: unknown measurement; did you mean "missing_ratio"?',
    ],
    [
      'an unknown path',
      head + row + tail.replace('cdn-a', 'cdn-b'),
      'tests[0].expect[0].path: nothing is given for this path; did you mean "cdn-a"?',
    ],
    [
      'a bad series',
      head + row.replace('0 }', '"0x" }') + tail,
      'tests[0].given[0].missing_ratio: "0x" is no step of a series',
    ],
    [
      'an unknown outcome',
      head + row.replace('0 }', '0, outcome: "passx3 broken" }') + tail,
      'tests[0].given[0].outcome: "broken" is no step of a series',
    ],
    [
      'an endless series',
      head + row.replace('0 }', '"0x999999" }') + tail,
      'a series has at most 100000 steps',
    ],
    [
      'an unknown health',
      head + row + tail.replace('up', 'fine'),
      'expected up, degraded, contested, down or unknown, got "fine"',
    ],
    [
      'neither path nor group',
      head + row + tail.replace('path: cdn-a, ', ''),
      'expected either a path or a group to be named',
    ],
    [
      'an unknown probe',
      head + row.replace('0 }', '0, probe: hsl }') + tail,
      'tests[0].given[0].probe: unknown probe; did you mean "hls"?',
    ],
    [
      'an unknown vantage',
      head + row + tail.replace('health', 'vantage: her, health'),
      'tests[0].expect[0].vantage: unknown vantage; did you mean "here"?',
    ],
    [
      'an unknown key',
      head + row + tail.replace('expect', 'expects'),
      'unknown key; did you mean "expect"?',
    ],
  ])('is refused for %s', async (_, text, expected) => {
    const report = await run(text)

    expect(report.ok).toBe(false)
    expect(report.ok ? '' : report.errors.join('\n')).toContain(expected)
  })
})
