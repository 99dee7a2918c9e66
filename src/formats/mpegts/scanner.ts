import type { TsListener } from './listener.ts'
import { readPcr } from './pcr.ts'
import { kindOfStreamId, PtsTrack, pesStreamId, readPts } from './pes.ts'
import { kindOfStreamType, readSection, SectionAssembler } from './psi.ts'
import type { PidReport, StreamKind, TsReport } from './report.ts'

const packet = 188
const sync = 0x47
/** Five good sync bytes lock (ETSI TR 101 290 5.2.1). */
const lockBytes = 5
const lockSpan = (lockBytes - 1) * packet
const nullPid = 0x1fff
/** PIDs 0 and 1 carry PAT and CAT (ISO 13818-1 table 2-3). */
const catPid = 1
/** More PIDs than this are counted but not followed, so that a hostile stream stays cheap. */
const maxPids = 250

interface PidState {
  readonly pid: number
  /** The last continuity counter, or −1 where the next packet may carry any. */
  counter: number
  /** The last packet was a repetition already: another one is an error. */
  repeated: boolean
  packets: number
  continuityErrors: number
  /** Where the last packet with payload stands in the buffer under scan; −1: in `copy`. */
  lastAt: number
  /** The last packet with payload; written before `counter` first allows a comparison. */
  readonly copy: Buffer
  kind: StreamKind | 'psi'
  streamType: number | undefined
  assembler: SectionAssembler | undefined
  pts: PtsTrack | undefined
}

/**
 * Scans an MPEG transport stream (ISO 13818-1) that arrives in chunks of any size; the chunking
 * never changes the result. Chunks are read during `push` only and may be reused afterwards.
 * Total: it takes any bytes. Memory is bounded, about 10 KiB and half a KiB for each PID.
 */
export class TsScanner {
  /** Slot by PID, 0 for none; a plain byte table keeps a scanner small. */
  readonly #slotOf = new Uint8Array(8_192)
  readonly #states: PidState[] = []
  #carry: Buffer = Buffer.alloc(0)
  #locked = false
  #started = false
  #bytes = 0
  #packets = 0
  #nullPackets = 0
  #skipped = 0
  #syncLosses = 0
  #syncByteErrors = 0
  #transportErrors = 0
  #continuityErrors = 0
  #duplicates = 0
  #discontinuities = 0
  #scrambled = 0
  #crcErrors = 0
  #patSeen = false
  #pmtSeen = false
  #pesBeforePat = false
  readonly #listener: TsListener | undefined

  /** `listener` hears of clocks, presentation times, tables and scrambling as they come. */
  constructor(listener?: TsListener) {
    this.#listener = listener
  }

