import { z } from 'zod'
import {
  describeAllocation,
  sameAllocation,
  sharesOf,
  type Allocation,
} from '../core/allocation.ts'
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
import { perPath, secretUrl } from '../plugin/option-types.ts'
import { digestOf, parseEndpoints, renderEndpoints } from './envoy/endpoints-file.ts'

/** EDS takes addresses and no names (config.core.v3.SocketAddress, "address"). */
const endpoint = z
  .string()
  .regex(/^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-fA-F:.]+\]):\d{1,5}$/u, 'expected address:port')
  .refine((text) => Number(/\d+$/.exec(text)?.[0]) <= 65_535, 'expected a port up to 65535')

const options = z
  .strictObject({
    file: z
      .string()
      .max(4_096)
      .regex(/^\/[^\0\n]+$/u, 'expected an absolute path')
      .describe('The file that Envoy watches as `path_config_source` of the EDS of the cluster.'),
    cluster: z
      .string()
      .min(1)
      .max(256)
      .describe('The cluster, or its `service_name` where it has one.'),
    servers: perPath(endpoint)
      .refine((map) => new Set(Object.values(map)).size === Object.keys(map).length, {
        error: 'two paths name the same server',
      })
      .describe('The endpoint of each path of the group: an IP address and a port.'),
    admin: secretUrl('http', 'https')
      .optional()
      .describe(
        'The admin interface of Envoy, asked whether it took the file. Without it the file is believed.',
      ),
  })
  .describe('Endpoints of one cluster, by a file that Envoy watches.')

type Options = z.output<typeof options>

/** What a step does; `see` waits until Envoy itself has what the file says. */
const stepData = z.strictObject({
  do: z.enum(['write', 'see']),
  weights: z.string().regex(/^[a-z0-9-]+=\d{1,3}(?: [a-z0-9-]+=\d{1,3})*$/u),
})

/** What we keep of `/clusters?format=json` (envoy.admin.v3.Clusters). */
const clusters = z.object({
  cluster_statuses: z
    .array(
      z.object({
        name: z.string(),
        eds_service_name: z.string().optional(),
        host_statuses: z
          .array(
            z.object({
              address: z.object({
                socket_address: z.object({ address: z.string(), port_value: z.int() }),
              }),
              weight: z.int().default(1),
            }),
          )
          .default([]),
      }),
    )
    .default([]),
})

const MOST_BYTES = 4 * 1_048_576

const askEveryMs = 50

/**
 * Moves traffic between the endpoints of an Envoy cluster: writes its ClusterLoadAssignment as a file
 * that Envoy watches, by rename, which alone makes Envoy read it (config.core.v3.PathConfigSource).
 * A path without traffic is left out: in panic mode Envoy sends to endpoints that are draining, too.
 */
const envoy: ActuatorPlugin<typeof options> = {
  type: 'envoy',
  summary: 'Writes the endpoints of an Envoy cluster (EDS) to the file that Envoy watches.',
  tested: 'transcribed',
  options,
  mode: 'push',
  capabilities: (given) => ({
    shape: 'weights',
    mode: 'push',
    reversible: true,
    settleMs: given.admin === undefined ? 1_000 : 0,
    compareAndSet: 'checked',
    permissions: [
      `write ${given.file} and its folder`,
      ...(given.admin === undefined ? [] : [`GET /clusters at ${redactUrl(given.admin)}`]),
    ],
  }),
  create: (given, context) => new EnvoyActuator(given, context),
}

export default envoy

interface Read {
  readonly weights: ReadonlyMap<string, number>
  readonly version: string
  readonly group: string | undefined
  readonly others: number
}

type Unread = { readonly retry: boolean; readonly says: string }

class EnvoyActuator implements Actuator {
  readonly #options: Options
  readonly #context: ActuatorContext

  constructor(given: Options, context: ActuatorContext) {
    this.#options = given
    this.#context = context
  }

  async observe(signal: AbortSignal): Promise<ObserveResult> {
    const read = await this.#read(signal)
    if ('says' in read) return { ok: false, ...read }
    const observed = this.#observed(read)
    const { admin } = this.#options
    if (admin === undefined) return { ok: true, observed }
    const { callTimeoutMs } = this.#context
    const loaded = await this.#loaded(admin, callTimeoutMs / 2, signal)
    if ('says' in loaded) return { ok: false, ...loaded }
    const allocation = sharesOf(loaded)
    if (sameAllocation(allocation, observed.allocation)) return { ok: true, observed }
    const says = `Envoy has ${describeAllocation(allocation)}, and did not take ${describeAllocation(observed.allocation)} from ${this.#options.file}`
    return { ok: true, observed: { ...observed, allocation, says } }
  }

