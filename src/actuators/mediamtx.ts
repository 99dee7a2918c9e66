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
import { RestApi } from '../plugin/rest-api.ts'

/** What MediaMTX pulls from (internal/conf/path.go); a path that waits for a publisher has no URL. */
const sourceUrl = secretUrl(
  'rtsp',
  'rtsps',
  'rtmp',
  'rtmps',
  'srt',
  'http',
  'https',
  'udp',
  'udp+mpegts',
  'udp+rtp',
  'unix+mpegts',
  'unix+rtp',
  'whep',
  'wheps',
)

const options = z
  .strictObject({
    url: secretUrl('http', 'https').describe(
      'Where the API listens, with user and password if it asks for them: `http://host:9997`.',
    ),
    name: z
      .string()
      .min(1)
      .max(256)
      .describe('The path as it stands in the configuration of MediaMTX.'),
    sources: perPath(sourceUrl)
      .refine((map) => new Set(Object.values(map)).size === Object.keys(map).length, {
        error: 'two paths have the same source',
      })
      .describe('Where MediaMTX pulls from for each path of the group.'),
  })
  .describe('The source that a path of MediaMTX pulls from.')

type Options = z.output<typeof options>

const stepData = z.strictObject({ to: z.string() })

/** As much of `PathConf` as is read; a patch keeps what it does not name. */
const pathConf = z.object({ source: z.string() })

/** `Error` of the API's OpenAPI document. */
const refusal = z.object({ error: z.string() })

/**
 * Points a path of MediaMTX at another source, through its API v3. MediaMTX makes the path anew, so
 * its readers are disconnected and come back. The source alone is patched: nothing else is overwritten.
 */
const mediamtx: ActuatorPlugin<typeof options> = {
  type: 'mediamtx',
  summary: 'Points a path of MediaMTX at another source, through its API v3.',
  tested: 'contract',
  options,
  mode: 'push',
  capabilities: (given) => ({
    shape: 'single',
    mode: 'push',
    reversible: false,
    settleMs: 0,
    compareAndSet: 'checked',
    permissions: [`a user of MediaMTX at ${redactUrl(given.url)} with the action \`api\``],
  }),
  create: (given, context) => new MediamtxActuator(given, context),
}

export default mediamtx

class MediamtxActuator implements Actuator {
  readonly #options: Options
  readonly #context: ActuatorContext
  readonly #api: RestApi

  constructor(given: Options, context: ActuatorContext) {
    this.#options = given
    this.#context = context
    const detail = (body: unknown) => {
      const told = refusal.safeParse(body).data?.error
      // It quotes a source that it does not like.
      return Object.values(given.sources).reduce<string | undefined>(
        (text, source) => text?.replaceAll(source, '…'),
        told,
      )
    }
    const service = { name: 'MediaMTX', url: given.url.replace(/\/+$/u, ''), detail }
    this.#api = new RestApi(service, context.net)
  }

  async observe(signal: AbortSignal): Promise<ObserveResult> {
    const read = await this.#read(this.#context.callTimeoutMs, signal)
    return read.ok ? { ok: true, observed: this.#observed(read.value) } : unreadable(read)
  }

  plan(observed: Observed, wanted: Allocation): readonly Step[] {
    const to = heaviest(wanted)
    if (to === undefined || (observed.allocation[to] ?? 0) > 0) return []
    const from = heaviest(observed.allocation)
    const away = from === undefined ? '' : ` from ${from}`
    return [{ says: `point ${this.#options.name} of MediaMTX${away} to ${to}`, data: { to } }]
  }

  async apply(step: Step, version: string, signal: AbortSignal): Promise<ApplyResult> {
    const { callTimeoutMs, paths } = this.#context
    const { name, sources } = this.#options
    const parsed = stepData.safeParse(step.data)
    const to = parsed.success ? parsed.data.to : ''
    const source = Object.hasOwn(sources, to) ? sources[to] : undefined
    if (source === undefined || !paths.includes(to)) {
      return { result: 'failed', retry: false, says: 'the step is not one of this actuator' }
    }
    const read = await this.#read(callTimeoutMs / 2, signal)
    if (!read.ok) return { result: 'failed', retry: read.retry, says: read.says }
    if (read.value === source) return { result: 'applied', version: versionOf(source) }
    if (versionOf(read.value) !== version) {
      return { result: 'conflict', says: this.#observed(read.value).says }
    }
    const answer = await this.#api.call(
      { method: 'PATCH', path: `/v3/config/paths/patch/${segments(name)}`, body: { source } },
      callTimeoutMs / 2,
      signal,
    )
    // Earlier versions answer a patch that they took with 200 and nothing.
    if (!answer.ok && answer.status !== 200) return unwritten(answer)
    return { result: 'applied', version: versionOf(source) }
  }

  async #read(ms: number, signal: AbortSignal): Promise<CallAnswer<string>> {
    const path = `/v3/config/paths/get/${segments(this.#options.name)}`
    const answer = await this.#api.call({ method: 'GET', path }, ms, signal)
    if (!answer.ok) {
      if (answer.status !== 404) return answer
      const says = `MediaMTX has no path ${this.#options.name} in its configuration: add it under \`paths\``
      return { ...answer, says }
    }
    const conf = pathConf.safeParse(answer.value)
    if (conf.success) return { ok: true, value: conf.data.source }
    const says = 'MediaMTX answered JSON that is no configuration of a path'
    return { ok: false, sent: true, status: 200, code: '200', retry: true, says }
  }

  #observed(source: string): Observed {
    const { paths, group } = this.#context
    const { name, sources } = this.#options
    const path = paths.find((each) => sources[each] === source)
    const where = path ?? `something that is no path of ${group}`
    return {
      allocation:
        path === undefined
          ? Object.fromEntries(paths.map((each) => [each, 0]))
          : allTo(path, paths),
      version: versionOf(source),
      // A source that nobody configured here was set by somebody else.
      ours: path !== undefined,
      says: `${name} of MediaMTX pulls from ${where}`,
    }
  }
}

/** A source is often a credential, so its digest stands for it. */
function versionOf(source: string): string {
  return createHash('sha256').update(source).digest('hex').slice(0, 32)
}

/** A path's name in a URL: its slashes are those of the URL. */
function segments(name: string): string {
  return name.split('/').map(encodeURIComponent).join('/')
}
