import { createHash, createHmac } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { redactUrl } from '../../src/core/redact.ts'
import { signOptions, signUrl } from '../../src/plugin/signed-url.ts'

const wall = Date.UTC(2026, 0, 1, 0, 0, 7)
const start = Math.floor(wall / 1_000 / 150) * 150
const expires = start + 300

const signing = (more: Readonly<Record<string, unknown>> = {}) =>
  signOptions.parse({
    query: 'expires={expires}&token={signature}',
    text: '{path}{expires}',
    key: 's3cret',
    ...more,
  })

describe('a signed URL', () => {
  it('carries an HMAC of what was asked for', () => {
    const url = signUrl('https://cdn.example/live/a.m3u8', signing(), wall)

    const token = createHmac('sha256', 's3cret').update(`/live/a.m3u8${expires}`).digest('hex')
    expect(url).toBe(`https://cdn.example/live/a.m3u8?expires=${expires}&token=${token}`)
  })

  it('keeps the query that it had, and drops a fragment', () => {
    const url = signUrl('https://cdn.example/a?x=1#f', signing(), wall)

    expect(url).toMatch(/^https:\/\/cdn\.example\/a\?x=1&expires=\d+&token=[0-9a-f]{64}$/u)
  })

  it('may be a plain digest with the key in the text, in base64 for URLs', () => {
    const more = { text: '{expires}{path} {key}', digest: 'md5', encoding: 'base64url' }
    const url = signUrl('https://cdn.example/a', signing(more), wall)

    const token = createHash('md5').update(`${expires}/a s3cret`).digest('base64url')
    expect(new URL(url).searchParams.get('token')).toBe(token)
  })

  it('may sign a folder for all that lies in it, with a key in hexadecimal digits', () => {
    const more = {
      query: 'hdnts=st={start}~exp={expires}~acl={folder}*~hmac={signature}',
      text: 'exp={expires_hex}~acl={folder}*~host={host}',
      key: '00ff10',
      key_encoding: 'hex',
    }
    const url = signUrl('https://cdn.example:8443/live/ch1/a.m3u8', signing(more), wall)

    const text = `exp=${expires.toString(16)}~acl=/live/ch1/*~host=cdn.example:8443`
    const token = createHmac('sha256', Buffer.from('00ff10', 'hex')).update(text).digest('hex')
    expect(url).toContain(`?hdnts=st=${start}~exp=${expires}~acl=/live/ch1/*~hmac=${token}`)
  })

  it('stays the same for half of its validity, and is always valid for the other half', () => {
    fc.assert(
      fc.property(fc.nat(1e9), fc.integer({ min: 10, max: 86_400 }), (at, seconds) => {
        const url = signUrl('https://a.example/x', signing({ valid_for: `${seconds}s` }), at)

        const left = Number(new URL(url).searchParams.get('expires')) - at / 1_000
        expect(left).toBeGreaterThanOrEqual(Math.floor(seconds / 2))
        expect(left).toBeLessThanOrEqual(seconds + 1)
      }),
    )
  })

  it('shows nothing of its signature in a sentence', () => {
    const url = signUrl('https://cdn.example/a', signing(), wall)

    expect(redactUrl(url)).toBe('https://cdn.example/a?expires=…&token=…')
  })

  it.each([
    ['a query without the signature', { query: 'e={expires}' }, 'query'],
    ['a query that shows the key', { query: '{signature}{key}' }, 'query'],
    ['a text with an unknown name', { text: '{uri}' }, 'text'],
    ['a validity below ten seconds', { valid_for: '5s' }, 'valid_for'],
  ])('refuses %s', (_, change, place) => {
    const parsed = signOptions.safeParse({
      query: 'token={signature}',
      text: '{path}',
      key: 'k',
      ...change,
    })

    expect(parsed.error?.issues.map(({ path }) => path.join('.'))).toEqual([place])
  })
})
