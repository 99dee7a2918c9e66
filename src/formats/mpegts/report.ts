/** What an elementary stream carries, by its stream type in the PMT or else its PES stream id. */
export type StreamKind = 'video' | 'audio' | 'other'

/** Presentation times of one elementary PID, in ticks of 90 kHz. */
export interface PtsRange {
  /** As written, 0 to 2^33 − 1. */
  readonly first: number
  /** The others are unwrapped: they continue beyond 2^33 and may lie below `first`. */
  readonly last: number
  readonly min: number
  readonly max: number
  /** How many PES packets carried a PTS. */
  readonly count: number
}

/** What was seen on one PID. */
export interface PidReport {
  readonly pid: number
  readonly packets: number
  readonly continuityErrors: number
  readonly kind: StreamKind | 'psi'
  /** From the PMT; absent where no PMT names this PID. */
  readonly streamType: number | undefined
  readonly pts: PtsRange | undefined
}

/** What a scan of a transport stream found so far. */
export interface TsReport {
  /** Bytes pushed. */
  readonly bytes: number
  /** Packets in lock, null packets and packets with an error indicator included. */
  readonly packets: number
  readonly nullPackets: number
  /** Bytes outside any packet: before the first lock, and while searching for the next. */
  readonly skippedBytes: number
  /** Two sync bytes missing in a row (TR 101 290 1.1). */
  readonly syncLosses: number
  /** A packet whose sync byte alone is wrong (TR 101 290 1.2). */
  readonly syncByteErrors: number
  /** Packets with transport_error_indicator (TR 101 290 2.1). */
  readonly transportErrors: number
  /** Lost, reordered or unlawfully repeated packets (TR 101 290 1.4), one for each interruption. */
  readonly continuityErrors: number
  /** Lawful repetitions. */
  readonly duplicates: number
  /** Packets with discontinuity_indicator. */
  readonly discontinuities: number
  readonly scrambledPackets: number
  /** PAT and PMT sections with a wrong CRC (TR 101 290 2.2). */
  readonly crcErrors: number
  readonly patSeen: boolean
  readonly pmtSeen: boolean
  /** A PES packet began before the first PAT (a segment should begin with PAT and PMT). */
  readonly pesBeforePat: boolean
  /** In the order of their first packet. */
  readonly pids: readonly PidReport[]
}

const wrap = 2 ** 33

/** Ticks from `from` to `to`, both modulo 2^33, by the shorter way: −2^32 to 2^32 − 1. */
export function ptsDifference(from: number, to: number): number {
  const forward = (((to - from) % wrap) + wrap) % wrap
  return forward >= wrap / 2 ? forward - wrap : forward
}
