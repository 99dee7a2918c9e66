import { z } from 'zod'
import { sameAllocation, sharesOf, type Allocation } from '../core/allocation.ts'
import type {
  Actuator,
  ActuatorContext,
  ActuatorPlugin,
  ApplyResult,
  Observed,
  ObserveResult,
  Step,
} from '../plugin/actuator.ts'
import { unreadable, unwritten, type CallAnswer, type CallFailure } from '../plugin/call-failure.ts'
import { CloudflareApi, cloudflareId, cloudflareOptions } from '../plugin/cloudflare.ts'
import { perPath } from '../plugin/option-types.ts'
import { weightsVersion, weightsVersionAfter } from '../plugin/weights-version.ts'
import {
  bodyFor,
  describePools,
  pool,
  readPaths,
  type Pool,
  type PoolPaths,
} from './cloudflare-lb/pools.ts'

const options = z
  .strictObject({
    account_id: cloudflareId.describe('The account that the pools belong to.'),
    pool_id: cloudflareId
      .optional()
      .describe('One pool, whose origins are the paths: they share by weight.'),
    origins: perPath(z.string().min(1).max(128))
      .optional()
      .describe('The origin of each path in that pool, by its name.'),
    pools: perPath(cloudflareId)
      .optional()
      .describe('Or a pool for each path: each is enabled or disabled.'),
    ...cloudflareOptions,
  })
  .refine(
    ({ pool_id, origins, pools }) =>
      pools === undefined
        ? pool_id !== undefined && origins !== undefined
        : pool_id === undefined && origins === undefined,
    { error: 'expected either pool_id with origins, or pools' },
  )
  .refine(
    ({ origins = {}, pools = {} }) =>
      [origins, pools].every((map) => new Set(Object.values(map)).size === Object.keys(map).length),
    { error: 'two paths name the same origin or pool' },
  )
  .describe('Pools of a load balancer at Cloudflare.')

type Options = z.output<typeof options>

/** `{ pool, "cdn-a": 0, "cdn-b": 100 }`: the pool that is written, and what its paths get. */
const stepData = z
  .object({ pool: cloudflareId })
  .catchall(z.union([z.int().min(0).max(100), z.string()]))

/** Cloudflare names no figure for the data plane to follow; it does within seconds. */
const SETTLE_MS = 10_000

/**
 * Moves weights between the origins of one pool, or enables and disables whole pools. What else
 * origins and pools have stays; one that a person disabled stays out until a person enables it.
 */
const cloudflareLb: ActuatorPlugin<typeof options> = {
  type: 'cloudflare-lb',
  summary: 'Sets origin weights, or enables and disables pools, of a load balancer at Cloudflare.',
  tested: 'transcribed',
  options,
  mode: 'push',
  capabilities: ({ pools, account_id }) => ({
    shape: pools === undefined ? 'weights' : 'single',
    mode: 'push',
    reversible: true,
    settleMs: SETTLE_MS,
    compareAndSet: 'checked',
    permissions: [
      `an API token with Load Balancing: Monitors and Pools Edit on account ${account_id}`,
    ],
  }),
  create: (given, context) => new CloudflareLbActuator(given, context),
}

export default cloudflareLb

class CloudflareLbActuator implements Actuator {
  readonly #options: Options
  readonly #context: ActuatorContext
  readonly #api: CloudflareApi

  constructor(given: Options, context: ActuatorContext) {
    this.#options = given
    this.#context = context
    this.#api = new CloudflareApi(given, context.net)
  }

