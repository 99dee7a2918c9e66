import { expect, test } from 'vitest'
import { weighDrill, type DrillRequest } from '../../../src/engine/group/drill.ts'
import { weightedSituation, type WeightedPath } from './weighted-scene.ts'

const request: DrillRequest = {
  id: 'd1',
  plan: 'weekly',
  kind: 'switch',
  stayMs: 60_000,
  maxMs: 120_000,
}

/** What becomes of a drill away from a, with b beside it. */
function outlook(b: Partial<WeightedPath>, row = {}) {
  const paths = { a: { weight: 60, carries: 60 }, b: { weight: 40, carries: 40, ...b } }
  return weighDrill(
    weightedSituation(paths, { row }),
    { actor: 'ana', owner: 'me' },
    { ...request, away: 'a' },
  )
}

test('a drill begins where the standby is up', () => {
  expect(outlook({})).toMatchObject({ kind: 'ready', proposal: { to: { a: 0, b: 100 } } })
})

test('a drill does not begin in a frozen group', () => {
  const frozen = { says: 'the budget is spent', since: 0 }

  expect(outlook({}, { frozen })).toEqual({
    kind: 'not-ready',
    guard: 'frozen',
    says: 'the group is frozen: the budget is spent',
  })
})

test('a drill does not move traffic to a standby that is blurry', () => {
  expect(outlook({ carries: 0, health: 'degraded' })).toMatchObject({ kind: 'not-ready' })
})

test('a drill does not move traffic to a standby that is suspect', () => {
  const idle = { carries: 0, more: { suspect: true, says: 'one bad look' } }
  const paths = { a: { weight: 100, carries: 100 }, b: { weight: 0, ...idle } }
  const situation = weightedSituation(paths)

  const found = weighDrill(situation, { actor: 'ana', owner: 'me' }, { ...request, away: 'a' })

  expect(found).toMatchObject({
    kind: 'not-ready',
    says: 'no standby is healthy: b is suspect: one bad look',
  })
})
