import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parsePlaylist } from '../../../src/formats/m3u8/parse.ts'

describe('a body that is no playlist', () => {
  it.each([
    ['', 'empty'],
    ['\n\n', 'empty'],
    ['<!DOCTYPE html><html><body>404</body></html>', 'html'],
    ['<?xml version="1.0"?><Error><Code>NoSuchKey</Code></Error>', 'xml'],
    ['{"error":"gone"}', 'json'],
    ['upstream timed out', 'text'],
    ['#EXTM3U8-like', 'text'],
    [' #EXTM3U', 'text'],
    [Buffer.from([0x47, 0x40, 0, 0x10, 0, 0xff, 0xfe]), 'binary'],
  ])('%j looks like %s', (body, looksLike) => {
    const result = parsePlaylist(body)

    expect(result).toMatchObject({
      kind: 'not-a-playlist',
      looksLike,
      findings: [{ code: 'missing-extm3u', diagnosis: 'wrong-content', line: 1 }],
    })
  })
})

describe('a hostile playlist', () => {
  it('is read up to a limit when it has a million lines', () => {
    const body = Buffer.from(
      `#EXTM3U\n#EXT-X-TARGETDURATION:1\n${'#EXTINF:1,\ns\n'.repeat(500_000)}`,
    )

    const result = parsePlaylist(body)

    expect(result).toMatchObject({ kind: 'media', truncated: true })
    expect(result.findings.map(({ code }) => code)).toContain('playlist-too-long')
  })

  it('keeps few findings however many faults there are', () => {
    const body = `#EXTM3U\n#EXT-X-TARGETDURATION:1\n${'#EXTINF:x,\ns\n'.repeat(5_000)}`

    const result = parsePlaylist(body)

    const bad = result.findings.filter(({ code }) => code === 'bad-extinf')
    expect(bad).toHaveLength(3)
    expect(bad.at(-1)?.says).toContain('(and 4997 more)')
  })

  it('keeps a sequence beyond 2^53 countable', () => {
    const at = (sequence: string) =>
      parsePlaylist(`#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:${sequence}\n#EXTINF:1,\na.ts`)

    const one = at('18446744073709551610')
    const two = at('18446744073709551611')

    expect(one.kind === 'media' && two.kind === 'media').toBe(true)
    if (one.kind !== 'media' || two.kind !== 'media') return
    expect(two.mediaSequence - one.mediaSequence).toBe(1)
    expect(Number.isSafeInteger(one.mediaSequence)).toBe(true)
  })

  it('accepts a byte order mark with a finding and reads the rest', () => {
    const result = parsePlaylist(
      Buffer.from('\uFEFF#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\na.ts'),
    )

    expect(result).toMatchObject({
      kind: 'media',
      segments: [{ uri: 'a.ts' }],
      findings: [{ code: 'byte-order-mark' }],
    })
  })

  it('never throws, whatever follows the header', () => {
    const tag = fc.constantFrom(
      '#EXTINF:',
      '#EXT-X-KEY:',
      '#EXT-X-MAP:',
      '#EXT-X-PART:',
      '#EXT-X-STREAM-INF:',
      '#EXT-X-MEDIA:',
      '#EXT-X-DEFINE:',
      '#EXT-X-SKIP:',
      '#EXT-X-BYTERANGE:',
      '#EXT-X-MEDIA-SEQUENCE:',
      '#EXT-X-START:',
      '#EXT-X-DATERANGE:',
      '#EXT-X-PROGRAM-DATE-TIME:',
      '#EXT-X-TARGETDURATION:',
      '#EXT-X-DISCONTINUITY',
      '#EXT-X-PRELOAD-HINT:',
      '#EXT-X-SERVER-CONTROL:',
      '#EXT-X-PART-INF:',
      '',
      '#',
    )
    const value = fc.oneof(
      fc.string(),
      fc.constantFrom(
        'URI="a"',
        'METHOD=NONE',
        'NAME="a",VALUE="{$a}"',
        '1@2',
        'A==,,="',
        '1e999',
        '{$a}',
      ),
    )
    const line = fc.tuple(tag, value).map(([name, text]) => name + text)

    fc.assert(
      fc.property(fc.array(line, { maxLength: 40 }), (lines) => {
        const result = parsePlaylist(`#EXTM3U\n${lines.join('\n')}`)

        expect(['media', 'multivariant']).toContain(result.kind)
        expect(result.findings.length).toBeLessThan(200)
      }),
    )
  })

  it('never throws on bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), fc.boolean(), (bytes, header) => {
        const body = header ? Buffer.concat([Buffer.from('#EXTM3U\n'), bytes]) : Buffer.from(bytes)

        expect(() => parsePlaylist(body)).not.toThrow()
      }),
    )
  })
})