  async observe(signal: AbortSignal): Promise<ObserveResult> {
    const read = await this.#read(this.#context.callTimeoutMs, signal)
    if ('ok' in read) return unreadable(read)
    if ('says' in read) return { ok: false, retry: false, says: read.says }
    return {
      ok: true,
      observed: {
        allocation: sharesOf(read.values),
        version: weightsVersion(read.values, this.#context.paths, read.rest),
        // Pools bear no mark; what is switched is named in the configuration.
        ours: true,
        says: `Cloudflare has ${describePools(read)}`,
      },
    }
  }

  plan(observed: Observed, wanted: Allocation): readonly Step[] {
    const { paths } = this.#context
    const { pools, pool_id: own = '' } = this.#options
    const target = sharesOf(new Map(paths.map((path) => [path, wanted[path] ?? 0])))
    if (sameAllocation(observed.allocation, target)) return []
    if (pools === undefined) {
      const shown = paths.map((path) => `${path} ${target[path]}`).join(', ')
      const says = `set the weights of the origins to ${shown}, in one call`
      return [{ says, data: { pool: own, ...target } }]
    }
    const isOn = (path: string) => (observed.allocation[path] ?? 0) > 0
    const isWanted = (path: string) => (target[path] ?? 0) > 0
    const step = (path: string, on: boolean): Step => ({
      says: `${on ? 'enable' : 'disable'} the pool of ${path}`,
      data: { pool: pools[path] ?? '', [path]: on ? 100 : 0 },
    })
    // Enabled before disabled: at no moment is there none.
    return [
      ...paths.filter((path) => isWanted(path) && !isOn(path)).map((path) => step(path, true)),
      ...paths.filter((path) => !isWanted(path) && isOn(path)).map((path) => step(path, false)),
    ]
  }

  async apply(step: Step, version: string, signal: AbortSignal): Promise<ApplyResult> {
    const { callTimeoutMs, paths } = this.#context
    const change = this.#changeOf(step)
    if (change === undefined) return failed('the step is not one of this actuator')
    const read = await this.#read(callTimeoutMs / 2, signal)
    if ('ok' in read) return { result: 'failed', retry: read.retry, says: read.says }
    if ('says' in read) return failed(read.says)
    const target = new Map([...read.values, ...change.values])
    if (![...target.values()].some((value) => value > 0)) {
      return failed('nothing would be left to serve')
    }
    const current = weightsVersion(read.values, paths, read.rest)
    const wanted = weightsVersionAfter(current, target, paths)
    // Where the numbers are there already, what else changed is nothing that would be overwritten.
    if (current === wanted) return { result: 'applied', version: current }
    if (current !== version) {
      return { result: 'conflict', says: `Cloudflare now has ${describePools(read)}` }
    }
    const closed = [...change.values].find(([path, value]) => value > 0 && read.closed.has(path))
    if (closed !== undefined) {
      return failed(`${closed[0]} was disabled by hand at Cloudflare; it stays so`)
    }
    const before = read.pools.get(change.pool)
    if (before === undefined) return failed(`there is no pool ${change.pool}`)
    const answer = await this.#api.call(
      {
        method: 'PATCH',
        path: `/accounts/${this.#options.account_id}/load_balancers/pools/${change.pool}`,
        body: bodyFor(before, this.#options.origins, change.values),
      },
      pool,
      callTimeoutMs / 2,
      signal,
    )
    if (!answer.ok) return unwritten(answer)
    const pools = [...read.pools.values()].map((each) =>
      each.id === change.pool ? answer.value : each,
    )
    const after = readPaths(pools, this.#options, paths)
    if ('says' in after || weightsVersion(after.values, paths, after.rest) !== wanted) {
      const shown = 'says' in after ? after.says : describePools(after)
      return { result: 'unknown', says: `Cloudflare answered with something else: ${shown}` }
    }
    return { result: 'applied', version: wanted }
  }

  /** What a step changes; `undefined` where it is not a step of this actuator. */
  #changeOf(
    step: Step,
  ): { readonly pool: string; readonly values: ReadonlyMap<string, number> } | undefined {
    const parsed = stepData.safeParse(step.data)
    if (!parsed.success) return undefined
    const { pool: id, ...rest } = parsed.data
    const { pools, pool_id: own } = this.#options
    const mine = this.#context.paths.filter((path) =>
      pools === undefined ? id === own : pools[path] === id,
    )
    const values = new Map(
      Object.entries(rest).flatMap(([path, value]) =>
        typeof value === 'number' ? [[path, value] as const] : [],
      ),
    )
    const isWhole = mine.length === values.size && mine.every((path) => values.has(path))
    return isWhole && mine.length === Object.keys(rest).length && mine.length > 0
      ? { pool: id, values }
      : undefined
  }

  async #read(
    ms: number,
    signal: AbortSignal,
  ): Promise<PoolPaths | { readonly says: string } | CallFailure> {
    const { account_id, pool_id: id } = this.#options
    const all = `/accounts/${account_id}/load_balancers/pools`
    const answer: CallAnswer<readonly Pool[]> =
      id === undefined
        ? await this.#api.call(
            { method: 'GET', path: `${all}?per_page=1000` },
            z.array(pool),
            ms,
            signal,
          )
        : await this.#api.call(
            { method: 'GET', path: `${all}/${id}` },
            pool.transform((one) => [one]),
            ms,
            signal,
          )
    if (!answer.ok) return answer
    return readPaths(answer.value, this.#options, this.#context.paths)
  }
}

function failed(says: string): ApplyResult {
  return { result: 'failed', retry: false, says }
}
