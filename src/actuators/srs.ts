import { z } from 'zod'
import { heaviest, serving, sharesOf, type Allocation } from '../core/allocation.ts'
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
import { SrsApi } from './srs/srs-api.ts'

const options = z
  .strictObject({
    servers: perPath(secretUrl('http', 'https')).describe(
      'The HTTP API of the SRS of each path, with user and password if it asks for them: `http://host:1985`.',
    ),
    app: z.string().min(1).max(256).describe('The app of the stream.'),
    stream: z.string().min(1).max(256).describe('The name under which the encoder publishes.'),
  })
  .describe('The encoder of one stream, at one SRS for each path.')

type Options = z.output<typeof options>

const stepData = z.strictObject({ leave: z.string(), to: z.string() })

/** Encoders try again after some seconds; OBS after two, and later ones after ten. */
const SETTLE_MS = 10_000

/** How often the servers are asked where the encoder is. */
const LOOK_EVERY_MS = 250

/** The client that publishes at each path; paths where nobody does are left out. */
type Publishers = ReadonlyMap<string, string>

/**
 * Makes an encoder follow the active ingest that is let in at each SRS by `publish-hook`: SRS asks
 * its hook once, when publishing begins, and so keeps whoever began before the change. This
 * disconnects it from every SRS that it should leave. It comes back by itself, and the hook, which
 * answers from the new allocation by then (what is published goes before every write), sends it on.
 */
const srs: ActuatorPlugin<typeof options> = {
  type: 'srs',
  summary:
    'Disconnects an encoder from the SRS that it should leave, so that it follows publish-hook.',
  tested: 'transcribed',
  options,
  mode: 'push',
  capabilities: ({ servers }) => ({
    shape: 'single',
    mode: 'push',
    reversible: false,
    settleMs: SETTLE_MS,
    compareAndSet: 'checked',
    permissions: [
      `GET /api/v1/streams and DELETE /api/v1/clients at ${Object.values(servers).map(redactUrl).join(', ')}`,
    ],
  }),
  create: (given, context) => new SrsActuator(given, context),
}

export default srs

class SrsActuator implements Actuator {
  readonly #options: Options
  readonly #context: ActuatorContext
  readonly #servers: ReadonlyMap<string, SrsApi>

  constructor(given: Options, context: ActuatorContext) {
    this.#options = given
    this.#context = context
    this.#servers = new Map(
      context.paths.flatMap((path): [string, SrsApi][] => {
        const url = given.servers[path]
        return url === undefined ? [] : [[path, new SrsApi(`the SRS of ${path}`, url, context.net)]]
      }),
    )
  }

  async observe(signal: AbortSignal): Promise<ObserveResult> {
    const { callTimeoutMs, paths } = this.#context
    const read = await this.#read(callTimeoutMs * 0.9, signal)
    if (!read.ok) return unreadable(read)
    return {
      ok: true,
      observed: {
        allocation: sharesOf(new Map(paths.map((path) => [path, read.value.has(path) ? 1 : 0]))),
        version: versionOf(read.value),
        // Servers bear no mark; they are named in the configuration.
        ours: true,
        says: this.#describe(read.value),
      },
    }
  }

  plan(observed: Observed, wanted: Allocation): readonly Step[] {
    const to = heaviest(wanted)
    if (to === undefined) return []
    return serving(observed.allocation)
      .filter((path) => path !== to)
      .map((leave) => ({
        says: `disconnect the encoder from the SRS of ${leave}, so that it comes back to ${to}`,
        data: { leave, to },
      }))
  }

  async apply(step: Step, version: string, signal: AbortSignal): Promise<ApplyResult> {
    const { callTimeoutMs, clock, paths } = this.#context
    const { leave, to } = stepData.safeParse(step.data).data ?? { leave: '', to: '' }
    const server = this.#servers.get(leave)
    if (server === undefined || leave === to || !paths.includes(to)) {
      return { result: 'failed', retry: false, says: 'the step is not one of this actuator' }
    }
    // What is found out has to be told before the caller stops waiting.
    const until = clock.now() + callTimeoutMs * 0.9
    const read = await this.#read(callTimeoutMs / 3, signal)
    if (!read.ok) return { result: 'failed', retry: read.retry, says: read.says }
    const before = read.value
    const client = before.get(leave)
    if (client === undefined && before.has(to)) {
      return { result: 'applied', version: versionOf(before) }
    }
    if (client === undefined || versionOf(before) !== version) {
      return { result: 'conflict', says: this.#describe(before) }
    }
    const answer = await server.disconnect(client, callTimeoutMs / 3, signal)
    if (!answer.ok) return unwritten(answer)
    return await this.#wait(leave, to, client, until, signal)
  }

  /** Waits until the encoder is at `to`, as far as the call may last. */
  async #wait(
    leave: string,
    to: string,
    client: string,
    until: number,
    signal: AbortSignal,
  ): Promise<ApplyResult> {
    const { clock } = this.#context
    let shown = 'nothing was read since'
    for (;;) {
      const read = await this.#read(Math.max(1, until - clock.now()), signal)
      if (read.ok) {
        const now = read.value
        shown = this.#describe(now)
        if (!now.has(leave) && now.has(to)) return { result: 'applied', version: versionOf(now) }
        if (now.has(leave) && now.get(leave) !== client) {
          // All is as it was. To disconnect it again and again would only hurt the stream.
          const says = `the encoder was disconnected from the SRS of ${leave} and let in there again: its publish hook has to refuse it`
          return { result: 'failed', retry: false, says }
        }
      }
      if (until - clock.now() <= LOOK_EVERY_MS) break
      if (!(await clock.sleep(LOOK_EVERY_MS, signal))) break
    }
    return {
      result: 'unknown',
      says: `the encoder was disconnected from the SRS of ${leave} and is not at ${to} yet; ${shown}`,
    }
  }

  #describe(publishers: Publishers): string {
    const at = [...publishers.keys()]
    const where = at.length === 0 ? 'nowhere' : `at ${at.join(' and ')}`
    return `the stream is published to SRS ${where}`
  }

  async #read(ms: number, signal: AbortSignal): Promise<CallAnswer<Publishers>> {
    const { app, stream } = this.#options
    const answers = await Promise.all(
      [...this.#servers].map(async ([path, server]) => {
        return { path, answer: await server.publisher(app, stream, ms, signal) }
      }),
    )
    const publishers = new Map<string, string>()
    for (const { path, answer } of answers) {
      if (!answer.ok) return answer
      if (answer.value !== undefined) publishers.set(path, answer.value)
    }
    return { ok: true, value: publishers }
  }
}

/** Where the stream is published; who it is changes with every connection, and is nobody's edit. */
function versionOf(publishers: Publishers): string {
  return `published at ${[...publishers.keys()].join(' ') || '-'}`
}
