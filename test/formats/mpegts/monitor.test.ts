import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TsMonitor, type TsMonitorReport } from '../../../src/formats/mpegts/monitor.ts'
import { indicators, type TimeBase } from '../../../src/formats/mpegts/tr101290.ts'
import {
  faultEveryMs,
  raises,
  type StreamFault,
  timedStream,
  type TimedPacket,
} from './timed-stream.ts'
import { pids, psi, rawPacket, withCrc } from './ts-writer.ts'

const none = Object.fromEntries(Object.keys(indicators).map((id) => [id, 0]))

/** Pushes each packet as it arrives. */
function watch(packets: readonly TimedPacket[], base: TimeBase = 'arrival'): TsMonitorReport {
  const monitor = new TsMonitor(base)
  for (const { at, bytes } of packets) monitor.push(bytes, 50_000 + at)
  return monitor.report()
}

/** Pushes everything at one moment, cut into chunks of these sizes in turn. */
function watchAtOnce(packets: readonly TimedPacket[], sizes: readonly number[]): TsMonitorReport {
  const monitor = new TsMonitor('pcr')
  const whole = Buffer.concat(packets.map(({ bytes }) => bytes))
  for (let at = 0, turn = 0; at < whole.length; turn++) {
    const size = sizes[turn % sizes.length]!
    monitor.push(whole.subarray(at, at + size), 7)
    at += size
  }
  return monitor.report()
}

function expected(faults: readonly StreamFault[]): Record<string, number> {
  const sum: Record<string, number> = { ...none }
  for (const fault of faults) {
    for (const [id, count] of Object.entries(raises[fault])) sum[id] = (sum[id] ?? 0) + count
  }
  return sum
}

const everyFault = Object.keys(raises) as StreamFault[]

describe('a stream with one known fault', () => {
  it.each(everyFault)('%s raises what it should and nothing else, by arrival', (fault) => {
    expect(watch(timedStream([fault])).errors).toEqual(expected([fault]))
  })

  it.each(everyFault)(
    '%s raises what it should and nothing else, by the program clock',
    (fault) => {
      expect(watchAtOnce(timedStream([fault]), [65_536]).errors).toEqual(expected([fault]))
    },
  )
})

describe('a stream with many faults', () => {
  const faults = fc.array(fc.constantFrom(...everyFault), { minLength: 1, maxLength: 5 })

  it('raises exactly what was injected, however it is cut, across the wrap of the clock too', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 1, maxLength: 9 })
    const start = fc.constantFrom(0, 2 ** 33 / 90 - 9_000)
    fc.assert(
      fc.property(faults, sizes, start, (list, cuts, startMs) => {
        const packets = timedStream(list, startMs)

        expect(watchAtOnce(packets, cuts).errors).toEqual(expected(list))
      }),
      { numRuns: 12 },
    )
  })

  it('raises exactly what was injected by arrival too, with packets up to 30 ms late', () => {
    fc.assert(
      fc.property(faults, fc.array(fc.nat(30), { minLength: 5, maxLength: 20 }), (list, late) => {
        let last = 0
        const packets = timedStream(list).map(({ at, bytes }, index) => {
          last = Math.max(last, at + late[index % late.length]!)
          return { at: last, bytes }
        })

        expect(watch(packets).errors).toEqual(expected(list))
      }),
      { numRuns: 8 },
    )
  })

  it('never throws, whatever the bytes are', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 700 })), fc.boolean(), (chunks, headers) => {
        const bytes = Buffer.concat(chunks)
        if (headers) for (let at = 0; at < bytes.length; at += 188) bytes[at] = 0x47
        for (const base of ['pcr', 'arrival'] as const) {
          const monitor = new TsMonitor(base)
          monitor.push(bytes, 0)
          monitor.tick(60_000)
          monitor.report()
        }
      }),
    )
  })
})

