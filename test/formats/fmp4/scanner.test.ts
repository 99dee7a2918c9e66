import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { gapBetween, spanOf } from '../../../src/formats/fmp4/continuity.ts'
import { Fmp4Scanner, readFmp4 } from '../../../src/formats/fmp4/scanner.ts'
import { box, fragment, full, initSegment, u32, u64 } from './box-writer.ts'

function fixture(name: string): Buffer {
  return readFileSync(new URL(`../../fixtures/fmp4/${name}`, import.meta.url))
}

describe('an initialisation segment', () => {
  it.each([
    ['V300', 'video', 'avc1', 90_000],
    ['A48', 'audio', 'mp4a', 48_000],
    ['imsc1_txt_sv', 'text', 'stpp', 1_000],
  ])('of %s says what its track is', (name, kind, codec, timescale) => {
    const { init } = readFmp4(fixture(`${name}/init.mp4`))

    expect(init?.tracks).toHaveLength(1)
    expect(init?.tracks[0]).toMatchObject({ kind, codec, timescale, encrypted: false })
  })

  it('of an encrypted track gives the original codec and the key id', () => {
    const sinf = box(
      'sinf',
      box('frma', Buffer.from('hvc1')),
      box('schi', full('tenc', 0, 0, Buffer.from([0, 0, 1, 8]), Buffer.alloc(16, 0xab))),
    )

    const { init } = readFmp4(initSegment({ entry: 'encv', inEntry: sinf }))

    expect(init?.tracks[0]).toMatchObject({
      codec: 'hvc1',
      encrypted: true,
      keyId: 'ab'.repeat(16),
    })
  })

  it('with a timescale of 0 has no track, because nothing could be timed by it', () => {
    expect(readFmp4(initSegment({ timescale: 0 })).init).toEqual({ tracks: [] })
  })
})

