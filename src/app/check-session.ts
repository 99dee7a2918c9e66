import type { Clock, Random } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import type { Picture } from '../core/picture.ts'
import { redactText } from '../core/redact.ts'
import type { Observation, Sample } from '../core/sample.ts'
import type { PathSettings } from '../core/settings.ts'
import type { Net } from '../plugin/net.ts'
import type { Due, ProbePlugin, Purpose } from '../plugin/probe.ts'
import type { Processes } from '../plugin/processes.ts'

/** What a check session needs. */
export interface CheckSessionOptions {
  readonly clock: Clock
  readonly random: Random
  readonly net: Net
  readonly processes?: Processes | undefined
  readonly log: Log
  readonly plugin: ProbePlugin
  readonly settings: PathSettings
  /** The full name `<stream>/<group>/<path>`. */
  readonly path: string
  readonly vantage: string
  /** Every look has this purpose, and the first begins at once. Default: the cadence's own purposes. */
  readonly purpose?: 'verify'
  readonly onSample: (sample: Sample) => void
  /** Pictures that the probe comes by. */
  readonly onPicture?: (picture: Picture) => void
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
  readonly #stop = new AbortController()
  #nextDue: number
  #wake: AbortController | undefined
  readonly #wanted: Wanted[] = []
  /** Who waits for the look under way. */
  readonly #serving: Wanted[] = []
  #deadlineAt: number | undefined
  #isSuspect = false
  /** When the look under way began. */
  #lookBegan: number | undefined
  #newestBegan = Number.NEGATIVE_INFINITY
  #recentMs = 0

  constructor(options: CheckSessionOptions) {
    this.#options = options
    const { clock, random, settings, purpose } = options
    const phase = purpose === undefined ? random.next() : 0
    this.#nextDue = clock.now() + phase * settings.everyMs
    this.#stop.signal.addEventListener('abort', () => this.#wakeUp(), { once: true })
  }

  /** Runs the probe until `signal` aborts; a probe that ends or throws is started again. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log, path } = this.#options
    const stop = () => this.stop()
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
    while (!this.#stop.signal.aborted) {
      const says = await this.#runProbe()
      if (this.#stop.signal.aborted) break
      log.error({ path, error: says }, 'a probe failed, which is a defect; it is started again')
      this.#deliver({
        outcome: 'unknown',
        reason: `the probe itself failed: ${says}`,
        measurements: {},
        findings: [],
      })
      await clock.sleep(restartPauseMs, this.#stop.signal)
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
      const wanted: Wanted = {
        purpose,
        done: (sample) => {
          signal.removeEventListener('abort', giveUp)
          resolve(sample)
        },
      }
      const giveUp = () => {
        const index = this.#wanted.indexOf(wanted)
        if (index >= 0) this.#wanted.splice(index, 1)
        resolve(undefined)
      }
      signal.addEventListener('abort', giveUp, { once: true })
      this.#wanted.push(wanted)
      this.#wakeUp()
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
    const wanted = at === undefined || this.#isAnswered(at) ? undefined : at
    if (wanted === this.#deadlineAt) return
    this.#deadlineAt = wanted
    this.#wakeUp()
  }

  /** Runs the probe once; says why it ended. */
  async #runProbe(): Promise<string> {
    const { plugin, settings, clock, random, net, processes } = this.#options
    const ended = new AbortController()
    try {
      const observations = plugin.observe(settings.options, {
        clock,
        random,
        net,
        processes,
        due: this.#dues(ended.signal),
        signal: this.#stop.signal,
        showPicture: this.#options.onPicture,
        everyMs: settings.everyMs,
      })
      for await (const observation of observations) {
        // What was cut off by the end of the session says nothing about the path.
        if (this.#stop.signal.aborted) break
        this.#deliver(observation)
      }
      return 'it ended by itself'
    } catch (error) {
      return redactText(error instanceof Error ? error.message : String(error))
    } finally {
      // A due that the ended probe still waits for must not take a look away from the next one.
      ended.abort()
      this.#wakeUp()
    }
  }

  async *#dues(ended: AbortSignal): AsyncIterable<Due> {
    const { clock, onLag } = this.#options
    for (;;) {
      const due = await this.#nextLook(ended)
      if (due === undefined) return
      const now = clock.now()
      this.#lookBegan = now
      this.#newestBegan = now
      if (this.#deadlineAt !== undefined && this.#isAnswered(this.#deadlineAt)) {
        this.#deadlineAt = undefined
      }
      onLag?.(Math.max(0, now - due.at))
      yield due
    }
  }

  /** The reason is given: without one, an abort builds an exception with its stack. */
  #wakeUp(): void {
    this.#wake?.abort('woken')
  }

  async #nextLook(ended: AbortSignal): Promise<Due | undefined> {
    const { clock } = this.#options
    while (!this.#stop.signal.aborted && !ended.aborted) {
      const now = clock.now()
      const due = this.#dueBy(now)
      if (due !== undefined) return due
      const at = Math.min(this.#nextDue, this.#earlyLook() ?? Number.POSITIVE_INFINITY)
      const wake = new AbortController()
      this.#wake = wake
      await clock.sleep(at - now, wake.signal)
      if (this.#wake === wake) this.#wake = undefined
    }
    return undefined
  }

  #dueBy(now: number): Due | undefined {
    const { settings, purpose } = this.#options
    const first = this.#wanted[0]
    if (first !== undefined) {
      this.#serving.push(...this.#wanted.splice(0))
      return { at: now, purpose: first.purpose }
    }
    if (now >= this.#nextDue) {
      const due = this.#nextDue
      const missed = Math.floor((now - due) / settings.everyMs)
      this.#nextDue = due + (missed + 1) * settings.everyMs
      return { at: due, purpose: purpose ?? (this.#isSuspect ? 'suspicion' : 'interval') }
    }
    const early = this.#earlyLook()
    return early !== undefined && now >= early ? { at: now, purpose: 'deadline' } : undefined
  }

  /** When the look before an age limit must begin; `undefined` where the regular one comes in time anyway. */
  #earlyLook(): number | undefined {
    if (this.#deadlineAt === undefined) return undefined
    const begin = this.#beginFor(this.#deadlineAt)
    const isSoonAnyway = this.#nextDue <= begin && begin - this.#nextDue < this.#toleranceMs
    return isSoonAnyway ? undefined : begin
  }

  /** Whether the newest look began late enough to judge an age limit by it. */
  #isAnswered(at: number): boolean {
    return this.#newestBegan >= this.#beginFor(at) - this.#toleranceMs
  }

  #beginFor(at: number): number {
    return at - lookMarginMs - 2 * this.#recentMs
  }

  /**
   * A look that began at most so long before the one for an age limit would serves as well. What
   * changes after it is not seen before the limit is judged, so this is short.
   */
  get #toleranceMs(): number {
    return this.#options.settings.everyMs / 20
  }

  #deliver(observation: Observation): void {
    const { clock, plugin, path, vantage, settings, onSample } = this.#options
    const at = clock.now()
    if (this.#lookBegan !== undefined) {
      this.#recentMs = Math.min(settings.everyMs / 2, at - this.#lookBegan)
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
