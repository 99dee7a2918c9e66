import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { crc32 } from '../../../src/formats/mpegts/crc32.ts'
import { ptsDifference, type TsReport } from '../../../src/formats/mpegts/report.ts'
import { TsScanner } from '../../../src/formats/mpegts/scanner.ts'
import { pids, rawPacket, TsWriter } from './ts-writer.ts'

function scan(...chunks: readonly Buffer[]): TsReport {
  const scanner = new TsScanner()
  for (const chunk of chunks) scanner.push(chunk)
  scanner.end()
  return scanner.report()
}

const fixture = (name: string) =>
  readFileSync(join(import.meta.dirname, '../../fixtures/hls/segments', name))

const clean = {
  skippedBytes: 0,
  syncLosses: 0,
  syncByteErrors: 0,
  transportErrors: 0,
  continuityErrors: 0,
  duplicates: 0,
  crcErrors: 0,
}

describe('a lawful stream', () => {
  it('gives the kind, packets and presentation times of each stream, and no error', () => {
    const report = scan(new TsWriter().segment(900_000, 2))

    expect(report).toMatchObject({ ...clean, patSeen: true, pmtSeen: true, pesBeforePat: false })
    expect(report.bytes).toBe(report.packets * 188)
    expect(report.pids).toMatchObject([
      { pid: pids.pat, kind: 'psi' },
      { pid: pids.pmt, kind: 'psi' },
      {
        pid: pids.video,
        kind: 'video',
        streamType: 0x1b,
        pts: { first: 900_000, last: 1_076_400, count: 50 },
      },
      { pid: pids.audio, kind: 'audio', streamType: 0x0f, pts: { first: 900_000, count: 50 } },
    ])
  })

  it('follows presentation times across the wrap', () => {
    const report = scan(new TsWriter().segment(2 ** 33 - 7_200, 1))

    const video = report.pids.find(({ kind }) => kind === 'video')
    expect(video?.pts).toMatchObject({ first: 2 ** 33 - 7_200, last: 2 ** 33 - 7_200 + 24 * 3_600 })
  })

  it.each([
    [
      'test-middle-pat-pmt.mpegts',
      { packets: 64, pesBeforePat: true, patSeen: true, pmtSeen: true },
    ],
    ['test-stuffed-pes.mpegts', { packets: 1, patSeen: false }],
  ])('reads the real segment %s', (name, expected) => {
    expect(scan(fixture(name))).toMatchObject({ ...clean, ...expected })
  })
})

describe('continuity', () => {
  const payload = (fill: number) => Buffer.alloc(184, fill)
  const on = (counter: number, fill = counter) => rawPacket(0x200, counter, payload(fill))
  const still = (counter: number) => rawPacket(0x200, counter, Buffer.alloc(0))
  const marked = (counter: number) =>
    rawPacket(0x200, counter, Buffer.alloc(100, 1), { discontinuity: true })
  const markedStill = (counter: number) =>
    rawPacket(0x200, counter, Buffer.alloc(0), { discontinuity: true })

  it.each([
    ['in order across the wrap', [on(14), on(15), on(0), on(1)], 0, 0],
    ['one lost', [on(1), on(2), on(4), on(5)], 1, 0],
    ['several lost at once', [on(1), on(2), on(9), on(10)], 1, 0],
    ['a lawful repetition', [on(1), on(2), on(2), on(3)], 0, 1],
    ['repeated twice', [on(1), on(2), on(2), on(2), on(3)], 1, 1],
    ['repeated with another payload', [on(1), on(2), on(2, 9), on(3)], 1, 0],
    ['swapped', [on(1), on(3), on(2), on(4)], 3, 0],
    ['packets without payload in between', [on(1), still(1), still(7), on(2)], 0, 0],
    ['an announced discontinuity', [on(1), marked(9), on(10)], 0, 0],
    ['one announced without payload', [on(1), markedStill(5), on(12), on(13)], 0, 0],
  ] as const)('%s', (_name, packets, errors, duplicates) => {
    const report = scan(...packets)

    expect(report).toMatchObject({ continuityErrors: errors, duplicates })
  })

  it('accepts a repetition whose clock reference differs', () => {
    const one = rawPacket(0x200, 2, Buffer.alloc(160, 5))
    const two = Buffer.from(one)
    two[5] = 0x10
    two[6] = 0x77

    expect(scan(on(1), one, two, on(3))).toMatchObject({ continuityErrors: 0, duplicates: 1 })
  })

  it('ignores null packets', () => {
    const nothing = (counter: number) => rawPacket(0x1fff, counter, payload(0))

    expect(scan(nothing(3), on(1), nothing(9), on(2))).toMatchObject({
      continuityErrors: 0,
      nullPackets: 2,
    })
  })
})

