import { z } from 'zod'
import { withDeadline } from '../core/clock.ts'
import { heaviest, sameAllocation, sharesOf, type Allocation } from '../core/allocation.ts'
import type {
  Actuator,
  ActuatorContext,
  ActuatorPlugin,
  ApplyResult,
  Observed,
  ObserveResult,
  Step,
} from '../plugin/actuator.ts'
import { awsOptions } from '../plugin/aws.ts'
import { signatureHeaders, type AwsCredentials } from '../plugin/aws-signing.ts'
import { unreadable, unwritten, type CallAnswer } from '../plugin/call-failure.ts'
import { perPath } from '../plugin/option-types.ts'
import { RestApi } from '../plugin/rest-api.ts'
import { canonical } from '../plugin/weights-version.ts'

const flowArn = /^arn:[a-z-]+:mediaconnect:([a-z0-9-]+):\d{12}:flow:[\w-]+:[\w-]+$/u

const options = z
  .strictObject({
    flow: z.string().regex(flowArn, 'expected the ARN of a flow').describe('The flow, by its ARN.'),
    sources: perPath(z.string().min(1).max(128))
      .refine((map) => new Set(Object.values(map)).size === Object.keys(map).length, {
        error: 'two paths name the same source',
      })
      .refine((map) => Object.keys(map).length <= 2, { error: 'a flow has at most two sources' })
      .describe('The source of each path, by its name in the flow.'),
    ...awsOptions,
  })
  .describe('The primary source of a MediaConnect flow.')

type Options = z.output<typeof options>

const stepData = z.strictObject({ source: z.string().min(1) })

/** A flow as far as it is read (MediaConnect API reference, `Flow`). */
const described = z.object({
  flow: z.object({
    status: z.string().optional(),
    sources: z.array(z.object({ name: z.string().optional() })).default([]),
    sourceFailoverConfig: z
      .object({
        state: z.string().optional(),
        failoverMode: z.string().optional(),
        recoveryWindow: z.number().optional(),
        sourcePriority: z.object({ primarySource: z.string().optional() }).optional(),
      })
      .optional(),
  }),
})

type Flow = z.output<typeof described>['flow']

/** AWS names no figure; a flow that runs follows within seconds. */
const SETTLE_MS = 10_000

/** Where the SDK's own credential chain is. */
const needs = '@aws-sdk/credential-provider-node'

/**
 * Makes one of the two sources of a flow the primary one. MediaConnect uses the primary source
 * whenever it is there, and fails over to the other by itself where it is not.
 */
const mediaconnect: ActuatorPlugin<typeof options> = {
  type: 'mediaconnect',
  summary: 'Chooses the primary source of an AWS Elemental MediaConnect flow.',
  tested: 'transcribed',
  options,
  mode: 'push',
  capabilities: ({ flow }) => ({
    shape: 'single',
    mode: 'push',
    reversible: false,
    settleMs: SETTLE_MS,
    compareAndSet: 'checked',
    permissions: [`mediaconnect:DescribeFlow and mediaconnect:UpdateFlow on ${flow}`],
  }),
  create: (given, context) => new MediaconnectActuator(given, context),
}

export default mediaconnect

class MediaconnectActuator implements Actuator {
  readonly #options: Options
  readonly #context: ActuatorContext
  readonly #api: RestApi
  readonly #region: string
  readonly #url: string
  #credentials: (() => Promise<AwsCredentials>) | undefined

  constructor(given: Options, context: ActuatorContext) {
    this.#options = given
    this.#context = context
    this.#region = flowArn.exec(given.flow)?.[1] ?? ''
    const own = `https://mediaconnect.${this.#region}.amazonaws.com`
    this.#url = (given.endpoint ?? own).replace(/\/+$/u, '')
    this.#api = new RestApi({ name: 'MediaConnect', url: this.#url, detail }, context.net)
  }

  async observe(signal: AbortSignal): Promise<ObserveResult> {
    const read = await this.#describe(this.#context.callTimeoutMs, signal)
    if (!read.ok) return unreadable(read)
    const wrong = this.#faultOf(read.value)
    if (wrong !== undefined) return { ok: false, retry: false, says: wrong }
    const { paths } = this.#context
    const primary = primaryOf(read.value)
    const isIt = (path: string) => this.#options.sources[path] === primary
    // Without a primary source either may be in use.
    const values = paths.map((path) => [path, primary === undefined || isIt(path) ? 1 : 0] as const)
    return {
      ok: true,
      observed: {
        allocation: sharesOf(new Map(values)),
        version: versionOf(read.value),
        // A flow bears no mark; its sources are named in the configuration.
        ours: true,
        says: this.#says(read.value),
      },
    }
  }

  plan(observed: Observed, wanted: Allocation): readonly Step[] {
    const path = heaviest(wanted)
    if (path === undefined || sameAllocation(observed.allocation, { [path]: 100 })) return []
    const source = this.#options.sources[path] ?? ''
    return [{ says: `make ${source} (${path}) the primary source of the flow`, data: { source } }]
  }

