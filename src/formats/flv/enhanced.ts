import { cut, type MediaPacket, type MediaPackets } from './packet.ts'

/** What differs between sound and picture in an enhanced header. */
export interface EnhancedKind {
  readonly multitrack: number
  readonly modEx: number
  /** Reads the body of one track. */
  readonly packet: (track: Track) => MediaPacket
}

/** One track of an enhanced message. */
export interface Track {
  readonly packetType: number
  readonly codec: string
  readonly track: number
  readonly nanoOffset?: number
  readonly body: Buffer
}

/** AvMultitrackType: one track, many of one codec, many of many codecs. */
const multitrackTypes = { one: 0, many: 1, manyCodecs: 2 } as const
/** A message may announce no more tracks than track numbers exist. */
const MOST_TRACKS = 256
/** Extensions before the packet; one exists so far. */
const MOST_EXTENSIONS = 16
const TIMESTAMP_OFFSET_NANO = 0

/**
 * Reads an enhanced audio or video message after its first byte, of which `packetType` is the lower
 * half (Enhanced RTMP v2, "ExAudioTagHeader" and "ExVideoTagHeader"): ModEx, then one track or many.
 */
export function readEnhanced(
  message: Buffer,
  packetType: number,
  kind: EnhancedKind,
): MediaPackets {
  let at = 1
  let type = packetType
  let nanoOffset: number | undefined
  for (let extension = 0; type === kind.modEx; extension += 1) {
    if (extension === MOST_EXTENSIONS) {
      return { packets: [], problem: `more than ${MOST_EXTENSIONS} extensions` }
    }
    const short = message[at]
    if (short === undefined) return cut()
    // 255 says that the size needs 16 bits.
    const isLong = short === 255
    if (isLong && message.length < at + 3) return cut()
    const size = isLong ? message.readUInt16BE(at + 1) + 1 : short + 1
    const data = at + (isLong ? 3 : 1)
    const next = message[data + size]
    if (next === undefined) return cut()
    if (next >> 4 === TIMESTAMP_OFFSET_NANO && size >= 3) nanoOffset = message.readUIntBE(data, 3)
    type = next & 0x0f
    at = data + size + 1
  }
  const extra = nanoOffset === undefined ? {} : { nanoOffset }
  if (type !== kind.multitrack) {
    const codec = fourCc(message, at)
    if (codec === undefined) return cut()
    const body = message.subarray(at + 4)
    return { packets: [kind.packet({ packetType: type, codec, track: 0, body, ...extra })] }
  }
  return readTracks(message, at, kind, extra)
}

function readTracks(
  message: Buffer,
  start: number,
  kind: EnhancedKind,
  extra: { readonly nanoOffset?: number },
): MediaPackets {
  const packets: MediaPacket[] = []
  const types = message[start]
  if (types === undefined) return cut()
  const layout = types >> 4
  const packetType = types & 0x0f
  if (packetType === kind.multitrack || layout > multitrackTypes.manyCodecs) {
    return { packets, problem: 'the kind of its tracks is unknown' }
  }
  let at = start + 1
  let codec: string | undefined
  if (layout !== multitrackTypes.manyCodecs) {
    codec = fourCc(message, at)
    if (codec === undefined) return cut()
    at += 4
  }
  while (at < message.length) {
    if (packets.length === MOST_TRACKS) return { packets, problem: 'it has too many tracks' }
    if (layout === multitrackTypes.manyCodecs) {
      codec = fourCc(message, at)
      at += 4
    }
    const track = message[at]
    if (codec === undefined || track === undefined) return cut(packets)
    at += 1
    let end = message.length
    if (layout !== multitrackTypes.one) {
      if (message.length < at + 3) return cut(packets)
      end = at + 3 + message.readUIntBE(at, 3)
      at += 3
    }
    if (end > message.length) return cut(packets)
    packets.push(
      kind.packet({ packetType, codec, track, body: message.subarray(at, end), ...extra }),
    )
    at = end
  }
  return { packets }
}

/** Four printable characters, others as dots: it goes into sentences. */
function fourCc(message: Buffer, at: number): string | undefined {
  if (message.length < at + 4) return undefined
  return message.toString('latin1', at, at + 4).replaceAll(/[^\x21-\x7e]/gu, '.')
}
