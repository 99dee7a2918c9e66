import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  compareContinuity,
  continued,
  continuityChecks,
  keysKept,
  type Continuity,
  type ContinuityCheck,
  type Rung,
  type SeenContinuity,
} from '../../src/core/continuity.ts'

const limits = { checks: continuityChecks, behindMs: 30_000 }
const full: Rung = {
  size: '1920x1080',
  bitsPerSecond: 5_000_000,
  codecs: ['avc1.640028', 'mp4a.40.2'],
}
const small: Rung = {
  size: '640x360',
  bitsPerSecond: 800_000,
  codecs: ['avc1.64001e', 'mp4a.40.2'],
}

function says(
  from: Continuity | SeenContinuity | undefined,
  to: Continuity | SeenContinuity | undefined,
  checks: readonly ContinuityCheck[] = continuityChecks,
): string[] {
  const found = compareContinuity(
    { name: 'cdn-a', seen: from },
    { name: 'cdn-b', seen: to },
    { ...limits, checks },
  )
  return found.map((each) => each.says)
}

describe('what viewers would notice', () => {
  test.each<[string, Continuity, Continuity, string]>([
    [
      'a rendition that is not there',
      { ladder: [full, small] },
      { ladder: [small] },
      'cdn-b offers no 1080p (5 Mbit/s) rendition',
    ],
    [
      'a rendition at a much lower rate',
      { ladder: [full] },
      { ladder: [{ ...full, bitsPerSecond: 2_000_000 }] },
      'cdn-b offers no 1080p (5 Mbit/s) rendition',
    ],
    [
      'sounds that are not there, by their rate',
      { ladder: [{ bitsPerSecond: 128_000 }, small] },
      { ladder: [small] },
      'cdn-b offers no 128 kbit/s rendition',
    ],
    [
      'a codec that not every device decodes',
      { ladder: [full] },
      { ladder: [{ ...full, codecs: ['hvc1.1.6.L123', 'mp4a.40.2'] }] },
      'cdn-b offers nothing in avc1',
    ],
    [
      'another key',
      { keys: ['AES-128 identity 1'] },
      { keys: ['AES-128 identity 2'] },
      'cdn-b is encrypted with another key than cdn-a',
    ],
    ['no encryption', { keys: ['a'] }, { keys: [] }, 'cdn-b is not encrypted, and cdn-a is'],
    ['encryption', { keys: [] }, { keys: ['a'] }, 'cdn-b is encrypted, and cdn-a is not'],
    [
      'a media sequence further behind than allowed',
      { mediaSequence: 106, segmentMs: 6_000 },
      { mediaSequence: 100, segmentMs: 6_000 },
      'the media sequence of cdn-b is 6 behind that of cdn-a',
    ],
    [
      'programme time further behind than allowed',
      { edgeAt: 1_000_000 },
      { edgeAt: 969_000 },
      'cdn-b is 31 s behind cdn-a by its programme time',
    ],
    [
      'a live edge that is much older, also where the other has stood still since',
      { edgeAt: 1_000_000, edgeAgeMs: 4_000 },
      { edgeAt: 1_100_000, edgeAgeMs: 40_000 },
      'the live edge of cdn-b is 40 s old, that of cdn-a was 4 s',
    ],
    ['a slate', {}, { isSlate: true }, 'cdn-b shows a slate'],
  ])('is %s', (_, from, to, sentence) => {
    expect(says(from, to)).toEqual([sentence])
  })

  test.each<[string, Continuity, Continuity]>([
    ['a ladder that offers more', { ladder: [small] }, { ladder: [full, small] }],
    [
      'peaks that another encoder states a little differently',
      { ladder: [full] },
      { ladder: [{ ...full, bitsPerSecond: 5_800_000, codecs: ['avc3.64002a', 'mp4a.40.5'] }] },
    ],
    ['what the target does not show', { ladder: [full], keys: ['a'], edgeAt: 5 }, {}],
    ['a ladder of which nothing is known', { ladder: [full] }, { ladder: [] }],
    [
      'codecs that one rendition does not state',
      { ladder: [full] },
      { ladder: [{ size: '1920x1080' }] },
    ],
    [
      'a target that is ahead of a path that stood still',
      { mediaSequence: 100, segmentMs: 6_000, edgeAt: 1_000, edgeAgeMs: 4_000 },
      { mediaSequence: 900, segmentMs: 6_000, edgeAt: 4_801_000, edgeAgeMs: 9_000 },
    ],
    [
      'as far behind as is allowed',
      { mediaSequence: 105, segmentMs: 6_000, edgeAt: 1_000_000 },
      { mediaSequence: 100, segmentMs: 6_000, edgeAt: 970_000 },
    ],
    ['one key in common', { keys: ['a', 'b'] }, { keys: ['b', 'c'] }],
    ['a slate on both', { isSlate: true }, { isSlate: true }],
  ])('is not %s', (_, from, to) => {
    expect(says(from, to)).toEqual([])
  })

  test('is told in a few words where a whole ladder is missing', () => {
    const ladder = [240, 360, 480, 720, 1080].map((height) => ({ size: `${height * 2}x${height}` }))

    expect(says({ ladder }, { ladder: [{ size: '100x200' }] })).toEqual([
      'cdn-b offers no 1080p, 240p, 360p and 2 more rendition',
    ])
  })

  test('gives a target that was looked at earlier the time in between', () => {
    const from = { edgeAt: 1_000_000, at: 300_000 }
    const to = { edgeAt: 760_000, at: 60_000 }

    expect(says(from, to)).toEqual([])
    expect(says({ ...from, at: 60_000 }, to)).toHaveLength(1)
  })

  test('is only what was asked for', () => {
    const from = { ladder: [full], keys: ['a'] }
    const to = { ladder: [small], keys: ['b'], isSlate: true }

    expect(says(from, to)).toHaveLength(3)
    expect(says(from, to, ['slate'])).toEqual(['cdn-b shows a slate'])
    expect(says(from, to, [])).toEqual([])
  })

  test('is grave where some would see nothing of the programme', () => {
    const from = { ladder: [full], keys: ['a'], edgeAt: 1_000_000 }
    const to = {
      ladder: [{ ...small, codecs: ['hvc1'] }],
      keys: ['b'],
      isSlate: true,
      edgeAt: 0,
    }

    const found = compareContinuity({ name: 'a', seen: from }, { name: 'b', seen: to }, limits)

    expect(found.map(({ check, isGrave }) => [check, isGrave])).toEqual([
      ['slate', true],
      ['key', true],
      ['codecs', true],
      ['ladder', false],
      ['behind', false],
    ])
  })
})

