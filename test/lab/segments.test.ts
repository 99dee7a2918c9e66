import { spawnSync } from 'node:child_process'
import * as fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { loadClip, LOOP_SECONDS, type Look } from '../../src/lab/clip.ts'
import { Segments } from '../../src/lab/segments.ts'
import { continuityErrors, packetsOf } from './transport-stream.ts'

const look: Look = { picture: 'test', sound: 'tone' }
const WRAP = 2 ** 33
const VIDEO = 0x100
const AUDIO = 0x101
/** A second at which the loop begins anew, some time in 2025. */
const LOOP_START = 1_760_000_000 - (1_760_000_000 % LOOP_SECONDS)

let segments: Segments
beforeAll(async () => {
  segments = new Segments(await loadClip())
})

function steps(stream: Buffer, pid: number): readonly number[] {
  const times = packetsOf(stream).flatMap((packet) =>
    packet.pid === pid && packet.pts !== undefined ? [packet.pts] : [],
  )
  return times.slice(1).map((time, index) => (time - (times[index] ?? 0) + WRAP) % WRAP)
}

describe('a segment', () => {
  it('is a sound transport stream wherever in the loop it begins and however long it is', () => {
    const cut = fc.record({
      rendition: fc.constantFrom('360p' as const, '180p' as const),
      look: fc.record({
        picture: fc.constantFrom('test' as const, 'black' as const),
        sound: fc.constantFrom('tone' as const, 'silence' as const),
      }),
      second: fc.integer({ min: 0, max: 4_000_000_000 }),
      seconds: fc.integer({ min: 1, max: 10 }),
    })

    fc.assert(
      fc.property(cut, (cut) => {
        const stream = segments.get(cut)

        const packets = packetsOf(stream)
        expect(continuityErrors(packets)).toBe(0)
        expect(packets.slice(0, 3).map(({ pid }) => pid)).toEqual([0, 0x1000, VIDEO])
        expect(packets[2]?.randomAccess).toBe(true)
        expect(packets[2]?.pts).toBe((cut.second * 90_000) % WRAP)
        expect(new Set(steps(stream, VIDEO))).toEqual(new Set([3_600]))
        expect(new Set(steps(stream, AUDIO))).toEqual(new Set([1_920]))
        expect(steps(stream, VIDEO)).toHaveLength(cut.seconds * 25 - 1)
      }),
      { numRuns: 60 },
    )
  })

  it('continues its predecessor without a gap, also over the end of the loop and the wrap of 33 bits', () => {
    const beforeWrap = Math.floor(WRAP / 90_000) - 1
    for (const second of [LOOP_START - 4, beforeWrap]) {
      const parts = [0, 2, 4].map((offset) =>
        segments.get({ rendition: '180p', look, second: second + offset, seconds: 2 }),
      )

      const stream = Buffer.concat(parts)

      expect(new Set(steps(stream, VIDEO))).toEqual(new Set([3_600]))
      expect(new Set(steps(stream, AUDIO))).toEqual(new Set([1_920]))
    }
  })

  it('shows the same picture again when the loop begins anew', () => {
    const frames = (second: number) =>
      segments.get({ rendition: '360p', look, second, seconds: 1 }).length

    expect(frames(LOOP_START + LOOP_SECONDS)).toBe(frames(LOOP_START))
  })

  it('carries a PCR at least every 100 ms, ahead of the picture', () => {
    const stream = segments.get({ rendition: '360p', look, second: LOOP_START, seconds: 10 })

    const clocks = packetsOf(stream).filter(({ pcr }) => pcr !== undefined)
    for (const [index, { pcr = 0, pts = 0 }] of clocks.entries()) {
      expect((pts - pcr + WRAP) % WRAP).toBe(27_000)
      const before = clocks[index - 1]?.pcr
      if (before !== undefined) expect(pcr - before).toBeLessThanOrEqual(9_000)
    }
    expect(clocks).toHaveLength(250)
  })

  const decoder = spawnSync('ffmpeg', ['-version']).status === 0
  it.skipIf(!decoder)(
    'decodes without a complaint over the end of the loop (skipped where ffmpeg is not installed)',
    () => {
      const stream = segments.get({ rendition: '360p', look, second: LOOP_START - 3, seconds: 6 })

      const run = spawnSync('ffmpeg', ['-v', 'warning', '-i', 'pipe:0', '-f', 'null', '-'], {
        input: stream,
      })

      expect(run.stderr.toString()).toBe('')
      expect(run.status).toBe(0)
    },
  )

  it.skipIf(!decoder).each([
    ['black', 'tone', true, false],
    ['test', 'silence', false, true],
  ] as const)(
    'with the look %s and %s is what its name says (skipped where ffmpeg is not installed)',
    (picture, sound, isBlack, isSilent) => {
      const stream = segments.get({
        rendition: '180p',
        look: { picture, sound },
        second: LOOP_START,
        seconds: 4,
      })

      const args = ['-i', 'pipe:0', '-vf', 'blackdetect=d=1', '-af', 'silencedetect=d=1']
      const run = spawnSync('ffmpeg', [...args, '-f', 'null', '-'], { input: stream })

      expect(run.stderr.includes('black_start')).toBe(isBlack)
      expect(run.stderr.includes('silence_start')).toBe(isSilent)
    },
  )
})

describe('the cache of segments', () => {
  it('gives the same bytes again and never holds more than it may', async () => {
    const small = new Segments(await loadClip(), 400_000)
    const cut = { rendition: '360p', look, seconds: 2 } as const

    const first = small.get({ ...cut, second: LOOP_START })

    expect(small.get({ ...cut, second: LOOP_START })).toBe(first)
    for (let second = 2; second < 40; second += 2) {
      small.get({ ...cut, second: LOOP_START + second })
      expect(small.cachedBytes).toBeLessThanOrEqual(400_000)
    }
    expect(small.get({ ...cut, second: LOOP_START })).not.toBe(first)
    expect(small.get({ ...cut, second: LOOP_START })).toEqual(first)
  })
})

describe('the measured rates', () => {
  it.each([1, 2, 6, 10])('bound every segment of %d s', (seconds) => {
    const { peak, average } = segments.rates('360p', seconds)

    for (let second = 0; second < LOOP_SECONDS; second += 1) {
      const { length } = segments.get({ rendition: '360p', look, second, seconds })
      expect((length * 8) / seconds).toBeLessThanOrEqual(peak)
    }
    expect(average).toBeLessThanOrEqual(peak)
    expect(average).toBeGreaterThan(500_000)
  })
})
