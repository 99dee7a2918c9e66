import type { TsListener } from './listener.ts'
import { PcrTrack, type PcrStep } from './pcr-track.ts'
import { ProgramWatch, type MissingPid } from './program-watch.ts'
import type { Psi } from './psi.ts'
import type { TsReport } from './report.ts'
import { TsScanner } from './scanner.ts'
import { type IndicatorId, limitsMs, Recurrence, type TimeBase } from './tr101290.ts'

/** What a monitored stream showed since its first byte. */
export interface TsMonitorReport {
  readonly scan: TsReport
  /** How often each indicator of TR 101 290 came. */
  readonly errors: Readonly<Record<IndicatorId, number>>
  /** What is overdue right now. */
  readonly overdue: {
    readonly pat: boolean
    /** PIDs of program map tables. */
    readonly pmt: readonly number[]
    readonly pids: readonly MissingPid[]
  }
  /** How many PIDs of each kind the tables refer to. */
  readonly referred: { readonly video: number; readonly audio: number }
  /** Milliseconds that the leading program clock went on; announced and other jumps left out. */
  readonly clockMs: number
  /** Arrival minus program clock, least and most since the report before; absent without a clock. */
  readonly delayMs: { readonly least: number; readonly most: number } | undefined
  /** How often the clock jumped, announced or not: `delayMs` begins anew each time. */
  readonly clockBreaks: number
}

/** What waits for the next clock reference, to get a place in time between the two. */
interface Pending {
  readonly packet: number
  readonly apply: (time: number) => void
}

/** More than 100 ms of any stream needs; beyond it events are judged at the time known. */
const mostPending = 4_096
/** Without the clock for so long while packets come, timers run on arrival. */
const clockLostMs = 2_000
/** Datagrams come a thousand times a second; what is absent is looked for less often. */
const checkEveryMs = 10

/**
 * Watches a transport stream for as long as it lasts and counts the indicators of TR 101 290.
 * Exact at any chunking. Between two clock references packets are taken to come at one rate, as
 * ISO 13818-1 2.4.2.2 defines their arrival. Memory is bounded, whatever comes.
 */
export class TsMonitor {
  readonly #scanner: TsScanner
  readonly #base: TimeBase
  readonly #programs: ProgramWatch
  readonly #tracks = new Map<number, PcrTrack>()
  readonly #pcrSeenAt = new Map<number, number>()
  #pending: Pending[] = []
  #pat: Recurrence | undefined
  #now = 0
  #time = 0
  #checkedAt = Number.NEGATIVE_INFINITY
  /** The PID whose clock leads. */
  #leader: number | undefined
  #leaderPacket = 0
  #leaderAt = Number.NEGATIVE_INFINITY
  #freeAt: number | undefined
  #freePackets = 0
  #clockMs = 0
  #clockBreaks = 0
  #leastDelay = Number.POSITIVE_INFINITY
  #mostDelay = Number.NEGATIVE_INFINITY
  #patDefects = 0
  #pcrRepetitions = 0
  #pcrJumps = 0
  #catSeen = false
  #catDefects = 0
  #scrambledAt: number | undefined
  #catMissed = false

  constructor(base: TimeBase) {
    this.#base = base
    const listener: TsListener = {
      pcr: (...reference) => this.#pcr(...reference),
      pts: (pid, _ticks, packet) => this.#at(packet, (time) => this.#programs.pts(pid, time)),
      section: (pid, psi, packet) => this.#at(packet, (time) => this.#section(pid, psi, time)),
      scrambled: (pid, packet) => this.#at(packet, (time) => this.#scrambled(pid, time)),
    }
    this.#scanner = new TsScanner(listener)
    this.#programs = new ProgramWatch((pid) => this.#scanner.packetsOn(pid))
  }

  /** Takes the next bytes, which arrived at `now` (monotonic milliseconds, never falling). */
  push(chunk: Buffer, now: number): void {
    this.#advance(now)
    this.#scanner.push(chunk)
    this.#check()
  }

  /** Lets time pass without bytes. */
  tick(now: number): void {
    this.#advance(now)
    this.#checkedAt = Number.NEGATIVE_INFINITY
    this.#check()
  }

  /** Packets in lock so far. */
  get packets(): number {
    return this.#scanner.packets
  }

  /** Null packets in lock so far. */
  get nullPackets(): number {
    return this.#scanner.nullPackets
  }

  /** Bytes so far, also outside of packets. */
  get bytes(): number {
    return this.#scanner.bytes
  }

