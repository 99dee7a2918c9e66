import type { Clock } from '../../src/core/clock.ts'
import type {
  ConnectResult,
  DatagramResult,
  ExchangeResult,
  HttpRequest,
  HttpResult,
  Net,
  NetFailure,
  NetFault,
  NetPhase,
  OpenResult,
  ReceiveRequest,
  ReceiveResult,
} from '../../src/plugin/net.ts'

/** What a URL answers at one moment. */
export interface ScriptedAnswer {
  /** Default 200. */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
  /** The body is repeated for ever. */
  readonly endless?: boolean
  /** Milliseconds to the first byte; default 5. */
  readonly afterMs?: number
  /** Bytes a second of the body; without it the body comes at once. */
  readonly bytesPerSecond?: number
  /** Nothing ever comes. */
  readonly hang?: boolean
  /** The call fails in this way. */
  readonly fault?: NetFault
  readonly phase?: NetPhase
  /** Where redirects ended. */
  readonly finalUrl?: string
}

export type Script = ScriptedAnswer | ((now: number, request: HttpRequest) => ScriptedAnswer)

/** What anything but HTTP meets. */
const refused: NetFailure = {
  ok: false,
  fault: 'refused',
  phase: 'connect',
  says: 'connection refused',
  bytes: 0,
  timings: { total: 0 },
}

/** A network that is a table: URL (query left out) and time give the answer; all else answers 404. */
export class ScriptedNet implements Net {
  /** Every request in order, with the monotonic time at which it was made. */
  readonly requests: {
    readonly url: string
    readonly at: number
    readonly request: HttpRequest
  }[] = []
  readonly #clock: Clock
  readonly #scripts: { readonly matches: string | RegExp; readonly script: Script }[] = []

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Sets what a URL, or all URLs that match, answers from now on. */
  on(matches: string | RegExp, script: Script): this {
    this.#scripts.unshift({ matches, script })
    return this
  }

  /** URLs that were asked for, in order. */
  get urls(): string[] {
    return this.requests.map(({ url }) => url)
  }

  async http(request: HttpRequest): Promise<HttpResult> {
    const startedAt = this.#clock.now()
    this.requests.push({ url: request.url, at: startedAt, request })
    const path = request.url.split('?')[0] ?? ''
    const entry = this.#scripts.find(({ matches }) =>
      typeof matches === 'string' ? matches === path : matches.test(request.url),
    )
    const script = entry?.script ?? { status: 404 }
    const answer = typeof script === 'function' ? script(startedAt, request) : script
    return this.#play(request, answer, startedAt)
  }

  async exchange(): Promise<ExchangeResult> {
    return refused
  }

  async connect(): Promise<ConnectResult> {
    return refused
  }

  async open(): Promise<OpenResult> {
    return refused
  }

  async datagram(): Promise<DatagramResult> {
    return refused
  }

  async receive(_request: ReceiveRequest): Promise<ReceiveResult> {
    return refused
  }

  nameServers(): readonly string[] {
    return []
  }

  async #play(
    request: HttpRequest,
    answer: ScriptedAnswer,
    startedAt: number,
  ): Promise<HttpResult> {
    const { deadlineMs, signal, maxBytes } = request
    const elapsed = () => this.#clock.now() - startedAt
    const failure = (fault: NetFault, phase: NetPhase, bytes: number): HttpResult => ({
      ok: false,
      fault,
      phase,
      says: `${fault} at ${phase}`,
      bytes,
      timings: { total: elapsed() },
    })
    /** Waits, but never beyond the deadline; `undefined` where the wait was whole. */
    const wait = async (
      ms: number,
      phase: NetPhase,
      bytes: number,
    ): Promise<HttpResult | undefined> => {
      const left = deadlineMs - elapsed()
      const whole = await this.#clock.sleep(Math.min(ms, left), signal)
      if (!whole) return failure('aborted', phase, bytes)
      return ms > left ? failure('timeout', phase, bytes) : undefined
    }
    const firstByte = answer.hang ? Number.POSITIVE_INFINITY : (answer.afterMs ?? 5)
    const late = await wait(firstByte, 'first-byte', 0)
    if (late !== undefined) return late
    if (answer.fault !== undefined) return failure(answer.fault, answer.phase ?? 'connect', 0)

    const head = {
      status: answer.status ?? 200,
      headers: answer.headers ?? {},
      timings: { connect: 1, firstByte, total: elapsed() },
    }
    const isWanted = request.onAnswer?.(head) !== false
    const unit = Buffer.from(isWanted ? (answer.body ?? '') : '')
    // A slow body arrives ten times a second.
    const size = Math.ceil(Math.min(65_536, (answer.bytesPerSecond ?? Infinity) / 10))
    const chunks: Buffer[] = []
    let bytes = 0
    let truncated = !isWanted
    for (let at = 0; answer.endless === true || at < unit.length;) {
      const offset = at % Math.max(1, unit.length)
      const chunk = unit.subarray(offset, offset + size)
      if (answer.bytesPerSecond !== undefined) {
        const cut = await wait((chunk.length / answer.bytesPerSecond) * 1_000, 'body', bytes)
        if (cut !== undefined) return cut
      }
      const kept = chunk.subarray(0, maxBytes - bytes)
      bytes += kept.length
      at += chunk.length
      truncated = kept.length < chunk.length || (answer.endless === true && bytes >= maxBytes)
      const more = request.onChunk?.(kept)
      if (request.discardBody !== true) chunks.push(kept)
      if (truncated || more === false) break
    }
    return {
      ok: true,
      status: answer.status ?? 200,
      headers: answer.headers ?? {},
      body: Buffer.concat(chunks),
      bytes,
      truncated,
      url: answer.finalUrl ?? request.url,
      redirects: answer.finalUrl === undefined ? 0 : 1,
      timings: { connect: 1, firstByte, total: elapsed() },
    }
  }
}
