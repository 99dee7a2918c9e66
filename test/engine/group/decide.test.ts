import { describe, expect, test } from 'vitest'
import type { GroupRow } from '../../../src/core/group.ts'
import type { Health } from '../../../src/core/health.ts'
import type { GroupSettings } from '../../../src/core/settings.ts'
import { decide, weighSteer } from '../../../src/engine/group/decide.ts'
import { failbackOf } from '../../../src/engine/group/failback.ts'
import { guardNames } from '../../../src/engine/group/guards.ts'
import { emptyRow, type Change, type GroupMemory } from '../../../src/engine/group/memory.ts'
import type { Situation } from '../../../src/engine/group/situation.ts'
import { groupSettings, pathHealth } from '../../fakes/group-settings.ts'

const now = 10_000_000

function situation(
  healths: Readonly<Record<string, Health>>,
  overrides: {
    readonly settings?: Partial<GroupSettings>
    readonly row?: Partial<GroupRow>
    readonly memory?: Partial<GroupMemory>
    readonly situation?: Partial<Situation>
    readonly since?: Readonly<Record<string, number>>
    readonly active?: string
  } = {},
): Situation {
  const names = Object.keys(healths)
  const settings = groupSettings(overrides.settings, names)
  const active = overrides.active ?? names[0]
  const allocation = Object.fromEntries(names.map((name) => [name, name === active ? 100 : 0]))
  return {
    settings,
    memory: {
      row: { ...emptyRow(settings.name), allocation, ...overrides.row },
      changes: [],
      holddownUntil: 0,
      rejected: new Map(),
      penalties: new Map(),
      readBack: true,
      observingSince: 0,
      ...overrides.memory,
    },
    paths: new Map(
      names.map((name) => [
        name,
        pathHealth(healths[name] ?? 'unknown', overrides.since?.[name] ?? now - 60_000),
      ]),
    ),
    mode: 'armed',
    lease: { token: 1, leftMs: 15_000 },
    store: { ok: true, says: 'writable' },
    installation: { pass: true, says: '0 of 1 changes used' },
    now,
    wall: now,
    ...overrides.situation,
  }
}

test('failback is not due away from a path of which nothing is known', () => {
  const of = (active: Health) =>
    failbackOf(situation({ 'cdn-a': 'up', 'cdn-b': active }, { active: 'cdn-b', since }), 'cdn-b')
  const since = { 'cdn-a': now - 86_400_000 }

  expect(of('up').due).toBe('cdn-a has been up for 1d')
  expect(of('unknown').due).toBeUndefined()
})

function change(overrides: Partial<Change> = {}): Change {
  return {
    intent: 'i',
    reason: 'failover',
    at: now - 10_000,
    charge: 1,
    leaving: [],
    target: 'cdn-b',
    ...overrides,
  }
}

describe('a healthy group', () => {
  test('stays, and says what serves', () => {
    expect(decide(situation({ 'cdn-a': 'up', 'cdn-b': 'up' }))).toMatchObject({
      kind: 'stay',
      state: 'STEADY',
      says: 'cdn-a serves and is up',
    })
  })

  test.each(['degraded', 'contested'] as const)(
    'never leaves an active path that is %s (invariant 7)',
    (health) => {
      expect(decide(situation({ 'cdn-a': health, 'cdn-b': 'up' }))).toMatchObject({
        kind: 'stay',
        state: 'STEADY',
      })
    },
  )

  test('is blind when nothing is known of the active path, and stays', () => {
    expect(decide(situation({ 'cdn-a': 'unknown', 'cdn-b': 'up' }))).toMatchObject({
      kind: 'stay',
      state: 'BLIND',
    })
  })

  test('is not called blind before health could be earned', () => {
    const starting = situation(
      { 'cdn-a': 'unknown', 'cdn-b': 'up' },
      { memory: { observingSince: now - 1_000 } },
    )

    expect(decide(starting)).toMatchObject({ kind: 'stay', state: 'OBSERVE' })
  })
})