describe('damage', () => {
  it('counts a wrong sync byte and reads on', () => {
    const packets = Array.from({ length: 20 }, (_, at) =>
      rawPacket(0x200, at & 15, Buffer.alloc(184, at)),
    )
    packets[10]![0] = 0

    expect(scan(...packets)).toMatchObject({ ...clean, syncByteErrors: 1, packets: 20 })
  })

  it('locks again behind bytes that do not belong', () => {
    const writer = new TsWriter()
    const one = writer.segment(0, 1)
    const two = writer.segment(90_000, 1)

    const report = scan(Buffer.from('<html>'), one, Buffer.alloc(500), two)

    expect(report.skippedBytes).toBe(506)
    expect(report.syncLosses).toBe(1)
    expect(report.packets * 188).toBe(one.length + two.length)
  })

  it('counts a damaged table and keeps the one before', () => {
    const writer = new TsWriter()
    const good = writer.tables()
    const bad = writer.tables()
    bad[188 + 20]! ^= 1

    expect(scan(good, bad, writer.pes('video', 0, 500))).toMatchObject({
      crcErrors: 1,
      pmtSeen: true,
      continuityErrors: 0,
    })
  })

  it('counts a packet that says itself that it is damaged once', () => {
    const packets = Array.from({ length: 12 }, (_, at) =>
      rawPacket(0x200, at, Buffer.alloc(184, at)),
    )
    packets[6]![1]! |= 0x80

    expect(scan(...packets)).toMatchObject({ transportErrors: 1, continuityErrors: 0 })
  })
})

describe('known faults', () => {
  type Fault = 'drop' | 'repeat' | 'repeat-twice' | 'alter' | 'error-bit' | 'sync-byte'
  const faults = fc.array(
    fc.constantFrom<Fault>('drop', 'repeat', 'repeat-twice', 'alter', 'error-bit', 'sync-byte'),
    { minLength: 1, maxLength: 15 },
  )

  /** One fault every 20 packets, far from the ends, on a stream of three PIDs in turn. */
  function broken(list: readonly Fault[], offset: number): Buffer {
    const counters = [0, 5, 15]
    const packets: Buffer[] = []
    for (let at = 0; at < 60 + list.length * 20; at++) {
      const which = at % 3
      const counter = counters[which]!
      counters[which] = (counter + 1) & 15
      const whole = rawPacket(0x200 + which, counter, Buffer.alloc(184, at))
      const fault = at % 20 === offset ? list[Math.floor(at / 20) - 1] : undefined
      if (fault === 'drop') continue
      if (fault === 'error-bit') whole[1]! |= 0x80
      packets.push(whole)
      if (fault === 'repeat' || fault === 'repeat-twice') packets.push(whole)
      if (fault === 'repeat-twice') packets.push(whole)
      if (fault === 'alter') {
        const altered = Buffer.from(whole)
        altered[100]! ^= 0x55
        packets.push(altered)
      }
      if (fault === 'sync-byte') packets[packets.length - 1]![0] = 0x46
    }
    return Buffer.concat(packets)
  }

  it('are counted exactly', () => {
    fc.assert(
      fc.property(faults, fc.integer({ min: 0, max: 19 }), (list, offset) => {
        const count = (...names: readonly Fault[]) =>
          list.filter((name) => names.includes(name)).length

        const report = scan(broken(list, offset))

        expect(report).toMatchObject({
          continuityErrors: count('drop', 'repeat-twice', 'alter'),
          duplicates: count('repeat', 'repeat-twice'),
          transportErrors: count('error-bit'),
          syncByteErrors: count('sync-byte'),
          syncLosses: 0,
        })
      }),
    )
  })

  it('give the same report however the bytes are cut, also when bytes are lost or inserted', () => {
    const whole = Buffer.concat([
      new TsWriter().segment(0, 0.4),
      broken(['drop', 'repeat', 'alter'], 3),
    ])
    const cuts = fc.array(fc.integer({ min: 1, max: 2_000 }), { minLength: 1, maxLength: 80 })
    const edits = fc.array(fc.tuple(fc.nat(whole.length), fc.integer({ min: -400, max: 400 })), {
      maxLength: 4,
    })
    fc.assert(
      fc.property(cuts, edits, (sizes, changes) => {
        let data: Buffer = whole
        for (const [at, by] of changes) {
          const insert = Buffer.alloc(Math.max(0, by), by % 2 === 0 ? 0x47 : 0)
          data = Buffer.concat([data.subarray(0, at), insert, data.subarray(at + Math.max(0, -by))])
        }
        const chunks: Buffer[] = []
        for (let at = 0, turn = 0; at < data.length; turn++) {
          const size = sizes[turn % sizes.length]!
          chunks.push(Buffer.from(data.subarray(at, at + size)))
          at += size
        }

        expect(scan(...chunks)).toEqual(scan(data))
      }),
    )
  })

  it('never make it throw, whatever the bytes are', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 700 })), fc.boolean(), (chunks, headers) => {
        const bytes = Buffer.concat(chunks)
        if (headers) for (let at = 0; at < bytes.length; at += 188) bytes[at] = 0x47

        const report = scan(bytes)

        expect(report.packets * 188 + report.skippedBytes).toBe(bytes.length)
      }),
    )
  })

  it('do not let a stream of all PIDs grow the report', () => {
    const packets = Array.from({ length: 8_191 }, (_, pid) =>
      rawPacket(pid, 0, Buffer.alloc(184, 0xff)),
    )

    const report = scan(...packets)

    expect(report.packets).toBe(8_191)
    expect(report.pids.length).toBe(250)
  })
})

describe('ptsDifference', () => {
  it.each([
    [0, 3_600, 3_600],
    [2 ** 33 - 100, 100, 200],
    [100, 2 ** 33 - 100, -200],
    [2 ** 33 + 50, 60, 10],
  ])('goes from %d to %d by the shorter way', (from, to, ticks) => {
    expect(ptsDifference(from, to)).toBe(ticks)
  })
})

describe('crc32', () => {
  it('is the check value of CRC-32/MPEG-2', () => {
    expect(crc32(Buffer.from('123456789'), 0, 9)).toBe(0x0376_e6e7)
  })
})
