import { describe, expect, test } from 'vitest'
import type { PathTruth } from '../../../src/app/recording/path-truth.ts'
import { Score, type MoveMade } from '../../../src/app/recording/score.ts'

/** Paths that are bad since a time, or that nobody sees. */
function truths(bad: Readonly<Record<string, number>>, unseen: readonly string[] = []) {
  const names = ['cdn-a', 'cdn-b', 'cdn-c']
  return new Map(
    names.map((name) => {
      const since = bad[name]
      const truth = {
        isBad: since !== undefined,
        isSeen: !unseen.includes(name),
        troubleSince: () => since,
      }
      return [name, truth as unknown as PathTruth]
    }),
  )
}

const shared = { 'cdn-a': 60, 'cdn-b': 30, 'cdn-c': 10 }
const withoutA = { 'cdn-a': 0, 'cdn-b': 70, 'cdn-c': 30 }

function made(more: Partial<MoveMade>): MoveMade {
  return {
    at: 0,
    wall: 0,
    from: shared,
    to: withoutA,
    reason: 'failover',
    says: 'test',
    isCompensation: false,
    ...more,
  }
}

describe('the score of a group that shares its traffic', () => {
  test('counts an outage by the part of the traffic that is on bad paths', () => {
    const score = new Score()
    score.serve(shared)

    score.account(truths({ 'cdn-a': 0 }), 0)
    score.account(truths({ 'cdn-a': 0, 'cdn-b': 10_000 }), 10_000)
    score.account(truths({}), 20_000)
    score.account(truths({}), 30_000)

    expect(score.card().outageMs).toBe(6_000 + 9_000)
  })

  test('counts what nobody sees by its part too, and not while nobody watches', () => {
    const score = new Score()
    score.serve(shared)

    score.account(truths({}, ['cdn-b']), 0)
    score.pause(10_000)
    score.account(truths({}), 60_000)

    expect(score.card()).toMatchObject({ outageMs: 0, unseenMs: 3_000 })
  })

  test('counts all of it where one path has everything', () => {
    const score = new Score()
    score.serve({ 'cdn-a': 100, 'cdn-b': 0 })

    score.account(truths({ 'cdn-a': 0 }), 0)
    score.account(truths({}), 4_000)

    expect(score.card()).toMatchObject({ outageMs: 4_000, serving: 'cdn-a' })
  })

  test('says both sides of a move by weight, and knows a reason also where some of the weight stays', () => {
    const score = new Score()

    score.move(
      made({ at: 9_000, to: { 'cdn-a': 20, 'cdn-b': 60, 'cdn-c': 20 } }),
      truths({ 'cdn-a': 4_000 }),
    )

    expect(score.card().moves).toMatchObject([
      {
        from: 'cdn-a 60, cdn-b 30, cdn-c 10',
        to: 'cdn-a 20, cdn-b 60, cdn-c 20',
        afterMs: 5_000,
        isFalse: false,
      },
    ])
  })

  test('takes weight that returns within ten minutes for a flap once, whatever the steps', () => {
    const score = new Score()
    const half = { 'cdn-a': 30, 'cdn-b': 50, 'cdn-c': 20 }
    score.move(made({ at: 0 }), truths({ 'cdn-a': 0 }))

    score.move(made({ at: 300_000, from: withoutA, to: half, reason: 'failback' }), truths({}))
    score.move(made({ at: 360_000, from: half, to: shared, reason: 'ramp' }), truths({}))

    expect(score.card()).toMatchObject({ flaps: 1, falseMoves: 0, changes: 2 })
  })

  test('takes a move away from paths that are well for a false one', () => {
    const score = new Score()

    score.move(made({}), truths({ 'cdn-b': 0 }))

    expect(score.card().falseMoves).toBe(1)
  })
})