describe('a media segment', () => {
  const video = readFmp4(fixture('V300/init.mp4')).init
  const audio = readFmp4(fixture('A48/init.mp4')).init

  it.each([1, 2, 3, 4])('of video, number %d, has the known times', (nth) => {
    const { tracks, fragments, damage, cut } = readFmp4(fixture(`V300/${nth}.m4s`), video)

    expect({ damage, cut }).toEqual({ damage: undefined, cut: false })
    expect(fragments).toBeGreaterThan(0)
    expect(tracks).toMatchObject([
      {
        samples: 60,
        duration: 180_000,
        start: (nth - 1) * 180_000,
        end: nth * 180_000,
        startsWithKey: true,
        jumps: 0,
      },
    ])
  })

  it.each([
    [1, 0, 94, 96_256],
    [2, 96_256, 94, 96_256],
    [3, 192_512, 94, 96_256],
    [4, 288_768, 93, 95_232],
  ])('of sound, number %d, has the known times', (nth, start, samples, duration) => {
    const { tracks } = readFmp4(fixture(`A48/${nth}.m4s`), audio)

    expect(tracks).toMatchObject([{ start, samples, duration, end: start + duration }])
  })

  it('gives the same report in chunks of any size', () => {
    const bytes = Buffer.concat([fixture('V300/init.mp4'), fixture('V300/2.m4s')])
    const whole = readFmp4(bytes)

    for (const size of [1, 7, 188, 4_096]) {
      const scanner = new Fmp4Scanner()
      for (let at = 0; at < bytes.length; at += size) scanner.push(bytes.subarray(at, at + size))
      expect(scanner.report()).toEqual(whole)
    }
  })

  it('without its initialisation segment has no duration where only that states it', () => {
    const defaults = initSegment({ defaultDuration: 3_600 })
    const media = box(
      'moof',
      full('mfhd', 0, 0, u32(7)),
      box('traf', full('tfhd', 0, 0, u32(1)), full('trun', 0, 0, u32(50))),
    )

    const without = readFmp4(media).tracks[0]
    const withIt = readFmp4(media, readFmp4(defaults).init).tracks[0]

    expect(without).toMatchObject({ samples: 50, duration: undefined, end: undefined })
    expect(withIt).toMatchObject({ samples: 50, duration: 180_000 })
  })

  it('in many fragments shows where one does not begin at the end of the one before', () => {
    const chunks = [0, 90_000, 270_000].map((decodeTime, at) =>
      fragment({ sequence: at + 1, decodeTime, samples: 25 }),
    )

    const report = readFmp4(Buffer.concat(chunks), readFmp4(initSegment()).init)

    expect(report).toMatchObject({ fragments: 3, firstSequence: 1, lastSequence: 3 })
    expect(report.tracks[0]).toMatchObject({ jumps: 1, widestJump: 90_000, end: 360_000 })
  })

  it('carries the producer reference time, with its fraction of a second', () => {
    const at = Date.UTC(2026, 0, 2, 3, 4, 5, 250)

    const report = readFmp4(fragment({ sequence: 1, decodeTime: 90_000, producedAt: at }))

    expect(report.referenceTime?.wall).toBeCloseTo(at, 2)
    expect(report.referenceTime).toMatchObject({ trackId: 1, mediaTime: 90_000, moment: 24 })
  })

  it('carries events of both versions', () => {
    const text = Buffer.from('urn:scte:scte35:2013:bin\0x\0')
    const bytes = Buffer.concat([
      full('emsg', 0, 0, text, u32(90_000, 45_000, 180_000, 9)),
      full('emsg', 1, 0, u32(1_000), u64(7_000_000_000), u32(4_000, 10), text),
    ])

    const { events, eventCount } = readFmp4(bytes)

    expect(eventCount).toBe(2)
    expect(events).toEqual([
      {
        scheme: 'urn:scte:scte35:2013:bin',
        value: 'x',
        timescale: 90_000,
        time: 45_000,
        isRelative: true,
        duration: 180_000,
        id: 9,
      },
      {
        scheme: 'urn:scte:scte35:2013:bin',
        value: 'x',
        timescale: 1_000,
        time: 7_000_000_000,
        isRelative: false,
        duration: 4_000,
        id: 10,
      },
    ])
  })

  it('carries its index', () => {
    const bytes = full(
      'sidx',
      0,
      0,
      u32(1, 1_000, 5_000, 0, 2),
      u32(100, 2_000, 0),
      u32(100, 1_500, 0),
    )

    expect(readFmp4(bytes).index).toEqual({
      timescale: 1_000,
      earliest: 5_000,
      duration: 3_500,
      references: 2,
    })
  })

  it('counts sequence numbers that do not rise', () => {
    const chunks = [5, 6, 6, 3].map((sequence, at) =>
      fragment({ sequence, decodeTime: at * 180_000 }),
    )

    expect(readFmp4(Buffer.concat(chunks)).sequenceRegressions).toBe(2)
  })
})

describe('the gap between segments', () => {
  const init = readFmp4(initSegment()).init
  const span = (decodeTime: number, samples = 50, trackId = 1) => {
    const found = spanOf(
      readFmp4(fragment({ sequence: 1, decodeTime, samples, trackId }), init),
      init,
    )
    if (found === undefined) throw new Error('no span')
    return found
  }

  it.each([
    ['is 0 where one follows the other', 180_000, 0],
    ['is what is missing', 270_000, 1],
    ['is negative where they overlap', 90_000, -1],
  ])('%s', (_, next, gap) => {
    expect(gapBetween(span(0), span(next))).toBe(gap)
  })

  it('of the real segments is 0', () => {
    const video = readFmp4(fixture('V300/init.mp4')).init
    const spans = [1, 2, 3, 4].map((nth) =>
      spanOf(readFmp4(fixture(`V300/${nth}.m4s`), video), video),
    )

    for (const [at, next] of spans.entries()) {
      const before = spans[at - 1]
      if (before !== undefined && next !== undefined) expect(gapBetween(before, next)).toBe(0)
    }
  })

  it('is not known without the timescale', () => {
    expect(spanOf(readFmp4(fragment({ sequence: 1, decodeTime: 0 })))).toBeUndefined()
  })
})
