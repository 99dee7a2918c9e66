import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { VirtualPlayer } from '../../../src/formats/playback/virtual-player.ts'

describe('the virtual player', () => {
  it('plays on while media arrives in time', () => {
    const player = new VirtualPlayer(0, 18, 0.4, 6)
    for (let at = 6_000; at <= 60_000; at += 6_000) player.arrived(at, 6)

    expect(player.state(60_000)).toEqual({
      buffer: 18,
      starved: false,
      stalls: 0,
      stalled: 0,
      startup: 0.4,
    })
  })

  it('stalls once the buffer is played out, and says for how long', () => {
    const player = new VirtualPlayer(0, 12, 0, 6)

    expect(player.state(12_000)).toMatchObject({ buffer: 0, starved: false, stalls: 0 })
    expect(player.state(15_000)).toMatchObject({ starved: true, stalls: 1, stalled: 3 })
    expect(player.state(20_000)).toMatchObject({ starved: true, stalls: 1, stalled: 8 })
  })

  it('goes on only when there is enough again', () => {
    const player = new VirtualPlayer(0, 2, 0, 6)

    player.arrived(4_000, 4)
    const waiting = player.state(4_000)
    player.arrived(5_000, 4)
    const playing = player.state(6_000)

    expect(waiting).toMatchObject({ buffer: 4, starved: true, stalled: 2 })
    expect(playing).toMatchObject({ buffer: 7, starved: false, stalls: 1, stalled: 3 })
  })

  it('has what it finds where it moves to, and keeps the count of its stalls', () => {
    const player = new VirtualPlayer(0, 2, 0, 6)
    player.state(10_000)

    player.moved(10_000, 18)

    expect(player.state(12_000)).toMatchObject({
      buffer: 16,
      starved: false,
      stalls: 1,
      stalled: 8,
    })
  })

  it('takes a time before the last one for the last one', () => {
    const player = new VirtualPlayer(10_000, 6, 0, 6)
    player.arrived(12_000, 6)

    player.arrived(11_000, 6)

    expect(player.state(12_000).buffer).toBe(16)
  })

  it('never loses a second: what arrived is played, buffered or was not there yet', () => {
    const event = fc.record({ after: fc.nat(20_000), seconds: fc.integer({ min: 0, max: 12 }) })
    const events = fc.array(event, { maxLength: 40 })
    fc.assert(
      fc.property(fc.nat(30), fc.nat(12), events, (initial, resume, events) => {
        const player = new VirtualPlayer(0, initial, 0, resume)
        let now = 0
        let media = initial
        let before = player.state(0)
        for (const { after, seconds } of events) {
          now += after
          media += seconds
          player.arrived(now, seconds)
          const state = player.state(now)
          const played = now / 1_000 - state.stalled

          expect(state.buffer).toBeGreaterThanOrEqual(0)
          expect(state.buffer).toBeCloseTo(media - played, 6)
          expect(state.stalls).toBeGreaterThanOrEqual(before.stalls)
          expect(state.stalled).toBeGreaterThanOrEqual(before.stalled)
          before = state
        }
      }),
    )
  })
})
