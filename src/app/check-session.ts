import type { Clock, Random } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import type { Observation, Sample } from '../core/sample.ts'
import type { PathSettings } from '../core/settings.ts'
import type { Net } from '../plugin/net.ts'
import type { Due, ProbePlugin, Purpose } from '../plugin/probe.ts'

/** What a check session needs. */
export interface CheckSessionOptions {
  readonly clock: Clock
  readonly random: Random
  readonly net: Net
  readonly log: Log
  readonly plugin: ProbePlugin
  readonly settings: PathSettings
  /** The full name `<stream>/<group>/<path>`. */
  readonly path: string
  readonly vantage: string
  readonly onSample: (sample: Sample) => void
  /** Milliseconds by which a look began later than it was due. */
  readonly onLag?: (ms: number) => void
}

/** A look that somebody pulled forward and waits for. */
interface Wanted {
  readonly purpose: Purpose
  readonly done: (sample: Sample | undefined) => void
}

const restartPauseMs = 1_000
/** A look must be over before an age limit is judged: the recent time of a look, and a margin. */
const lookMarginMs = 50

/**
 * One check: a probe session with its own timer. Looks are due at a fixed cadence from the *due*
 * time, spread in phase at the start; a look that takes longer than the cadence skips the dues it
 * missed. Looks can be pulled forward. One hung origin never delays another check.
 */
export class CheckSession {
  readonly #options: CheckSessionOptions
  #nextDue: number
  #wake: AbortController | undefined
  readonly #wanted: Wanted[] = []
  #serving: Wanted[] = []
  #deadlineAt: number | undefined
  #isSuspect = false
  #lookBegan: number | undefined
  #recentMs = 0
  #stop = new AbortController()

  constructor(options: CheckSessionOptions) {
    this.#options = options
    this.#nextDue = options.clock.now() + options.random.next() * options.settings.everyMs
  }

  /** Runs the probe until `signal` aborts; a probe that ends or throws is started again. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log, path } = this.#options
    const stop = () => this.#stop.abort()
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
    while (!this.#stop.signal.aborted) {
      try {
        for await (const observation of this.#observe()) this.#deliver(observation)
      } catch (error) {
        const says = error instanceof Error ? error.message : String(error)
        log.error({ path, error: says }, 'a probe threw, which is a defect; it is started again')
        this.#deliver({
          outcome: 'unknown',
          reason: `the probe itself failed: ${says}`,
          measurements: {},
          findings: [],
        })
      }
      if (!this.#stop.signal.aborted) await clock.sleep(restartPauseMs, this.#stop.signal)
    }
    for (const wanted of [...this.#serving, ...this.#wanted]) wanted.done(undefined)
    signal.removeEventListener('abort', stop)
  }

  /** Ends this session alone. */
  stop(): void {
    this.#stop.abort()
  }

  /** One fresh look that begins from now; `undefined` when the session or `signal` ends first. */
  async look(purpose: Purpose, signal: AbortSignal): Promise<Sample | undefined> {
    if (signal.aborted || this.#stop.signal.aborted) return undefined
    return await new Promise((resolve) => {
      const giveUp = () => resolve(undefined)
      const done = (sample: Sample | undefined) => {
        signal.removeEventListener('abort', giveUp)
        resolve(sample)
      }
      signal.addEventListener('abort', giveUp, { once: true })
      this.#wanted.push({ purpose, done })
      this.#wake?.abort()
    })
  }

  /** Down-class rules are pending: look deeper, at the same cadence (ratios count looks). */
  suspect(isSuspect: boolean): void {
    this.#isSuspect = isSuspect
  }

  /**
   * An age reaches its limit at this monotonic time unless something changes: one look is pulled
   * forward so that it is over just before, and the limit is judged on fresh evidence.
   */
  expectBefore(at: number | undefined): void {
    if (at === this.#deadlineAt) return
    this.#deadlineAt = at
    this.#wake?.abort()
  }

  async *#observe(): AsyncIterable<Observation> {
    const { plugin, settings, clock, random, net } = this.#options
    yield* plugin.observe(settings.options, {
      clock,
      random,
      net,
      due: this.#dues(),
      signal: this.#stop.signal,
      everyMs: settings.everyMs,
    })
  }

  async *#dues(): AsyncIterable<Due> {
    while (!this.#stop.signal.aborted) {
      const due = await this.#nextLook()
      if (due === undefined) return
      this.#lookBegan = this.#options.clock.now()
      this.#options.onLag?.(Math.max(0, this.#lookBegan - due.at))
      yield due
    }
  }

  async #nextLook(): Promise<Due | undefined> {
    const { clock, settings } = this.#options
    for (;;) {
      if (this.#stop.signal.aborted) return undefined
      const now = clock.now()
      if (this.#wanted.length > 0) {
        this.#serving = this.#wanted.splice(0)
        return { at: now, purpose: this.#serving[0]?.purpose ?? 'once' }
      }
      const early = this.#earlyLook()
      const at = Math.min(this.#nextDue, early ?? Number.POSITIVE_INFINITY)
      if (now >= at) {
        if (early !== undefined && now >= early) this.#deadlineAt = undefined
        if (now < this.#nextDue) return { at, purpose: 'deadline' }
        const due = this.#nextDue
        const missed = Math.floor((now - due) / settings.everyMs)
        this.#nextDue = due + (missed + 1) * settings.everyMs
        return { at: due, purpose: this.#isSuspect ? 'suspicion' : 'interval' }
      }
      this.#wake = new AbortController()
      const wake = this.#wake
      const stop = () => wake.abort()
      this.#stop.signal.addEventListener('abort', stop, { once: true })
      await clock.sleep(at - now, wake.signal)
      this.#stop.signal.removeEventListener('abort', stop)
    }
  }

  /** When the look before an age limit must begin; `undefined` where the regular one comes in time anyway. */
  #earlyLook(): number | undefined {
    if (this.#deadlineAt === undefined) return undefined
    const begin = this.#deadlineAt - lookMarginMs - 2 * this.#recentMs
    const { everyMs } = this.#options.settings
    const isSoonAnyway = this.#nextDue <= begin && begin - this.#nextDue < everyMs / 4
    return isSoonAnyway ? undefined : begin
  }

  #deliver(observation: Observation): void {
    const { clock, plugin, path, vantage, onSample } = this.#options
    const at = clock.now()
    if (this.#lookBegan !== undefined) {
      this.#recentMs = Math.min(this.#options.settings.everyMs / 4, at - this.#lookBegan)
      this.#lookBegan = undefined
    }
    const sample: Sample = {
      ...observation,
      path,
      probe: plugin.type,
      vantage,
      at,
      wall: clock.wall(),
    }
    onSample(sample)
    for (const wanted of this.#serving.splice(0)) wanted.done(sample)
  }
}
