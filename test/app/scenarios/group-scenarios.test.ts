import { assert, asyncProperty, integer } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { runRuleScenarios } from '../../../src/app/rule-scenarios.ts'
import { probe, rule, rulesOf, stalled } from '../../engine/rules/rule-fixtures.ts'

const rules = rulesOf([stalled, rule({ name: 'missing', says: '{missing_ratio} missing' })])

async function run(text: string) {
  return runRuleScenarios({ text, fileName: 'own.test.yaml', rules, probes: [probe] })
}

async function failuresOf(text: string) {
  const report = await run(text)
  if (!report.ok) throw new Error(report.errors.join('\n'))
  return report.tests.flatMap((each) => each.failures.map(({ says }) => says))
}

/** The first line of each error: place and sentence, without the quoted line below it. */
async function errorsOf(text: string) {
  const report = await run(text)
  return report.ok ? [] : report.errors.map((each) => each.split('\n')[0])
}

const three = `
      - { path: cdn-a, outcome: "passx20 failx100" }
      - { path: cdn-b, outcome: passx120 }
      - { path: cdn-c, outcome: passx120 }`

/** A weighted group of 60, 30 and 10, whose first path fails at 1m40s. */
function weighted(keys: string, expectations: readonly string[], given = three) {
  return `tests:
  - name: sharing
    group:
      strategy: weighted
      paths:
        cdn-a: { weight: 60 }
        cdn-b: { weight: 30, max_weight: 70 }
        cdn-c: { weight: 10 }
      ${keys}
    given:${given}
    expect:
${expectations.map((each) => `      - { ${each} }`).join('\n')}
`
}

describe('a scenario of a weighted group', () => {
  test('begins with the configured weights, and gives those of a path that is down to the others', async () => {
    const failures = await failuresOf(
      weighted('', [
        'at: 90s, group: channel-1/cdn, state: STEADY, writes: 0, weights: { cdn-a: 60, cdn-b: 30, cdn-c: 10 }',
        'at: 4m, group: channel-1/cdn, writes: 1, weights: { cdn-b: 70, cdn-c: 30 }, veto: none',
      ]),
    )

    expect(failures).toEqual([])
  })

  test('says the weights of every path and why where they are others', async () => {
    const failures = await failuresOf(
      weighted('', ['at: 90s, group: channel-1/cdn, weights: { cdn-a: 70, cdn-b: 30 }']),
    )

    expect(failures).toEqual([
      'own.test.yaml:15:9: "sharing" at 1m30s: expected channel-1/cdn weights cdn-a 70, cdn-b 30, cdn-c 0, ' +
        'got cdn-a 60, cdn-b 30, cdn-c 10: cdn-a 60, cdn-b 30, cdn-c 10 serve',
    ])
  })

  test('holds the minimum of serving paths', async () => {
    const failures = await failuresOf(
      weighted('min_serving: 3', [
        'at: 4m, group: channel-1/cdn, state: EVALUATE, writes: 0, veto: min-serving',
      ]),
    )

    expect(failures).toEqual([])
  })

  test('waits as long as it must before what is hard to take back', async () => {
    // Down at 1m50s, after ten seconds of refusals.
    const failures = await failuresOf(
      weighted('leave_after: 30s', [
        'at: 2m10s, group: channel-1/cdn, state: EVALUATE, writes: 0, veto: leave-after',
        'at: 2m30s, group: channel-1/cdn, writes: 1, veto: none',
      ]),
    )

    expect(failures).toEqual([])
  })

  test('panics where too little declared capacity is left', async () => {
    const text = weighted('demand: 100Gbps', [
      'at: 4m, group: channel-1/cdn, state: EVALUATE, writes: 0, veto: panic, says: "40 % of the demand, less than 50 %"',
    ])

    const failures = await failuresOf(
      text
        .replace('weight: 30,', 'weight: 30, capacity: 30Gbps,')
        .replace('weight: 10', 'weight: 10, capacity: 10Gbps'),
    )

    expect(failures).toEqual([])
  })

  test('moves no faster than velocity, where nothing tells that the others can carry it', async () => {
    const given = `
      - { path: cdn-a, outcome: "failx20 passx300" }
      - { path: cdn-b, outcome: passx320 }
      - { path: cdn-c, outcome: passx320 }`
    const keys = 'failback: { stable_for: 1m }\n      velocity: { points: 20, per: 5m }'

    const failures = await failuresOf(
      weighted(
        keys,
        [
          'at: 2m, group: channel-1/cdn, writes: 1, weights: { cdn-b: 70, cdn-c: 30 }',
          'at: 9m, group: channel-1/cdn, weights: { cdn-a: 20, cdn-b: 57, cdn-c: 23 }',
        ],
        given,
      ),
    )

    expect(failures).toEqual([])
  })

  test('returns in the steps of a ramp', async () => {
    const given = `
      - { path: cdn-a, outcome: "failx20 passx300" }
      - { path: cdn-b, outcome: passx320 }
      - { path: cdn-c, outcome: passx320 }`
    const keys =
      'failback: { stable_for: 1m }\n      ramp: { steps: [50, 100], every: 2m, gate: missing }'

    const failures = await failuresOf(
      weighted(
        keys,
        [
          'at: 5m, group: channel-1/cdn, state: RAMP, weights: { cdn-a: 30, cdn-b: 50, cdn-c: 20 }',
          'at: 10m, group: channel-1/cdn, state: STEADY, weights: { cdn-a: 60, cdn-b: 30, cdn-c: 10 }',
        ],
        given,
      ),
    )

    expect(failures).toEqual([])
  })
})

