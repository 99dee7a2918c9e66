import { M3U8Parser, PlaylistLevelType } from 'hls.js'
import { Parser } from 'm3u8-parser'
import type { ByteRange } from '../../../src/formats/m3u8/model.ts'
import { parsePlaylist } from '../../../src/formats/m3u8/parse.ts'

const base = 'https://origin.example/live/p.m3u8'

/** Field by field what a parser made of a playlist, in one notation for all three. */
export type Fields = Readonly<Record<string, unknown>>

const absolute = (uri: string) => new URL(uri, base).href

const range = (value: ByteRange | undefined) =>
  value === undefined ? null : `${value.length}@${value.offset}`

/** What ours makes of it. */
export function ourFields(text: string): Fields {
  const playlist = parsePlaylist(text, { url: base })
  if (playlist.kind === 'not-a-playlist') return { kind: playlist.kind }
  if (playlist.kind === 'multivariant') {
    return {
      kind: 'multivariant',
      variants: playlist.variants.map(({ uri, bandwidth }) => [absolute(uri), bandwidth]),
      codecs: playlist.variants.map(({ codecs }) => codecs ?? null),
      resolutions: playlist.variants.map(({ resolution }) => resolution?.height ?? null),
      renditions: playlist.renditions
        .filter(({ type }) => type === 'AUDIO' || type === 'SUBTITLES')
        .map(({ type, groupId, name, uri }) => `${type} ${groupId} ${name} ${uri ?? ''}`)
        .toSorted(),
    }
  }
  const { segments, serverControl } = playlist
  const parts = [...segments.flatMap((segment) => segment.parts), ...playlist.trailingParts]
  return {
    kind: 'media',
    targetDuration: playlist.targetDuration,
    mediaSequence: playlist.mediaSequence,
    discontinuitySequence: playlist.discontinuitySequence,
    endList: playlist.endList,
    type: playlist.playlistType ?? null,
    uris: segments.map(({ uri }) => uri),
    durations: segments.map(({ duration }) => duration),
    domains: segments.map(({ discontinuitySequence }) => discontinuitySequence),
    gaps: segments.map(({ gap }) => gap),
    byteRanges: segments.map(({ byteRange }) => range(byteRange)),
    dates: segments.flatMap(({ programDateTime }) => programDateTime ?? []),
    keys: segments.map(({ keys }) => keys[0]?.uri ?? null),
    maps: segments.map(({ map }) => map?.uri ?? null),
    parts: parts.map(({ uri, duration }) => [uri, duration]),
    independent: parts.map((part) => part.independent),
    partRanges: parts.map(({ byteRange }) => range(byteRange)),
    partTarget: playlist.partTarget ?? null,
    blocks: serverControl?.canBlockReload ?? false,
    skipUntil: serverControl?.canSkipUntil ?? null,
    partHoldBack: serverControl?.partHoldBack ?? null,
    skipped: playlist.skip?.segments ?? 0,
    removed: playlist.skip?.removedDateRanges ?? [],
    hints: playlist.preloadHints.map(({ type, uri }) => [type, uri]),
    reports: playlist.renditionReports.map(({ uri, lastSequence, lastPart }) => [
      uri,
      lastSequence,
      lastPart ?? null,
    ]),
    dateRanges: [...new Set(playlist.dateRanges.map(({ id }) => id))],
  }
}

/** What hls.js makes of it. Fields that its model does not have are left out. */
export function hlsJsFields(text: string): Fields {
  if (!text.startsWith('#EXTM3U')) return { kind: 'not-a-playlist' }
  if (!M3U8Parser.isMediaPlaylist(text)) {
    const parsed = M3U8Parser.parseMasterPlaylist(text, base)
    const media = M3U8Parser.parseMasterPlaylistMedia(text, base, parsed)
    return {
      kind: 'multivariant',
      variants: parsed.levels.map(({ url, bitrate }) => [url, bitrate]),
      codecs: parsed.levels.map(({ attrs }) => attrs['CODECS'] ?? null),
      resolutions: parsed.levels.map(({ height }) => height ?? null),
      renditions: [...(media.AUDIO ?? []), ...(media.SUBTITLES ?? [])]
        .map(({ type, groupId, name, attrs }) => `${type} ${groupId} ${name} ${attrs['URI'] ?? ''}`)
        .toSorted(),
    }
  }
  const details = M3U8Parser.parseLevelPlaylist(text, base, 0, PlaylistLevelType.MAIN, 0, null)
  const fragments = details.fragments.filter((fragment) => fragment !== null)
  const parts = details.partList ?? []
  const ofBytes = (pair: readonly number[]) =>
    pair.length < 2 ? null : `${(pair[1] ?? 0) - (pair[0] ?? 0)}@${pair[0]}`
  return {
    kind: 'media',
    targetDuration: details.targetduration,
    mediaSequence: details.startSN,
    discontinuitySequence: details.startCC,
    endList: !details.live,
    type: details.type || null,
    uris: fragments.map(({ relurl }) => relurl),
    durations: fragments.map(({ duration }) => duration),
    domains: fragments.map(({ cc }) => cc),
    gaps: fragments.map(({ gap }) => gap ?? false),
    byteRanges: fragments.map(({ byteRange }) => ofBytes(byteRange)),
    dates: fragments.flatMap(({ rawProgramDateTime }) =>
      rawProgramDateTime ? Date.parse(rawProgramDateTime) : [],
    ),
    maps: fragments.map(({ initSegment }) => initSegment?.relurl ?? null),
    parts: parts.map(({ relurl, duration }) => [relurl, duration]),
    independent: parts.map((part) => part.independent),
    partRanges: parts.map(({ byteRange }) => ofBytes(byteRange)),
    partTarget: details.partTarget || null,
    blocks: details.canBlockReload,
    skipUntil: details.canSkipUntil || null,
    partHoldBack: details.partHoldBack || null,
    skipped: details.skippedSegments,
    removed: details.recentlyRemovedDateranges ?? [],
    reports: (details.renditionReports ?? []).map((report) => [
      report['URI'],
      report.decimalInteger('LAST-MSN'),
      report['LAST-PART'] === undefined ? null : report.decimalInteger('LAST-PART'),
    ]),
    dateRanges: Object.keys(details.dateRanges),
  }
}

