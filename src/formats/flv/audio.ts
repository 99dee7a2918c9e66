import { readEnhanced, type EnhancedKind } from './enhanced.ts'
import { cut, nothing, type MediaPacket, type MediaPackets } from './packet.ts'

/** SoundFormat 9 says that a FourCC follows (Enhanced RTMP v2, "Enhanced Audio"). */
const EX_HEADER = 9
const AAC = 10

/** SoundFormat of legacy headers (FLV 10.1, annex E.4.2.1); 13 is Opus as some servers write it. */
const legacyCodecs: Readonly<Record<number, string>> = {
  0: 'pcm',
  1: 'adpcm',
  2: '.mp3',
  3: 'pcm',
  4: 'nellymoser',
  5: 'nellymoser',
  6: 'nellymoser',
  7: 'g711a',
  8: 'g711u',
  10: 'mp4a',
  11: 'speex',
  13: 'Opus',
  14: '.mp3',
}
const packetKinds: Readonly<Record<number, MediaPacket['kind']>> = {
  0: 'config',
  1: 'frames',
  2: 'end',
}
const enhanced: EnhancedKind = {
  multitrack: 5,
  modEx: 7,
  packet: ({ packetType, codec, track, nanoOffset, body }) => ({
    codec,
    // 4 is MultichannelConfig: it says how channels are meant and carries no sound.
    kind: packetKinds[packetType] ?? 'other',
    isKey: true,
    track,
    ...(nanoOffset !== undefined && { nanoOffset }),
    body,
  }),
}

/** Reads the payload of an audio message, legacy or enhanced. Bodies are views of it. Never throws. */
export function readAudio(message: Buffer): MediaPackets {
  const [first] = message
  if (first === undefined) return nothing
  const format = first >> 4
  if (format === EX_HEADER) return readEnhanced(message, first & 0x0f, enhanced)
  const codec = legacyCodecs[format] ?? `format ${format}`
  const head = { codec, isKey: true, track: 0 }
  if (format !== AAC) {
    return { packets: [{ ...head, kind: 'frames', body: message.subarray(1) }] }
  }
  if (message.length < 2) return cut()
  const kind = message[1] === 0 ? 'config' : 'frames'
  return { packets: [{ ...head, kind, body: message.subarray(2) }] }
}