describe('what is overdue', () => {
  it('is known while it lasts, by name', () => {
    const packets = timedStream(['sound-absent', 'pat-absent'])
    const until = (ms: number) => watch(packets.filter(({ at }) => at < ms)).overdue

    expect(until(faultEveryMs + 5_600)).toEqual({
      pat: false,
      pmt: [],
      pids: [{ pid: pids.audio, kind: 'audio' }],
    })
    expect(until(2 * faultEveryMs + 550)).toMatchObject({ pat: true, pids: [] })
    expect(until(2 * faultEveryMs + 900)).toMatchObject({ pat: false, pids: [] })
  })

  it('is everything when nothing arrives any more, each once', () => {
    const monitor = new TsMonitor('arrival')
    for (const { at, bytes } of timedStream([])) monitor.push(bytes, at)
    for (let at = 16_000; at < 40_000; at += 500) monitor.tick(at)

    expect(monitor.report()).toMatchObject({
      errors: { ...none, '1.3a': 1, '1.5a': 1, '1.6': 3, '2.5': 2 },
      overdue: { pat: true, pmt: [pids.pmt] },
    })
  })

  it('is nothing by the program clock when nothing arrives: that is for the stall to say', () => {
    const monitor = new TsMonitor('pcr')
    for (const { at, bytes } of timedStream([])) monitor.push(bytes, at)
    for (let at = 16_000; at < 40_000; at += 500) monitor.tick(at)

    expect(monitor.report().errors).toEqual(none)
  })

  it('shows by arrival when the clock is gone with the picture, while sound goes on', () => {
    const packets = timedStream([]).filter(({ at, bytes }) => {
      const pid = bytes.readUInt16BE(1) & 0x1fff
      return at < 4_000 || pid !== pids.video
    })

    expect(watch(packets, 'pcr')).toMatchObject({
      errors: { ...none, '1.6': 1, '2.5': 1 },
      overdue: { pids: [{ pid: pids.video, kind: 'video' }] },
    })
  })
})

describe('scrambling', () => {
  const scrambled = (packets: readonly TimedPacket[], pid: number, fromMs: number) =>
    packets.map(({ at, bytes }) => {
      const isIt = at >= fromMs && (bytes.readUInt16BE(1) & 0x1fff) === pid
      if (!isIt) return { at, bytes }
      const copy = Buffer.from(bytes)
      copy[3]! |= 0x80
      return { at, bytes: copy }
    })

  it('without a CAT is one error, and absent times are none: nobody can see them', () => {
    const packets = scrambled(timedStream([]), pids.audio, 3_000)

    expect(watch(packets).errors).toEqual({ ...none, '2.6': 1 })
  })

  it('of a table is an error of that table', () => {
    const packets = scrambled(timedStream([]), pids.pat, 15_950)

    expect(watch(packets).errors).toEqual(none)
    expect(watch(scrambled(timedStream([]), pids.pat, 15_850)).errors).toEqual({
      ...none,
      '1.3a': 1,
    })
    expect(watch(scrambled(timedStream([]), pids.pmt, 15_850)).errors).toEqual({
      ...none,
      '1.5a': 1,
    })
  })

  it('with a CAT is lawful', () => {
    const cat = withCrc(Buffer.from([1, 0xb0, 9, 0xff, 0xff, 0xc1, 0, 0]))
    const packets = scrambled(timedStream([]), pids.audio, 3_000)
    const table = rawPacket(1, 0, psi(cat), { unitStart: true })

    const report = watch([{ at: 0, bytes: table }, ...packets])

    expect(report.errors).toEqual(none)
  })
})

describe('the program clock', () => {
  it('is followed against arrival, and begins anew after a jump', () => {
    const monitor = new TsMonitor('arrival')
    const packets = timedStream(['clock-jump'])
    const firstPart = packets.filter(({ at }) => at < 4_000)
    // The sender's clock runs 1 % fast: media comes sooner than it should.
    for (const { at, bytes } of firstPart) monitor.push(bytes, at * 0.99)

    const first = monitor.report()
    expect(first.clockMs).toBe(3_960)
    expect(first.delayMs?.most).toBeCloseTo(9.9, 1)
    expect(first.delayMs?.least).toBeCloseTo(9.9 - 39.6, 1)

    for (const { at, bytes } of packets.slice(firstPart.length)) monitor.push(bytes, at * 0.99)
    expect(monitor.report().clockBreaks).toBe(first.clockBreaks + 1)
  })

  it('of another program leads where the first one is gone', () => {
    const packets = timedStream([])
    const other = packets.map(({ at, bytes }) => {
      const copy = Buffer.from(bytes)
      copy.writeUInt16BE((bytes.readUInt16BE(1) & 0xe000) | 0x1ff, 1)
      return { at, bytes: (bytes.readUInt16BE(1) & 0x1fff) === pids.video ? copy : bytes }
    })
    const mixed = packets.map((packet, index) => (packet.at < 6_000 ? packet : other[index]!))

    const report = watch(mixed, 'pcr')

    expect(report.errors).toMatchObject({ '1.6': 1, '2.5': 1, '1.3a': 0, '1.5a': 0 })
    expect(report.clockBreaks).toBe(2)
  })
})
