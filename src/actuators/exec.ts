import { z } from 'zod'
import type { Allocation } from '../core/allocation.ts'
import { withDeadline } from '../core/clock.ts'
import type {
  Actuator,
  ActuatorContext,
  ActuatorPlugin,
  ApplyResult,
  Observed,
  ObserveResult,
  Step,
} from '../plugin/actuator.ts'
import { observedFrom, outcomeFrom, planWhole, wantedOf } from '../plugin/external-target.ts'
import { duration } from '../plugin/option-types.ts'

const options = z
  .strictObject({
    program: z
      .string()
      .regex(/^[\w.+-]+$|^\/[\w.+/-]+$/u, 'expected the name of a program, or its absolute path')
      .describe('The program: a name on the PATH, or an absolute path. There is no shell.'),
    args: z
      .array(z.string().max(1_024))
      .max(64)
      .default([])
      .describe(
        'Its arguments; observe or apply follows them. Others on this machine can read them.',
      ),
    environment: z
      .array(z.string().regex(/^[A-Za-z_]\w*$/u, 'expected the name of a variable'))
      .max(64)
      .default([])
      .describe('Environment variables that are passed on; nothing else but PATH is.'),
    shape: z
      .enum(['weights', 'single'])
      .default('weights')
      .describe('weights: any share per path. single: all to one path.'),
    settle: duration('0s', '1d')
      .default(0)
      .describe('How long an applied change takes until it is in effect everywhere.'),
    reversible: z
      .boolean()
      .default(true)
      .describe('false for what is hard to take back, as ingest.'),
  })
  .describe('A program of your own that switches.')

type Options = z.output<typeof options>

/** A program that says more than this says something else. */
const MOST_BYTES = 65_536

type Ran =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly started: boolean; readonly says: string }

/**
 * Runs a program of one's own to switch; written to be read, as `webhook` is.
 *
 * - `program ...args observe` reads `{ group, paths }` and writes `{ allocation, version, ours?, says? }`.
 * - `program ...args apply` reads `{ group, allocation, expected_version }` and writes
 *   `{ result, version?, retry?, says? }`. The program has to compare the version.
 *
 * JSON on standard input and output, and exit status 0. It is ended after the group's call time-out;
 * what a program did that ended in another way is unknown.
 */
const exec: ActuatorPlugin<typeof options> = {
  type: 'exec',
  summary: 'Runs a program of your own to switch: JSON in, JSON out, no shell.',
  options,
  mode: 'push',
  capabilities: ({ program, shape, settle, reversible }) => ({
    shape,
    mode: 'push',
    reversible,
    settleMs: settle,
    compareAndSet: 'atomic',
    permissions: [`the program ${program}, run as the user of Changeover`],
  }),
  create: (given, context) => new ExecActuator(given, context),
}

export default exec

class ExecActuator implements Actuator {
  readonly #options: Options
  readonly #context: ActuatorContext

  constructor(given: Options, context: ActuatorContext) {
    this.#options = given
    this.#context = context
  }

  async observe(signal: AbortSignal): Promise<ObserveResult> {
    const { group, paths } = this.#context
    const ran = await this.#run('observe', { group, paths }, signal)
    if (!ran.ok) return { ok: false, retry: true, says: ran.says }
    return observedFrom(ran.value, paths, this.#options.program)
  }

  plan(observed: Observed, wanted: Allocation): readonly Step[] {
    return planWhole(observed, wanted, this.#context.paths)
  }

  async apply(step: Step, version: string, signal: AbortSignal): Promise<ApplyResult> {
    const { group, paths } = this.#context
    const checked = wantedOf(step, paths)
    if ('says' in checked) return { result: 'failed', retry: false, says: checked.says }
    const given = { group, allocation: checked.wanted, expected_version: version }
    const ran = await this.#run('apply', given, signal)
    if (ran.ok) return outcomeFrom(ran.value, this.#options.program)
    const { started, says } = ran
    return started ? { result: 'unknown', says } : { result: 'failed', retry: true, says }
  }

  /** Runs the program once with `given` as JSON on its input, and reads the JSON of its output. */
  async #run(what: 'observe' | 'apply', given: object, signal: AbortSignal): Promise<Ran> {
    const { args, environment, program } = this.#options
    const { callTimeoutMs, clock, processes } = this.#context
    if (processes === undefined) return notStarted('there are no programs here')
    if (signal.aborted) return notStarted('stopped')
    const ended = Promise.withResolvers<number | undefined>()
    const output: Buffer[] = []
    let bytes = 0
    let hasComplained = false
    const child = await processes.start({
      program,
      args: () => [...args, what],
      environment,
      input: Buffer.from(`${JSON.stringify(given)}\n`),
      onOutput: (chunk) => {
        bytes += chunk.length
        if (bytes <= MOST_BYTES) output.push(chunk)
      },
      onError: () => {
        hasComplained = true
      },
      onEnd: (status) => ended.resolve(status),
    })
    if (!child.ok) return notStarted(child.says)
    // Half a second is left to end it and to tell what is known.
    const ms = Math.max(callTimeoutMs * 0.8, callTimeoutMs - 500)
    const end = await withDeadline(clock, ms, signal, async (inner) => {
      const status = await Promise.race([ended.promise, aborted(inner)])
      return inner.aborted ? undefined : { status }
    })
    child.stop()
    // What it complains of may be anything, secrets too: that it did is said, and not how.
    const more = hasComplained ? ', and complained on its error output' : ''
    const failed = (says: string): Ran => ({
      ok: false,
      started: true,
      says: `${program} ${what} ${says}${more}`,
    })
    if (end === undefined) return failed(`did not end within ${Math.round(ms)} ms`)
    if (end.status === undefined) return failed('was ended by a signal')
    if (end.status !== 0) return failed(`ended with status ${end.status}`)
    if (bytes > MOST_BYTES) return failed(`wrote more than ${MOST_BYTES} bytes`)
    const value = parseJson(Buffer.concat(output).toString())
    return value === undefined ? failed('wrote something else than JSON') : { ok: true, value }
  }
}

function notStarted(says: string): Ran {
  return { ok: false, started: false, says }
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined)
    else signal.addEventListener('abort', () => resolve(undefined), { once: true })
  })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
