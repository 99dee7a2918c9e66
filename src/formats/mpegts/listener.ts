import type { Psi } from './psi.ts'

/**
 * What a scan tells beyond its counts, at once and in the order of the stream. `packet` is the
 * number of the packet in lock, counted from 1. Ordinary packets without any of this cost nothing.
 */
export interface TsListener {
  /** A clock reference in ticks of 27 MHz; `marked` with the discontinuity indicator. */
  pcr(pid: number, ticks: number, marked: boolean, packet: number): void
  /** A presentation time in ticks of 90 kHz. */
  pts(pid: number, ticks: number, packet: number): void
  /** A whole section of a PID that carries tables: PAT, CAT or one that the PAT names. */
  section(pid: number, psi: Psi, packet: number): void
  /** A packet whose payload is scrambled. */
  scrambled(pid: number, packet: number): void
}