  /** Scans the next bytes. */
  push(chunk: Buffer): void {
    this.#bytes += chunk.length
    let at = 0
    while (this.#carry.length > 0) {
      // A small joint of what was left over and the head of the chunk, until scanning can go on in the chunk.
      const left = this.#carry.length
      const head = Math.min(chunk.length, at + lockSpan + packet)
      const joint = Buffer.concat([this.#carry, chunk.subarray(at, head)])
      const used = this.#scan(joint, false)
      if (used >= left) {
        at += used - left
        this.#carry = empty
      } else if (head === chunk.length) {
        this.#carry = Buffer.from(joint.subarray(used))
        return
      } else {
        this.#carry = Buffer.from(joint.subarray(used))
        at = head
      }
    }
    const rest = at === 0 ? chunk : chunk.subarray(at)
    const used = this.#scan(rest, false)
    if (used < rest.length) this.#carry = Buffer.from(rest.subarray(used))
  }

  /** Scans what waited for more bytes; call it once, when no more come. */
  end(): void {
    const used = this.#scan(this.#carry, true)
    this.#skipped += this.#carry.length - used
    this.#carry = empty
  }

  /** Packets in lock so far. */
  get packets(): number {
    return this.#packets
  }

  /** Null packets in lock so far. */
  get nullPackets(): number {
    return this.#nullPackets
  }

  /** Bytes pushed so far. */
  get bytes(): number {
    return this.#bytes
  }

  /** Packets of one PID so far. */
  packetsOn(pid: number): number {
    return this.#states[(this.#slotOf[pid] ?? 0) - 1]?.packets ?? 0
  }

  /** What was found so far. */
  report(): TsReport {
    return {
      bytes: this.#bytes,
      packets: this.#packets,
      nullPackets: this.#nullPackets,
      skippedBytes: this.#skipped,
      syncLosses: this.#syncLosses,
      syncByteErrors: this.#syncByteErrors,
      transportErrors: this.#transportErrors,
      continuityErrors: this.#continuityErrors,
      duplicates: this.#duplicates,
      discontinuities: this.#discontinuities,
      scrambledPackets: this.#scrambled,
      crcErrors: this.#crcErrors,
      patSeen: this.#patSeen,
      pmtSeen: this.#pmtSeen,
      pesBeforePat: this.#pesBeforePat,
      pids: this.#states.map(pidReport),
    }
  }

  /** Scans as far as decisions are certain; returns the bytes used. The rest must come again, with more. */
  #scan(data: Buffer, final: boolean): number {
    const length = data.length
    let at = 0
    while (at < length) {
      if (!this.#locked) {
        const found = this.#search(data, at, final)
        this.#skipped += found.at - at
        at = found.at
        if (!found.locked) break
        this.#locked = true
        this.#started = true
      }
      at = this.#packetsFrom(data, at)
      if (at + packet > length) break
      // The sync byte at `at` is wrong; the one after tells a damaged byte from a lost lock.
      if (at + packet === length && !final) break
      this.#syncByteErrors++
      if (at + packet === length || data[at + packet] === sync) {
        this.#packet(data, at)
        at += packet
      } else {
        this.#syncLosses++
        this.#locked = false
        this.#skipped++
        at++
      }
    }
    for (const state of this.#states) {
      if (state.lastAt < 0) continue
      data.copy(state.copy, 0, state.lastAt, state.lastAt + packet)
      state.lastAt = -1
    }
    return at
  }

  /** Where the next lock begins, or how far there certainly is none. */
  #search(data: Buffer, from: number, final: boolean): { at: number; locked: boolean } {
    let at = data.indexOf(sync, from)
    while (at >= 0) {
      const last = Math.min(
        at + lockSpan,
        at + Math.floor((data.length - 1 - at) / packet) * packet,
      )
      let good = at
      while (good < last && data[good + packet] === sync) good += packet
      if (good === last) {
        if (last === at + lockSpan) return { at, locked: true }
        if (!final) return { at, locked: false }
        // Too short for five sync bytes: two are taken, or one packet at the very beginning.
        const enough = last > at || (at === 0 && !this.#started && this.#skipped === 0)
        if (enough && at + packet <= data.length) return { at, locked: true }
      }
      at = data.indexOf(sync, at + 1)
    }
    return { at: data.length, locked: false }
  }

  /** The hot loop: packets with a good sync byte. Returns where it had to stop. */
  #packetsFrom(data: Buffer, from: number): number {
    const end = data.length - packet
    const slotOf = this.#slotOf
    const states = this.#states
    let at = from
    for (; at <= end && data[at] === sync; at += packet) {
      const flags = data[at + 1]!
      const control = data[at + 3]!
      const slot = slotOf[((flags & 0x1f) << 8) | data[at + 2]!]!
      // Everything out of the ordinary takes the long way: an error indicator, a unit start, an
      // adaptation field, scrambling, no payload, a PID without a slot.
      if (slot === 0 || (flags & 0xc0) !== 0 || (control & 0xf0) !== 0x10) {
        this.#packet(data, at)
        continue
      }
      const state = states[slot - 1]!
      if ((control & 0x0f) !== ((state.counter + 1) & 0x0f) || state.assembler !== undefined) {
        this.#packet(data, at)
        continue
      }
      state.counter = control & 0x0f
      state.repeated = false
      state.lastAt = at
      state.packets++
      this.#packets++
    }
    return at
  }

  #packet(data: Buffer, at: number): void {
    this.#packets++
    const flags = data[at + 1]!
    const control = data[at + 3]!
    const pid = ((flags & 0x1f) << 8) | data[at + 2]!
    if (pid === nullPid) {
      this.#nullPackets++
      return
    }
    const state = this.#state(pid)
    if (state === undefined) return
    state.packets++
    if ((flags & 0x80) !== 0) {
      this.#damaged(state, control)
      return
    }
    let payload = at + 4
    let discontinuity = false
    if ((control & 0x20) !== 0) {
      const adaptation = data[at + 4]!
      payload += 1 + adaptation
      discontinuity = adaptation > 0 && (data[at + 5]! & 0x80) !== 0
      if (discontinuity) {
        this.#discontinuities++
        state.counter = -1
      }
      if (this.#listener !== undefined) {
        const ticks = readPcr(data, at)
        if (ticks >= 0) this.#listener.pcr(pid, ticks, discontinuity, this.#packets)
      }
    }
    // Without payload the counter does not advance, and some multiplexers write anything there.
    if ((control & 0x10) === 0 || payload >= at + packet) return
    if (!this.#continues(state, data, at, payload, control & 0x0f)) return
    if ((control & 0xc0) !== 0) {
      this.#scrambled++
      this.#listener?.scrambled(pid, this.#packets)
    } else this.#payload(state, data, payload, at + packet, (flags & 0x40) !== 0)
  }

