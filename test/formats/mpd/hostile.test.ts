import { readdirSync, readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { initOf, liveWindow, segmentAt } from '../../../src/formats/mpd/live-edge.ts'
import { parseMpd } from '../../../src/formats/mpd/parse.ts'
import { byTime, dynamicMpd } from './mpd-text.ts'

const url = 'https://cdn.example/live/main.mpd'
const folder = new URL('../../fixtures/dash/', import.meta.url)
const seeds = ['livesim2', 'mpd-parser'].flatMap((name) =>
  readdirSync(new URL(`${name}/`, folder))
    .filter((file) => file.endsWith('.mpd'))
    .map((file) => [file, readFileSync(new URL(`${name}/${file}`, folder), 'utf8')] as const),
)

/** Reads a manifest and asks everything of it that a probe asks. */
function exercise(text: string | Buffer, wall: number): void {
  const mpd = parseMpd(text, { url })
  if (mpd.kind !== 'mpd') {
    expect(mpd.says).not.toBe('')
    return
  }
  expect(mpd.findings.length).toBeLessThanOrEqual(180)
  for (const period of mpd.periods.slice(-3)) {
    for (const representation of period.representations) {
      const window = liveWindow(mpd, period, representation, wall)
      if (window === undefined) continue
      expect(Number.isNaN(window.newest)).toBe(false)
      const newest = segmentAt(mpd, period, representation, window.newest)
      if (newest !== undefined) expect(newest.duration).toBeGreaterThan(0)
      initOf(representation)
    }
  }
}

describe('every manifest of the corpora', () => {
  it.each(seeds)('%s is read, and has a live edge or none', (_, text) => {
    const mpd = parseMpd(text, { url })

    expect(mpd.kind).toBe('mpd')
    exercise(text, Date.UTC(2026, 0, 1))
  })
})

describe('a hostile manifest', () => {
  it('with a thousand million repeats is one run', () => {
    const text = dynamicMpd(byTime('<S t="0" d="1" r="999999999999"/>'.repeat(5)))

    const mpd = parseMpd(text, { url })

    expect(mpd).toMatchObject({ kind: 'mpd' })
    exercise(text, Date.UTC(2026, 0, 1))
  })

  it.each<[string, string, string]>([
    ['too many elements', `<MPD>${'<a/>'.repeat(250_001)}</MPD>`, 'has more than 250000 elements'],
    ['too deep', '<MPD>'.repeat(100_000), 'is nested deeper than 32 elements'],
    ['nothing but faults', `<MPD ${'a=1 '.repeat(100_000)}>`, 'is not XML'],
  ])('with %s is refused', (_, text, says) => {
    const mpd = parseMpd(text, { url })

    expect(mpd).toMatchObject({ kind: 'not-an-mpd', says: expect.stringContaining(says) })
  })

  it('cut off inside an attribute ends', () => {
    expect(parseMpd('<MPD type', { url })).toMatchObject({ kind: 'not-an-mpd' })
    expect(parseMpd('<MPD type="dynamic', { url })).toMatchObject({ kind: 'not-an-mpd' })
  })

  it('never reaches the prototype of anything', () => {
    const mpd = parseMpd('<MPD __proto__="x" constructor="y"><Period/></MPD>', { url })

    expect(mpd).toMatchObject({ kind: 'mpd', isDynamic: false })
  })

  it('keeps query values and credentials out of what it says', () => {
    const text = dynamicMpd('<SegmentTemplate duration="2" media="a.m4s?token=hunter2"/>', {
      top: '<BaseURL>https://user:hunter2@edge.example/?sig=hunter2</BaseURL>',
    })

    const mpd = parseMpd(text, { url: `${url}?token=hunter2` })

    expect(mpd.kind === 'mpd' && mpd.findings.length).toBeGreaterThan(0)
    expect(JSON.stringify(mpd.kind === 'mpd' ? mpd.findings : mpd)).not.toContain('hunter2')
  })

  it('never throws, whatever its bytes', () => {
    const any = fc.constantFrom(...seeds.map(([, text]) => text))
    const word = fc.constantFrom(
      '-1',
      '0',
      '',
      '1e9',
      '99999999999999999999',
      'INF',
      'PT0S',
      '"',
      '<',
      '&x;',
    )
    const mutated = fc
      .record({
        text: any,
        edits: fc.array(fc.tuple(fc.nat(), fc.nat(60), word), { maxLength: 8 }),
      })
      .map(({ text, edits }) => {
        let result = text
        for (const [at, length, put] of edits) {
          const from = at % result.length
          result = result.slice(0, from) + put + result.slice(from + length)
        }
        return result
      })
    const valued = fc.record({ text: any, nth: fc.nat(), word }).map(({ text, nth, word: put }) => {
      const values = [...text.matchAll(/="[^"]*"/gu)]
      const hit = values[nth % values.length]
      return hit === undefined
        ? text
        : `${text.slice(0, hit.index)}="${put}"${text.slice(hit.index + hit[0].length)}`
    })

    fc.assert(
      fc.property(
        fc.oneof(mutated, valued, fc.string()),
        fc.date({ noInvalidDate: true }),
        (text, date) => {
          exercise(text, date.getTime())
        },
      ),
      { numRuns: 800 },
    )
  })
})