  async apply(step: Step, version: string, signal: AbortSignal): Promise<ApplyResult> {
    const { callTimeoutMs } = this.#context
    const parsed = stepData.safeParse(step.data)
    const source = parsed.success ? parsed.data.source : ''
    if (!Object.values(this.#options.sources).includes(source)) {
      return { result: 'failed', retry: false, says: 'the step is not one of this actuator' }
    }
    const read = await this.#describe(callTimeoutMs / 2, signal)
    if (!read.ok) return { result: 'failed', retry: read.retry, says: read.says }
    const wrong = this.#faultOf(read.value)
    if (wrong !== undefined) return { result: 'failed', retry: false, says: wrong }
    const current = versionOf(read.value)
    if (primaryOf(read.value) === source) return { result: 'applied', version: current }
    if (current !== version) return { result: 'conflict', says: this.#says(read.value) }
    const sourceFailoverConfig = {
      ...read.value.sourceFailoverConfig,
      sourcePriority: { primarySource: source },
    }
    const answer = await this.#call('PUT', { sourceFailoverConfig }, callTimeoutMs / 2, signal)
    if (!answer.ok) return unwritten(answer)
    if (primaryOf(answer.value) !== source) {
      return { result: 'unknown', says: `MediaConnect answered: ${this.#says(answer.value)}` }
    }
    return {
      result: 'applied',
      version: versionOf({ ...read.value, sourceFailoverConfig }),
    }
  }

  /** Why the flow cannot be switched so; `undefined` where it can. */
  #faultOf({ sources, sourceFailoverConfig: failover }: Flow): string | undefined {
    for (const path of this.#context.paths) {
      const name = this.#options.sources[path]
      if (name === undefined) return `sources names none for path ${path}`
      if (!sources.some((each) => each.name === name)) return `the flow has no source "${name}"`
    }
    if (failover?.state !== 'ENABLED') return 'source failover is not enabled for the flow'
    if (failover.failoverMode !== 'FAILOVER') {
      return `the flow has failover mode ${failover.failoverMode ?? 'unknown'}, which has no primary source: set FAILOVER`
    }
    return undefined
  }

  #says(flow: Flow): string {
    const primary = primaryOf(flow)
    const { sources } = this.#options
    const path = Object.keys(sources).find((each) => sources[each] === primary)
    const status = flow.status ?? 'of unknown status'
    if (primary === undefined) return `the flow is ${status} and has no primary source`
    return `the flow is ${status}, its primary source ${primary} (${path ?? 'no path of this group'})`
  }

  #describe(ms: number, signal: AbortSignal): Promise<CallAnswer<Flow>> {
    return this.#call('GET', undefined, ms, signal)
  }

  async #call(
    method: 'GET' | 'PUT',
    body: object | undefined,
    ms: number,
    signal: AbortSignal,
  ): Promise<CallAnswer<Flow>> {
    const { clock } = this.#context
    const until = clock.now() + ms
    const credentials = await this.#signIn(ms, signal)
    if (!credentials.ok) return credentials
    const path = `/v1/flows/${encodeURIComponent(this.#options.flow)}`
    const text = body === undefined ? '' : JSON.stringify(body)
    const headers = signatureHeaders(
      { method, url: `${this.#url}${path}`, headers: {}, body: text },
      credentials.value,
      { service: 'mediaconnect', region: this.#region, wall: clock.wall() },
    )
    const call = { method, path, headers, ...(body !== undefined && { body }) }
    const answer = await this.#api.call(call, until - clock.now(), signal)
    if (!answer.ok) return answer
    const parsed = described.safeParse(answer.value)
    if (parsed.success) return { ok: true, value: parsed.data.flow }
    const says = 'MediaConnect answered JSON without a flow'
    return { ok: false, sent: true, status: 200, code: '200', retry: true, says }
  }

  /** Credentials of the SDK's own chain; whatever fails here, nothing was sent to MediaConnect. */
  async #signIn(ms: number, signal: AbortSignal): Promise<CallAnswer<AwsCredentials>> {
    const { profile } = this.#options
    const failure = { ok: false, sent: false, status: undefined, code: 'credentials' } as const
    try {
      const found = await withDeadline(this.#context.clock, ms, signal, async () => {
        if (this.#credentials === undefined) {
          const { defaultProvider } = await import('@aws-sdk/credential-provider-node')
          this.#credentials = defaultProvider(profile === undefined ? {} : { profile })
        }
        return await this.#credentials()
      })
      if (found !== undefined && !signal.aborted) return { ok: true, value: found }
      return { ...failure, retry: true, says: 'no AWS credentials were found in time' }
    } catch (error) {
      const { code } = error as { readonly code?: unknown }
      if (code === 'ERR_MODULE_NOT_FOUND') {
        const says = `the package ${needs} is missing: install it beside Changeover with "npm install ${needs}"`
        return { ...failure, retry: false, says }
      }
      const told = error instanceof Error ? error.message.split('\n')[0] : ''
      return { ...failure, retry: true, says: `no AWS credentials: ${told ?? ''}` }
    }
  }
}

function primaryOf({ sourceFailoverConfig }: Flow): string | undefined {
  return sourceFailoverConfig?.sourcePriority?.primarySource
}

/** Whether the flow starts or updates is no edit; its sources and their failover are. */
function versionOf({ sources, sourceFailoverConfig }: Flow): string {
  return canonical({
    sources: sources.map(({ name }) => name ?? '').toSorted(),
    sourceFailoverConfig,
  })
}

/** Messages about signatures repeat what was signed, session token included. */
function detail(body: unknown): string | undefined {
  const parsed = z
    .object({ message: z.string().optional(), Message: z.string().optional() })
    .safeParse(body)
  const told = parsed.data?.message ?? parsed.data?.Message
  return told !== undefined && /signature|canonical/iu.test(told)
    ? 'the signature is not accepted'
    : told
}
