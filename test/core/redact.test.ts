import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { redactText, redactUrl } from '../../src/core/redact.ts'

describe('redactUrl', () => {
  it.each([
    ['https://cdn.example/live/a.m3u8', 'https://cdn.example/live/a.m3u8'],
    ['https://user:pa55@cdn.example:8443/a.m3u8', 'https://cdn.example:8443/a.m3u8'],
    [
      'https://cdn.example/a.m3u8?token=abc&hdnts=exp',
      'https://cdn.example/a.m3u8?token=…&hdnts=…',
    ],
    ['https://cdn.example/a.m3u8?s3cr3t', 'https://cdn.example/a.m3u8?…'],
    ['https://cdn.example/a.m3u8#s3cr3t', 'https://cdn.example/a.m3u8'],
    ['rtmp://user:key@in.example/live/s3cr3t', 'rtmp://in.example/live/…'],
    ['rtmps://in.example:443/live', 'rtmps://in.example:443/live'],
    ['srt://in.example:9000?passphrase=hunter22', 'srt://in.example:9000?passphrase=…'],
    ['udp://239.1.2.3:5000', 'udp://239.1.2.3:5000'],
    ['udp://239.1.2.3:5000/…', 'udp://239.1.2.3:5000/…'],
    ['segment.ts?token=abc', 'segment.ts?token=…'],
    ['http://user:pw@bad host/x', '…@bad host/x'],
    ['data:text/plain,s3cr3t', 'data:…'],
    ['', ''],
  ])('writes %s as %s', (url, expected) => {
    const safe = redactUrl(url)

    expect(safe).toBe(expected)
  })

  it.each([
    'rtmp://user:key@in.example/live/s3cr3t',
    'https://cdn.example/a…b/a.m3u8?token=abc',
    'udp://239.1.2.3:5000?x=1',
  ])('leaves %s as it is once it was redacted', (url) => {
    const once = redactUrl(url)

    expect(redactUrl(once)).toBe(once)
    expect(once).not.toContain('%E2')
  })

  it('never shows a password or a query value', () => {
    const word = fc.stringMatching(/^[a-z0-9]{6,20}$/u).map((text) => `zzz${text}`)
    fc.assert(
      fc.property(word, word, (password, value) => {
        const safe = redactUrl(`https://user:${password}@host.example/path?token=${value}#${value}`)

        expect(safe).not.toContain(password)
        expect(safe).not.toContain(value)
      }),
    )
  })
})

describe('redactText', () => {
  it('redacts each URL inside a sentence and leaves the rest', () => {
    const safe = redactText(
      'cannot reach https://u:p@a.example/x?k=v after 3 s, nor srt://b.example?p=q',
    )

    expect(safe).toBe('cannot reach https://a.example/x?k=… after 3 s, nor srt://b.example?p=…')
  })
})