describe('an active path that is down', () => {
  test('is left for the standby that is up', () => {
    const decision = decide(situation({ 'cdn-a': 'down', 'cdn-b': 'up' }))

    expect(decision).toMatchObject({
      kind: 'change',
      says: 'failover from cdn-a to cdn-b: cdn-a is down; cdn-b is up',
      proposal: {
        target: 'cdn-b',
        to: { 'cdn-a': 0, 'cdn-b': 100 },
        charge: 1,
        leaving: ['cdn-a'],
      },
    })
  })

  test('is left for a degraded path only where nothing is up: blurry beats black', () => {
    const blurry = decide(situation({ a: 'down', b: 'degraded', c: 'contested' }))
    const better = decide(situation({ a: 'down', b: 'degraded', c: 'up' }))

    expect(blurry).toMatchObject({ kind: 'change', proposal: { target: 'b' } })
    expect(better).toMatchObject({ kind: 'change', proposal: { target: 'c' } })
  })

  test.each(['unknown', 'contested', 'down'] as const)(
    'is not left for a path that is %s (invariant 9)',
    (health) => {
      expect(decide(situation({ 'cdn-a': 'down', 'cdn-b': health }))).toMatchObject({
        kind: 'stay',
        state: 'ALL-DOWN',
        whyNot: { guard: 'target', says: `cdn-b is ${health}` },
      })
    },
  )

  test('stays where it is when everything is down (invariant 10)', () => {
    expect(decide(situation({ 'cdn-a': 'down', 'cdn-b': 'down' }))).toMatchObject({
      kind: 'stay',
      state: 'ALL-DOWN',
      says: 'every path is down: traffic stays where it is',
    })
  })

  test('is not left on old evidence: it recovers, and owes only its clear_for', () => {
    const base = situation({ 'cdn-a': 'down', 'cdn-b': 'up' })
    const recovering = { ...pathHealth('down'), isRecovering: true }
    const paths = new Map([...base.paths, ['cdn-a', recovering]])

    expect(decide({ ...base, paths })).toMatchObject({
      kind: 'stay',
      state: 'EVALUATE',
      whyNot: { guard: 'evidence' },
    })
  })

  test('prefers a target in another failure domain', () => {
    const base = situation({ a: 'down', b: 'up', c: 'up' })
    const paths = base.settings.paths.map((path) => ({
      ...path,
      domain: path.name === 'c' ? 'fastly' : 'akamai',
    }))
    const decision = decide({ ...base, settings: { ...base.settings, paths } })

    expect(decision).toMatchObject({ kind: 'change', proposal: { target: 'c' } })
  })

  test('goes to a path that serves already before an idle one', () => {
    const shared = situation(
      { a: 'down', b: 'up', c: 'up' },
      { row: { allocation: { a: 100, b: 0, c: 100 } } },
    )

    expect(decide(shared)).toMatchObject({ kind: 'change', proposal: { target: 'c' } })
  })

  test('skips a target whose pre-check just failed', () => {
    const rejected = new Map([['b', { until: now + 1, says: 'refused' }]])
    const decision = decide(situation({ a: 'down', b: 'up', c: 'up' }, { memory: { rejected } }))

    expect(decision).toMatchObject({ kind: 'change', proposal: { target: 'c' } })
  })
})

