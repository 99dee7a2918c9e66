import { z } from 'zod'
import {
  describeAllocation,
  sameAllocation,
  sharesOf,
  type Allocation,
} from '../core/allocation.ts'
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
import { ApiServer, explain, jsonOf, mayRetry, wasSent } from './kubernetes/api-server.ts'
import { deploymentsKind } from './kubernetes/deployments.ts'
import { endpointSlicesKind } from './kubernetes/endpoint-slices.ts'
import { httpRouteKind } from './kubernetes/http-route.ts'
import {
  digestOf,
  kubernetesObject,
  mark,
  type Kind,
  type KubernetesObject,
} from './kubernetes/kind.ts'
import { readinessGateKind } from './kubernetes/readiness-gate.ts'
import { serviceKind } from './kubernetes/service.ts'

/** Where a pod finds its service account (Kubernetes, "Accessing the API from a Pod"). */
const account = '/var/run/secrets/kubernetes.io/serviceaccount'

/** RFC 1123 names, as Kubernetes asks of names that stand in URLs. */
const name = z
  .string()
  .max(253)
  .regex(/^[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?$/u, 'expected a name as Kubernetes has them')

/** A label, annotation or condition, with or without its prefix. */
const qualified = z
  .string()
  .max(317)
  .regex(/^(?:[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9](?:[-\w.]*[A-Za-z0-9])?$/u)

const target = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('http-route').describe('Weights of the backends of a Gateway API HTTPRoute.'),
    name: name.describe('The HTTPRoute.'),
    rule: z.int().min(0).max(15).default(0).describe('Which of its rules, from 0.'),
  }),
  z.strictObject({
    kind: z.literal('service').describe('The selector of one Service.'),
    name: name.describe('The Service.'),
    label: qualified.describe('The label of its selector that tells the paths apart.'),
  }),
  z.strictObject({
    kind: z.literal('endpoint-slices').describe('EndpointSlices of a Service without selector.'),
  }),
  z.strictObject({
    kind: z.literal('readiness-gate').describe('A readiness gate of one pod for each path.'),
    condition: qualified
      .default('changeover/serves')
      .describe('The condition that the pods name under `readinessGates`.'),
  }),
  z.strictObject({
    kind: z.literal('deployments').describe('Replicas of one Deployment for each path.'),
    serving: z.int().min(1).max(1_000).describe('Replicas of a path that serves, at least.'),
    standby: z.int().min(0).max(999).default(0).describe('Replicas of a path that does not.'),
    ceiling: z.int().min(1).max(1_000).describe('Replicas of a path that serves, at most.'),
  }),
])

const inCluster = {
  url: 'https://kubernetes.default.svc',
  token_file: `${account}/token`,
  ca_file: `${account}/ca.crt`,
}

const file = z.string().max(4_096)

