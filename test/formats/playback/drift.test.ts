import { describe, expect, it } from 'vitest'
import { Drift } from '../../../src/formats/playback/drift.ts'

/** `count` segments of 6 s, each `every` seconds after the one before; returns the last moment. */
function run(drift: Drift, from: number, count: number, every = 6): number {
  let at = from
  for (let segment = 0; segment < count; segment++) {
    at += every * 1_000
    drift.appeared(at, 6)
  }
  return at
}

describe('the drift of a stream', () => {
  it('stays at 0 while media keeps up with time', () => {
    const drift = new Drift()
    drift.restart(1_000)

    run(drift, 1_000, 40)

    expect(drift.seconds).toBeCloseTo(0)
    expect(drift.deviation).toBeCloseTo(0)
  })

  it('grows with an encoder that is slower than time', () => {
    const drift = new Drift()
    drift.restart(0)

    run(drift, 0, 20, 6.1)

    expect(drift.seconds).toBeCloseTo(2)
    expect(drift.deviation).toBeCloseTo(0.1 * 10)
  })

  it('shows a pause at once as a deviation from the average, and forgives it in time', () => {
    const drift = new Drift()
    drift.restart(0)
    const at = run(drift, 0, 10)

    drift.appeared(at + 14_000, 6)
    const atOnce = drift.deviation
    run(drift, at + 14_000, 35)

    expect(atOnce).toBeCloseTo(8)
    expect(drift.seconds).toBeCloseTo(8)
    expect(drift.deviation).toBeCloseTo(0)
  })

  it('has no deviation before there is an average', () => {
    const drift = new Drift()
    drift.appeared(0, 6)

    run(drift, 0, 4)

    expect(drift.seconds).toBeCloseTo(0)
    expect(drift.deviation).toBeUndefined()
  })
})
