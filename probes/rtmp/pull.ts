import type { Diagnosis } from '../../src/core/diagnosis.ts'
import { redactText } from '../../src/core/redact.ts'
import type { NetFailure, OpenConnection } from '../../src/plugin/net.ts'
import type { ProbeContext } from '../../src/plugin/probe.ts'
import type { RtmpAddress } from './address.ts'
import type { RtmpDeepWatch } from './deep-cut.ts'
import { Meter } from './meter.ts'
import { Player, type Parting, type Phase } from './player.ts'

/** What a pull needs to know beside where it goes. */
export interface PullOptions {
  /** From the beginning to the first media, in milliseconds. */
  readonly timeout: number
  readonly bufferMs: number
  readonly connectTo?: string
  readonly serverName?: string
  /** Monotonic time at which the whole attempt began, redirects before this one included. */
  readonly startedAt: number
}

/** How a pull ended. */
export type PullEnd =
  | { readonly kind: 'failed'; readonly diagnosis: Diagnosis; readonly says: string }
  /** The fault lies on our side, or we ended it. */
  | { readonly kind: 'blind'; readonly says: string }
  | Extract<Parting, { readonly kind: 'moved' | 'refused' }>

/** How far a pull has come. */
export type PullPhase = 'opening' | Phase

/** Beyond this many bytes, refilled at this rate a second, no stream is meant: 400 Mbit/s. */
const MOST_BURST_BYTES = 64 * 2 ** 20
const MOST_BYTES_PER_SECOND = 50_000_000
const MS_PER_DAY = 86_400_000
/** Opening is waited for so much longer than it may take, so that it can say what it met. */
const OPENING_GRACE_MS = 500

/** One connection that plays, from its first packet to its end. It never throws. */
export class Pull {
  readonly address: RtmpAddress
  readonly meter = new Meter()
  /** Seconds of each phase that was reached. */
  readonly phases = new Map<string, number>()
  /** Set once, by the end. */
  end: PullEnd | undefined
  #phase: PullPhase = 'opening'
  #phaseAt: number
  readonly #options: PullOptions
  readonly #context: ProbeContext
  readonly #onChange: () => void
  readonly #deep: RtmpDeepWatch | undefined
  readonly #waiting = new AbortController()
  readonly #stopped = new AbortController()
  #connection: OpenConnection | undefined
  #certificateAt: number | undefined
  #allowance = MOST_BURST_BYTES
  #allowanceAt: number

  /** `onChange` is called at the first media and at the end. */
  constructor(
    address: RtmpAddress,
    options: PullOptions,
    context: ProbeContext,
    onChange: () => void,
    deep?: RtmpDeepWatch,
  ) {
    this.#deep = deep
    this.address = address
    this.#options = options
    this.#context = context
    this.#onChange = onChange
    this.#phaseAt = context.clock.now()
    this.#allowanceAt = this.#phaseAt
    void this.#open()
    void this.#limit()
  }

  get hasMedia(): boolean {
    return this.meter.hasMedia
  }

  /** How far it came. */
  get phase(): PullPhase {
    return this.#phase
  }

