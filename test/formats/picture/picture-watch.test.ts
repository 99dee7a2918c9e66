import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PictureWatch } from '../../../src/formats/picture/picture-watch.ts'
import {
  darkRatio,
  meanDifference,
  thumbnailBytes,
} from '../../../src/formats/picture/thumbnail.ts'

const grey = (level: number) => Buffer.alloc(thumbnailBytes, level)

/** The state after key frames of these levels, so many seconds apart. */
function after(levels: readonly number[], apart: number) {
  const watch = new PictureWatch()
  levels.forEach((level, nth) => watch.take(nth * apart, grey(level)))
  return { ...watch.state, isSuspicious: watch.isSuspicious }
}

describe('a thumbnail', () => {
  it('is dark by the share of its pixels up to a tenth of full luma', () => {
    const picture = Buffer.concat([Buffer.alloc(75, 25), Buffer.alloc(25, 26)])

    expect(darkRatio(picture)).toBe(0.75)
  })

  it('differs from another by the mean of what its pixels differ', () => {
    expect(meanDifference(Buffer.from([0, 10]), Buffer.from([1, 8]))).toBe(1.5)
  })
})

describe('a picture', () => {
  it.each([
    ['that moves is neither black nor frozen', [90, 120, 90, 60], 0, 0, false],
    ['is black from the first black key frame to the newest', [90, 1, 1, 1], 4, 0, true],
    ['that was black is not any more', [1, 1, 1, 90], 0, 0, false],
    ['that is black once may be a cut', [90, 60, 1], 0, 0, true],
    ['does not move from the first key frame that is the same', [60, 90, 90, 90], 0, 4, true],
    ['is not called frozen after two key frames', [60, 90, 90], 0, 0, true],
    ['that moves again is not frozen', [90, 90, 90, 91], 0, 0, false],
  ] as const)('%s', (_, levels, blackSeconds, frozenSeconds, isSuspicious) => {
    expect(after(levels, 2)).toMatchObject({ blackSeconds, frozenSeconds, isSuspicious })
  })

  it('that fades slowly moves, though hardly from one key frame to the next', () => {
    const watch = new PictureWatch()
    for (let nth = 0; nth < 40; nth++) {
      // A fifth of the pixels one step brighter each time: a difference of 0.2.
      const picture = Buffer.alloc(thumbnailBytes, 100)
      for (let at = 0; at < thumbnailBytes; at++)
        picture[at] = 100 + Math.floor((nth + (at % 5)) / 5)
      watch.take(nth * 2, picture)
      expect(watch.state?.frozenSeconds ?? 0).toBeLessThanOrEqual(4)
    }
  })

  it('of which one key frame is known may be anything', () => {
    expect(after([90], 2)).toMatchObject({ blackSeconds: 0, frozenSeconds: undefined })
    expect(after([1], 2)).toMatchObject({ blackSeconds: undefined, darkRatio: 1 })
    expect(after([90], 2).isSuspicious).toBe(true)
  })

  it('that is the same half a minute later is not frozen yet, but worth a closer look', () => {
    expect(after([90, 90], 30)).toMatchObject({ frozenSeconds: undefined, isSuspicious: true })
    expect(after([90, 90, 90, 90], 30)).toMatchObject({ frozenSeconds: undefined })
    expect(after([90, 60], 30)).toMatchObject({ frozenSeconds: 0, isSuspicious: false })
  })

  it('never is both black and frozen, nor either for longer than it was watched in one piece', () => {
    const frame = fc.record({
      level: fc.constantFrom(1, 90, 150),
      wait: fc.integer({ min: 0, max: 30 }),
    })
    fc.assert(
      fc.property(fc.array(frame, { minLength: 1, maxLength: 40 }), (frames) => {
        const watch = new PictureWatch()
        let at = 0
        const seen = frames.map(({ level, wait }) => {
          at += wait
          watch.take(at, grey(level))
          return { at, level }
        })
        // The newest frames that are alike and at most 15 s apart.
        let from = seen.length - 1
        while (
          from > 0 &&
          seen[from - 1]?.level === seen.at(-1)?.level &&
          (seen[from]?.at ?? 0) - (seen[from - 1]?.at ?? 0) <= 15
        ) {
          from--
        }
        const length = (seen.at(-1)?.at ?? 0) - (seen[from]?.at ?? 0)
        const count = seen.length - from
        const isBlack = seen.at(-1)?.level === 1

        expect(watch.state?.blackSeconds ?? 0).toBe(isBlack && count >= 2 ? length : 0)
        expect(watch.state?.frozenSeconds ?? 0).toBe(!isBlack && count >= 3 ? length : 0)
      }),
    )
  })

  it('keeps a copy: whoever made the thumbnail may write over it', () => {
    const watch = new PictureWatch()
    const shared = Buffer.from(grey(90))
    watch.take(0, shared)
    shared.fill(200)
    watch.take(2, shared)

    expect(watch.isSuspicious).toBe(false)
  })
})
