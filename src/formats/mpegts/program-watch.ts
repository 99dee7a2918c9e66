import { kindOfStreamType, type Psi } from './psi.ts'
import { limitsMs, Recurrence } from './tr101290.ts'

/** A PID that the tables name and that does not come. */
export interface MissingPid {
  readonly pid: number
  readonly kind: 'video' | 'audio' | 'clock' | 'pmt'
}

interface Referred {
  readonly kind: MissingPid['kind']
  readonly presence: Recurrence
  /** Presentation times; only of picture and sound. */
  readonly times: Recurrence | undefined
  packets: number
  isScrambled: boolean
}

interface Program {
  readonly table: Recurrence
  readonly presence: Referred
  streams: ReadonlyMap<number, Referred>
}

/** No multiplex has more programs; a hostile PAT may say so. */
const mostPrograms = 250
const mostStreams = 64

/**
 * Watches what the tables promise: that program map tables come again, that every PID with picture,
 * sound or clock is there, and that pictures and sounds carry presentation times. Other PIDs, such
 * as subtitles and cue messages, are silent for minutes by nature. Counts never fall.
 */
export class ProgramWatch {
  readonly #packetsOn: (pid: number) => number
  readonly #programs = new Map<number, Program>()
  /** Errors of what is no longer referred to, and defects that are no gap. */
  #past = { pmt: 0, pid: 0, pts: 0 }

  constructor(packetsOn: (pid: number) => number) {
    this.#packetsOn = packetsOn
  }

  get pmtErrors(): number {
    return [...this.#programs.values()].reduce(
      (sum, { table }) => sum + table.errors,
      this.#past.pmt,
    )
  }

  get pidErrors(): number {
    return this.#referred().reduce((sum, [, { presence }]) => sum + presence.errors, this.#past.pid)
  }

  get ptsErrors(): number {
    return this.#referred().reduce(
      (sum, [, { times }]) => sum + (times?.errors ?? 0),
      this.#past.pts,
    )
  }

  get latePmts(): readonly number[] {
    return [...this.#programs].flatMap(([pid, { table }]) => (table.isLate ? [pid] : []))
  }

  get missing(): readonly MissingPid[] {
    return this.#referred().flatMap(([pid, { kind, presence }]) =>
      presence.isLate ? [{ pid, kind }] : [],
    )
  }

  /** PIDs with picture and with sound that the tables name. */
  get kinds(): { readonly video: number; readonly audio: number } {
    const all = this.#referred()
    const count = (wanted: string) => all.filter(([, { kind }]) => kind === wanted).length
    return { video: count('video'), audio: count('audio') }
  }

  /** A PAT names these PIDs of program map tables. */
  pat(pmtPids: readonly number[], now: number): void {
    for (const [pid, program] of this.#programs) {
      if (pmtPids.includes(pid)) continue
      this.#past.pmt += program.table.errors
      this.#keep(program.presence)
      for (const stream of program.streams.values()) this.#keep(stream)
      this.#programs.delete(pid)
    }
    for (const pid of pmtPids.slice(0, mostPrograms)) {
      if (this.#programs.has(pid)) continue
      const table = new Recurrence(limitsMs.pmt, now)
      this.#programs.set(pid, { table, presence: this.#refer(pid, 'pmt', now), streams: new Map() })
    }
  }

  /** A PMT came on `pid`. */
  pmt(pid: number, { pcrPid, streams }: Extract<Psi, { table: 'pmt' }>, now: number): void {
    const program = this.#programs.get(pid)
    if (program === undefined) return
    program.table.seen(now)
    const wanted = new Map<number, MissingPid['kind']>()
    if (pcrPid !== 0x1fff) wanted.set(pcrPid, 'clock')
    for (const { pid: each, type } of streams.slice(0, mostStreams)) {
      const kind = kindOfStreamType(type)
      if (kind !== 'other') wanted.set(each, kind)
    }
    const before = program.streams
    const isSame =
      wanted.size === before.size &&
      [...wanted].every(([each, kind]) => before.get(each)?.kind === kind)
    if (isSame) return
    for (const [each, stream] of before) {
      if (wanted.get(each) !== stream.kind) this.#keep(stream)
    }
    const entries = [...wanted].map(([each, kind]): readonly [number, Referred] => {
      const known = before.get(each)
      return [each, known?.kind === kind ? known : this.#refer(each, kind, now)]
    })
    program.streams = new Map(entries)
  }

  /** A presentation time came on `pid`. */
  pts(pid: number, now: number): void {
    for (const { streams } of this.#programs.values()) {
      const stream = streams.get(pid)
      if (stream === undefined) continue
      stream.isScrambled = false
      stream.times?.seen(now)
    }
  }

  /** A scrambled packet came on `pid`: a table may not be, and presentation times cannot be seen. */
  scrambled(pid: number): void {
    if (this.#programs.has(pid)) this.#past.pmt++
    for (const { streams } of this.#programs.values()) {
      const stream = streams.get(pid)
      if (stream !== undefined) stream.isScrambled = true
    }
  }

  /** Judges everything that should have come by `now`. */
  check(now: number): void {
    for (const { table } of this.#programs.values()) table.check(now)
    for (const [pid, referred] of this.#referred()) {
      const packets = this.#packetsOn(pid)
      if (packets > referred.packets) referred.presence.seen(now)
      else referred.presence.check(now)
      referred.packets = packets
      if (!referred.isScrambled) referred.times?.check(now)
    }
  }

  #referred(): (readonly [number, Referred])[] {
    return [...this.#programs].flatMap(([pid, { presence, streams }]) => [
      [pid, presence] as const,
      ...streams,
    ])
  }

  #refer(pid: number, kind: MissingPid['kind'], now: number): Referred {
    const isMedia = kind === 'video' || kind === 'audio'
    return {
      kind,
      presence: new Recurrence(limitsMs.pid, now),
      times: isMedia ? new Recurrence(limitsMs.pts, now) : undefined,
      packets: this.#packetsOn(pid),
      isScrambled: false,
    }
  }

  #keep({ presence, times }: Referred): void {
    this.#past.pid += presence.errors
    this.#past.pts += times?.errors ?? 0
  }
}
