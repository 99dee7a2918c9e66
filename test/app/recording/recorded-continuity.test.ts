import { describe, expect, test } from 'vitest'
import type { Continuity } from '../../../src/core/continuity.ts'
import type { Sample } from '../../../src/core/sample.ts'
import { RecordedContinuity } from '../../../src/app/recording/recorded-continuity.ts'
import {
  formatLine,
  parseLine,
  recordedSample,
  sampleOf,
} from '../../../src/app/recording/recording-format.ts'

const stream: Continuity = {
  ladder: [{ size: '1920x1080', bitsPerSecond: 5_000_000, codecs: ['avc1.640028'] }, {}],
  segmentMs: 6_000,
  keys: ['AES-128 identity 0123456789abcdef'],
  isSlate: false,
}

function sample(path: string, continuity: Continuity): Sample {
  return {
    path,
    vantage: 'fra',
    probe: 'hls',
    at: 1,
    wall: 1,
    outcome: 'pass',
    measurements: {},
    findings: [],
    continuity,
  }
}

describe('what viewers have of a path, in a recording', () => {
  test('is what it was when it is read again, and is written only where it changed', () => {
    const seen = [
      sample('a', { ...stream, mediaSequence: 1, edgeAt: 5, edgeAgeMs: 4 }),
      sample('b', { ...stream, isSlate: true }),
      sample('a', { ...stream, mediaSequence: 2, edgeAt: 6, edgeAgeMs: 3 }),
      sample('a', { ...stream, keys: [], mediaSequence: 3 }),
      sample('a', { ...stream, keys: [], mediaSequence: 4 }),
    ]
    const writer = new RecordedContinuity()
    const reader = new RecordedContinuity()

    const lines = seen.map((each) => formatLine(recordedSample(each, writer.news(each))))
    const read = lines.map((text) => {
      const parsed = parseLine(text)
      if (!parsed.ok || parsed.line.kind !== 'sample') throw new Error(text)
      return sampleOf(parsed.line, 1, reader)
    })

    expect(read.map(({ continuity }) => continuity)).toEqual(
      seen.map(({ continuity }) => continuity),
    )
    expect(lines.map((text) => text.includes('"stream"'))).toEqual([true, true, false, true, false])
  })

  test('is written again once lines were lost, or a new file begins', () => {
    const writer = new RecordedContinuity()
    const each = sample('a', stream)
    writer.news(each)
    expect(writer.news(each)).toBeUndefined()

    writer.forget()

    expect(writer.news(each)).toEqual(stream)
  })
})