  /** TR 101 290: no further errors derive from a packet that says itself that it is damaged. */
  #damaged(state: PidState, control: number): void {
    this.#transportErrors++
    const expected = (state.counter + 1) & 0x0f
    if (state.counter < 0 || (control & 0x10) === 0 || (control & 0x0f) !== expected) return
    state.counter = expected
    state.repeated = false
    // Its payload cannot be compared with a repetition: forget the one before.
    state.lastAt = -1
    state.copy[0] = 0
  }

  /** Judges the continuity counter; `false` for a lawful repetition, which carries nothing new. */
  #continues(state: PidState, data: Buffer, at: number, payload: number, counter: number): boolean {
    const expected = (state.counter + 1) & 0x0f
    if (state.counter >= 0 && counter !== expected) {
      if (counter === state.counter && !state.repeated && samePayload(state, data, at, payload)) {
        state.repeated = true
        this.#duplicates++
        return false
      }
      this.#continuityErrors++
      state.continuityErrors++
      state.assembler?.reset()
    }
    state.counter = counter
    state.repeated = false
    state.lastAt = at
    return true
  }

  #payload(state: PidState, data: Buffer, from: number, to: number, unitStart: boolean): void {
    if (state.assembler !== undefined) {
      state.assembler.push(data, from, to, unitStart, (section) => this.#section(state, section))
      return
    }
    if (!unitStart) return
    const id = pesStreamId(data, from, to)
    if (id < 0) return
    if (!this.#patSeen) this.#pesBeforePat = true
    if (state.streamType === undefined) state.kind = kindOfStreamId(id)
    else if (state.kind === 'other' && state.streamType === 0x06) state.kind = kindOfStreamId(id)
    const pts = readPts(data, from, to)
    if (pts < 0) return
    this.#listener?.pts(state.pid, pts, this.#packets)
    if (state.pts === undefined) state.pts = new PtsTrack(pts)
    else state.pts.push(pts)
  }

  #section(state: PidState, section: Buffer): void {
    const psi = readSection(section)
    if (psi === undefined) return
    this.#listener?.section(state.pid, psi, this.#packets)
    if (psi.table === 'bad-crc') this.#crcErrors++
    else if (psi.table === 'pat' && state.pid === 0) {
      this.#patSeen = true
      for (const pid of psi.pmtPids) {
        const pmt = this.#state(pid)
        if (pmt === undefined || pmt.assembler !== undefined) continue
        pmt.kind = 'psi'
        pmt.assembler = new SectionAssembler()
      }
    } else if (psi.table === 'pmt' && state.pid !== 0) {
      this.#pmtSeen = true
      for (const { pid, type } of psi.streams) {
        const stream = this.#state(pid)
        if (stream === undefined || stream.assembler !== undefined) continue
        if (stream.streamType === type) continue
        stream.streamType = type
        stream.kind = kindOfStreamType(type)
      }
    }
  }

  /** The state of a PID, made at its first mention; `undefined` beyond the limit on PIDs. */
  #state(pid: number): PidState | undefined {
    const slot = this.#slotOf[pid] ?? 0
    if (slot > 0) return this.#states[slot - 1]
    if (this.#states.length >= maxPids || pid === nullPid) return undefined
    const state: PidState = {
      pid,
      counter: -1,
      repeated: false,
      packets: 0,
      continuityErrors: 0,
      lastAt: -1,
      copy: Buffer.allocUnsafe(packet),
      kind: pid <= catPid ? 'psi' : 'other',
      streamType: undefined,
      assembler: pid <= catPid ? new SectionAssembler() : undefined,
      pts: undefined,
    }
    this.#states.push(state)
    this.#slotOf[pid] = this.#states.length
    return state
  }
}

const empty = Buffer.alloc(0)

/** Whether the packet at `at` repeats the last payload; the adaptation field, with its PCR, may differ. */
function samePayload(state: PidState, data: Buffer, at: number, payload: number): boolean {
  const before = state.lastAt < 0 ? state.copy : data
  const beforeAt = Math.max(0, state.lastAt)
  if (before[beforeAt] !== sync && state.lastAt < 0) return false
  const control = before[beforeAt + 3]!
  const start = beforeAt + 4 + ((control & 0x20) === 0 ? 0 : 1 + before[beforeAt + 4]!)
  if (start - beforeAt !== payload - at) return false
  return before.compare(data, payload, at + packet, start, beforeAt + packet) === 0
}

function pidReport(state: PidState): PidReport {
  return {
    pid: state.pid,
    packets: state.packets,
    continuityErrors: state.continuityErrors,
    kind: state.kind,
    streamType: state.streamType,
    pts: state.pts?.range(),
  }
}