  /** What was found; the spread of delays begins anew. */
  report(): TsMonitorReport {
    const scan = this.#scanner.report()
    const { pmtErrors, pidErrors, ptsErrors } = this.#programs
    const hasDelay = this.#leastDelay <= this.#mostDelay
    const delayMs = hasDelay ? { least: this.#leastDelay, most: this.#mostDelay } : undefined
    this.#leastDelay = Number.POSITIVE_INFINITY
    this.#mostDelay = Number.NEGATIVE_INFINITY
    return {
      scan,
      errors: {
        '1.1': scan.syncLosses,
        '1.2': scan.syncByteErrors,
        '1.3a': this.#patDefects + (this.#pat?.errors ?? 0),
        '1.4': scan.continuityErrors,
        '1.5a': pmtErrors,
        '1.6': pidErrors,
        '2.1': scan.transportErrors,
        '2.2': scan.crcErrors,
        '2.3a': this.#pcrRepetitions,
        '2.3b': this.#pcrJumps,
        '2.5': ptsErrors,
        '2.6': this.#catDefects,
      },
      overdue: {
        pat: this.#pat?.isLate ?? false,
        pmt: this.#programs.latePmts,
        pids: this.#programs.missing,
      },
      referred: this.#programs.kinds,
      clockMs: this.#clockMs,
      delayMs,
      clockBreaks: this.#clockBreaks,
    }
  }

  #advance(now: number): void {
    this.#now = now
    if (this.#base === 'arrival') this.#time = now
    else this.#runFree(now)
    if (this.#pat === undefined && this.#scanner.packets > 0) this.#begin()
  }

  #begin(): void {
    this.#pat ??= new Recurrence(limitsMs.pat, this.#time)
  }

  /** A stream whose clock is gone still shows what else is missing: by arrival then, while packets come. */
  #runFree(now: number): void {
    const packets = this.#scanner.packets
    const isLost = this.#leaderAt > Number.NEGATIVE_INFINITY && now - this.#leaderAt > clockLostMs
    const hasNone = this.#leader === undefined && packets > 0
    if (isLost || hasNone) {
      if (this.#freeAt !== undefined && packets > this.#freePackets) {
        this.#time += now - this.#freeAt
        this.#flush()
      }
      this.#freeAt = now
    } else this.#freeAt = undefined
    this.#freePackets = packets
  }

  #check(): void {
    if (this.#pat === undefined && this.#scanner.packets > 0) this.#begin()
    if (this.#pat === undefined || this.#time - this.#checkedAt < checkEveryMs) return
    this.#checkedAt = this.#time
    this.#pat.check(this.#time)
    this.#programs.check(this.#time)
    const since = this.#scrambledAt
    if (since === undefined || this.#catSeen || this.#catMissed) return
    if (this.#time - since <= limitsMs.cat) return
    this.#catMissed = true
    this.#catDefects++
  }

  /** Judges what stands at `packet`: now, or once the next clock reference gives it a time. */
  #at(packet: number, apply: (time: number) => void): void {
    this.#begin()
    if (this.#base === 'arrival') return apply(this.#time)
    if (this.#pending.length >= mostPending) this.#flush()
    this.#pending.push({ packet, apply })
  }

  #flush(): void {
    for (const { apply } of this.#pending.splice(0)) apply(this.#time)
  }

  #pcr(pid: number, ticks: number, marked: boolean, packet: number): void {
    this.#begin()
    const track = this.#tracks.get(pid) ?? new PcrTrack()
    // A PID without slot in the scanner is never heard of, so there are few.
    this.#tracks.set(pid, track)
    const step = track.push(ticks, marked, packet)
    if (step.kind === 'late' || step.kind === 'jump') this.#pcrJumps++
    if (this.#isTooSeldom(pid, step)) this.#pcrRepetitions++
    this.#pcrSeenAt.set(pid, this.#now)
    const leads = this.#leader === pid
    // Another clock leads where the one before fell silent.
    if (!leads && this.#leader !== undefined && this.#now - this.#leaderAt <= clockLostMs) return
    this.#leaderAt = this.#now
    if (leads) return this.#follow(step, packet)
    this.#leader = pid
    this.#flush()
    this.#leaderPacket = packet
    this.#follow({ kind: 'reset', clockMs: 0, passedMs: 0 }, packet)
  }

  #follow(step: PcrStep, packet: number): void {
    const isLawful = step.kind === 'lawful' || step.kind === 'late'
    if (isLawful) this.#clockMs += step.clockMs
    else {
      this.#clockBreaks++
      this.#leastDelay = Number.POSITIVE_INFINITY
      this.#mostDelay = Number.NEGATIVE_INFINITY
    }
    const delay = this.#now - this.#clockMs
    this.#leastDelay = Math.min(this.#leastDelay, delay)
    this.#mostDelay = Math.max(this.#mostDelay, delay)
    if (this.#base === 'arrival') return
    const from = this.#time
    const packets = Math.max(1, packet - this.#leaderPacket)
    for (const { packet: at, apply } of this.#pending.splice(0)) {
      apply(from + (step.passedMs * (at - this.#leaderPacket)) / packets)
    }
    this.#time = from + step.passedMs
    this.#leaderPacket = packet
    this.#check()
  }

  /** By arrival both must show it: packets that come late in a bunch do not make the clock seldom. */
  #isTooSeldom(pid: number, step: PcrStep): boolean {
    if (this.#base === 'pcr') return step.kind === 'late'
    const interval = this.#now - (this.#pcrSeenAt.get(pid) ?? this.#now)
    return step.kind !== 'reset' && step.clockMs > limitsMs.pcr && interval > limitsMs.pcr
  }

  #section(pid: number, psi: Psi, time: number): void {
    if (pid === 0) {
      if (psi.table === 'pat') {
        this.#pat?.seen(time)
        this.#programs.pat(psi.pmtPids, time)
      } else if (psi.table !== 'bad-crc') this.#patDefects++
    } else if (pid === 1) {
      if (psi.table === 'cat') this.#catSeen = true
      else if (psi.table !== 'bad-crc') this.#catDefects++
    } else if (psi.table === 'pmt') this.#programs.pmt(pid, psi, time)
  }

  #scrambled(pid: number, time: number): void {
    this.#scrambledAt ??= time
    if (pid === 0) this.#patDefects++
    else this.#programs.scrambled(pid)
  }
}
