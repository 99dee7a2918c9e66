/** What a test wants to know of one packet. */
export interface Packet {
  readonly pid: number
  readonly starts: boolean
  readonly counter: number
  readonly randomAccess: boolean
  readonly pcr?: number
  readonly pts?: number
}

/** Reads every packet of a transport stream, independently of the lab's own reader and writer. */
export function packetsOf(stream: Buffer): readonly Packet[] {
  return Array.from({ length: stream.length / 188 }, (_, index) => {
    const packet = stream.subarray(index * 188, index * 188 + 188)
    if (packet[0] !== 0x47) throw new Error(`packet ${index} has no sync byte`)
    const pid = packet.readUInt16BE(1) & 0x1fff
    const starts = (packet.readUInt8(1) & 0x40) > 0
    const adaptation = (packet.readUInt8(3) & 0x20) > 0 ? packet.readUInt8(4) + 1 : 0
    const flags = adaptation > 1 ? packet.readUInt8(5) : 0
    const payload = packet.subarray(4 + adaptation)
    return {
      pid,
      starts,
      counter: packet.readUInt8(3) & 0x0f,
      randomAccess: (flags & 0x40) > 0,
      ...(flags & 0x10 ? { pcr: packet.readUInt32BE(6) * 2 + (packet.readUInt8(10) >> 7) } : {}),
      ...(starts && payload.readUIntBE(0, 3) === 1 ? { pts: readPts(payload) } : {}),
    }
  })
}

function readPts(pes: Buffer): number {
  const bits = pes.subarray(9, 14)
  return (
    ((bits.readUInt8(0) >> 1) & 7) * 2 ** 30 +
    bits.readUInt8(1) * 2 ** 22 +
    (bits.readUInt8(2) >> 1) * 2 ** 15 +
    bits.readUInt8(3) * 2 ** 7 +
    (bits.readUInt8(4) >> 1)
  )
}

/** How often a counter does not follow its predecessor on the same PID. */
export function continuityErrors(packets: readonly Packet[]): number {
  const last = new Map<number, number>()
  let errors = 0
  for (const { pid, counter } of packets) {
    const before = last.get(pid)
    if (before !== undefined && counter !== ((before + 1) & 0x0f)) errors += 1
    last.set(pid, counter)
  }
  return errors
}