describe('a scenario of any group', () => {
  test('takes holddown, budget, failback and the profile of its test', async () => {
    const failures = await failuresOf(`tests:
  - name: once an hour
    profile: broadcast
    every: 5s
    group:
      budget: { changes: 1, per: 1h }
      failback: { auto: false }
      holddown: 10s
    given:
      - { path: cdn-a, outcome: "passx12 failx12 passx60" }
      - { path: cdn-b, outcome: "passx30 failx60" }
    expect:
      - { at: 90s, group: channel-1/cdn, writes: 1, active: cdn-b }
      - { at: 6m, group: channel-1/cdn, state: FROZEN, writes: 1, says: the budget of 1 changes per 1h is spent }
`)

    expect(failures).toEqual([])
  })

  test('knows the date where it says when it begins, so that a freeze holds', async () => {
    const text = (from: string) => `tests:
  - name: the final
    begins: 2026-07-19T18:58:00Z
    group:
      calendar: [{ name: final, kind: freeze, from: ${from}, to: "2026-07-19T22:00" }]
    given:
      - { path: cdn-a, outcome: "passx20 failx100" }
      - { path: cdn-b, outcome: passx120 }
    expect:
      - { at: 4m, group: channel-1/cdn, veto: calendar, writes: 0 }
`

    expect(await failuresOf(text('"2026-07-19T18:00"'))).toEqual([])
    expect(await failuresOf(text('"2026-07-19T20:00"'))).toHaveLength(2)
  })

  test('the first path of `paths` is the preferred one, whatever is given first', async () => {
    const failures = await failuresOf(`tests:
  - name: order
    group: { paths: { "2": {}, "1": {} } }
    given:
      - { path: "1", outcome: passx60 }
      - { path: "2", outcome: passx60 }
    expect:
      - { at: 3m, group: channel-1/cdn, active: "2" }
`)

    expect(failures).toEqual([])
  })
})