describe('guards', () => {
  const failing = { 'cdn-a': 'down', 'cdn-b': 'up' } as const
  const vetoes: [string, Parameters<typeof situation>[1], string][] = [
    [
      'mode',
      { situation: { mode: 'advise' } },
      'mode is advise: it decides and explains, and changes nothing',
    ],
    [
      'hold',
      {
        row: { hold: { owner: 'ana', reason: 'finals', since: 0, until: 1 } },
        memory: { holdUntil: now + 60_000 },
      },
      'held by ana for another 1m: finals',
    ],
    [
      'leader',
      { situation: { lease: { token: 1, leftMs: 4_000 } } },
      'the lease has 4000 ms left, less than a call may take (4000 ms)',
    ],
    [
      'store',
      { situation: { store: { ok: false, says: 'disk full' } } },
      'the store cannot be written, so no intent can be made durable: disk full',
    ],
    [
      'holddown',
      {
        settings: { budget: { changes: 5, perMs: 3_600_000 } },
        memory: {
          holddownUntil: now + 110_000,
          changes: [change({ charge: 2, leaving: ['cdn-c'] })],
        },
      },
      'holddown for another 1m50s; its one exception is used',
    ],
    [
      'blast-radius',
      { situation: { installation: { pass: false, says: '1 of 1 changes used' } } },
      '1 of 1 changes used',
    ],
  ]
  test.each(vetoes)('%s vetoes with its sentence, and only it', (guard, overrides, says) => {
    const held = situation(failing, overrides)

    const decision = decide(held)

    expect(decision.kind).toBe('stay')
    expect(decision).toMatchObject({ whyNot: { guard, says } })
    expect(decide(held, [guard]).kind).toBe('change')
  })

  test('all are asked, in order, also after the first veto', () => {
    const decision = decide(situation(failing, { situation: { mode: 'advise' } }))

    expect(decision.guards.map((answer) => answer.guard)).toEqual(guardNames)
    expect(decision.guards.filter((answer) => !answer.pass)).toHaveLength(1)
  })

  test('in advise the move that armed would make is spelled out (invariant 33)', () => {
    expect(decide(situation(failing, { situation: { mode: 'advise' } }))).toMatchObject({
      says: 'would failover from cdn-a to cdn-b: cdn-a is down; cdn-b is up; mode is advise: it decides and explains, and changes nothing',
      would: { target: 'cdn-b' },
    })
  })

  test('a spent budget freezes (invariant 18)', () => {
    const changes = [1, 2, 3].map((n) => change({ intent: `i${n}`, at: now - n * 600_000 }))
    const spent = situation(failing, { memory: { changes } })

    expect(decide(spent)).toMatchObject({
      kind: 'freeze',
      says: 'the budget of 3 changes per 1h is spent: a person must look (changeover ack)',
    })
    expect(decide(spent, ['budget']).kind).toBe('change')
  })

  test('changes before the sliding window cost nothing', () => {
    const changes = [1, 2, 3].map((n) => change({ intent: `i${n}`, at: now - 3_600_000 - n }))

    expect(decide(situation(failing, { memory: { changes } })).kind).toBe('change')
  })

  test('during holddown a down path may be left once, at double charge', () => {
    const decision = decide(
      situation(
        { a: 'up', b: 'down', c: 'up' },
        {
          active: 'b',
          memory: { holddownUntil: now + 100_000, changes: [change({ leaving: ['a'] })] },
        },
      ),
    )

    expect(decision).toMatchObject({ kind: 'change', proposal: { target: 'c', charge: 2 } })
  })

  test('a path left as down within the holddown is not returned to (invariant 21)', () => {
    const decision = decide(
      situation(
        { 'cdn-a': 'up', 'cdn-b': 'down' },
        {
          active: 'cdn-b',
          memory: { holddownUntil: now + 100_000, changes: [change({ leaving: ['cdn-a'] })] },
        },
      ),
    )

    expect(decision).toMatchObject({
      kind: 'stay',
      state: 'ALL-DOWN',
      whyNot: { says: 'cdn-a was left as down within this holddown' },
    })
  })

  test('an empty set or a stranger is never served, whoever asks', () => {
    const steady = situation({ 'cdn-a': 'up', 'cdn-b': 'up' })
    const stranger = weighSteer(steady, 'cdn-x', 'ana', guardNames, 'test')

    expect(stranger.guards.find((answer) => answer.guard === 'never-empty')).toMatchObject({
      pass: false,
      says: 'the change would leave nothing serving',
    })
  })
})

