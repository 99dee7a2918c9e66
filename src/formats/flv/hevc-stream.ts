const startCode = Buffer.from([0, 0, 0, 1])

/** What the set-up of an HEVC decoder says. */
export interface HevcSetup {
  /** Parameter sets as an elementary stream. */
  readonly parameterSets: Buffer
  /** Bytes of the length before each NAL unit, 1 to 4. */
  readonly lengthSize: number
}

/**
 * Reads an HEVCDecoderConfigurationRecord (ISO/IEC 14496-15, 8.3.3.1.2); `undefined` where it is cut
 * short or of another version.
 */
export function readHevcSetup(record: Buffer): HevcSetup | undefined {
  if (record.length < 23 || record[0] !== 1) return undefined
  const lengthSize = ((record[21] ?? 0) & 3) + 1
  const units: Buffer[] = []
  let at = 23
  for (let array = record[22] ?? 0; array > 0; array--) {
    if (at + 3 > record.length) return undefined
    let count = record.readUInt16BE(at + 1)
    at += 3
    for (; count > 0; count--) {
      if (at + 2 > record.length) return undefined
      const end = at + 2 + record.readUInt16BE(at)
      if (end > record.length) return undefined
      units.push(startCode, record.subarray(at + 2, end))
      at = end
    }
  }
  return { parameterSets: Buffer.concat(units), lengthSize }
}

/**
 * NAL units with a length before each as an elementary stream (Rec. ITU-T H.265, Annex B). What
 * follows a unit that reaches beyond the bytes is left out.
 */
export function asElementaryStream(body: Buffer, lengthSize: number): Buffer {
  const units: Buffer[] = []
  for (let at = 0; at + lengthSize <= body.length;) {
    const start = at + lengthSize
    const end = start + body.readUIntBE(at, lengthSize)
    if (end > body.length) break
    units.push(startCode, body.subarray(start, end))
    at = end
  }
  return Buffer.concat(units)
}