describe('a scenario file is refused where', () => {
  const good = 'at: 4m, group: channel-1/cdn, writes: 1'

  test.each<[string, string, string]>([
    [
      'a key of the group is misspelt',
      weighted('min_servin: 2', [good]),
      'own.test.yaml:9:7: tests[0].group.min_servin: unknown key; did you mean "min_serving"?',
    ],
    [
      'the group has a key that nothing of a scenario depends on',
      weighted('actuators: []', [good]),
      'own.test.yaml:9:7: tests[0].group.actuators: unknown key; known: budget, calendar, demand, failback, flaps, holddown, leave_after, min_serving, panic, panic_fraction, paths, ramp, role, strategy, velocity',
    ],
    [
      'values do not go together, as in a configuration',
      weighted('', [good]).replace('max_weight: 70', 'max_weight: 20'),
      'own.test.yaml:7:42: tests[0].group.paths.cdn-b.max_weight: is less than its configured share of 30 %',
    ],
    [
      'more paths must serve than there are',
      weighted('min_serving: 4', [good]),
      'own.test.yaml:9:20: tests[0].group.min_serving: there are only 3 paths',
    ],
    [
      'a standby group has weights',
      weighted('', [good]).replace('strategy: weighted', 'strategy: standby'),
      'own.test.yaml:6:18: tests[0].group.paths.cdn-a.weight: belongs to strategy: weighted',
    ],
    [
      'the gate of a ramp is no rule',
      weighted('ramp: { steps: [100], every: 1m, gate: misisng }', [good]),
      'own.test.yaml:9:46: tests[0].group.ramp.gate: there is no rule misisng; did you mean "missing"?',
    ],
    [
      'a path of the group shows nothing',
      weighted('', [good]).replace('cdn-c: {', 'cdn-d: {'),
      'own.test.yaml:8:9: tests[0].group.paths.cdn-d: nothing is given for this path; did you mean "cdn-a"?',
    ],
    [
      'something is given for a path that the group has not got',
      weighted('', [good], `${three}\n      - { path: cdn-bb, outcome: pass }`),
      'own.test.yaml:14:17: tests[0].given[3].path: the group has no such path; did you mean "cdn-b"?',
    ],
    [
      'weights name a path that the group has not got',
      weighted('', ['at: 4m, group: channel-1/cdn, weights: { cdn-bb: 100 }']),
      'own.test.yaml:15:52: tests[0].expect[0].weights.cdn-bb: the group has no such path; did you mean "cdn-b"?',
    ],
    [
      'the active path is one that the group has not got',
      weighted('', ['at: 4m, group: channel-1/cdn, active: cdn-bb']),
      'own.test.yaml:15:49: tests[0].expect[0].active: the group has no such path; did you mean "cdn-b"?',
    ],
    [
      'a calendar has no date to go by',
      weighted('calendar: [{ name: a, kind: freeze, from: "18:00", to: "22:00" }]', [good]),
      'own.test.yaml:9:7: tests[0].group.calendar: needs `begins` in the test: the date and time of the first look',
    ],
    [
      'a window of failback has no date to go by',
      weighted('failback: { window: [{ from: "18:00", to: "22:00" }] }', [good]),
      'own.test.yaml:9:19: tests[0].group.failback.window: needs `begins` in the test: the date and time of the first look',
    ],
    [
      'a group is declared, and nothing is asked of it',
      weighted('', ['at: 4m, path: cdn-a, health: down']),
      'own.test.yaml:3:5: tests[0].group: no expectation asks for the group, so nothing of this could fail',
    ],
    [
      'a group is asked what only a path has',
      weighted('', ['at: 4m, group: channel-1/cdn, health: up, writes: 1']),
      'own.test.yaml:15:41: tests[0].expect[0].health: is asked of a path, and this names a group',
    ],
    [
      'a path is asked what only a group has',
      weighted('', [good, 'at: 4m, path: cdn-a, health: down, weights: { cdn-a: 0 }']),
      'own.test.yaml:16:46: tests[0].expect[1].weights: is asked of a group, and this names a path',
    ],
    [
      'nothing is expected',
      weighted('', ['at: 4m, group: channel-1/cdn']),
      'own.test.yaml:15:9: tests[0].expect[0]: expects nothing of channel-1/cdn; known: says, state, writes, active, weights, veto',
    ],
    [
      'a state is misspelt',
      weighted('', ['at: 4m, group: channel-1/cdn, state: STEDY']),
      'own.test.yaml:15:48: tests[0].expect[0].state: expected OBSERVE, STEADY, ALL-DOWN, BLIND, EVALUATE, RAMP or FROZEN, got "STEDY"; did you mean "STEADY"?',
    ],
    [
      'two groups are asked for',
      weighted('', [good, 'at: 4m, group: channel-1/ingest, writes: 0']),
      'own.test.yaml:16:26: tests[0].expect[1].group: a test has one group, and this one has channel-1/cdn',
    ],
    [
      'a name is none of a group',
      weighted('', ['at: 4m, group: cdn, writes: 0']),
      'own.test.yaml:15:26: tests[0].expect[0].group: expected <stream>/<group>, such as channel-1/cdn',
    ],
  ])('%s', async (_, text, error) => {
    expect((await errorsOf(text))[0]).toBe(error)
  })

  test('it begins at no instant', async () => {
    const text = weighted('', [good]).replace('group:', 'begins: yesterday\n    group:')

    expect(await errorsOf(text)).toEqual([
      'own.test.yaml:3:13: tests[0].begins: expected a date and time in UTC, such as 2026-03-29T00:00:00Z, got "yesterday"',
    ])
  })
})

describe('whatever weights are configured', () => {
  test('a scenario begins with shares that add up to 100, and none is left on a path that is down', async () => {
    const weight = integer({ min: 20, max: 1_000 })

    await assert(
      asyncProperty(weight, weight, weight, async (a, b, c) => {
        const shares = (writes: number, name: string) =>
          `at: ${writes === 0 ? '90s' : '4m'}, group: channel-1/cdn, writes: ${writes}, weights: { ${name}: 0 }`
        const weights: Readonly<Record<string, number>> = { 60: a, 30: b, 10: c }
        const text = weighted('', [shares(0, 'cdn-a'), shares(1, 'cdn-b')])
          .replace(', max_weight: 70', '')
          .replaceAll(/weight: (60|30|10) /gu, (_, was: string) => `weight: ${weights[was]} `)

        const got = (await failuresOf(text)).map((says) =>
          [.../got cdn-a (\d+), cdn-b (\d+), cdn-c (\d+)/u.exec(says)!].slice(1).map(Number),
        )

        expect(got).toHaveLength(2)
        for (const each of got) expect(each.reduce((sum, share) => sum + share, 0)).toBe(100)
        expect(got[1]?.[0]).toBe(0)
      }),
      { numRuns: 20 },
    )
  })
})
