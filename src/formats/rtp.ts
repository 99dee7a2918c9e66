/** The fixed header of RTP and where its payload lies (RFC 3550 section 5.1). */
export interface RtpPacket {
  /** 33 is MPEG-TS (RFC 3551 section 6). */
  readonly payloadType: number
  /** 0 to 65,535. */
  readonly sequence: number
  /** 32 bits; 90 kHz for MPEG-TS (RFC 2250 section 2). */
  readonly timestamp: number
  readonly ssrc: number
  readonly payload: Buffer
}

/** Reads a datagram as RTP; `undefined` where it cannot be. Padding, CSRC list and extension are taken off. */
export function readRtp(datagram: Buffer): RtpPacket | undefined {
  if (datagram.length < 12) return undefined
  const flags = datagram[0] ?? 0
  if (flags >> 6 !== 2) return undefined
  let from = 12 + 4 * (flags & 0x0f)
  if ((flags & 0x10) !== 0) {
    if (from + 4 > datagram.length) return undefined
    from += 4 + 4 * datagram.readUInt16BE(from + 2)
  }
  const padding = (flags & 0x20) === 0 ? 0 : (datagram[datagram.length - 1] ?? 0)
  const to = datagram.length - padding
  if (to < from || ((flags & 0x20) !== 0 && padding === 0)) return undefined
  return {
    payloadType: (datagram[1] ?? 0) & 0x7f,
    sequence: datagram.readUInt16BE(2),
    timestamp: datagram.readUInt32BE(4),
    ssrc: datagram.readUInt32BE(8),
    payload: datagram.subarray(from, to),
  }
}
