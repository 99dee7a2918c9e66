import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { M3U8Parser, PlaylistLevelType } from 'hls.js'
import { Parser } from 'm3u8-parser'
import { describe, expect, it } from 'vitest'
import { parsePlaylist } from '../../../src/formats/m3u8/parse.ts'

const folder = join(import.meta.dirname, '../../fixtures/hls/playlists')
const base = 'https://origin.example/live/p.m3u8'

interface Reading {
  readonly kind: string
  readonly targetDuration?: number | undefined
  readonly mediaSequence?: number
  readonly endList?: boolean
  readonly segments?: readonly (readonly [uri: string, duration: number, domain: number])[]
  readonly variants?: readonly (readonly [uri: string, bandwidth: number])[]
}

function ours(text: string): Reading {
  const playlist = parsePlaylist(text, { url: base })
  if (playlist.kind === 'not-a-playlist') return { kind: playlist.kind }
  if (playlist.kind === 'multivariant') {
    return {
      kind: 'multivariant',
      variants: playlist.variants.map(({ uri, bandwidth }) => [uri, bandwidth]),
    }
  }
  return {
    kind: 'media',
    targetDuration: playlist.targetDuration,
    mediaSequence: playlist.mediaSequence,
    endList: playlist.endList,
    segments: playlist.segments.map(({ uri, duration, discontinuitySequence }) => [
      uri,
      duration,
      discontinuitySequence,
    ]),
  }
}

function hlsJs(text: string): Reading {
  if (!text.startsWith('#EXTM3U')) return { kind: 'not-a-playlist' }
  if (!M3U8Parser.isMediaPlaylist(text)) {
    const { levels } = M3U8Parser.parseMasterPlaylist(text, base)
    const variants = levels.map(({ attrs, bitrate }) => [attrs['URI'] ?? '', bitrate] as const)
    return { kind: 'multivariant', variants }
  }
  const details = M3U8Parser.parseLevelPlaylist(text, base, 0, PlaylistLevelType.MAIN, 0, null)
  return {
    kind: 'media',
    targetDuration: details.targetduration,
    mediaSequence: details.startSN,
    endList: !details.live,
    segments: details.fragments
      .filter((fragment) => fragment !== null)
      .map(({ relurl, duration, cc }) => [relurl ?? '', duration, cc]),
  }
}

interface VideoJsManifest {
  readonly targetDuration?: number
  readonly mediaSequence?: number
  readonly endList?: boolean
  readonly discontinuitySequence?: number
  readonly playlists?: readonly {
    readonly uri: string
    readonly attributes?: { readonly BANDWIDTH?: number }
  }[]
  readonly segments: readonly {
    readonly uri?: string
    readonly duration: number
    readonly timeline: number
  }[]
}

function videoJs(text: string): Reading {
  const parser = new Parser({ uri: base })
  parser.push(text)
  parser.end()
  const manifest = parser.manifest as VideoJsManifest
  if (manifest.playlists !== undefined) {
    const variants = manifest.playlists.map(
      ({ uri, attributes }) => [uri, attributes?.BANDWIDTH ?? 0] as const,
    )
    return { kind: 'multivariant', variants }
  }
  return {
    kind: 'media',
    targetDuration: manifest.targetDuration,
    mediaSequence: manifest.mediaSequence ?? 0,
    endList: manifest.endList ?? false,
    segments: manifest.segments
      .filter(({ uri }) => uri !== undefined)
      .map(({ uri, duration, timeline }) => [uri ?? '', duration, timeline]),
  }
}

const fixtures = readdirSync(folder).filter((name) => name.endsWith('.m3u8'))

/** Where neither library may be followed, and why. */
const exceptions: Readonly<Record<string, string>> = {
  'extinf.m3u8': 'both guess durations for EXTINF:;asljasdfii11)))00, and one makes it a URI',
}

describe('the fixtures of m3u8-parser', () => {
  it.each(fixtures)('%s is read as at least one of the two libraries reads it', (name) => {
    const text = readFileSync(join(folder, name), 'utf8')

    const readings = [hlsJs(text), videoJs(text)].map((reading) => JSON.stringify(reading))

    if (name in exceptions) expect(readings).not.toContain(JSON.stringify(ours(text)))
    else expect(readings).toContain(JSON.stringify(ours(text)))
  })
})

const uri = fc.stringMatching(/^[a-z][a-z0-9/_-]{0,20}\.(?:ts|m4s)$/u)
const segment = fc.record({
  uri,
  duration: fc.integer({ min: 1, max: 12_000_000 }).map((micros) => micros / 1_000_000),
  discontinuity: fc.boolean(),
  date: fc.boolean(),
})

describe('a generated playlist', () => {
  it('gives the same segments as both libraries', () => {
    const shape = fc.record({
      first: fc.nat(1_000_000),
      domain: fc.nat(50),
      end: fc.boolean(),
      segments: fc.array(segment, { minLength: 1, maxLength: 12 }),
    })
    fc.assert(
      fc.property(shape, ({ first, domain, end, segments }) => {
        const lines = ['#EXTM3U', '#EXT-X-VERSION:6', '#EXT-X-TARGETDURATION:12']
        lines.push(`#EXT-X-MEDIA-SEQUENCE:${first}`, `#EXT-X-DISCONTINUITY-SEQUENCE:${domain}`)
        for (const [at, item] of segments.entries()) {
          if (item.discontinuity) lines.push('#EXT-X-DISCONTINUITY')
          if (item.date) lines.push(`#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:${10 + at}.000Z`)
          lines.push(`#EXTINF:${item.duration},`, item.uri)
        }
        if (end) lines.push('#EXT-X-ENDLIST')
        const text = `${lines.join('\n')}\n`

        const reading = ours(text)

        expect(reading).toEqual(hlsJs(text))
        expect(reading).toEqual(videoJs(text))
      }),
    )
  })

  it('gives the same variants as both libraries', () => {
    const variant = fc.record({
      uri: uri.map((text) => `${text}.m3u8`),
      bandwidth: fc.integer({ min: 1, max: 50_000_000 }),
      height: fc.constantFrom(240, 480, 720, 1080),
    })
    fc.assert(
      fc.property(fc.array(variant, { minLength: 1, maxLength: 8 }), (variants) => {
        const lines = variants.flatMap(({ uri, bandwidth, height }) => [
          `#EXT-X-STREAM-INF:BANDWIDTH=${bandwidth},CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=${height * 2}x${height}`,
          uri,
        ])
        const text = `#EXTM3U\n${lines.join('\n')}\n`

        const reading = ours(text)

        expect(reading).toEqual(videoJs(text))
        expect(reading.variants).toHaveLength(hlsJs(text).variants?.length ?? 0)
      }),
    )
  })
})
