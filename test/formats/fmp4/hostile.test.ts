import { readdirSync, readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Fmp4Scanner, readFmp4 } from '../../../src/formats/fmp4/scanner.ts'
import { box, fragment, full, initSegment, u32 } from './box-writer.ts'

const folder = new URL('../../fixtures/fmp4/', import.meta.url)
const seeds = ['V300', 'A48', 'imsc1_txt_sv'].flatMap((name) =>
  readdirSync(new URL(`${name}/`, folder)).map((file) =>
    readFileSync(new URL(`${name}/${file}`, folder)),
  ),
)

describe('hostile boxes', () => {
  it('with a large size of 0 end the scan, because no box can begin so', () => {
    const report = readFmp4(
      Buffer.concat([u32(1), Buffer.from('free'), u32(0, 0), Buffer.alloc(99)]),
    )

    expect(report).toMatchObject({ boxes: 0, damage: 'no box begins at byte 0' })
  })

  it.each([2, 7])('with a size of %d end the scan where they are', (size) => {
    const bytes = Buffer.concat([box('styp'), u32(size), Buffer.from('free'), Buffer.alloc(99)])

    expect(readFmp4(bytes)).toMatchObject({ boxes: 1, damage: 'no box begins at byte 8' })
  })

  it('with four thousand million samples of no bytes cost nothing', () => {
    const media = box(
      'moof',
      full('mfhd', 0, 0, u32(1)),
      box('traf', full('tfhd', 0, 0x8, u32(1, 1)), full('trun', 0, 0, u32(0xffff_ffff))),
    )

    expect(readFmp4(media).tracks[0]).toMatchObject({ samples: 2 ** 32 - 1, duration: 2 ** 32 - 1 })
  })

  it('with more samples than bytes are damage', () => {
    const media = box(
      'moof',
      full('mfhd', 0, 0, u32(1)),
      box('traf', full('tfhd', 0, 0, u32(1)), full('trun', 0, 0x100, u32(0xffff_ffff, 1))),
    )

    expect(readFmp4(media)).toMatchObject({ damage: 'fragment 1 is damaged', tracks: [] })
  })

  it('nested a hundred thousand deep are not descended into', () => {
    const deep = Buffer.concat(
      Array.from({ length: 100_000 }, (_, at) =>
        Buffer.concat([u32(8 * (100_000 - at)), Buffer.from('moof')]),
      ),
    )

    expect(readFmp4(deep)).toMatchObject({ boxes: 1, fragments: 1 })
  })

  it('longer than anything real are not kept', () => {
    const scanner = new Fmp4Scanner()

    scanner.push(Buffer.concat([u32(2 ** 31), Buffer.from('moof'), Buffer.alloc(1_000)]))

    expect(scanner.report().damage).toBe('a moof box is too long')
  })

  it('of a hundred tracks are read up to sixteen', () => {
    const many = Array.from({ length: 100 }, (_, at) =>
      fragment({ sequence: at + 1, decodeTime: 0, trackId: at + 1 }),
    )

    expect(readFmp4(Buffer.concat(many)).tracks).toHaveLength(16)
  })

  it('that end early are cut, not damaged', () => {
    const whole = fragment({ sequence: 1, decodeTime: 0 })

    expect(readFmp4(whole.subarray(0, -10))).toMatchObject({ cut: true, damage: undefined })
    expect(readFmp4(whole.subarray(0, 5))).toMatchObject({ cut: true, damage: undefined })
  })

  it('whose mdat lasts to the end are whole', () => {
    const bytes = Buffer.concat([initSegment(), u32(0), Buffer.from('mdat'), Buffer.alloc(100)])

    expect(readFmp4(bytes)).toMatchObject({ cut: false, damage: undefined })
  })
})

describe('whatever the bytes', () => {
  const noise = fc.uint8Array({ maxLength: 2_048 }).map((bytes) => Buffer.from(bytes))
  const mutated = fc
    .record({
      seed: fc.constantFrom(...seeds),
      edits: fc.array(
        fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), to: fc.nat(255) }),
        {
          maxLength: 20,
        },
      ),
      cut: fc.double({ min: 0, max: 1, noNaN: true }),
    })
    .map(({ seed, edits, cut }) => {
      // The first kilobytes hold the boxes; the rest is media.
      const bytes = Buffer.from(seed.subarray(0, Math.min(seed.length, 4_096)))
      for (const { at, to } of edits) bytes[Math.floor(at * (bytes.length - 1))] = to
      return bytes.subarray(0, Math.ceil(cut * bytes.length))
    })

  it('the scanner never throws, counts every byte, and chunks make no difference', () => {
    fc.assert(
      fc.property(fc.oneof(noise, mutated), fc.integer({ min: 1, max: 700 }), (bytes, size) => {
        const whole = readFmp4(bytes)
        const scanner = new Fmp4Scanner()
        for (let at = 0; at < bytes.length; at += size) scanner.push(bytes.subarray(at, at + size))

        expect(whole.bytes).toBe(bytes.length)
        expect(scanner.report()).toEqual(whole)
        expect(whole.tracks.length).toBeLessThanOrEqual(16)
        for (const track of whole.tracks) expect(track.samples).toBeGreaterThanOrEqual(0)
      }),
      { numRuns: 500 },
    )
  })
})
