import { describe, expect, it } from 'vitest'
import { bitRate, byteSize, duration, secretUrl } from '../../src/plugin/option-types.ts'

describe('duration', () => {
  const schema = duration('100ms', '1m')

  it.each([
    ['100ms', 100],
    ['1m', 60_000],
    ['1s500ms', 1_500],
  ])('takes %s as %d milliseconds', (text, ms) => {
    expect(schema.parse(text)).toBe(ms)
  })

  it.each([
    ['99ms', 'expected a duration from 100ms to 1m, got "99ms"'],
    ['2m', 'expected a duration from 100ms to 1m, got "2m"'],
    ['soon', 'expected a duration from 100ms to 1m, got "soon"'],
    [5, 'expected a duration from 100ms to 1m with its unit, such as 100ms'],
  ])('refuses %j and says what it expects', (value, message) => {
    const result = schema.safeParse(value)

    expect(result.error?.issues[0]?.message).toBe(message)
  })

  it('takes a default in milliseconds', () => {
    expect(schema.default(4_000).parse(undefined)).toBe(4_000)
  })
})

describe('byteSize', () => {
  it.each([
    ['1B', 1],
    ['512KiB', 524_288],
    ['1.5 MiB', 1_572_864],
  ])('reads %s as %d bytes', (text, bytes) => {
    expect(byteSize('1B', '1GiB').parse(text)).toBe(bytes)
  })

  it.each(['8MB', '8', '-1B', '1e3B', 8])('refuses %j', (value) => {
    expect(byteSize('1B', '1GiB').safeParse(value).success).toBe(false)
  })

  it('refuses what lies outside its bounds', () => {
    const schema = byteSize('64KiB', '64MiB')

    const result = schema.safeParse('1GiB')

    expect(result.error?.issues[0]?.message).toBe('expected a size from 64KiB to 64MiB, got "1GiB"')
  })
})

describe('bitRate', () => {
  it.each([
    ['800bps', 800],
    ['300kbps', 300_000],
    ['2.5 Mbps', 2_500_000],
    ['400Gbps', 400_000_000_000],
  ])('reads %s as %d bits a second', (text, bits) => {
    expect(bitRate('1bps', '1Tbps').parse(text)).toBe(bits)
  })

  it.each(['6MB/s', '6', '6 mbps', '6Mibps', 6])('refuses %j', (value) => {
    expect(bitRate('1bps', '1Tbps').safeParse(value).success).toBe(false)
  })

  it('refuses what lies outside its bounds', () => {
    const result = bitRate('1kbps', '1Gbps').safeParse('2Gbps')

    expect(result.error?.issues[0]?.message).toBe(
      'expected a bit rate from 1kbps to 1Gbps, got "2Gbps"',
    )
  })
})

describe('secretUrl', () => {
  it('takes an absolute URL of a listed scheme', () => {
    expect(secretUrl('http', 'https').parse('https://a.example/x')).toBe('https://a.example/x')
  })

  it('never repeats a refused URL, because it may hold a credential', () => {
    const result = secretUrl('http', 'https').safeParse('ftp://user:s3cr3t@a.example/x')

    expect(JSON.stringify(result.error?.issues)).not.toContain('s3cr3t')
    expect(result.error?.issues[0]?.message).toBe('expected an absolute http or https URL')
  })
})
