import { expect, it, vi } from 'vitest'
import { keepPaging } from '../../../src/app/group/keep-paging.ts'
import { decide } from '../../../src/engine/group/decide.ts'
import { emptyRow } from '../../../src/engine/group/memory.ts'
import type { Situation } from '../../../src/engine/group/situation.ts'
import { SimulatedClock } from '../../../src/platform/simulated-clock.ts'
import { groupSettings, pathHealth } from '../../fakes/group-settings.ts'

/** Every path is down, and has been for ten minutes. */
function allDown(now: number): Situation {
  const settings = groupSettings()
  return {
    settings,
    memory: {
      row: { ...emptyRow(settings.name), allocation: { 'cdn-a': 100, 'cdn-b': 0 } },
      changes: [],
      holddownUntil: 0,
      rejected: new Map(),
      penalties: new Map(),
      readBack: true,
      observingSince: 0,
    },
    paths: new Map(settings.paths.map(({ name }) => [name, pathHealth('down', now - 600_000)])),
    mode: 'armed',
    lease: { token: 1, leftMs: 15_000 },
    store: { ok: true, says: 'writable' },
    installation: { pass: true, says: '0 of 1 changes used' },
    now,
    wall: now,
  }
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
