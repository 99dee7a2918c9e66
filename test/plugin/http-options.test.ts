import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { httpOptions, HttpTarget } from '../../src/plugin/http-options.ts'

const url = 'https://cdn.example/live/main.m3u8'

function target(more: Readonly<Record<string, unknown>> = {}): HttpTarget {
  return new HttpTarget(z.strictObject({ url: z.string(), ...httpOptions }).parse({ url, ...more }))
}

const sign = { query: 'token={signature}', text: '{path}', key: 'k' }

describe('a request for the configured host', () => {
  it('is plain unless more is asked for', () => {
    expect(target().aim(url, 0)).toEqual({ url, headers: { 'user-agent': 'changeover' } })
  })

  it('carries the configured headers and goes to the pinned address', () => {
    const more = { headers: { authorization: 'Bearer x' }, address: '192.0.2.7' }

    expect(target(more).aim('https://cdn.example/live/1.ts', 0)).toEqual({
      url: 'https://cdn.example/live/1.ts',
      headers: { 'user-agent': 'changeover', authorization: 'Bearer x' },
      address: '192.0.2.7',
    })
  })

  it.each([
    [4, { family: 4 }],
    [6, { family: 6 }],
  ] as const)('is looked up as IPv%d where that is chosen', (ip, expected) => {
    expect(target({ ip }).aim(url, 0)).toMatchObject(expected)
  })

  it('offers HTTP/2 where that is chosen', () => {
    expect(target({ http: 2 }).aim(url, 0)).toMatchObject({ http2: true })
  })

  it('is signed alone, or with all that its host is asked for', () => {
    const other = 'https://cdn.example/live/1.ts'

    expect(target({ sign }).aim(url, 0).url).toMatch(/\?token=[0-9a-f]{64}$/u)
    expect(target({ sign }).aim(other, 0).url).toBe(other)
    expect(target({ sign: { ...sign, requests: 'host' } }).aim(other, 0).url).toMatch(/\?token=/u)
  })
})

describe('a request for another host', () => {
  it('gets neither headers nor address nor signature, but the same family and protocol', () => {
    const more = {
      headers: { authorization: 'Bearer x' },
      address: '192.0.2.7',
      ip: 4,
      http: 2,
      sign: { ...sign, requests: 'host' },
    }

    expect(target(more).aim('https://keys.example/k?id=7', 0)).toEqual({
      url: 'https://keys.example/k?id=7',
      headers: { 'user-agent': 'changeover' },
      family: 4,
      http2: true,
    })
  })
})