  plan(observed: Observed, wanted: Allocation): readonly Step[] {
    const { paths } = this.#context
    const target = sharesOf(new Map(paths.map((path) => [path, wanted[path] ?? 0])))
    if (sameAllocation(observed.allocation, target)) return []
    const what = describeAllocation(target)
    const { file, admin } = this.#options
    const weights = paths.map((path) => `${path}=${target[path] ?? 0}`).join(' ')
    const isWritten = observed.version === digestOf(this.#render(new Map(Object.entries(target))))
    const write = { says: `write ${what} to ${file}`, data: { do: 'write', weights } }
    const see = { says: `see that Envoy has ${what}`, data: { do: 'see', weights } }
    return [...(isWritten ? [] : [write]), ...(admin === undefined ? [] : [see])]
  }

  async apply(step: Step, version: string, signal: AbortSignal): Promise<ApplyResult> {
    const until = this.#context.clock.now() + this.#context.callTimeoutMs * 0.9
    const { files, paths } = this.#context
    const { file, admin } = this.#options
    const parsed = stepData.safeParse(step.data)
    const weights = new Map(
      (parsed.data?.weights ?? '').split(' ').map((part): [string, number] => {
        const [path = '', weight = ''] = part.split('=')
        return [path, Number(weight)]
      }),
    )
    const isOurs = weights.size === paths.length && paths.every((path) => weights.has(path))
    if (!parsed.success || !isOurs || files === undefined) {
      return failed(false, 'the step is not one of this actuator')
    }
    if (![...weights.values()].some((weight) => weight > 0)) {
      return failed(false, 'no endpoint would be left in the cluster')
    }
    const text = this.#render(weights)
    const read = await this.#read(signal)
    if ('says' in read) return failed(read.retry, read.says)
    const isWritten = read.version === digestOf(text)
    const applied: ApplyResult = { result: 'applied', version: digestOf(text) }
    if (!isWritten && (read.version !== version || parsed.data.do === 'see')) {
      return { result: 'conflict', says: this.#observed(read).says }
    }
    if (parsed.data.do === 'see') {
      if (admin === undefined) return applied
      return (await this.#takes(admin, sharesOf(weights), until, signal)) ?? applied
    }
    if (isWritten) return applied
    const written = await files.replace(file, text)
    return written.ok ? applied : failed(true, written.says)
  }

  #render(weights: ReadonlyMap<string, number>): string {
    const { group, paths } = this.#context
    const { cluster, servers } = this.#options
    const endpoints = paths.map((path) => ({
      address: servers[path] ?? '',
      weight: weights.get(path) ?? 0,
    }))
    return renderEndpoints({ group, cluster, endpoints })
  }

  /** Waits until Envoy has these shares; what is wrong where it does not get them. */
  async #takes(
    admin: string,
    wanted: Allocation,
    until: number,
    signal: AbortSignal,
  ): Promise<ApplyResult | undefined> {
    const { clock } = this.#context
    let says = 'Envoy was not asked'
    while (clock.now() < until) {
      const loaded = await this.#loaded(admin, Math.max(1, until - clock.now()), signal)
      if (!('says' in loaded) && sameAllocation(sharesOf(loaded), wanted)) return undefined
      says = 'says' in loaded ? loaded.says : 'Envoy did not take the file; its log tells why'
      if (!(await clock.sleep(askEveryMs, signal))) break
    }
    return { result: 'unknown', says }
  }

  async #read(signal: AbortSignal): Promise<Read | Unread> {
    const { file, cluster, servers } = this.#options
    const { files, paths } = this.#context
    if (signal.aborted) return { retry: true, says: 'stopped' }
    if (files === undefined) return { retry: false, says: 'there are no files here' }
    const found = await files.read(file, MOST_BYTES)
    if (!found.ok) return { retry: !found.missing, says: found.says }
    const parsed = parseEndpoints(found.text, cluster)
    if (parsed === undefined) {
      return { retry: false, says: `${file} has no endpoints of the cluster ${cluster}` }
    }
    const { weights: byAddress, group } = parsed
    const weights = new Map(paths.map((path) => [path, byAddress.get(servers[path] ?? '') ?? 0]))
    const known = paths.filter((path) => byAddress.has(servers[path] ?? '')).length
    const version = digestOf(found.text)
    return { weights, version, group, others: byAddress.size - known }
  }

  #observed({ weights, version, group, others }: Read): Observed {
    const { file, cluster } = this.#options
    const list = [...weights].map(([path, weight]) => `${path} ${weight || 'none'}`).join(', ')
    const note =
      group === undefined
        ? ', and was not written by Changeover or edited since'
        : group === this.#context.group
          ? ''
          : `, and is written for ${group}`
    return {
      allocation: sharesOf(weights),
      version,
      ours: group === this.#context.group && others === 0,
      says: `${file} gives ${list} in the cluster ${cluster}${note}`,
    }
  }

  /** What Envoy itself has. */
  async #loaded(
    admin: string,
    deadlineMs: number,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, number> | Unread> {
    const { cluster, servers } = this.#options
    const answer = await this.#context.net.http({
      url: `${admin.replace(/\/+$/u, '')}/clusters?format=json`,
      deadlineMs,
      maxBytes: MOST_BYTES,
      maxRedirects: 0,
      signal,
    })
    if (!answer.ok) return { retry: true, says: answer.says }
    if (answer.status !== 200) return { retry: true, says: `Envoy answered ${answer.status}` }
    const parsed = clusters.safeParse(jsonOf(answer.body))
    const hosts = parsed.data?.cluster_statuses.find(
      ({ name, eds_service_name: service }) => (service ?? name) === cluster || name === cluster,
    )?.host_statuses
    if (hosts === undefined) return { retry: false, says: `Envoy has no cluster ${cluster}` }
    const weightOf = (server: string) =>
      hosts.find(({ address: { socket_address: at } }) => {
        const host = at.address.includes(':') ? `[${at.address}]` : at.address
        return `${host}:${at.port_value}` === server
      })?.weight ?? 0
    return new Map(this.#context.paths.map((path) => [path, weightOf(servers[path] ?? '')]))
  }
}

function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    return undefined
  }
}

function failed(retry: boolean, says: string): Extract<ApplyResult, { result: 'failed' }> {
  return { result: 'failed', retry, says }
}
