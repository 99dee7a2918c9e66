import { readEnhanced, type EnhancedKind, type Track } from './enhanced.ts'
import { cut, nothing, type MediaPacket, type MediaPackets } from './packet.ts'

/** FrameType (FLV 10.1, annex E.4.3.1); 4 is a key frame that a server made. */
const frameTypes = { key: 1, generatedKey: 4, command: 5 } as const

/** CodecID of legacy headers; 12 to 14 are what encoders in China and Brazil made of it before FourCC. */
const legacyCodecs: Readonly<Record<number, string>> = {
  2: 'h263',
  3: 'screen',
  4: 'vp6',
  5: 'vp6a',
  6: 'screen2',
  7: 'avc1',
  12: 'hvc1',
  13: 'av01',
  14: 'vvc1',
}
/** Codecs of which a legacy header has a packet type and a composition time. */
const withPacketType = new Set([7, 12, 13, 14])
/** FourCCs whose CodedFrames begin with a composition time. */
const withComposition = new Set(['avc1', 'hvc1', 'vvc1'])
const packetTypes = {
  sequenceStart: 0,
  codedFrames: 1,
  sequenceEnd: 2,
  codedFramesX: 3,
  mpeg2TsSequenceStart: 5,
} as const

/** Reads the payload of a video message, legacy or enhanced. Bodies are views of it. Never throws. */
export function readVideo(message: Buffer): MediaPackets {
  const [first] = message
  if (first === undefined) return nothing
  const frameType = (first >> 4) & 0x07
  if ((first & 0x80) !== 0) {
    const kind: EnhancedKind = { multitrack: 6, modEx: 7, packet: enhancedPacket(frameType) }
    return readEnhanced(message, first & 0x0f, kind)
  }
  const id = first & 0x0f
  const codec = legacyCodecs[id] ?? `codec ${id}`
  const isKey = frameType === frameTypes.key || frameType === frameTypes.generatedKey
  const head = { codec, isKey, track: 0 }
  if (frameType === frameTypes.command) {
    return { packets: [{ ...head, kind: 'other', body: message.subarray(1) }] }
  }
  if (!withPacketType.has(id)) {
    return { packets: [{ ...head, kind: 'frames', body: message.subarray(1) }] }
  }
  const packetType = message[1]
  if (packetType === undefined) return cut()
  if (message.length < 5) {
    return packetType === packetTypes.sequenceEnd
      ? { packets: [{ ...head, kind: 'end', body: message.subarray(2) }] }
      : cut()
  }
  const body = message.subarray(5)
  if (packetType !== packetTypes.codedFrames) {
    const kind = packetType === packetTypes.sequenceStart ? 'config' : 'end'
    return { packets: [{ ...head, kind, body }] }
  }
  const compositionMs = message.readIntBE(2, 3)
  return { packets: [{ ...head, kind: 'frames', compositionMs, body }] }
}

function enhancedPacket(frameType: number): (track: Track) => MediaPacket {
  const isKey = frameType === frameTypes.key || frameType === frameTypes.generatedKey
  return ({ packetType, codec, track, nanoOffset, body }) => {
    const head = { codec, isKey, track, ...(nanoOffset !== undefined && { nanoOffset }) }
    // The frame type means nothing for metadata, and neither is a picture.
    if (frameType === frameTypes.command) return { ...head, kind: 'other', body }
    switch (packetType) {
      case packetTypes.sequenceStart:
      case packetTypes.mpeg2TsSequenceStart:
        return { ...head, kind: 'config', body }
      case packetTypes.sequenceEnd:
        return { ...head, kind: 'end', body }
      case packetTypes.codedFramesX:
        return { ...head, kind: 'frames', body }
      case packetTypes.codedFrames:
        if (!withComposition.has(codec) || body.length < 3) return { ...head, kind: 'frames', body }
        return {
          ...head,
          kind: 'frames',
          compositionMs: body.readIntBE(0, 3),
          body: body.subarray(3),
        }
      default:
        return { ...head, kind: 'other', body }
    }
  }
}
