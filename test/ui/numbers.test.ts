import { describe, expect, it } from 'vitest'
import { measured, measurementLabel } from '../../src/ui/numbers.ts'

describe('measured', () => {
  it.each([
    [0.0421, 'seconds', '42.1 ms'],
    [1.92, 'seconds', '1.92 s'],
    [-0.02, 'seconds', '-20 ms'],
    [750, 'seconds', '12.5 min'],
    [5_832_114, 'bits_per_second', '5.83 Mbit/s'],
    [0, 'bits_per_second', '0 bit/s'],
    [2_916_057, 'bytes', '2.92 MB'],
    [999, 'bytes', '999 B'],
    [0.1834, 'ratio', '18.3 %'],
    [0.000809, 'ratio', '0.1 %'],
    [41.2, 'days', '41.2 d'],
    [88_123, 'count', '88\u202F123'],
    [3, 'frames', '3 frames'],
  ])('writes %d %s as %s', (value, unit, text) => {
    expect(measured({ value, unit })).toBe(text)
  })
})

describe('measurementLabel', () => {
  it.each([
    ['playlist_age_seconds', 'Playlist age'],
    ['bitrate_bits_per_second', 'Bitrate'],
    ['http_first_byte_seconds', 'HTTP first byte'],
    ['segment_bytes', 'Segment size'],
    ['download_ratio', 'Download ratio'],
    ['continuity_errors_count', 'Continuity errors'],
  ])('reads %s as %s', (name, label) => {
    expect(measurementLabel(name)).toBe(label)
  })
})
