import { z } from 'zod'
import { sameAllocation, sharesOf, type Allocation } from '../core/allocation.ts'
import type {
  Actuator,
  ActuatorContext,
  ActuatorPlugin,
  ApplyResult,
  Observed,
  ObserveResult,
  Spread,
  Step,
} from '../plugin/actuator.ts'
import type { Route53Client } from '@aws-sdk/client-route-53'
import { AwsApi, awsOptions } from '../plugin/aws.ts'
import { unreadable, unwritten, type CallAnswer, type CallFailure } from '../plugin/call-failure.ts'
import { duration, perPath } from '../plugin/option-types.ts'
import { LastChange, propagationMs } from './route53/last-change.ts'
import {
  allSets,
  changesTo,
  isLostRace,
  markName,
  readSets,
  versionAfter,
  versionOf,
  type RecordSets,
} from './route53/record-sets.ts'

const options = z
  .strictObject({
    zone_id: z
      .string()
      .regex(/^[A-Z0-9]{1,32}$/u, 'expected the identity of a hosted zone, such as Z1D633PJN98FT9')
      .describe('The hosted zone.'),
    name: z
      .string()
      .regex(/^(?:[a-z0-9_-]{1,63}\.)+[a-z0-9-]{1,63}$/u, 'expected a name in lower case')
      .describe('The name that viewers ask for.'),
    record: z
      .enum(['A', 'AAAA', 'CNAME'])
      .describe('The type of its record sets; alias records are of type A or AAAA.'),
    routing: z
      .enum(['weighted', 'failover'])
      .default('weighted')
      .describe('weighted: any share per path. failover: one of two paths is the primary one.'),
    sets: perPath(z.string().min(1).max(128))
      .refine((map) => new Set(Object.values(map)).size === Object.keys(map).length, {
        error: 'two paths name the same record set',
      })
      .describe('The record set of each path, by its set identifier. It must exist.'),
    ttl: duration('0s', '1d')
      .default(60_000)
      .describe('The TTL of the record sets (60s for alias records), for estimates.'),
    ...awsOptions,
  })
  .refine(({ routing, sets }) => routing === 'weighted' || Object.keys(sets).length === 2, {
    error: 'failover routing is for exactly two paths',
    path: ['routing'],
  })
  .describe('Record sets of one name in a hosted zone.')

type Options = z.output<typeof options>

/** The share of each path, 0 to 100; with failover routing, 100 for the primary. */
const stepData = z.record(z.string(), z.int().min(0).max(100))

/**
 * Moves weights, or the primary role, between record sets of Route 53 that exist already: values,
 * health checks and TTL stay as they are.
 *
 * A write is one change batch that deletes the old record sets exactly as they were read and creates
 * the new ones. Route 53 applies a batch whole or not at all and refuses to delete what is not
 * exactly there, which makes it an atomic compare-and-set. A TXT record beside the name marks it as
 * ours; it is written with the first change.
 */
const route53: ActuatorPlugin<typeof options> = {
  type: 'route53',
  summary: 'Sets weights or failover roles of record sets in an Amazon Route 53 hosted zone.',
  tested: 'contract',
  options,
  mode: 'push',
  capabilities: ({ routing, ttl, zone_id }) => ({
    shape: routing === 'weighted' ? 'weights' : 'single',
    mode: 'push',
    reversible: true,
    settleMs: propagationMs + ttl,
    compareAndSet: 'atomic',
    layer: 'dns',
    permissions: [
      `route53:ListResourceRecordSets and route53:ChangeResourceRecordSets on arn:aws:route53:::hostedzone/${zone_id}`,
      'route53:GetChange on arn:aws:route53:::change/*',
    ],
  }),
  create: (given, context) => new Route53Actuator(given, context),
}

export default route53

async function openSdk(config: ConstructorParameters<typeof Route53Client>[0]) {
  const sdk = await import('@aws-sdk/client-route-53')
  // Route 53 is one service for the world; its signatures are of this region.
  return { sdk, client: new sdk.Route53Client({ region: 'us-east-1', ...config }) }
}