  /** Days until the certificate of the server expires; only over TLS. */
  get certificateDays(): number | undefined {
    if (this.#certificateAt === undefined) return undefined
    return (this.#certificateAt - this.#context.clock.wall()) / MS_PER_DAY
  }

  /** Ends it without a word. */
  close(): void {
    this.end ??= { kind: 'blind', says: 'the connection was ended' }
    this.#waiting.abort('closed')
    this.#stopped.abort('closed')
    this.#connection?.close()
  }

  async #open(): Promise<void> {
    const { clock, net } = this.#context
    const { connectTo, serverName, startedAt, timeout } = this.#options
    const result = await net.open({
      host: this.address.host,
      port: this.address.port,
      deadlineMs: Math.max(1, startedAt + timeout - clock.now()),
      signal: this.#stopped.signal,
      ...(connectTo !== undefined && { address: connectTo }),
      ...(this.address.isSecure && { tls: serverName === undefined ? {} : { serverName } }),
    })
    const { dns, connect, tls } = result.timings
    for (const [name, ms] of Object.entries({ dns, tcp: connect, tls })) {
      if (ms !== undefined) this.phases.set(name, ms / 1_000)
    }
    if (this.end !== undefined) {
      if (result.ok) result.close()
      return
    }
    if (!result.ok) return this.#fail(result, `No connection (${result.phase}): ${result.says}.`)
    if (result.certificateDays !== undefined) {
      this.#certificateAt = clock.wall() + result.certificateDays * MS_PER_DAY
    }
    this.#play(result)
  }

  #play(connection: OpenConnection): void {
    const { clock, random } = this.#context
    this.#connection = connection
    this.#phaseAt = clock.now()
    const player = new Player(
      this.address,
      { bufferMs: this.#options.bufferMs, random: () => random.next() },
      {
        send: (bytes) => connection.write(bytes),
        reached: (phase) => this.#reached(phase),
        media: (kind, timestamp, payload) => this.#media(kind, timestamp, payload),
        metadata: (metadata) => this.meter.describe(metadata),
        parted: (parting) =>
          this.#finish(parting.kind === 'fault' ? { ...parting, kind: 'failed' } : parting),
      },
    )
    connection.listen({
      data: (chunk) => {
        if (this.#isAllowed(chunk.length)) player.receive(chunk)
      },
      ended: (failure) => this.#broken(failure),
    })
    player.begin()
  }

  #reached(phase: Phase): void {
    const now = this.#context.clock.now()
    this.phases.set(phase, (now - this.#phaseAt) / 1_000)
    this.#phase = phase
    this.#phaseAt = now
  }

  #media(kind: 'audio' | 'video', timestamp: number, payload: Buffer): void {
    const now = this.#context.clock.now()
    const had = this.meter.hasMedia
    this.meter.take(kind, timestamp, payload, now)
    this.#deep?.take(kind, timestamp, payload)
    if (had || !this.meter.hasMedia) return
    this.phases.set('first_media', (now - this.#options.startedAt) / 1_000)
    this.#waiting.abort('media')
    this.#onChange()
  }

  /** Media must come in time. */
  async #limit(): Promise<void> {
    const { clock } = this.#context
    const { startedAt, timeout } = this.#options
    const isOver = await clock.sleep(startedAt + timeout - clock.now(), this.#waiting.signal)
    if (!isOver || this.end !== undefined || this.hasMedia) return
    // What opening itself runs into says more, and has the same deadline.
    const hasConnection = this.#connection !== undefined
    if (!hasConnection && !(await clock.sleep(OPENING_GRACE_MS, this.#waiting.signal))) return
    const within = `within ${seconds(timeout)}`
    if (this.#connection === undefined) {
      const says = `No connection ${within}.`
      return this.#finish({ kind: 'failed', diagnosis: 'unreachable', says })
    }
    this.#finish({ kind: 'failed', ...silence(this.#phase, within) })
  }

  #broken(failure: NetFailure | undefined): void {
    const how = failure === undefined ? 'The server closed the connection' : 'The connection broke'
    if (failure !== undefined && isOurs(failure)) return this.#fail(failure, failure.says)
    const { diagnosis, when } = parting(this.#phase, this.hasMedia)
    this.#finish({ kind: 'failed', diagnosis, says: `${how} ${when}.` })
  }

  #fail(failure: NetFailure, says: string): void {
    const safe = redactText(says)
    if (isOurs(failure)) return this.#finish({ kind: 'blind', says: safe })
    this.#finish({ kind: 'failed', diagnosis: 'unreachable', says: safe })
  }

  #isAllowed(bytes: number): boolean {
    const now = this.#context.clock.now()
    const refill = ((now - this.#allowanceAt) / 1_000) * MOST_BYTES_PER_SECOND
    this.#allowanceAt = now
    this.#allowance = Math.min(MOST_BURST_BYTES, this.#allowance + refill) - bytes
    if (this.#allowance >= 0) return true
    const says = 'The server sends more than 400 Mbit/s.'
    this.#finish({ kind: 'failed', diagnosis: 'wrong-content', says })
    return false
  }

  #finish(end: PullEnd): void {
    if (this.end !== undefined) return
    this.end = end
    this.close()
    this.#onChange()
  }
}

/** What it means that nothing came after this phase. */
function silence(phase: PullPhase, within: string): { diagnosis: Diagnosis; says: string } {
  switch (phase) {
    case 'opening':
      return {
        diagnosis: 'unreachable',
        says: `The server did not answer the RTMP handshake ${within}.`,
      }
    case 'handshake':
      return {
        diagnosis: 'unreachable',
        says: `The server did not answer the connect command ${within}.`,
      }
    case 'connect':
      return { diagnosis: 'unreachable', says: `The server gave no stream to play on ${within}.` }
    case 'create_stream':
      return {
        diagnosis: 'ingest-lost',
        says: `The server neither began to play nor sent media ${within}.`,
      }
    case 'play_start':
      return {
        diagnosis: 'ingest-lost',
        says: `The server said that it plays, but sent no picture or sound ${within}.`,
      }
  }
}

/** What it means that the connection ended after this phase. */
function parting(phase: PullPhase, hasMedia: boolean): { diagnosis: Diagnosis; when: string } {
  if (hasMedia) return { diagnosis: 'unreachable', when: 'while it was playing' }
  switch (phase) {
    case 'opening':
      return { diagnosis: 'unreachable', when: 'during the RTMP handshake' }
    case 'handshake':
      return {
        diagnosis: 'unreachable',
        when: 'without accepting the application: its name is wrong, or it may not be played from here',
      }
    case 'connect':
      return { diagnosis: 'unreachable', when: 'without giving a stream to play on' }
    case 'create_stream':
      return {
        diagnosis: 'not-found',
        when: 'without playing: the stream is unknown, or it may not be played from here',
      }
    case 'play_start':
      return { diagnosis: 'ingest-lost', when: 'before any picture or sound' }
  }
}

function isOurs({ fault }: NetFailure): boolean {
  return fault === 'local' || fault === 'aborted'
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`
}
