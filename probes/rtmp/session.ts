import type { Diagnosis } from '../../src/core/diagnosis.ts'
import type { Observation } from '../../src/core/sample.ts'
import type { DeepOptions } from '../../src/plugin/deep/options.ts'
import { withDeep } from '../../src/plugin/deep/stream-watch.ts'
import type { Due, ProbeContext } from '../../src/plugin/probe.ts'
import { adobeParameters } from './adobe-auth.ts'
import { movedAddress, withParameters, type RtmpAddress } from './address.ts'
import { RtmpDeepWatch } from './deep-cut.ts'
import { Findings } from './findings.ts'
import { continuityOf, measurementsOf } from './observation.ts'
import { Pull, type PullPhase } from './pull.ts'

export interface SessionOptions {
  readonly timeout: number
  readonly buffer: number
  readonly reconnect_after: number
  readonly address?: string | undefined
  readonly server_name?: string | undefined
  readonly tracks: readonly ('video' | 'audio')[]
  readonly deep?: DeepOptions | undefined
}

/** How often a server may send its caller on before media must come. */
const MOST_MOVES = 4
/** After so much media, a server may send its caller on anew. */
const MOVES_FORGOTTEN_MS = 10_000

const waitingFor: Readonly<Record<PullPhase, string>> = {
  opening: 'the handshake',
  handshake: 'the answer to connect',
  connect: 'a stream to play on',
  create_stream: 'the stream to play',
  play_start: 'picture or sound',
}

/** What one look comes to, before its numbers. */
type Judgement = Pick<Observation, 'outcome' | 'reason' | 'diagnosis'>

