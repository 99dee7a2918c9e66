import { expect, it, vi } from 'vitest'
import { keepPaging } from '../../../src/app/group/keep-paging.ts'
import { decide } from '../../../src/engine/group/decide.ts'
import type { Situation } from '../../../src/engine/group/situation.ts'
import { SimulatedClock } from '../../../src/platform/simulated-clock.ts'
import { weightedSituation } from '../../engine/group/weighted-scene.ts'

/** Every path is down, and has been for ten minutes. */
function allDown(now: number): Situation {
  const down = { weight: 50, carries: 50, health: 'down', since: now - 600_000 } as const
  return weightedSituation({ a: down, b: down }, { situation: { now } })
}

it('people are told every two seconds while an evaluation hangs, and views show it every second', async () => {
  const clock = new SimulatedClock()
  const stop = new AbortController()
  let shownAt = clock.now()
  const tell = vi.fn(() => (shownAt = clock.now()))
  const show = vi.fn()
  const situation = () => allDown(clock.now() + 1_000_000)
  void keepPaging(
    {
      clock,
      tickMs: () => 1_000,
      shownAt: () => shownAt,
      situation,
      decide: () => decide(situation()),
      now: () => ({ state: 'STEADY', busy: undefined }),
      show,
      tell,
    },
    stop.signal,
  )

  await clock.advance(1_500)
  const early = tell.mock.calls.length
  await clock.advance(6_500)
  stop.abort()

  expect(early).toBe(0)
  expect(tell).toHaveBeenCalledTimes(4)
  expect(show).toHaveBeenLastCalledWith(expect.objectContaining({ state: 'ALL-DOWN' }))
})
