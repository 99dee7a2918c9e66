/** What a listener answers to the first packet of a handshake. */
export interface SrtInduction {
  /** 5 from SRT 1.3 on, 4 before (draft-sharabayko-srt-01 section 3.2.1). */
  readonly version: number
  /** Bits of the key that the listener announces; `undefined` where it announces none. */
  readonly keyBits: 128 | 192 | 256 | undefined
}

const length = 64
const induction = 1

/**
 * The packet with which a caller begins a handshake (draft-sharabayko-srt-01 section 4.3.1.1). A
 * listener answers it whatever the caller wants, and keeps no state for it. `socketId` is any
 * number from 1 to 2^30 − 1.
 */
export function writeInduction(socketId: number): Buffer {
  const packet = Buffer.alloc(length)
  // A control packet of type 0, the handshake; timestamp and destination are 0.
  packet.writeUInt32BE(0x8000_0000, 0)
  packet.writeUInt32BE(4, 16)
  // No encryption; extension field 2 as UDT's SOCK_DGRAM.
  packet.writeUInt16BE(0, 20)
  packet.writeUInt16BE(2, 22)
  // Any initial sequence number, MTU of Ethernet, flow window of 8,192 packets.
  packet.writeUInt32BE(socketId & 0x7fff_ffff, 24)
  packet.writeUInt32BE(1_500, 28)
  packet.writeUInt32BE(8_192, 32)
  packet.writeUInt32BE(induction, 36)
  packet.writeUInt32BE(socketId, 40)
  return packet
}

/** The answer to the induction of `socketId`; `undefined` for any other datagram. */
export function readInduction(datagram: Buffer, socketId: number): SrtInduction | undefined {
  if (datagram.length < length || datagram.readUInt32BE(0) !== 0x8000_0000) return undefined
  if (datagram.readUInt32BE(12) !== socketId || datagram.readUInt32BE(36) !== induction) {
    return undefined
  }
  const bits = ([undefined, undefined, 128, 192, 256] as const)[datagram.readUInt16BE(20)]
  return { version: datagram.readUInt32BE(16), keyBits: bits }
}

/** The receiving side of one report of `srt-live-transmit`, counts since the report before. */
export interface SrtReport {
  readonly rttMs: number
  readonly packets: number
  /** Seen missing; most of them come again. */
  readonly lost: number
  /** Given up: missing from the output. */
  readonly dropped: number
  readonly retransmitted: number
  /** Came when their turn was over. */
  readonly belated: number
  readonly bitsPerSecond: number
  /** Milliseconds of media in the receive buffer. */
  readonly bufferMs: number
  /** The latency that both sides agreed on, in milliseconds. */
  readonly latencyMs: number
}

/** Reads one line of `-statspf:json`; `undefined` where it is none. */
export function readSrtReport(line: string): SrtReport | undefined {
  let parsed: unknown
  try {
    parsed = JSON.parse(line)
  } catch {
    return undefined
  }
  const receive = part(parsed, 'recv')
  const link = part(parsed, 'link')
  const read = (from: unknown, name: string) => {
    const value = part(from, name)
    return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : Number.NaN
  }
  const report: SrtReport = {
    rttMs: read(link, 'rtt'),
    packets: read(receive, 'packets'),
    lost: read(receive, 'packetsLost'),
    dropped: read(receive, 'packetsDropped'),
    retransmitted: read(receive, 'packetsRetransmitted'),
    belated: read(receive, 'packetsBelated'),
    bitsPerSecond: read(receive, 'mbitRate') * 1e6,
    bufferMs: read(receive, 'msBuf'),
    latencyMs: read(receive, 'msTsbPdDelay'),
  }
  return Object.values(report).some(Number.isNaN) ? undefined : report
}

function part(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return (value as Record<string, unknown>)[name]
}