/** One RTMP path: a connection that plays for as long as it can, and what it brings. */
export class RtmpSession {
  readonly #home: RtmpAddress
  readonly #options: SessionOptions
  readonly #context: ProbeContext
  #pull: Pull | undefined
  /** Phases of the present pull were told. */
  #isTold = false
  /** The end of the present pull was told. */
  #isEndTold = false
  #moves = 0
  #wasMoved = false
  #breaks = 0
  #lastAt: { video: number | undefined; audio: number | undefined } = {
    video: undefined,
    audio: undefined,
  }
  readonly #findings = new Findings()
  readonly #deep: RtmpDeepWatch | undefined
  #last: Judgement = { outcome: 'unknown' }
  #wake: (() => void) | undefined

  constructor(home: RtmpAddress, options: SessionOptions, context: ProbeContext) {
    this.#home = home
    this.#options = options
    this.#context = context
    this.#deep = options.deep && new RtmpDeepWatch(options.deep, context)
  }

  /** A look for each due, and one at once when the stream breaks. */
  async *looks(): AsyncGenerator<Observation> {
    const dues = this.#context.due[Symbol.asyncIterator]()
    try {
      for (let next = dues.next(); ;) {
        const event = await this.#nextEvent(next)
        if (this.#context.signal.aborted) return
        if (event === 'break') {
          yield withDeep(this.#observe(), this.#deep)
          continue
        }
        if (event.done === true) return
        this.#deep?.suspect(event.value.purpose)
        await this.#prepare(event.value)
        yield withDeep(this.#observe(), this.#deep)
        next = dues.next()
      }
    } finally {
      this.#pull?.close()
      await dues.return?.()
    }
  }

  /** The next due, or the end of the stream that nobody was told of yet. */
  #nextEvent(next: Promise<IteratorResult<Due>>): Promise<'break' | IteratorResult<Due>> {
    return new Promise((resolve, reject) => {
      const tell = () => {
        if (this.#pull?.end !== undefined && !this.#isEndTold) resolve('break')
      }
      this.#wake = tell
      tell()
      next.then(resolve, reject)
    })
  }

  /** Sees to it that a connection plays, or is known not to, as far as the time of a look allows. */
  async #prepare(due: Due): Promise<void> {
    const { clock, everyMs, signal } = this.#context
    const now = clock.now()
    const pull = this.#pull
    const { firstAt } = pull?.meter ?? {}
    const isOld = firstAt !== undefined && now - firstAt >= this.#options.reconnect_after
    // What is verified may lie behind a name that points elsewhere since.
    if (pull?.end === undefined && pull?.hasMedia === true && (isOld || due.purpose === 'verify')) {
      this.#keepAges(pull)
      pull.close()
      this.#pull = undefined
    }
    if (this.#pull === undefined || this.#pull.end !== undefined) this.#begin()
    // A person who looks once waits for the verdict; a look of a watchdog must not outlive its cadence.
    const { timeout } = this.#options
    const budget =
      due.purpose === 'once' ? timeout + 1_000 : Math.min(timeout, Math.max(2_000, everyMs))
    if (this.#isSettled) return
    const settled = new AbortController()
    const stop = () => settled.abort('the session ends')
    signal.addEventListener('abort', stop, { once: true })
    this.#wake = () => {
      if (this.#isSettled) settled.abort('settled')
    }
    await clock.sleep(budget - (clock.now() - now), settled.signal)
    signal.removeEventListener('abort', stop)
  }

  get #isSettled(): boolean {
    return this.#pull?.hasMedia === true || this.#pull?.end !== undefined
  }

  /** A new attempt from where the path is configured. */
  #begin(): void {
    if (this.#pull !== undefined) this.#keepAges(this.#pull)
    this.#moves = 0
    this.#wasMoved = false
    this.#connect(this.#home, this.#context.clock.now())
  }

  #connect(address: RtmpAddress, startedAt: number): void {
    const { timeout, buffer, address: connectTo, server_name: serverName } = this.#options
    // A pinned address and a name for TLS belong to the configured server, not to another one.
    const isHome = address.host === this.#home.host && address.port === this.#home.port
    const options = {
      timeout,
      bufferMs: buffer,
      startedAt,
      ...(isHome && connectTo !== undefined && { connectTo }),
      ...(isHome && serverName !== undefined && { serverName }),
    }
    this.#isTold = false
    this.#isEndTold = false
    this.#deep?.restart()
    const pull = new Pull(
      address,
      options,
      this.#context,
      () => this.#changed(pull, startedAt),
      this.#deep,
    )
    this.#pull = pull
  }

  /** The first media of a pull, or its end: servers that send us on are obeyed at once. */
  #changed(pull: Pull, startedAt: number): void {
    if (pull !== this.#pull) return
    const { end } = pull
    const { clock, random } = this.#context
    if (end?.kind === 'moved' || end?.kind === 'refused') {
      const { firstAt } = pull.meter
      const now = clock.now()
      const hasPlayed = firstAt !== undefined && now - firstAt >= MOVES_FORGOTTEN_MS
      const next =
        end.kind === 'moved'
          ? movedAddress(pull.address, end.to ?? pull.address.tcUrl)
          : this.#authenticated(pull, end, () => random.next())
      if (hasPlayed) this.#moves = 0
      this.#moves += 1
      if ('refused' in next) pull.end = failed(next.refused)
      else if (this.#moves > MOST_MOVES) {
        pull.end = failed(
          `The server sends its callers on for ever; ${MOST_MOVES} times it was obeyed.`,
        )
      } else {
        if (end.kind === 'moved') this.#wasMoved = true
        this.#keepAges(pull)
        this.#connect(next, firstAt === undefined ? startedAt : now)
        return
      }
    }
    if (pull.end !== undefined && pull.end.kind !== 'blind' && pull.hasMedia) this.#breaks += 1
    this.#wake?.()
  }

  #authenticated(
    pull: Pull,
    end: { readonly says: string; readonly description: string },
    random: () => number,
  ): RtmpAddress | { readonly refused: string } {
    const parameters = adobeParameters(end.description, pull.address, random)
    if (parameters === undefined) return { refused: end.says }
    return withParameters(pull.address, parameters)
  }

  #keepAges({ meter }: Pull): void {
    const { video, audio } = meter.arrivedAt
    this.#lastAt = { video: video ?? this.#lastAt.video, audio: audio ?? this.#lastAt.audio }
  }

  #observe(): Observation {
    const { clock } = this.#context
    const now = clock.now()
    const pull = this.#pull
    if (pull === undefined)
      return {
        outcome: 'unknown',
        reason: 'Nothing was tried yet.',
        measurements: {},
        findings: [],
      }
    this.#keepAges(pull)
    const judgement = this.#judge(pull, now)
    const isSettled = this.#isSettled
    const reading = pull.meter.read(now)
    const measurements = measurementsOf({
      pull,
      reading,
      now,
      lastAt: this.#lastAt,
      breaks: this.#breaks,
      withPhases: isSettled && !this.#isTold,
    })
    if (isSettled) this.#isTold = true
    if (pull.end !== undefined) this.#isEndTold = true
    const findings = this.#findings.of(reading, pull.meter, this.#wasMoved)
    this.#wasMoved = false
    this.#last = judgement
    const continuity = pull.hasMedia ? { continuity: continuityOf(pull.meter) } : {}
    return { ...judgement, measurements, findings, ...continuity }
  }

  #judge(pull: Pull, now: number): Judgement {
    const { end, meter } = pull
    if (end?.kind === 'blind') return { outcome: 'unknown', reason: end.says }
    if (end !== undefined) {
      const diagnosis = end.kind === 'failed' ? end.diagnosis : 'unreachable'
      const reason = end.kind === 'moved' ? 'The server sends its callers on.' : end.says
      return { outcome: 'fail', reason, diagnosis }
    }
    if (!pull.hasMedia) return this.#waiting(pull)
    const { timeout, tracks } = this.#options
    const silent = now - (meter.newestAt ?? now)
    if (silent >= timeout) {
      // The next look begins anew, as a viewer would.
      pull.close()
      this.#isEndTold = true
      const reason = `The connection stands, but no picture or sound has come for ${(silent / 1_000).toFixed(1)} s.`
      return { outcome: 'fail', reason, diagnosis: 'ingest-lost' }
    }
    const missing = tracks.find((kind) => {
      return now - (meter.arrivedAt[kind] ?? meter.firstAt ?? now) >= timeout
    })
    if (missing === undefined) return { outcome: 'pass' }
    const what = missing === 'video' ? 'picture' : 'sound'
    const reason = `The stream plays without ${what}, which it must have.`
    return { outcome: 'fail', reason, diagnosis: 'rendition-missing' }
  }

  /** Neither media nor an end: what was known before holds, where anything was. */
  #waiting(pull: Pull): Judgement {
    const reason = `Nothing has come yet; waiting for ${waitingFor[pull.phase]}.`
    if (this.#last.outcome !== 'fail') return { outcome: 'unknown', reason }
    const diagnosis: Diagnosis = this.#last.diagnosis ?? 'unreachable'
    return { outcome: 'fail', reason, diagnosis }
  }
}

function failed(says: string): { kind: 'failed'; diagnosis: Diagnosis; says: string } {
  return { kind: 'failed', diagnosis: 'unreachable', says }
}