interface VideoJsRange {
  readonly length: number
  readonly offset: number
}

interface VideoJsPart {
  readonly uri: string
  readonly duration: number
  readonly independent?: boolean
  readonly byterange?: VideoJsRange
}

interface VideoJsSegment {
  readonly uri?: string
  readonly duration: number
  readonly timeline: number
  readonly gap?: boolean
  readonly byterange?: VideoJsRange
  readonly dateTimeObject?: Date
  readonly key?: { readonly uri: string }
  readonly map?: { readonly uri: string }
  readonly parts?: readonly VideoJsPart[]
  readonly preloadHints?: readonly { readonly type: string; readonly uri: string }[]
}

interface VideoJsManifest {
  readonly targetDuration?: number
  readonly mediaSequence?: number
  readonly discontinuitySequence?: number
  readonly endList?: boolean
  readonly playlistType?: string
  readonly segments: readonly VideoJsSegment[]
  readonly preloadSegment?: VideoJsSegment
  readonly partTargetDuration?: number
  readonly serverControl?: {
    readonly canBlockReload?: boolean
    readonly canSkipUntil?: number
    readonly partHoldBack?: number
  }
  readonly skip?: {
    readonly skippedSegments: number
    readonly recentlyRemovedDateranges?: readonly string[]
  }
  readonly renditionReports?: readonly {
    readonly uri: string
    readonly lastMsn?: number
    readonly lastPart?: number
  }[]
  readonly dateRanges?: readonly { readonly id: string }[]
  readonly playlists?: readonly {
    readonly uri: string
    readonly attributes?: {
      readonly BANDWIDTH?: number
      readonly CODECS?: string
      readonly RESOLUTION?: { readonly height: number }
    }
  }[]
}

/** What m3u8-parser makes of it. Fields that its model does not have are left out. */
export function videoJsFields(text: string): Fields {
  const parser = new Parser({ uri: base })
  parser.push(text)
  parser.end()
  const manifest = parser.manifest as VideoJsManifest
  if (manifest.playlists !== undefined) {
    return {
      kind: 'multivariant',
      variants: manifest.playlists.map(({ uri, attributes }) => [
        absolute(uri),
        attributes?.BANDWIDTH ?? 0,
      ]),
      codecs: manifest.playlists.map(({ attributes }) => attributes?.CODECS ?? null),
      resolutions: manifest.playlists.map(
        ({ attributes }) => attributes?.RESOLUTION?.height ?? null,
      ),
    }
  }
  const segments = manifest.segments.filter(({ uri }) => uri !== undefined)
  const preload = manifest.preloadSegment
  const parts = [...segments, ...(preload ? [preload] : [])].flatMap((each) => each.parts ?? [])
  return {
    kind: 'media',
    targetDuration: manifest.targetDuration,
    mediaSequence: manifest.mediaSequence ?? 0,
    discontinuitySequence: manifest.discontinuitySequence ?? 0,
    endList: manifest.endList ?? false,
    type: manifest.playlistType ?? null,
    uris: segments.map(({ uri }) => uri),
    durations: segments.map(({ duration }) => duration),
    domains: segments.map(({ timeline }) => timeline),
    gaps: segments.map(({ gap }) => gap ?? false),
    byteRanges: segments.map(({ byterange }) => range(byterange)),
    dates: segments.flatMap(({ dateTimeObject }) => dateTimeObject?.getTime() ?? []),
    keys: segments.map(({ key }) => key?.uri ?? null),
    maps: segments.map(({ map }) => map?.uri ?? null),
    parts: parts.map(({ uri, duration }) => [uri, duration]),
    independent: parts.map((part) => part.independent ?? false),
    partRanges: parts.map(({ byterange }) => range(byterange)),
    partTarget: manifest.partTargetDuration ?? null,
    blocks: manifest.serverControl?.canBlockReload ?? false,
    skipUntil: manifest.serverControl?.canSkipUntil ?? null,
    partHoldBack: manifest.serverControl?.partHoldBack ?? null,
    skipped: manifest.skip?.skippedSegments ?? 0,
    removed: manifest.skip?.recentlyRemovedDateranges ?? [],
    hints: (preload?.preloadHints ?? [])
      .filter(({ type }) => type === 'PART' || type === 'MAP')
      .map(({ type, uri }) => [type, uri]),
    reports: (manifest.renditionReports ?? []).map((report) => [
      report.uri,
      report.lastMsn,
      report.lastPart ?? null,
    ]),
    dateRanges: [...new Set((manifest.dateRanges ?? []).map(({ id }) => id))],
  }
}

/** Names of the fields that both have and that differ. */
export function differing(ours: Fields, theirs: Fields): string[] {
  return Object.keys(theirs)
    .filter((name) => name in ours && JSON.stringify(ours[name]) !== JSON.stringify(theirs[name]))
    .toSorted()
}
