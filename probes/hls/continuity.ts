import { createHash } from 'node:crypto'
import type { Continuity, Rung } from '../../src/core/continuity.ts'
import type { Key, MediaPlaylist, Variant } from '../../src/formats/m3u8/model.ts'
import { edgeTime } from '../../src/formats/m3u8/timeline.ts'
import type { Seen } from './observation.ts'
import type { Rendition } from './rendition.ts'

/** Keys of one look that are told; a window shows one or two at a time, per rendition. */
const keysTold = 8

/** What players would notice if traffic moved here: of the playlists that this look has. */
export function continuityOf({ multivariant, renditions, slate, wall }: Seen): Continuity {
  const media = renditions.filter(({ present, spec }) => present && spec.kind !== 'subtitles')
  const playlists = media.flatMap(({ playlist }) => playlist ?? [])
  const edgeAt = most(playlists.flatMap((playlist) => edgeTime(playlist) ?? []))
  const mediaSequence = most(playlists.flatMap(({ segments }) => segments.at(-1)?.sequence ?? []))
  const segmentSeconds = most(playlists.flatMap(({ targetDuration }) => targetDuration ?? []))
  const ladder = (multivariant?.variants ?? []).map((variant) => rungOf(variant))
  return {
    ...(ladder.length > 0 && { ladder }),
    ...(mediaSequence !== undefined && { mediaSequence }),
    ...(segmentSeconds !== undefined && { segmentMs: segmentSeconds * 1_000 }),
    ...(edgeAt !== undefined && { edgeAt, edgeAgeMs: wall - edgeAt }),
    ...(playlists.some(({ segments }) => segments.length > 0) && { keys: keysOf(media) }),
    ...(slate !== undefined && { isSlate: slate }),
  }
}

function rungOf({ bandwidth, resolution, codecs }: Variant): Rung {
  const each = codecs?.split(',').map((codec) => codec.trim())
  return {
    ...(resolution !== undefined && { size: `${resolution.width}x${resolution.height}` }),
    ...(bandwidth !== undefined && { bitsPerSecond: bandwidth }),
    ...(each !== undefined && { codecs: each }),
  }
}

function keysOf(media: readonly Rendition[]): string[] {
  const found = new Set<string>()
  for (const { playlist } of media) {
    for (const keys of distinctKeys(playlist)) {
      for (const key of keys) found.add(fingerprintOf(key))
    }
  }
  return [...found].slice(-keysTold)
}

/** A tag counts for every segment that follows: segments under one tag share its array. */
function distinctKeys(playlist: MediaPlaylist | undefined): ReadonlySet<readonly Key[]> {
  return new Set(playlist?.segments.map(({ keys }) => keys))
}

/**
 * Which key it is, without the key: method and format as they are, of the address a digest of what
 * two servers have in common. Its host may be the server's own, and a query is a credential. With the
 * identity format a `data:` address is the key itself, so nothing of it is taken.
 */
function fingerprintOf({ method, uri = '', keyFormat }: Key): string {
  const system = `${method} ${keyFormat}`
  const isKeyItself = uri.startsWith('data:') && keyFormat === 'identity'
  const place = isKeyItself ? '' : placeOf(uri)
  const digest = createHash('sha256').update(`${system} ${place}`).digest('hex').slice(0, 16)
  return `${system} ${digest}`
}

function placeOf(uri: string): string {
  if (/^https?:/iu.test(uri)) return URL.parse(uri)?.pathname ?? ''
  if (/^[a-z][a-z0-9+.-]*:/iu.test(uri)) return uri
  // As two servers write it, relative to their own playlists.
  return uri.split(/[?#]/u)[0]?.split('/').at(-1) ?? ''
}

function most(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : Math.max(...values)
}
