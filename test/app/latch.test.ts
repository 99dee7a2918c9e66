import { getEventListeners } from 'node:events'
import { expect, it } from 'vitest'
import { Latch } from '../../src/app/latch.ts'
import { SimulatedClock } from '../../src/platform/simulated-clock.ts'

const forever = new AbortController().signal

it('wakes the waiter early', async () => {
  const clock = new SimulatedClock()
  const latch = new Latch()
  const waited = latch.wait(clock, 1_000, forever)
  await clock.advance(10)

  latch.open()
  await waited

  expect([clock.now(), clock.pending]).toEqual([10, 0])
})

it('lets the next wait pass at once where it was opened before, and only that one', async () => {
  const clock = new SimulatedClock()
  const latch = new Latch()
  latch.open()
  latch.open()

  await latch.wait(clock, 1_000, forever)
  const second = latch.wait(clock, 1_000, forever)
  const sleeping = clock.pending
  await clock.advance(1_000)
  await second

  expect([sleeping, clock.now()]).toEqual([1, 1_000])
})

it('ends with its signal, also where that is aborted already, and leaves no listener', async () => {
  const clock = new SimulatedClock()
  const latch = new Latch()
  const stop = new AbortController()
  const waited = latch.wait(clock, 1_000, stop.signal)

  stop.abort()
  await waited
  await latch.wait(clock, 1_000, stop.signal)

  expect(clock.pending).toBe(0)
  expect(getEventListeners(stop.signal, 'abort')).toEqual([])
})
