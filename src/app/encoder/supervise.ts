import type { Clock } from '../../core/clock.ts'
import { formatDuration } from '../../core/duration.ts'
import type { Net } from '../../plugin/net.ts'
import type { Processes } from '../../plugin/processes.ts'
import { follow } from './follow.ts'
import type { EncoderSettings } from '../../core/encoder.ts'

/** What a supervisor is made of. */
export interface SuperviseParts {
  readonly clock: Clock
  readonly net: Net
  readonly processes: Processes
  /** Hears what happens, one sentence at a time; no target is ever named by its URL. */
  readonly says: (text: string) => void
}

/** A program that has run for so long begins its waits anew when it ends. */
const steadyMs = 30_000
const mostErrorBytes = 4_096

/**
 * Keeps an encoder running, and sends its stream to the path that Changeover lets serve. It fails
 * static: without answers the encoder goes on where it is, and it does not end with Changeover.
 * Resolves when `signal` aborts and the program has ended.
 */
export async function superviseEncoder(
  settings: EncoderSettings,
  parts: SuperviseParts,
  signal: AbortSignal,
): Promise<void> {
  await new Supervisor(settings, parts, signal).run()
}

interface Running {
  readonly stop: () => void
  readonly ended: Promise<void>
  readonly since: number
}

class Supervisor {
  readonly #settings: EncoderSettings
  readonly #parts: SuperviseParts
  readonly #signal: AbortSignal
  #path: string | undefined
  #running: Running | undefined
  /** The run whose end is a failure. */
  #run: symbol | undefined
  #failures = 0
  #restartAt = 0
  #hasHeard = true
  /** Wakes the loop when the program ends. */
  #woken = new AbortController()

  constructor(settings: EncoderSettings, parts: SuperviseParts, signal: AbortSignal) {
    this.#settings = settings
    this.#parts = parts
    this.#signal = signal
  }

  async run(): Promise<void> {
    const { clock, net } = this.#parts
    const began = clock.now()
    while (!this.#signal.aborted) {
      this.#woken = new AbortController()
      const heard = await follow(net, this.#settings, this.#path, this.#signal)
      if (this.#signal.aborted) break
      this.#tellDoubt(heard.answered)
      const first = this.#settings.targets[0]?.path
      const isLate = clock.now() - began >= this.#settings.startWithinMs
      const to = heard.to ?? (this.#path === undefined && isLate ? first : undefined)
      if (to !== undefined) await this.#go(to)
      if (this.#path !== undefined && this.#running === undefined) await this.#startWhenDue()
      const isDue = this.#path !== undefined && this.#running === undefined
      const waits = isDue ? this.#restartAt - clock.now() : Infinity
      const restMs = Math.min(this.#settings.everyMs, Math.max(0, waits))
      if (this.#running === undefined || !this.#woken.signal.aborted) {
        await clock.sleep(restMs, AbortSignal.any([this.#signal, this.#woken.signal]))
      }
    }
    await this.#end()
  }

  /** Said once each time that it begins, and once when it is over. */
  #tellDoubt(answered: boolean): void {
    if (answered === this.#hasHeard) return
    this.#hasHeard = answered
    const where = this.#path === undefined ? 'waits for it' : `stays at ${this.#path}`
    this.#parts.says(
      answered ? 'Changeover answers again' : `Changeover does not answer: the encoder ${where}`,
    )
  }

  async #go(path: string): Promise<void> {
    const from = this.#path
    this.#path = path
    this.#parts.says(from === undefined ? `streams to ${path}` : `leaves ${from} for ${path}`)
    await this.#end()
    // Another target deserves a try at once.
    this.#failures = 0
    this.#restartAt = 0
  }

  async #end(): Promise<void> {
    const running = this.#running
    this.#running = undefined
    this.#run = undefined
    running?.stop()
    await running?.ended
  }

  async #startWhenDue(): Promise<void> {
    const { clock, processes } = this.#parts
    if (clock.now() < this.#restartAt) return
    const { program, args, environment, targets } = this.#settings
    const url = targets.find(({ path }) => path === this.#path)?.url ?? ''
    const ended = Promise.withResolvers<void>()
    let errors = ''
    const run = Symbol(program)
    this.#run = run
    const started = await processes.start({
      program,
      args: () => args.map((arg) => arg.replaceAll('{target}', () => url)),
      environment,
      onOutput: () => {},
      onError: (text) => (errors = (errors + text).slice(-mostErrorBytes)),
      onEnd: (status) => {
        // One that we ended is another one's turn already.
        if (this.#run === run) this.#fail(how(status), errors)
        ended.resolve()
      },
    })
    if (!started.ok) return this.#fail(started.says, '')
    // It may have ended already.
    if (this.#run !== run) return
    this.#running = { stop: () => started.stop(), ended: ended.promise, since: clock.now() }
  }

  #fail(how: string, errors: string): void {
    const { clock, says } = this.#parts
    const { firstMs, mostMs } = this.#settings.restart
    const ranMs = this.#running === undefined ? 0 : clock.now() - this.#running.since
    this.#running = undefined
    this.#run = undefined
    if (ranMs >= steadyMs) this.#failures = 0
    const waitMs = Math.min(mostMs, firstMs * 2 ** this.#failures)
    this.#failures += 1
    this.#restartAt = clock.now() + waitMs
    const line = this.#withoutTargets(lastLine(errors))
    const why = line === '' ? '' : `: ${line}`
    says(`${this.#settings.program} ${how}${why}; again in ${formatDuration(waitMs)}`)
    this.#woken.abort()
  }

  /** Programs like to name the URL that they could not open, with its stream key. */
  #withoutTargets(line: string): string {
    const secrets = this.#settings.targets.flatMap(({ path, url }) => [
      { text: url, shows: path },
      ...url
        .split(/[/?&=]/u)
        .slice(3)
        .filter((part) => part.length > 3)
        .map((part) => ({ text: part, shows: '…' })),
    ])
    return secrets.reduce((text, secret) => text.replaceAll(secret.text, () => secret.shows), line)
  }
}

function how(status: number | undefined): string {
  return status === undefined ? 'was ended by a signal' : `ended with status ${status}`
}

function lastLine(text: string): string {
  return (
    text
      .trim()
      .split(/[\r\n]+/u)
      .at(-1)
      ?.trim()
      .slice(0, 300) ?? ''
  )
}