describe('what is known of a path after one more look', () => {
  const before = { at: 1, ladder: [full], keys: ['a'], isSlate: false, edgeAt: 5, mediaSequence: 6 }

  test('keeps what describes the stream, and not where it was', () => {
    expect(continued(before, { mediaSequence: 7 }, 2)).toEqual({
      at: 2,
      ladder: [full],
      keys: ['a'],
      isSlate: false,
      mediaSequence: 7,
    })
  })

  test('remembers keys that are shown no more, and until when', () => {
    const rotated = continued(before, { keys: ['b'] }, 2)
    const same = continued(rotated, { keys: ['b'] }, 3)

    expect(rotated).toMatchObject({ keys: ['b'], earlierKeys: [{ key: 'a', lastAt: 1 }] })
    expect(same.earlierKeys).toBe(rotated.earlierKeys)
    expect(continued(rotated, { keys: ['a'] }, 3).earlierKeys).toEqual([{ key: 'b', lastAt: 2 }])
  })
})

describe('keys that are rotated', () => {
  /** Looked at every ten seconds; each key is shown for a minute. */
  const rotating = (until: number, lateMs = 0) => {
    let seen: SeenContinuity | undefined
    for (let at = 0; at <= until; at += 10_000) {
      seen = continued(seen, { keys: [`key ${Math.floor((at - lateMs) / 60_000)}`] }, at)
    }
    return seen
  }

  test('are the same where both rotate them, though one is a moment late', () => {
    expect(says(rotating(60_000), rotating(60_000, 20_000))).toEqual([])
    expect(says(rotating(60_000, 20_000), rotating(60_000))).toEqual([])
  })

  test('are the same as what a path showed that was left since, and is well no more', () => {
    expect(says(rotating(60_000), rotating(300_000))).toEqual([])
  })

  test('are other ones where the target had other ones at that time already', () => {
    const other = continued(rotating(60_000), { keys: ['other'] }, 70_000)
    const later = continued(other, { keys: ['other'] }, 200_000)

    expect(says({ keys: ['key 1'], at: 80_000 }, later)).toEqual([])
    expect(says({ keys: ['key 1'], at: 190_000 }, later)).toEqual([
      'cdn-b is encrypted with another key than cdn-a',
    ])
  })

  test('are not known any more where the target rotated them often since', () => {
    const long = rotating(60_000 * (keysKept + 3))

    expect(says({ keys: ['x'], at: 10_000 }, long)).toEqual([])
    expect(says({ keys: ['x'], at: 60_000 * (keysKept + 3) }, long)).toHaveLength(1)
  })
})

