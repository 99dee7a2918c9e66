import { type Box, child, children, fullBox, uint32 } from './box.ts'
import type { Init, Track, TrackKind } from './model.ts'

/** More tracks than this are not looked at. */
export const mostTracks = 16

const kinds: Readonly<Record<string, TrackKind>> = {
  vide: 'video',
  soun: 'audio',
  text: 'text',
  subt: 'text',
  sbtl: 'text',
}

/** Sample entries of encrypted tracks (ISO/IEC 23001-7, section 4.1); the original one is inside. */
const encryptedEntries: ReadonlySet<string> = new Set(['encv', 'enca', 'enct', 'encs', 'encm'])

/**
 * Bytes of a sample entry before its boxes: 8 of SampleEntry, then those of VisualSampleEntry (70)
 * or AudioSampleEntry (20), by ISO/IEC 14496-12, sections 12.1.3 and 12.2.3.
 */
const entryFields: Readonly<Record<TrackKind, number>> = { video: 78, audio: 28, text: 8, other: 8 }

/** Reads the body of a `moov`. A track without id or timescale is left out. */
export function readMovie(moov: Buffer): Init {
  const defaults = new Map<number, Buffer>()
  const tracks: Track[] = []
  const extends_ = child(moov, 'mvex')
  for (const box of extends_ === undefined ? [] : children(extends_)) {
    const id = box.type === 'trex' ? uint32(box.body, 4) : undefined
    if (id !== undefined && defaults.size < mostTracks) defaults.set(id, box.body)
  }
  for (const box of children(moov)) {
    if (box.type !== 'trak' || tracks.length >= mostTracks) continue
    const track = readTrack(box.body, defaults)
    if (track !== undefined) tracks.push(track)
  }
  return { tracks }
}

function readTrack(trak: Buffer, defaults: ReadonlyMap<number, Buffer>): Track | undefined {
  // Times of creation and modification come first, 8 bytes each in version 1 and 4 in version 0.
  const id = afterTimes(child(trak, 'tkhd'))
  const timescale = afterTimes(child(trak, 'mdia', 'mdhd'))
  if (id === undefined || timescale === undefined || timescale === 0) return undefined
  const handler = child(trak, 'mdia', 'hdlr')?.toString('latin1', 8, 12) ?? ''
  const kind = kinds[handler] ?? 'other'
  const trex = defaults.get(id)
  return {
    id,
    timescale,
    kind,
    ...sampleEntry(child(trak, 'mdia', 'minf', 'stbl', 'stsd'), kind),
    defaultDuration: uint32(trex, 12),
    defaultFlags: uint32(trex, 20),
  }
}

function afterTimes(header: Buffer | undefined): number | undefined {
  const full = header === undefined ? undefined : fullBox(header)
  return full === undefined ? undefined : uint32(header, full.version === 1 ? 20 : 12)
}

function sampleEntry(stsd: Buffer | undefined, kind: TrackKind) {
  const none = { codec: undefined, encrypted: false, keyId: undefined }
  // Version, flags and the number of entries come first (section 8.5.2).
  const entry = stsd === undefined ? undefined : firstOf(children(stsd.subarray(8)))
  if (entry === undefined) return none
  if (!encryptedEntries.has(entry.type)) return { ...none, codec: entry.type }
  const protection = child(entry.body.subarray(entryFields[kind]), 'sinf')
  const original = child(protection, 'frma')
  // Version and flags, two reserved bytes or pattern, isProtected, size of the vector, then the id.
  const keyId = child(protection, 'schi', 'tenc')?.subarray(8, 24)
  return {
    codec: original?.length === 4 ? original.toString('latin1') : undefined,
    encrypted: true,
    keyId: keyId?.length === 16 ? keyId.toString('hex') : undefined,
  }
}

function firstOf(boxes: Iterable<Box>): Box | undefined {
  for (const box of boxes) return box
  return undefined
}
