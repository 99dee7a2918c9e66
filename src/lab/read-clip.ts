/** One access unit of a track. */
export interface Frame {
  /** Presentation and decoding time (the clip has no B-frames) in 90 kHz ticks from the clip's start. */
  readonly ticks: number
  /** Whether decoding can start here. */
  readonly key: boolean
  readonly data: Buffer
}

const PACKET = 188
const PES_PREFIX = 0x000001

/**
 * Reads the elementary streams of a whole transport stream, by PID (ISO 13818-1, 2.4.3). Made for
 * the lab's own clip: every payload unit is one frame, timestamps do not wrap, nothing is
 * scrambled or lost. Throws on anything else.
 */
export function readTracks(stream: Buffer): ReadonlyMap<number, readonly Frame[]> {
  const open = new Map<number, Opened>()
  const tracks = new Map<number, Frame[]>()
  const finish = (pid: number, unit: Opened) => {
    const track = tracks.get(pid) ?? []
    track.push(readFrame(Buffer.concat(unit.parts), unit.key))
    tracks.set(pid, track)
  }
  for (let at = 0; at < stream.length; at += PACKET) {
    if (stream[at] !== 0x47) throw new Error(`the clip has no sync byte at offset ${at}`)
    const pid = stream.readUInt16BE(at + 1) & 0x1fff
    if (pid < 0x100 || pid >= 0x1000) continue
    const adapts = (stream.readUInt8(at + 3) & 0x20) !== 0
    const adaptation = adapts ? stream.readUInt8(at + 4) + 1 : 0
    const payload = stream.subarray(at + 4 + adaptation, at + PACKET)
    const starts = (stream.readUInt8(at + 1) & 0x40) !== 0
    const before = open.get(pid)
    if (!starts) {
      before?.parts.push(payload)
      continue
    }
    if (before) finish(pid, before)
    const key = adaptation > 1 && (stream.readUInt8(at + 5) & 0x40) !== 0
    open.set(pid, { key, parts: [payload] })
  }
  for (const [pid, unit] of open) finish(pid, unit)
  return tracks
}

interface Opened {
  readonly key: boolean
  readonly parts: Buffer[]
}

/** Reads one PES packet with a PTS (ISO 13818-1, 2.4.3.6). */
function readFrame(pes: Buffer, key: boolean): Frame {
  const hasTime = (pes.readUInt8(7) & 0x80) !== 0
  if (pes.readUIntBE(0, 3) !== PES_PREFIX || !hasTime) {
    throw new Error('the clip has a PES packet without a time stamp')
  }
  const ticks =
    ((pes.readUInt8(9) >> 1) & 0x07) * 2 ** 30 +
    (pes.readUInt16BE(10) >> 1) * 2 ** 15 +
    (pes.readUInt16BE(12) >> 1)
  return { ticks, key, data: pes.subarray(9 + pes.readUInt8(8)) }
}
