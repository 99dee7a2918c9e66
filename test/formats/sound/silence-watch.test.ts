import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SilenceWatch, soundRate } from '../../../src/formats/sound/silence-watch.ts'

/** A square wave of this height, `seconds` long. */
function wave(seconds: number, height: number): Buffer {
  const pcm = Buffer.alloc(2 * Math.round(seconds * soundRate))
  for (let at = 0; at < pcm.length / 2; at++)
    pcm.writeInt16LE(at % 2 === 0 ? height : -height, 2 * at)
  return pcm
}

describe('sound', () => {
  it('is silent below -60 dB of full scale, from the beginning of the silence to its end', () => {
    const watch = new SilenceWatch()
    watch.take(10, Buffer.concat([wave(2, 33), wave(4, 32)]))

    expect(watch.state?.silentSeconds).toBeCloseTo(4, 9)
    expect(watch.state?.rmsRatio).toBeCloseTo(0.001, 3)
    expect(watch.isSuspicious).toBe(true)
  })

  it('goes on being silent over segments, and ends with the first sound', () => {
    const watch = new SilenceWatch()
    watch.take(0, wave(6, 0))
    watch.take(6, wave(6, 0))
    expect(watch.state).toEqual({ rmsRatio: 0, silentSeconds: 12 })

    watch.take(12, wave(6, 8_000))

    expect(watch.state?.silentSeconds).toBe(0)
    expect(watch.state?.rmsRatio).toBeCloseTo(8_000 / 32_768, 9)
    expect(watch.isSuspicious).toBe(false)
  })

  it('that nobody heard for long begins its silence anew', () => {
    const watch = new SilenceWatch()
    watch.take(0, wave(6, 0))
    watch.take(36, wave(6, 0))

    expect(watch.state?.silentSeconds).toBe(6)
  })

  it('of less than a tenth of a second says nothing', () => {
    const watch = new SilenceWatch()
    watch.take(0, wave(0.09, 0))
    watch.take(0, Buffer.alloc(0))

    expect(watch.state).toBeUndefined()
    expect(watch.isSuspicious).toBe(false)
  })

  it('says the same wherever it is cut into segments', () => {
    const tenths = fc.array(fc.constantFrom(0, 20, 4_000), { minLength: 2, maxLength: 30 })
    fc.assert(
      fc.property(tenths, fc.nat(28), (levels, cut) => {
        const at = 1 + (cut % (levels.length - 1))
        const pcm = Buffer.concat(levels.map((level) => wave(0.1, level)))
        const whole = new SilenceWatch()
        whole.take(0, pcm)
        const pieces = new SilenceWatch()
        pieces.take(0, pcm.subarray(0, at * 1_600))
        pieces.take(at / 10, pcm.subarray(at * 1_600))
        const silent = levels.length - 1 - levels.findLastIndex((level) => level === 4_000)

        expect(whole.state?.silentSeconds).toBeCloseTo(silent / 10, 9)
        expect(pieces.state?.silentSeconds).toBeCloseTo(silent / 10, 9)
      }),
    )
  })

  it('takes any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1_600, maxLength: 5_000 }), (bytes) => {
        const watch = new SilenceWatch()
        watch.take(0, Buffer.from(bytes))

        expect(watch.state?.rmsRatio).toBeGreaterThanOrEqual(0)
        expect(watch.state?.rmsRatio).toBeLessThanOrEqual(1)
        expect(watch.state?.silentSeconds).toBeLessThanOrEqual(bytes.length / 16_000)
      }),
    )
  })
})
