import { createHash } from 'node:crypto'
import { z } from 'zod'
import { allTo, heaviest, type Allocation } from '../core/allocation.ts'
import { redactUrl } from '../core/redact.ts'
import type {
  Actuator,
  ActuatorContext,
  ActuatorPlugin,
  ApplyResult,
  Observed,
  ObserveResult,
  Step,
} from '../plugin/actuator.ts'
import { unreadable, unwritten, type CallAnswer } from '../plugin/call-failure.ts'
import { perPath, secretUrl } from '../plugin/option-types.ts'
import { canonical } from '../plugin/weights-version.ts'
import { CoreApi } from './restreamer/core-api.ts'

const options = z
  .strictObject({
    url: secretUrl('http', 'https').describe('Where the API listens: `http://host:8080`.'),
    username: z
      .string()
      .min(1)
      .max(256)
      .optional()
      .describe('User of the API; absent where it asks for no login.'),
    password: z.string().min(1).max(1_024).optional().describe('Password of that user.'),
    process: z.string().min(1).max(256).describe('The id of the process in datarhei Core.'),
    end: z
      .enum(['input', 'output'])
      .default('input')
      .describe('Whether an input of the process is moved (pull), or an output (push).'),
    id: z
      .string()
      .min(1)
      .max(256)
      .describe('The id of that input or output, such as `input_0` or `output_0`.'),
    addresses: perPath(z.string().min(1).max(4_096))
      .refine((map) => new Set(Object.values(map)).size === Object.keys(map).length, {
        error: 'two paths have the same address',
      })
      .describe('Its address for each path of the group, as Core is to have it.'),
  })
  .refine(
    ({ username, password }) => (username === undefined) === (password === undefined),
    'expected username and password together, or neither',
  )
  .describe('An input or output of a process of Restreamer (datarhei Core).')

type Options = z.output<typeof options>

const stepData = z.strictObject({ to: z.string() })

/** `api.ProcessConfigIO` and `api.ProcessConfig`: what is not read here is kept as it came. */
const ends = z.array(z.looseObject({ id: z.string().optional(), address: z.string() }))
const processConfig = z.looseObject({ input: ends, output: ends })

const processAnswer = z.object({
  config: processConfig,
  metadata: z.record(z.string(), z.unknown()).nullish(),
})

interface State extends z.output<typeof processAnswer> {
  readonly address: string
  readonly version: string
}

/**
 * Gives an input or output of a process of datarhei Core another address. An update replaces the
 * whole process and restarts its FFmpeg if it is to run; one that a person stopped stays stopped.
 */
const restreamer: ActuatorPlugin<typeof options> = {
  type: 'restreamer',
  summary: 'Moves an input or output of a process of Restreamer (datarhei Core) by its API v3.',
  tested: 'contract',
  options,
  mode: 'push',
  capabilities: (given) => ({
    shape: 'single',
    mode: 'push',
    reversible: false,
    settleMs: 0,
    compareAndSet: 'checked',
    permissions: [`the user of Restreamer's API at ${redactUrl(given.url)}`],
  }),
  create: (given, context) => new RestreamerActuator(given, context),
}

export default restreamer

class RestreamerActuator implements Actuator {
  readonly #options: Options
  readonly #context: ActuatorContext
  readonly #api: CoreApi
  readonly #path: string
  /** What the last update may have cost, for whoever looks; it says nothing of the address. */
  #loss = ''

  constructor(given: Options, context: ActuatorContext) {
    this.#options = given
    this.#context = context
    this.#api = new CoreApi(given, context, Object.values(given.addresses))
    this.#path = `/api/v3/process/${encodeURIComponent(given.process)}`
  }