describe('failback', () => {
  const home = { active: 'cdn-b', since: { 'cdn-a': now - 600_000, 'cdn-b': 0 } } as const

  test('returns to the preferred path after it was up long enough', () => {
    expect(decide(situation({ 'cdn-a': 'up', 'cdn-b': 'up' }, home))).toMatchObject({
      kind: 'change',
      says: 'failback from cdn-b to cdn-a: cdn-a has been up for 10m',
    })
  })

  const waits: [string, Parameters<typeof situation>[1], string][] = [
    [
      'before it was up long enough',
      { ...home, since: { 'cdn-a': now - 60_000 } },
      'cdn-b serves and is up; failback to cdn-a in 9m if it stays up',
    ],
    [
      'where it is manual',
      {
        ...home,
        settings: { failback: { auto: false, stableForMs: 1, maxWaitMs: 1, window: [] } },
      },
      'cdn-b serves and is up; failback to cdn-a is manual',
    ],
    [
      'after a relapse, for twice as long',
      { ...home, row: { failback: { relapses: 1 } } },
      'cdn-b serves and is up; failback to cdn-a in 10m if it stays up',
    ],
    [
      'while blocked',
      { ...home, memory: { failbackBlockedUntil: now + 60_000 } },
      'cdn-b serves and is up; no failback for another 1m: cdn-a relapsed after the last one',
    ],
  ]
  test.each(waits)('does not happen %s', (_, overrides, says) => {
    const base = situation({ 'cdn-a': 'up', 'cdn-b': 'up' }, overrides)
    const allocation = { 'cdn-a': 0, 'cdn-b': 100 }
    const row = { ...base.memory.row, allocation }

    expect(decide({ ...base, memory: { ...base.memory, row } })).toMatchObject({
      kind: 'stay',
      state: 'STEADY',
      says,
    })
  })

  test('may not take the last slot of the budget', () => {
    const changes = [1, 2].map((n) => change({ intent: `i${n}`, at: now - n * 600_000 }))
    const decision = decide(
      situation({ 'cdn-a': 'up', 'cdn-b': 'up' }, { ...home, memory: { changes } }),
    )

    expect(decision).toMatchObject({
      kind: 'stay',
      whyNot: { guard: 'budget', says: 'the last of 3 changes per 1h is kept for a failure' },
    })
  })

  test('never happens during holddown', () => {
    const decision = decide(
      situation(
        { 'cdn-a': 'up', 'cdn-b': 'up' },
        { ...home, memory: { holddownUntil: now + 30_000 } },
      ),
    )

    expect(decision).toMatchObject({
      kind: 'stay',
      whyNot: { guard: 'holddown', says: 'holddown for another 30s' },
    })
  })
})

describe('a person', () => {
  test('bypasses only the guards that were named (invariant 36)', () => {
    const held = situation(
      { 'cdn-a': 'up', 'cdn-b': 'up' },
      { situation: { mode: 'advise' }, memory: { holddownUntil: now + 30_000 } },
    )

    const { guards } = weighSteer(held, 'cdn-b', 'ana', ['mode'], 'maintenance')

    expect(guards.find((answer) => answer.guard === 'mode')).toMatchObject({
      pass: true,
      bypassed: true,
    })
    expect(guards.find((answer) => answer.guard === 'holddown')).toMatchObject({ pass: false })
  })

  test('cannot bypass the lease or the store', () => {
    const lost = situation(
      { 'cdn-a': 'up', 'cdn-b': 'up' },
      { situation: { lease: undefined, store: { ok: false, says: 'down' } } },
    )

    const { guards } = weighSteer(lost, 'cdn-b', 'ana', guardNames, 'now')

    expect(guards.filter((answer) => !answer.pass).map((answer) => answer.guard)).toEqual([
      'leader',
      'store',
    ])
  })

  test('without a lease it says whether another process leads or the store is down', () => {
    const paths = { 'cdn-a': 'down', 'cdn-b': 'up' } as const
    const store = { ok: false, says: 'the disk is full' }

    expect(decide(situation(paths, { situation: { lease: undefined } }))).toMatchObject({
      state: 'OBSERVE',
      says: 'another process leads this group',
    })
    expect(decide(situation(paths, { situation: { lease: undefined, store } }))).toMatchObject({
      state: 'OBSERVE',
      says: 'cannot lead, because the store cannot be written: the disk is full',
      whyNot: { guard: 'store' },
    })
  })

  test('a frozen group does nothing until it is acknowledged', () => {
    const frozen = situation(
      { 'cdn-a': 'down', 'cdn-b': 'up' },
      { row: { frozen: { since: 0, says: 'the budget is spent' } } },
    )

    expect(decide(frozen)).toMatchObject({ kind: 'stay', state: 'FROZEN' })
  })

  test('a held group keeps saying what is wrong', () => {
    const held = situation(
      { 'cdn-a': 'down', 'cdn-b': 'up' },
      {
        row: { hold: { owner: 'ana', reason: 'finals', since: 0, until: 1 } },
        memory: { holdUntil: now + 60_000 },
      },
    )

    expect(decide(held)).toMatchObject({
      kind: 'stay',
      state: 'HELD',
      says: expect.stringContaining('held by ana: finals; cdn-a is down') as string,
    })
  })
})
