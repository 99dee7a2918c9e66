import { z } from 'zod'
import { sameAllocation, type Allocation } from '../../src/core/allocation.ts'
import type { Actuator, ActuatorContext, ActuatorPlugin } from '../../src/plugin/actuator.ts'
import type { ApplyResult, Observed, ObserveResult, Step } from '../../src/plugin/actuator.ts'
import type { HttpResult } from '../../src/plugin/net.ts'
import { perPath, secretUrl } from '../../src/plugin/option-types.ts'

const options = z.strictObject({
  url: secretUrl('https', 'http').describe('The document of the switch.'),
  token: z.string().min(1).describe('A token that may read and write the document.'),
  origins: perPath(z.string().min(1)).describe('The origin of each path of the group.'),
})

type Options = z.output<typeof options>

/** The share of each origin in percent, and who wrote it last. */
const weights = z.record(z.string(), z.int().min(0).max(100))
const document = z.object({ weights, by: z.string().default('') })

/** Moves traffic between origins of a switch in the cloud: one JSON document with an ETag. */
const plugin: ActuatorPlugin<typeof options> = {
  type: 'cloud-switch',
  summary: 'Writes the weights of a cloud switch: one JSON document, guarded by its ETag.',
  options,
  mode: 'push',
  capabilities: () => ({
    shape: 'weights',
    mode: 'push',
    reversible: true,
    settleMs: 10_000,
    // The switch itself compares: `If-Match` (RFC 9110, section 13.1.1).
    compareAndSet: 'atomic',
    permissions: ['read and write the document of the switch'],
  }),
  create: (given, context) => new CloudSwitch(given, context),
}

export { plugin }

class CloudSwitch implements Actuator {
  readonly #options: Options
  readonly #context: ActuatorContext

  constructor(given: Options, context: ActuatorContext) {
    this.#options = given
    this.#context = context
  }

  async observe(signal: AbortSignal): Promise<ObserveResult> {
    const answer = await this.#call({ method: 'GET', signal })
    if (!answer.ok) return { ok: false, retry: true, says: answer.says }
    if (answer.status !== 200) return { ok: false, retry: true, says: answered(answer.status) }
    const read = document.safeParse(parseJson(answer.body.toString()))
    const version = answer.headers['etag']
    if (!read.success || version === undefined) {
      return { ok: false, retry: false, says: 'the switch answered no document with an ETag' }
    }
    const allocation: Record<string, number> = {}
    for (const path of this.#context.paths) {
      const share = read.data.weights[this.#options.origins[path] ?? '']
      // An origin that is not there is an error, never a weight of 0.
      if (share === undefined) return { ok: false, retry: false, says: `no origin for ${path}` }
      allocation[path] = share
    }
    const says = `the switch gives ${JSON.stringify(read.data.weights)}`
    return {
      ok: true,
      observed: { allocation, version, ours: read.data.by === 'changeover', says },
    }
  }

  plan(observed: Observed, wanted: Allocation): readonly Step[] {
    if (sameAllocation(observed.allocation, wanted)) return []
    const shares = this.#context.paths.map((path): [string, number] => [
      this.#options.origins[path] ?? '',
      wanted[path] ?? 0,
    ])
    const says = `set the switch to ${shares.map(([name, share]) => `${name} ${share}`).join(', ')}`
    // One write for all: there is no moment at which nothing serves.
    return [{ says, data: Object.fromEntries(shares) }]
  }

  async apply(step: Step, version: string, signal: AbortSignal): Promise<ApplyResult> {
    const wanted = weights.safeParse(step.data)
    const known = Object.values(this.#options.origins)
    if (!wanted.success || !Object.keys(wanted.data).every((name) => known.includes(name))) {
      return { result: 'failed', retry: false, says: 'the step is not one of this actuator' }
    }
    const body = JSON.stringify({ weights: wanted.data, by: 'changeover' })
    const answer = await this.#call({
      method: 'PUT',
      signal,
      body,
      headers: { 'if-match': version },
    })
    if (!answer.ok) {
      // Before the request was sent, nothing can have happened. After that, nobody knows.
      const sent = !['dns', 'connect', 'tls'].includes(answer.phase)
      if (sent) return { result: 'unknown', says: answer.says }
      return { result: 'failed', retry: true, says: answer.says }
    }
    const { status, headers } = answer
    if (status === 412) return { result: 'conflict', says: 'the switch was changed meanwhile' }
    if (status >= 500) return { result: 'unknown', says: answered(status) }
    if (status > 299) return { result: 'failed', retry: status === 429, says: answered(status) }
    const now = headers['etag']
    return now === undefined ? { result: 'applied' } : { result: 'applied', version: now }
  }

  #call(call: {
    readonly method: 'GET' | 'PUT'
    readonly signal: AbortSignal
    readonly body?: string
    readonly headers?: Readonly<Record<string, string>>
  }): Promise<HttpResult> {
    const { url, token } = this.#options
    return this.#context.net.http({
      ...call,
      url,
      headers: {
        ...call.headers,
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
      },
      deadlineMs: this.#context.callTimeoutMs,
      maxBytes: 65_536,
      // The token goes nowhere but where the configuration says.
      maxRedirects: 0,
    })
  }
}

function answered(status: number): string {
  return `the switch answered ${status}`
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
