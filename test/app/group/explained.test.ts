import { describe, expect, test } from 'vitest'
import type { Basis } from '../../../src/core/group.ts'
import { says, show, steady } from './scene.ts'

describe('what a past decision stood on', () => {
  test('is kept with the intent: its sentence carries the diagnosis, its basis every vote and timer', async () => {
    const { world } = await steady()

    show(world, { 'cdn-a': 'bad' })
    await world.clock.advance(60_000)

    expect(says(world, 'intent')[0]).toMatch(
      /^failover to cdn-b: cdn-a is down \(unreachable: .*connection refused.*\); cdn-b is up$/u,
    )
    const intent = world.disk.journal.find(({ kind }) => kind === 'intent')
    const basis = intent?.data?.['basis'] as Basis
    expect(basis).toMatchObject({
      mode: 'armed',
      allocation: { 'cdn-a': 100, 'cdn-b': 0 },
      timers: {
        holddownLeftMs: 0,
        budgetUsed: 0,
        budgetOf: 3,
        relapses: 0,
        penalties: { 'cdn-a': 1_000 },
      },
    })
    expect(basis.paths['cdn-a']?.votes?.map(({ vantage }) => vantage)).toEqual([
      'fra',
      'lhr',
      'iad',
    ])
  })

  test('is kept with a decision that moves nothing', async () => {
    const { world } = await steady({ settings: { mode: 'advise' } })

    show(world, { 'cdn-a': 'bad' })
    await world.clock.advance(60_000)

    const decision = world.disk.journal.findLast(({ kind }) => kind === 'decision')
    expect(decision?.data?.['basis']).toMatchObject({
      mode: 'advise',
      paths: { 'cdn-a': { health: 'down', diagnosis: 'unreachable' } },
      guards: expect.arrayContaining([
        expect.objectContaining({ guard: 'mode', pass: false }),
      ]) as unknown,
    })
  })
})
