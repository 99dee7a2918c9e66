/** What the set-up of a decoder says of picture or sound. */
export interface DecoderConfig {
  /** As in the CODECS attribute (RFC 6381), such as `avc1.64001f`; else the FourCC. */
  readonly codec: string
  readonly sampleRate?: number
  readonly channels?: number
}

/** samplingFrequencyIndex (ISO 14496-3, 1.6.3.4). */
const sampleRates = [
  96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
  7_350,
]
/** samplingFrequencyIndex that says that 24 bits of rate follow. */
const EXPLICIT_RATE = 15
/** channelConfiguration 7 is 7.1; 0 says that the stream itself tells. */
const channelCounts = [undefined, 1, 2, 3, 4, 5, 6, 8]

/** Reads the body of a `config` packet as far as this code knows the codec. Never throws. */
export function readDecoderConfig(codec: string, body: Buffer): DecoderConfig {
  if (codec === 'avc1' && body.length >= 4 && body[0] === 1) {
    // AVCDecoderConfigurationRecord (ISO 14496-15, 5.3.3.1): profile, compatibility, level.
    return { codec: `avc1.${body.subarray(1, 4).toString('hex')}` }
  }
  if (codec === 'mp4a' && body.length >= 2) return audioSpecificConfig(body)
  return { codec }
}

/** AudioSpecificConfig (ISO 14496-3, 1.6.2.1), up to the channels. */
function audioSpecificConfig(body: Buffer): DecoderConfig {
  const first = body.readUInt16BE(0)
  const objectType = first >> 11
  // 31 says that the type is larger: 6 bits more, which shifts the rest.
  if (objectType === 31) return { codec: `mp4a.40.${32 + ((first >> 5) & 0x3f)}` }
  const codec = `mp4a.40.${objectType}`
  const index = (first >> 7) & 0x0f
  if (index === EXPLICIT_RATE) return { codec }
  const sampleRate = sampleRates[index]
  const channels = channelCounts[(first >> 3) & 0x0f]
  return {
    codec,
    ...(sampleRate !== undefined && { sampleRate }),
    ...(channels !== undefined && { channels }),
  }
}