const rung = fc.record(
  {
    size: fc.constantFrom('1920x1080', '1280x720', '360x640', 'huge'),
    bitsPerSecond: fc.integer({ min: 1, max: 50_000_000 }),
    codecs: fc.array(fc.constantFrom('avc1.64001f', 'hvc1.1', 'mp4a.40.2', 'ac-3', ''), {
      maxLength: 3,
    }),
  },
  { requiredKeys: [] },
)
const continuity = fc.record(
  {
    ladder: fc.array(rung, { maxLength: 5 }),
    mediaSequence: fc.nat(),
    segmentMs: fc.integer({ min: 1, max: 60_000 }),
    edgeAt: fc.nat(),
    edgeAgeMs: fc.integer({ min: -60_000, max: 600_000 }),
    keys: fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 3 }),
    isSlate: fc.boolean(),
    at: fc.nat(),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<Continuity>

describe('the comparison', () => {
  test('finds nothing between a path and itself', () => {
    fc.assert(
      fc.property(continuity, (seen) => {
        expect(says(seen, seen)).toEqual([])
      }),
    )
  })

  test('does not care for the order of renditions, codecs and keys', () => {
    const reversed = (seen: Continuity): Continuity => ({
      ...seen,
      ...(seen.ladder !== undefined && {
        ladder: seen.ladder
          .map((each) => ({ ...each, ...(each.codecs && { codecs: each.codecs.toReversed() }) }))
          .toReversed(),
      }),
      ...(seen.keys !== undefined && { keys: seen.keys.toReversed() }),
    })
    const checks = (a: Continuity, b: Continuity) =>
      compareContinuity({ name: 'a', seen: a }, { name: 'b', seen: b }, limits).map(
        ({ check }) => check,
      )

    fc.assert(
      fc.property(continuity, continuity, (a, b) => {
        expect(checks(reversed(a), reversed(b))).toEqual(checks(a, b))
      }),
    )
  })

  test('finds another key in both directions, and being behind in one at most', () => {
    const has = (a: Continuity, b: Continuity, check: ContinuityCheck) =>
      says(a, b, [check]).length > 0
    const still = fc.record({
      mediaSequence: fc.nat(),
      segmentMs: fc.constant(6_000),
      at: fc.constant(0),
    })

    fc.assert(
      fc.property(continuity, continuity, (a, b) => {
        expect(has(a, b, 'key')).toBe(has(b, a, 'key'))
      }),
    )
    fc.assert(
      fc.property(still, still, (a, b) => {
        expect(has(a, b, 'behind') && has(b, a, 'behind')).toBe(false)
      }),
    )
  })

  test('guesses nothing: what either does not know is no difference', () => {
    fc.assert(
      fc.property(continuity, (seen) => {
        expect(says(undefined, { ...seen, isSlate: false })).toEqual([])
        expect(says({}, { ...seen, isSlate: false })).toEqual([])
        expect(says(seen, undefined)).toEqual([])
        expect(says(seen, {})).toEqual([])
      }),
    )
  })

  test('repeats nothing of what strangers wrote: no key, no odd codec, no odd size', () => {
    const odd = fc.string({ minLength: 1 }).map((text) => `sécret ${text}`)
    const strange = fc.record({
      ladder: fc.array(fc.record({ size: odd, codecs: fc.array(odd) }), { minLength: 1 }),
      keys: fc.array(odd, { minLength: 1 }),
    })

    fc.assert(
      fc.property(strange, strange, (a, b) => {
        expect(says(a, b).join()).not.toContain('sécret')
      }),
    )
  })
})
