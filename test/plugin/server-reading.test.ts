import {
  array,
  assert,
  constantFrom,
  integer,
  nat,
  option,
  property,
  record,
  tuple,
} from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ServerTrack, type ServerReading } from '../../src/plugin/server-reading.ts'

/** Measurements at each of these readings, five seconds apart. */
function track(...readings: readonly ServerReading[]) {
  const tracked = new ServerTrack()
  return readings.map((reading, at) => tracked.measure(reading, at * 5_000))
}

describe('a server that is read again and again', () => {
  it('receives what its byte counter grew by', () => {
    const [first, second] = track(
      { receivedBytes: 1_000_000, sentBytes: 0, frames: 100 },
      { receivedBytes: 2_250_000, sentBytes: 625_000, frames: 225 },
    )

    expect(first).toEqual({ incoming_age_seconds: 0 })
    expect(second).toEqual({
      incoming_bits_per_second: 2_000_000,
      incoming_age_seconds: 0,
      outgoing_bits_per_second: 1_000_000,
      incoming_frames_per_second: 25,
      process_restarts: 0,
    })
  })

  it('grows older while no byte comes, and is young again with the first', () => {
    const ages = track(
      { receivedBytes: 10 },
      { receivedBytes: 20 },
      { receivedBytes: 20 },
      { receivedBytes: 20 },
      { receivedBytes: 21 },
    ).map((measured) => measured['incoming_age_seconds'])

    expect(ages).toEqual([0, 0, 5, 10, 0])
  })

  it('is not made young by a publisher that connects and brings nothing', () => {
    const ages = track(
      { session: 'a', receivedBytes: 10 },
      { session: 'a', receivedBytes: 10 },
      { session: 'b', receivedBytes: 0 },
      { session: 'c', receivedBytes: 0 },
    ).map((measured) => measured['incoming_age_seconds'])

    expect(ages).toEqual([0, 5, 10, 15])
  })

  it('takes a rate as the server measured it where it counts no bytes', () => {
    const [first, second, third] = track(
      { receivedBitsPerSecond: 3_000_000 },
      { receivedBitsPerSecond: 0 },
      { receivedBitsPerSecond: 0 },
    )

    expect(first).toEqual({ incoming_bits_per_second: 3_000_000, incoming_age_seconds: 0 })
    expect(second).toMatchObject({ incoming_bits_per_second: 0, incoming_age_seconds: 5 })
    expect(third).toMatchObject({ incoming_age_seconds: 10 })
  })

  it('never subtracts the counters of two publishers', () => {
    const [, second] = track(
      { session: 'a', receivedBytes: 1_000 },
      { session: 'b', receivedBytes: 9_000 },
    )

    expect(second).toEqual({ incoming_age_seconds: 0, process_restarts: 0 })
  })

  it('drops what its counters say, of all that came', () => {
    const [, second] = track(
      { receivedPackets: 1_000, droppedPackets: 10 },
      { receivedPackets: 1_990, droppedPackets: 20 },
    )

    expect(second).toMatchObject({ packet_drop_ratio: 0.01, packets_dropped_per_second: 2 })
  })

  it('restarted where another process answers, and says nothing of the time between', () => {
    const [, second, third] = track(
      { process: '17', uptimeSeconds: 100, receivedBytes: 10 },
      { process: '18', uptimeSeconds: 2, receivedBytes: 900 },
      { process: '18', uptimeSeconds: 7, receivedBytes: 1_000 },
    )

    expect(second).toEqual({
      incoming_age_seconds: 0,
      process_uptime_seconds: 2,
      process_restarts: 1,
    })
    expect(third).toMatchObject({ process_restarts: 0, incoming_bits_per_second: 160 })
  })

  it('restarted where it is younger than before, and did not where seconds are rounded', () => {
    const restarts = track({ uptimeSeconds: 100 }, { uptimeSeconds: 99 }, { uptimeSeconds: 4 }).map(
      (measured) => measured['process_restarts'],
    )

    expect(restarts).toEqual([undefined, 0, 1])
  })

  it('did not restart where its own name says so, whatever the wall clock makes of its age', () => {
    const [, second] = track(
      { process: 'a', uptimeSeconds: 5_000 },
      { process: 'a', uptimeSeconds: 10 },
    )

    expect(second).toMatchObject({ process_restarts: 0 })
  })

  it('shows a restart also while nobody publishes', () => {
    const tracked = new ServerTrack()
    tracked.measure({ process: 'a', receivedBytes: 10 }, 0)

    const lost = tracked.lose({ process: 'b', uptimeSeconds: 1 }, 5_000)

    expect(lost).toEqual({ process_uptime_seconds: 1, process_restarts: 1 })
  })

  it('never measures what is negative or no number, whatever the counters do', () => {
    const counter = option(integer({ min: 0, max: 2 ** 48 }), { nil: undefined })
    const reading = record(
      {
        process: constantFrom('a', 'b'),
        session: constantFrom('x', 'y'),
        uptimeSeconds: nat(1_000),
        receivedBytes: counter,
        sentBytes: counter,
        receivedPackets: counter,
        droppedPackets: counter,
        frames: counter,
        clients: nat(10),
      },
      { requiredKeys: [] },
    )
    assert(
      property(array(tuple(reading, nat(20_000)), { maxLength: 12 }), (looks) => {
        const tracked = new ServerTrack()
        let at = 0
        for (const [each, later] of looks) {
          at += later
          const measured = tracked.measure(each as ServerReading, at)
          const wrong = Object.entries(measured).filter(
            ([name, value]) =>
              !Number.isFinite(value) || value < 0 || (name.endsWith('_ratio') && value > 1),
          )
          expect(wrong).toEqual([])
        }
      }),
    )
  })
})
