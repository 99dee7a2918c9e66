import type { Clock } from '../core/clock.ts'
import type { HttpTimings, NetFailure, NetFault, NetPhase } from '../plugin/net.ts'
import type { Deadlines, StopReason } from './deadlines.ts'

interface CallLimits {
  readonly deadlineMs: number
  readonly signal?: AbortSignal
}

/**
 * One call on the network: what may end it early, and how far it came. Whoever works on it keeps
 * `phase` true, so that a deadline can say what was being waited for.
 */
export class Call {
  readonly clock: Clock
  readonly startedAt: number
  readonly deadlineMs: number
  phase: NetPhase = 'request'
  bytes = 0
  status: number | undefined
  address: string | undefined
  dns: number | undefined
  connect: number | undefined
  tls: number | undefined
  firstByte: number | undefined

  #stopped: StopReason | undefined
  #onStop: (() => void) | undefined
  readonly #signal: AbortSignal | undefined
  readonly #forget: () => void
  readonly #abort = () => this.#stop('aborted')

  constructor(clock: Clock, deadlines: Deadlines, limits: CallLimits) {
    this.clock = clock
    this.startedAt = clock.now()
    this.deadlineMs = limits.deadlineMs
    this.#signal = limits.signal
    if (limits.signal?.aborted === true || deadlines.closed) this.#stopped = 'aborted'
    else limits.signal?.addEventListener('abort', this.#abort, { once: true })
    this.#forget = deadlines.add(this.startedAt + limits.deadlineMs, (why) => this.#stop(why))
  }

  get stopped(): StopReason | undefined {
    return this.#stopped
  }

  /** Says what to undo when the call is stopped; at once where it already is. Replaces the last. */
  onStop(undo: (() => void) | undefined): void {
    this.#onStop = undo
    if (this.#stopped !== undefined) undo?.()
  }

  /** Forgets the deadline and the caller's signal. */
  end(): void {
    this.#onStop = undefined
    this.#forget()
    this.#signal?.removeEventListener('abort', this.#abort)
  }

  /** A new hop of a redirect: the times of a hop are its own. */
  restart(): void {
    this.phase = 'request'
    this.bytes = 0
    this.status = undefined
    this.address = undefined
    this.dns = undefined
    this.connect = undefined
    this.tls = undefined
    this.firstByte = undefined
  }

  timings(): HttpTimings {
    return {
      ...(this.dns !== undefined && { dns: this.dns }),
      ...(this.connect !== undefined && { connect: this.connect }),
      ...(this.tls !== undefined && { tls: this.tls }),
      ...(this.firstByte !== undefined && { firstByte: this.firstByte }),
      total: this.clock.now() - this.startedAt,
    }
  }

  failure(fault: NetFault, says: string): NetFailure {
    return {
      ok: false,
      fault,
      phase: this.phase,
      says,
      bytes: this.bytes,
      ...(this.status !== undefined && { status: this.status }),
      timings: this.timings(),
    }
  }

  /** The failure of a call that was stopped; `where` is the peer, without anything secret. */
  stoppedFailure(where: string): NetFailure {
    if (this.#stopped !== 'timeout')
      return this.failure('aborted', `the call to ${where} was ended`)
    const limit = `within ${Math.round(this.deadlineMs)} ms`
    return this.failure('timeout', `${waitingFor(this.phase, where, this.bytes)} ${limit}`)
  }

  #stop(reason: StopReason): void {
    if (this.#stopped !== undefined) return
    this.#stopped = reason
    this.#onStop?.()
  }
}

function waitingFor(phase: NetPhase, where: string, bytes: number): string {
  switch (phase) {
    case 'dns':
      return `the name of ${where} was not resolved`
    case 'connect':
      return `no connection to ${where}`
    case 'tls':
      return `no TLS session with ${where}`
    case 'request':
    case 'first-byte':
      return `no answer from ${where}`
    case 'body':
      return `the answer of ${where} was not complete after ${bytes} bytes`
    case 'redirect':
      return `the redirects of ${where} did not end`
  }
}