type Route53 = Awaited<ReturnType<typeof openSdk>>

class Route53Actuator implements Actuator {
  readonly #options: Options
  readonly #context: ActuatorContext
  readonly #api: AwsApi<Route53>
  readonly #mark: string
  readonly #last: LastChange
  /** Reading back said that the last change is everywhere, or there was none. */
  #isTold = true

  constructor(given: Options, context: ActuatorContext) {
    this.#options = given
    this.#context = context
    this.#mark = `heritage=changeover group=${context.group}`
    this.#api = new AwsApi(
      { name: 'Route 53', needs: '@aws-sdk/client-route-53', open: openSdk },
      context,
      given,
    )
    this.#last = new LastChange(context.clock, (id, ms, signal) => this.#status(id, ms, signal))
  }

  async observe(signal: AbortSignal): Promise<ObserveResult> {
    const until = this.#context.clock.now() + this.#context.callTimeoutMs
    const read = await this.#read(until, signal)
    if ('ok' in read) return unreadable(read)
    if ('says' in read) return { ok: false, retry: false, says: read.says }
    return { ok: true, observed: await this.#observed(read, until, signal) }
  }

  plan(observed: Observed, wanted: Allocation): readonly Step[] {
    const { paths } = this.#context
    const target = sharesOf(new Map(paths.map((path) => [path, wanted[path] ?? 0])))
    if (sameAllocation(observed.allocation, target)) return []
    const { name, record, routing, sets } = this.#options
    const shown = paths.map((path) => `${sets[path]} ${target[path]}`).join(', ')
    const primary = paths.find((path) => (target[path] ?? 0) > 0) ?? ''
    const says =
      routing === 'weighted'
        ? `set the weights of ${name} ${record} to ${shown}, in one batch`
        : `make ${sets[primary]} (${primary}) the primary record set of ${name} ${record}`
    return [{ says, data: { ...target } }]
  }

  async apply(step: Step, version: string, signal: AbortSignal): Promise<ApplyResult> {
    const { callTimeoutMs, clock, paths } = this.#context
    const { routing, zone_id: zone } = this.#options
    const parsed = stepData.safeParse(step.data)
    const values = parsed.success ? parsed.data : {}
    if (
      Object.keys(values).length !== paths.length ||
      paths.some((path) => !Object.hasOwn(values, path)) ||
      (routing === 'failover' && !Object.values(values).includes(100))
    ) {
      return failed('the step is not one of this actuator')
    }
    // Where every weight is 0, Route 53 answers all alike: that is nobody's wish.
    if (Object.values(values).every((value) => value === 0)) {
      return failed('no record set would be left to serve')
    }
    const read = await this.#read(clock.now() + callTimeoutMs / 2, signal)
    if ('ok' in read) return { result: 'failed', retry: read.retry, says: read.says }
    if ('says' in read) return failed(read.says)
    const current = versionOf(read, paths)
    const wanted = versionAfter(version, values, paths, this.#mark)
    if (current === wanted) return { result: 'applied', version: current }
    if (current !== version) {
      return { result: 'conflict', says: `Route 53 now has ${this.#describe(read)}` }
    }
    this.#last.set(undefined)
    const changes = changesTo(read, values, this.#options, this.#mark)
    const answer = await this.#api.call(callTimeoutMs / 2, signal, ({ sdk, client }, how) =>
      client.send(
        new sdk.ChangeResourceRecordSetsCommand({
          HostedZoneId: zone,
          ChangeBatch: { Comment: `Changeover, ${this.#context.group}`, Changes: changes },
        }),
        how,
      ),
    )
    if (!answer.ok) {
      return isLostRace(answer) ? { result: 'conflict', says: answer.says } : unwritten(answer)
    }
    const id = answer.value.ChangeInfo?.Id
    if (id === undefined) {
      return { result: 'unknown', says: 'Route 53 answered without naming the change' }
    }
    this.#last.set({ id, ttlMs: this.#ttlMs(read) })
    this.#isTold = false
    return wanted === undefined ? { result: 'applied' } : { result: 'applied', version: wanted }
  }

  /** In effect is what Route 53 calls INSYNC, and then the TTL. */
  async spread(_wanted: Allocation, signal: AbortSignal): Promise<Spread> {
    return await this.#last.spread(this.#context.callTimeoutMs * 0.9, signal)
  }

  async #observed(read: RecordSets, until: number, signal: AbortSignal): Promise<Observed> {
    const { paths } = this.#context
    const values = paths.map((path): [string, number] => [path, read.byPath.get(path)?.value ?? 0])
    // "If you set the weight for all of the records to 0, traffic is routed to all with equal probability."
    const none = values.every(([, value]) => value === 0)
    const synced = await this.#sync(until, signal)
    return {
      allocation: sharesOf(new Map(none ? values.map(([path]) => [path, 1]) : values)),
      version: versionOf(read, paths),
      ours: read.mark === this.#mark,
      says: `Route 53 has ${this.#describe(read)}${synced}`,
    }
  }

  #describe({ byPath, mark, strangers, ttls }: RecordSets): string {
    const { name, record, routing, ttl } = this.#options
    const each = [...byPath].map(([path, { value }]) =>
      routing === 'weighted'
        ? `${path} at weight ${value}`
        : `${path} as ${value > 0 ? 'primary' : 'secondary'}`,
    )
    const others = strangers.map((other) => `, and ${other}, which is no path of this group`)
    const odd = ttls.find((seconds) => seconds * 1_000 !== ttl)
    const late = odd === undefined ? '' : `, with a TTL of ${odd} s, which ttl does not say`
    const by = mark === this.#mark || mark === undefined ? '' : `, marked "${mark}"`
    return `${name} ${record}: ${each.join(', ')}${others.join('')}${late}${by}`
  }

  /** Whether every server of Route 53 has the last change, as far as that is known; said once. */
  async #sync(until: number, signal: AbortSignal): Promise<string> {
    if (this.#isTold) return ''
    const { callTimeoutMs, clock } = this.#context
    // It is told, and decides nothing: it may not cost the reading.
    const ms = Math.max(1, Math.min(callTimeoutMs / 4, until - clock.now()))
    const says = await this.#last.trouble(ms, signal)
    this.#isTold = says === undefined
    return says === undefined
      ? '; all of its servers have the last change'
      : '; not all of its servers have the last change yet'
  }

  async #status(id: string, ms: number, signal: AbortSignal): Promise<CallAnswer<string>> {
    const answer = await this.#api.call(ms, signal, ({ sdk, client }, how) =>
      client.send(new sdk.GetChangeCommand({ Id: id }), how),
    )
    if (!answer.ok) return answer
    return { ok: true, value: answer.value.ChangeInfo?.Status ?? 'no status' }
  }

  /** How long caches may keep what the record sets say; that of alias records is not shown. */
  #ttlMs({ ttls }: RecordSets): number {
    return ttls.length === 0 ? this.#options.ttl : Math.max(...ttls) * 1_000
  }

  async #read(
    until: number,
    signal: AbortSignal,
  ): Promise<RecordSets | { readonly says: string } | CallFailure> {
    const { name, record, zone_id: zone } = this.#options
    const list = (from: string, type: 'A' | 'AAAA' | 'CNAME' | 'TXT', identifier?: string) =>
      this.#api.call(
        Math.max(1, until - this.#context.clock.now()),
        signal,
        ({ sdk, client }, how) =>
          client.send(
            new sdk.ListResourceRecordSetsCommand({
              HostedZoneId: zone,
              StartRecordName: from,
              StartRecordType: type,
              ...(identifier !== undefined && { StartRecordIdentifier: identifier }),
              MaxItems: 100,
            }),
            how,
          ),
      )
    const own = await allSets(name, record, (identifier) => list(name, record, identifier))
    if (!own.ok) return own
    const marks = await allSets(markName(name), 'TXT', (identifier) =>
      list(markName(name), 'TXT', identifier),
    )
    if (!marks.ok) return marks
    return readSets(own.value, marks.value[0], this.#options, this.#context.paths)
  }
}

function failed(says: string): ApplyResult {
  return { result: 'failed', retry: false, says }
}
