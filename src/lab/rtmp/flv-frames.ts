/** A picture as RTMP carries it, and the set-up that its decoder needs where one stands in it. */
export interface FlvPicture {
  readonly payload: Buffer
  /** The payload of the message that sets the decoder up; with key frames only. */
  readonly config: Buffer | undefined
}

/** NAL unit types (ISO 14496-10, table 7-1): what FLV carries apart, or not at all. */
const nalTypes = { sps: 7, pps: 8, delimiter: 9 } as const
/** Byte 0 of a video message: frame type and AVC (FLV 10.1, E.4.3.1). */
const AVC_KEY = 0x17
const AVC_INTER = 0x27
/** Byte 0 of an audio message: AAC, 44 kHz, 16 bits, stereo, which AAC always says (E.4.2.1). */
const AAC = 0xaf
/** ADTS header without a check sum (ISO 14496-3, 1.A.2.2). */
const ADTS_HEADER = 7

/** A picture of the clip, in NAL units with start codes, as a video message (ISO 14496-15). */
export function flvPicture(annexB: Buffer, isKey: boolean): FlvPicture {
  let sps: Buffer | undefined
  let pps: Buffer | undefined
  const parts: Buffer[] = [Buffer.of(isKey ? AVC_KEY : AVC_INTER, 1, 0, 0, 0)]
  for (const unit of nalUnits(annexB)) {
    const type = (unit[0] ?? 0) & 0x1f
    if (type === nalTypes.sps) sps = unit
    else if (type === nalTypes.pps) pps = unit
    else if (type !== nalTypes.delimiter) parts.push(uint32(unit.length), unit)
  }
  const config = sps === undefined || pps === undefined ? undefined : avcConfig(sps, pps)
  return { payload: Buffer.concat(parts), config }
}

/** A picture of the clip with a length of four bytes before each unit, parameter sets included (ISO 14496-15). */
export function lengthPrefixed(annexB: Buffer): Buffer {
  const units = nalUnits(annexB).filter((unit) => ((unit[0] ?? 0) & 0x1f) !== nalTypes.delimiter)
  return Buffer.concat(units.flatMap((unit) => [uint32(unit.length), unit]))
}

/** A frame of sound of the clip, in ADTS, as an audio message. */
export function flvSound(adts: Buffer): Buffer {
  return Buffer.concat([Buffer.of(AAC, 1), adts.subarray(ADTS_HEADER)])
}

/** The audio message that sets the decoder up: AudioSpecificConfig from the ADTS header. */
export function flvSoundConfig(adts: Buffer): Buffer {
  return Buffer.concat([Buffer.of(AAC, 0), soundConfig(adts)])
}

/** AudioSpecificConfig (ISO 14496-3, 1.6.2.1) from an ADTS header. */
export function soundConfig(adts: Buffer): Buffer {
  const [, , third = 0, fourth = 0] = adts
  const objectType = (third >> 6) + 1
  const frequency = (third >> 2) & 0x0f
  const channels = ((third & 1) << 2) | (fourth >> 6)
  const config = Buffer.alloc(2)
  config.writeUInt16BE((objectType << 11) | (frequency << 7) | (channels << 3))
  return config
}

/** AVCDecoderConfigurationRecord with lengths of four bytes, as the message that carries it. */
function avcConfig(sps: Buffer, pps: Buffer): Buffer {
  return Buffer.concat([
    Buffer.of(AVC_KEY, 0, 0, 0, 0, 1),
    sps.subarray(1, 4),
    Buffer.of(0xff, 0xe1),
    uint16(sps.length),
    sps,
    Buffer.of(1),
    uint16(pps.length),
    pps,
  ])
}

/** The units between start codes of three or four bytes (ISO 14496-10, annex B). */
function nalUnits(annexB: Buffer): Buffer[] {
  const startCode = Buffer.of(0, 0, 1)
  const units: Buffer[] = []
  let at = annexB.indexOf(startCode)
  while (at >= 0) {
    const begin = at + 3
    at = annexB.indexOf(startCode, begin)
    const end = at < 0 ? annexB.length : annexB[at - 1] === 0 ? at - 1 : at
    if (end > begin) units.push(annexB.subarray(begin, end))
  }
  return units
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(value)
  return bytes
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