  async observe(signal: AbortSignal): Promise<ObserveResult> {
    const { clock, callTimeoutMs } = this.#context
    const read = await this.#read(clock.now() + callTimeoutMs, signal)
    return read.ok ? { ok: true, observed: this.#observed(read.value) } : unreadable(read)
  }

  plan(observed: Observed, wanted: Allocation): readonly Step[] {
    const to = heaviest(wanted)
    if (to === undefined || (observed.allocation[to] ?? 0) > 0) return []
    const from = heaviest(observed.allocation)
    const away = from === undefined ? '' : ` from ${from}`
    return [{ says: `move ${this.#what()}${away} to ${to}`, data: { to } }]
  }

  async apply(step: Step, version: string, signal: AbortSignal): Promise<ApplyResult> {
    const { clock, callTimeoutMs, paths } = this.#context
    const { addresses, end, id } = this.#options
    const parsed = stepData.safeParse(step.data)
    const to = parsed.success ? parsed.data.to : ''
    const address = Object.hasOwn(addresses, to) ? addresses[to] : undefined
    if (address === undefined || !paths.includes(to)) {
      return { result: 'failed', retry: false, says: 'the step is not one of this actuator' }
    }
    const startedAt = clock.now()
    const read = await this.#read(startedAt + callTimeoutMs / 3, signal)
    if (!read.ok) return { result: 'failed', retry: read.retry, says: read.says }
    const before = read.value
    if (before.address === address) return { result: 'applied', version: before.version }
    if (before.version !== version) {
      return { result: 'conflict', says: this.#observed(before).says }
    }
    const { config } = before
    const moved = config[end].map((each) => (each.id === id ? { ...each, address } : each))
    const notes = Object.entries(before.metadata ?? {})
    const endsAt = startedAt + callTimeoutMs
    const answer = await this.#api.call(
      { method: 'PUT', path: this.#path, body: { ...config, [end]: moved } },
      processConfig,
      notes.length === 0 ? endsAt : endsAt - callTimeoutMs / 6,
      signal,
    )
    const failure = answer.ok ? undefined : unwritten(answer)
    if (failure?.result === 'failed') return failure
    // Core waits for FFmpeg to end before it answers. What is sent meanwhile waits for the update, so
    // the notes are written back even where its answer is late.
    const lost = await this.#keep(notes, endsAt, signal)
    this.#loss = lost === undefined ? '' : `; the metadata of the process may be lost: ${lost}`
    if (failure !== undefined) return failure
    if (!answer.ok || answer.value[end].find((each) => each.id === id)?.address !== address) {
      return { result: 'unknown', says: `Restreamer answered another address of ${this.#what()}` }
    }
    return { result: 'applied', version: versionOf(answer.value) }
  }

  /**
   * Writes the metadata of the process back: several versions of Core drop it with an update, and the
   * pages of Restreamer keep there what the process was made from.
   */
  async #keep(notes: readonly (readonly [string, unknown])[], until: number, signal: AbortSignal) {
    for (const [key, body] of notes) {
      const path = `${this.#path}/metadata/${encodeURIComponent(key)}`
      const answer = await this.#api.call({ method: 'PUT', path, body }, z.unknown(), until, signal)
      if (!answer.ok) return answer.says
    }
    return undefined
  }

  async #read(until: number, signal: AbortSignal): Promise<CallAnswer<State>> {
    const { end, id, process } = this.#options
    const call = { method: 'GET', path: `${this.#path}?filter=config,metadata` } as const
    const answer = await this.#api.call(call, processAnswer, until, signal)
    if (!answer.ok) {
      if (answer.status !== 404) return answer
      return { ...answer, says: `Restreamer has no process ${process}` }
    }
    const { config } = answer.value
    const [found, ...more] = config[end].filter((each) => each.id === id)
    if (found !== undefined && more.length === 0) {
      const { address } = found
      return { ok: true, value: { ...answer.value, address, version: versionOf(config) } }
    }
    const ids = config[end].map((each) => each.id ?? 'one without an id').join(', ')
    const count = found === undefined ? `no ${end}` : `${more.length + 1} ${end}s`
    const says = `the process ${process} of Restreamer has ${count} ${id}; it has ${ids || 'none'}`
    return { ok: false, sent: true, status: 200, code: 'ends', retry: false, says }
  }

  #what(): string {
    const { end, id, process } = this.#options
    return `${end} ${id} of ${process}`
  }

  #observed({ address, version }: State): Observed {
    const { paths, group } = this.#context
    const path = paths.find((each) => this.#options.addresses[each] === address)
    const none = Object.fromEntries(paths.map((each) => [each, 0]))
    return {
      allocation: path === undefined ? none : allTo(path, paths),
      version,
      // An address that nobody configured here was set by somebody else.
      ours: path !== undefined,
      says: `${this.#what()} is at ${path ?? `something that is no path of ${group}`}${this.#loss}`,
    }
  }
}

/** Of the whole configuration, because an update replaces all of it; a digest, because of its keys. */
function versionOf(config: z.output<typeof processConfig>): string {
  return createHash('sha256').update(canonical(config)).digest('hex').slice(0, 32)
}
