import { patSection, pesHeader, pids, pmtSection, psi } from './ts-writer.ts'

/** Something wrong with a stream, placed at a time; what it should raise stands in `raises`. */
export type StreamFault = keyof typeof raises

type Raised = Readonly<Record<string, number>>

/** What each fault raises, by TR 101 290, and nothing else. */
export const raises = {
  'sound-packet-lost': { '1.4': 1 },
  'sound-packet-twice': {},
  'sound-packet-thrice': { '1.4': 1 },
  'sync-byte-wrong': { '1.2': 1 },
  'sync-lost': { '1.1': 1, '1.2': 1 },
  'error-indicator': { '2.1': 1 },
  'map-damaged': { '2.2': 1 },
  'pat-absent': { '1.3a': 1 },
  'pat-replaced': { '1.3a': 1 },
  'map-absent': { '1.5a': 1 },
  'clock-absent': { '2.3a': 1, '2.3b': 1 },
  'clock-jump': { '2.3b': 1 },
  'clock-back': { '2.3b': 1 },
  'clock-jump-announced': {},
  'sound-absent': { '1.6': 1, '2.5': 1 },
  'sound-times-absent': { '2.5': 1 },
} as const satisfies Record<string, Raised>

/** How long each absence lasts, in milliseconds. */
const lasts: Readonly<Partial<Record<StreamFault, number>>> = {
  'pat-absent': 600,
  'map-absent': 600,
  'clock-absent': 200,
  'sound-absent': 6_000,
  'sound-times-absent': 1_000,
}

interface Item {
  readonly pid: number
  readonly payload: Buffer
  readonly unitStart: boolean
  readonly pcr?: number
  readonly marked?: boolean
}

/** A packet and the millisecond at which it is sent. */
export interface TimedPacket {
  readonly at: number
  readonly bytes: Buffer
}

/** From one fault to the next, so that none hides another. */
export const faultEveryMs = 8_000

/**
 * A constant stream of one packet each millisecond: tables every 100 ms, a clock reference and a
 * picture every 40 ms, sound every 24 ms, null packets in between. The n-th fault begins at
 * (n + 1) × `faultEveryMs`.
 */
export function timedStream(faults: readonly StreamFault[], startPcrMs = 0): TimedPacket[] {
  const packets: TimedPacket[] = []
  const counters = new Map<number, number>()
  const queue: Item[] = []
  const total = (faults.length + 2) * faultEveryMs
  let jumpMs = startPcrMs
  let wrongSync = 0
  const pending = new Set<StreamFault>()
  for (let at = 0; at < total; at++) {
    const index = Math.floor(at / faultEveryMs) - 1
    const fault = faults[index]
    const into = at - (index + 1) * faultEveryMs
    const isNow = (name: StreamFault) => fault === name && into < (lasts[name] ?? 0)
    if (fault !== undefined && into === 0 && lasts[fault] === undefined) pending.add(fault)
    const once = (name: StreamFault, when: boolean) => when && pending.delete(name)

    if (at % 100 === 0 && !isNow('pat-absent')) {
      const isOther = once('pat-replaced', true)
      queue.push({
        pid: pids.pat,
        payload: psi(isOther ? pmtSection() : patSection()),
        unitStart: true,
      })
    }
    if (at % 100 === 0 && !isNow('map-absent')) {
      const payload = psi(pmtSection())
      if (once('map-damaged', true)) payload[20]! ^= 1
      queue.push({ pid: pids.pmt, payload, unitStart: true })
    }
    if (at % 40 === 10) {
      if (once('clock-jump', true)) jumpMs += 5_000
      if (once('clock-back', true)) jumpMs -= 700
      const marked = once('clock-jump-announced', true)
      if (marked) jumpMs += 60_000
      queue.push(...picture(at, isNow('clock-absent') ? undefined : at + jumpMs, marked))
    }
    if (at % 24 === 0 && !isNow('sound-absent')) {
      queue.push(...sound(at, !isNow('sound-times-absent')))
    }

    const item = queue.shift() ?? { pid: 0x1fff, payload: Buffer.alloc(184), unitStart: false }
    const bytes = packetOf(item, counters)
    const isNull = item.pid === 0x1fff
    const isPlainSound = item.pid === pids.audio && !item.unitStart
    if (once('sync-byte-wrong', isNull)) bytes[0] = 0
    if (once('sync-lost', isNull && queue.length === 0 && at % 24 < 20 && at % 40 < 8))
      wrongSync = 2
    if (wrongSync > 0) {
      wrongSync--
      bytes[0] = 0
    }
    if (once('error-indicator', isPlainSound)) bytes[1]! |= 0x80
    if (once('sound-packet-lost', isPlainSound)) continue
    packets.push({ at, bytes })
    if (once('sound-packet-twice', isPlainSound)) packets.push({ at, bytes })
    if (once('sound-packet-thrice', isPlainSound)) packets.push({ at, bytes }, { at, bytes })
  }
  return packets
}

function picture(at: number, pcrMs: number | undefined, marked: boolean): Item[] {
  const head = Buffer.concat([pesHeader(0xe0, (at * 90) % 2 ** 33), Buffer.alloc(120)])
  const whole = Buffer.alloc(184, at & 0xff)
  const clock = pcrMs === undefined ? {} : { pcr: pcrMs, marked }
  return [
    { pid: pids.video, payload: head, unitStart: true, ...clock },
    ...Array.from({ length: 4 }, () => ({ pid: pids.video, payload: whole, unitStart: false })),
  ]
}

function sound(at: number, isTimed: boolean): Item[] {
  const header = pesHeader(0xc0, (at * 90) % 2 ** 33)
  if (!isTimed) header[7] = 0
  return [
    { pid: pids.audio, payload: Buffer.concat([header, Buffer.alloc(100)]), unitStart: true },
    { pid: pids.audio, payload: Buffer.alloc(184, at & 0xff), unitStart: false },
  ]
}

function packetOf(item: Item, counters: Map<number, number>): Buffer {
  const { pid, payload, unitStart, pcr, marked } = item
  const counter = counters.get(pid) ?? 0
  counters.set(pid, (counter + 1) & 15)
  const packet = Buffer.alloc(188, 0xff)
  const stuffing = 184 - payload.length
  packet[0] = 0x47
  packet[1] = (unitStart ? 0x40 : 0) | (pid >> 8)
  packet[2] = pid & 0xff
  packet[3] = (stuffing > 0 ? 0x30 : 0x10) | counter
  if (stuffing > 0) {
    packet[4] = stuffing - 1
    if (stuffing > 1) packet[5] = 0
    if (pcr !== undefined) {
      packet[5] = marked === true ? 0x90 : 0x10
      writePcr(packet, pcr)
    }
  }
  payload.copy(packet, 188 - payload.length)
  return packet
}

/** Milliseconds as base (90 kHz) and extension (27 MHz), ISO 13818-1 2.4.3.5. */
function writePcr(packet: Buffer, ms: number): void {
  const base = ((ms * 90) % 2 ** 33) + (ms < 0 ? 2 ** 33 : 0)
  packet.writeUInt32BE(Math.floor(base / 2), 6)
  packet[10] = ((base % 2) << 7) | 0x7e
  packet[11] = 0
}