const options = z
  .strictObject({
    url: secretUrl('http', 'https')
      .default(inCluster.url)
      .describe('The API server; outside of the cluster for instance that of `kubectl proxy`.'),
    namespace: name.default('default').describe('The namespace of everything that is named here.'),
    target: target.describe('What is switched.'),
    names: perPath(name)
      .refine((map) => new Set(Object.values(map)).size === Object.keys(map).length, {
        error: 'two paths have the same name',
      })
      .describe(
        'For each path of the group: its backend Service, value of the label, EndpointSlice, pod or Deployment.',
      ),
    token_file: file
      .default(inCluster.token_file)
      .describe('The token of a service account, read at each call; empty to send none.'),
    ca_file: file
      .default(inCluster.ca_file)
      .describe(
        'The authority of the API server, read at each call; empty for that of the system.',
      ),
    kubeconfig: file
      .regex(/^\//u, 'expected an absolute path')
      .optional()
      .describe(
        'A kubeconfig in place of `url`, `token_file` and `ca_file`, read at each call: server, authority, token or client certificate. Programs that give credentials (`exec`) are not run.',
      ),
    context: z
      .string()
      .min(1)
      .max(256)
      .optional()
      .describe('The context of the kubeconfig; its current one if absent.'),
  })
  .refine(
    ({ target: each }) =>
      each.kind !== 'deployments' || (each.standby < each.serving && each.serving <= each.ceiling),
    'expected standby below serving, and serving up to ceiling',
  )
  .refine(({ context, kubeconfig }) => context === undefined || kubeconfig !== undefined, {
    error: 'a context is one of a kubeconfig: name that too',
    path: ['context'],
  })
  .refine(
    (given) =>
      given.kubeconfig === undefined ||
      (given.url === inCluster.url &&
        given.token_file === inCluster.token_file &&
        given.ca_file === inCluster.ca_file),
    {
      error: 'the kubeconfig says url, token_file and ca_file: leave those out',
      path: ['kubeconfig'],
    },
  )
  .describe('Objects of one namespace, through the API server.')

type Options = z.output<typeof options>

const stepData = z.strictObject({ object: z.string(), weights: z.string() })

/** The status of an object changes often, and with it the version that a write must name. */
const mostTries = 3

/**
 * Switches traffic by one object, or one for each path, of the Kubernetes API. Every write is read,
 * changed and put back with the `resourceVersion` that was read, so the API server itself compares;
 * nothing of an object is changed but what decides, and an annotation that says whose it is.
 */
const kubernetes: ActuatorPlugin<typeof options> = {
  type: 'kubernetes',
  summary: 'Sets HTTPRoute weights, selectors, readiness or replicas through the Kubernetes API.',
  tested: 'transcribed',
  options,
  mode: 'push',
  capabilities: (given) => {
    const kind = kindOf(given)
    return {
      shape: kind.shape,
      mode: 'push',
      reversible: true,
      // Until every node and gateway has heard of it.
      settleMs: 1_000,
      compareAndSet: 'atomic',
      permissions: [kind.permission],
    }
  },
  create: (given, context) => new KubernetesActuator(given, context),
}

export default kubernetes

function kindOf({ target: each, namespace, names }: Options): Kind {
  switch (each.kind) {
    case 'http-route':
      return httpRouteKind(each, namespace, names)
    case 'service':
      return serviceKind(each, namespace, names)
    case 'endpoint-slices':
      return endpointSlicesKind(namespace, names)
    case 'readiness-gate':
      return readinessGateKind(each, namespace, names)
    case 'deployments':
      return deploymentsKind(each, namespace, names)
  }
}

type Read =
  | {
      readonly ok: true
      readonly objects: readonly KubernetesObject[]
      readonly observed: Observed
    }
  | { readonly ok: false; readonly retry: boolean; readonly says: string }

class KubernetesActuator implements Actuator {
  readonly #options: Options
  readonly #context: ActuatorContext
  readonly #kind: Kind
  readonly #api: ApiServer

  constructor(given: Options, context: ActuatorContext) {
    this.#options = given
    this.#context = context
    this.#kind = kindOf(given)
    this.#api = new ApiServer(given, context)
  }

  async observe(signal: AbortSignal): Promise<ObserveResult> {
    const read = await this.#read(this.#until(), signal)
    return read.ok ? { ok: true, observed: read.observed } : read
  }

  plan(observed: Observed, wanted: Allocation): readonly Step[] {
    const { paths } = this.#context
    const target = this.#target(wanted)
    if (sameAllocation(observed.allocation, target)) return []
    const weights = paths.map((path) => `${path}=${target[path] ?? 0}`).join(' ')
    const { objects } = this.#kind
    const [first] = objects
    if (first !== undefined && first.path === undefined) {
      const says = `set ${this.#what()} ${first.name} to ${describeAllocation(target)}`
      return [{ says, data: { object: first.name, weights } }]
    }
    const isIn = (allocation: Allocation, path = '') => (allocation[path] ?? 0) > 0
    const changed = objects.filter(
      ({ path }) => isIn(target, path) !== isIn(observed.allocation, path),
    )
    const raising = changed.filter(({ path }) => isIn(target, path))
    const lowering = changed.filter(({ path }) => !isIn(target, path))
    return [...raising, ...lowering].map((each) => ({
      says: `${isIn(target, each.path) ? 'put' : 'take'} ${this.#what()} ${each.name} of ${each.path} ${isIn(target, each.path) ? 'into' : 'out of'} service`,
      data: { object: each.name, weights },
    }))
  }

  async apply(step: Step, version: string, signal: AbortSignal): Promise<ApplyResult> {
    const parsed = stepData.safeParse(step.data)
    const index = this.#kind.objects.findIndex(({ name: each }) => each === parsed.data?.object)
    const place = this.#kind.objects[index]
    const weights = this.#weightsOf(parsed.data?.weights ?? '')
    if (place === undefined || weights === undefined) {
      return failed(false, 'the step is not one of this actuator')
    }
    if (![...weights.values()].some((weight) => weight > 0)) {
      return failed(false, 'nothing would be left in service')
    }
    const until = this.#until()
    for (let tries = 0; tries < mostTries; tries += 1) {
      const read = await this.#read(until, signal)
      if (!read.ok) return failed(read.retry, read.says)
      const { observed, objects } = read
      const before = objects[index]
      if (before === undefined) return failed(false, 'the step is not one of this actuator')
      if (observed.version !== version) return { result: 'conflict', says: observed.says }
      const after = this.#marked(this.#kind.edit(before, weights, place.path))
      const all = objects.with(index, after)
      const next = this.#kind.weights(all)
      if (!('says' in next) && ![...next.values()].some((weight) => weight > 0)) {
        return failed(false, `without ${place.name} nothing would be left in service`)
      }
      const body = JSON.stringify(after)
      const answer = await this.#api.call('PUT', place.url, until, signal, body)
      if (!answer.ok) {
        const { says } = answer
        return wasSent(answer) ? { result: 'unknown', says } : failed(mayRetry(answer), says)
      }
      // Something changed since the read; the next one tells whether it is what we would overwrite.
      if (answer.status === 409) continue
      if (answer.status === 429) return failed(true, explain(answer))
      if (answer.status >= 500) return { result: 'unknown', says: explain(answer) }
      if (answer.status > 299) return failed(false, explain(answer))
      // Defaults of the API server may stand in it now, so it is read again.
      return { result: 'applied' }
    }
    return failed(true, `${place.name} changes faster than it can be written`)
  }

  /** The shares as this kind of target can give them. */
  #target(wanted: Allocation): Allocation {
    const { paths } = this.#context
    const given = paths.map((path): [string, number] => [path, wanted[path] ?? 0])
    if (this.#kind.shape === 'weights') return sharesOf(new Map(given))
    if (this.#kind.objects[0]?.path !== undefined) {
      return sharesOf(new Map(given.map(([path, weight]) => [path, weight > 0 ? 1 : 0])))
    }
    const most = Math.max(...given.map(([, weight]) => weight))
    const heaviest = most > 0 ? given.find(([, weight]) => weight === most)?.[0] : undefined
    return sharesOf(new Map(given.map(([path]) => [path, path === heaviest ? 1 : 0])))
  }

  async #read(until: number, signal: AbortSignal): Promise<Read> {
    const objects: KubernetesObject[] = []
    for (const { name: each, url } of this.#kind.objects) {
      const answer = await this.#api.call('GET', url, until, signal)
      if (!answer.ok) return { ok: false, retry: mayRetry(answer), says: answer.says }
      if (answer.status !== 200) {
        const retry = answer.status >= 500 || answer.status === 429
        return { ok: false, retry, says: `${each}: ${explain(answer)}` }
      }
      const parsed = kubernetesObject.safeParse(jsonOf(answer.body))
      if (answer.truncated || !parsed.success) {
        return { ok: false, retry: false, says: `${each} is no object of Kubernetes` }
      }
      objects.push(parsed.data)
    }
    const weights = this.#kind.weights(objects)
    if ('says' in weights) return { ok: false, retry: false, says: weights.says }
    const { paths, group } = this.#context
    const list = paths.map((path) => `${path} ${weights.get(path) ?? 0}`).join(', ')
    return {
      ok: true,
      objects,
      observed: {
        allocation: sharesOf(new Map(paths.map((path) => [path, weights.get(path) ?? 0]))),
        version: objects.map((object) => this.#versionOf(object)).join(' '),
        // A subresource has no annotations to write: what decides there can only be ours by name.
        ours:
          this.#isBare() || objects.every((each) => each.metadata.annotations?.[mark] === group),
        says: `Kubernetes has ${list} by ${this.#what()} in ${this.#options.namespace}`,
      },
    }
  }

  #versionOf(object: KubernetesObject): string {
    // The status of a pod is what we write there; of everything else it is no edit.
    if (this.#options.target.kind !== 'readiness-gate') return digestOf(object)
    const weights = this.#options.target.condition
    const { conditions = [] } = (object['status'] ?? {}) as { conditions?: { type: string }[] }
    const own = conditions.find(({ type }) => type === weights)
    return `${digestOf(object)}/${own === undefined ? 'none' : String((own as { status?: string }).status)}`
  }

  #isBare(): boolean {
    const { kind } = this.#options.target
    return kind === 'deployments' || kind === 'readiness-gate'
  }

  #marked(object: KubernetesObject): KubernetesObject {
    if (this.#isBare()) return object
    const annotations = { ...object.metadata.annotations, [mark]: this.#context.group }
    return { ...object, metadata: { ...object.metadata, annotations } }
  }

  #weightsOf(text: string): ReadonlyMap<string, number> | undefined {
    const { paths } = this.#context
    const weights = new Map(
      text.split(' ').map((part): [string, number] => {
        const [path = '', weight = ''] = part.split('=')
        return [path, /^\d{1,3}$/u.test(weight) ? Number(weight) : Number.NaN]
      }),
    )
    const isWhole = weights.size === paths.length && paths.every((path) => weights.has(path))
    return isWhole && [...weights.values()].every(Number.isFinite) ? weights : undefined
  }

  #what(): string {
    const words = {
      'http-route': 'the HTTPRoute',
      service: 'the selector of the Service',
      'endpoint-slices': 'the EndpointSlice',
      'readiness-gate': 'the readiness of the pod',
      deployments: 'the Deployment',
    }
    return words[this.#options.target.kind]
  }

  #until(): number {
    return this.#context.clock.now() + this.#context.callTimeoutMs * 0.95
  }
}

function failed(retry: boolean, says: string): ApplyResult {
  return { result: 'failed', retry, says }
}
