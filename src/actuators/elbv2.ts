import type {
  Action,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2'
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
import { AwsApi, awsOptions } from '../plugin/aws.ts'
import { unreadable, unwritten, type CallAnswer } from '../plugin/call-failure.ts'
import { perPath } from '../plugin/option-types.ts'
import { weightsVersion, weightsVersionAfter } from '../plugin/weights-version.ts'
import { actionsWith, readForward, restOf, type Forward } from './elbv2/forward.ts'

const listenerArn =
  /^arn:[a-z-]+:elasticloadbalancing:([a-z0-9-]+):\d{12}:(listener|listener-rule)\/(?:app|net)\/[\w/-]+$/u
const groupArn = /^arn:[a-z-]+:elasticloadbalancing:[a-z0-9-]+:\d{12}:targetgroup\/[\w/-]+$/u

const options = z
  .strictObject({
    listener: z
      .string()
      .regex(listenerArn, 'expected the ARN of a listener or of a listener rule')
      .describe('The listener whose default action forwards, or one of its rules, by its ARN.'),
    target_groups: perPath(z.string().regex(groupArn, 'expected the ARN of a target group'))
      .refine((map) => new Set(Object.values(map)).size === Object.keys(map).length, {
        error: 'two paths name the same target group',
      })
      .describe('The target group of each path, by its ARN. The listener must forward to it.'),
    ...awsOptions,
  })
  .describe('Weighted target groups of a listener or rule.')

type Options = z.output<typeof options>

/** The weight of each path; the API knows 0 to 999. */
const stepData = z.record(z.string(), z.int().min(0).max(100))

/** AWS names no figure; load balancers follow within seconds. */
const SETTLE_MS = 10_000

/**
 * Moves weights between the target groups that a listener, or a rule of it, forwards to. Everything
 * else of its actions (sign-in, stickiness, target groups beyond those of the group) stays.
 */
const elbv2: ActuatorPlugin<typeof options> = {
  type: 'elbv2',
  summary: 'Sets the weights of target groups behind an AWS Application or Network Load Balancer.',
  tested: 'contract',
  options,
  mode: 'push',
  capabilities: ({ listener }) => ({
    shape: 'weights',
    mode: 'push',
    reversible: true,
    settleMs: SETTLE_MS,
    compareAndSet: 'checked',
    permissions: isRule(listener)
      ? ['elasticloadbalancing:DescribeRules', `elasticloadbalancing:ModifyRule on ${listener}`]
      : [
          'elasticloadbalancing:DescribeListeners',
          `elasticloadbalancing:ModifyListener on ${listener}`,
        ],
  }),
  create: (given, context) => new Elbv2Actuator(given, context),
}

export default elbv2

async function openSdk(config: ConstructorParameters<typeof ElasticLoadBalancingV2Client>[0]) {
  const sdk = await import('@aws-sdk/client-elastic-load-balancing-v2')
  return { sdk, client: new sdk.ElasticLoadBalancingV2Client({ ...config }) }
}

type Elbv2 = Awaited<ReturnType<typeof openSdk>>

class Elbv2Actuator implements Actuator {
  readonly #options: Options
  readonly #context: ActuatorContext
  readonly #api: AwsApi<Elbv2>

  constructor(given: Options, context: ActuatorContext) {
    this.#options = given
    this.#context = context
    const region = listenerArn.exec(given.listener)?.[1] ?? ''
    this.#api = new AwsApi(
      {
        name: 'Elastic Load Balancing',
        needs: '@aws-sdk/client-elastic-load-balancing-v2',
        open: (config) => openSdk({ ...config, region }),
      },
      context,
      given,
    )
  }

  async observe(signal: AbortSignal): Promise<ObserveResult> {
    const answer = await this.#describe(this.#context.callTimeoutMs, signal)
    if (!answer.ok) return unreadable(answer)
    const read = readForward(answer.value, this.#options.target_groups, this.#context.paths)
    if ('says' in read) return { ok: false, retry: false, says: read.says }
    return {
      ok: true,
      observed: {
        allocation: sharesOf(read.weights),
        version: weightsVersion(read.weights, this.#context.paths, restOf(read)),
        // The listener bears no mark; what it forwards to is named in the configuration.
        ours: true,
        says: `the load balancer has ${describe(read)}`,
      },
    }
  }

  plan(observed: Observed, wanted: Allocation): readonly Step[] {
    const { paths } = this.#context
    const target = sharesOf(new Map(paths.map((path) => [path, wanted[path] ?? 0])))
    if (sameAllocation(observed.allocation, target)) return []
    const shown = paths.map((path) => `${path} ${target[path]}`).join(', ')
    const says = `set the weights of the target groups to ${shown}, in one call`
    return [{ says, data: { ...target } }]
  }

  async apply(step: Step, version: string, signal: AbortSignal): Promise<ApplyResult> {
    const { callTimeoutMs, paths } = this.#context
    const parsed = stepData.safeParse(step.data)
    const weights = parsed.success ? parsed.data : {}
    if (
      Object.keys(weights).length !== paths.length ||
      paths.some((path) => !Object.hasOwn(weights, path))
    ) {
      return failed('the step is not one of this actuator')
    }
    if (Object.values(weights).every((weight) => weight === 0)) {
      return failed('no target group would be left to serve')
    }
    const before = await this.#describe(callTimeoutMs / 2, signal)
    if (!before.ok) return { result: 'failed', retry: before.retry, says: before.says }
    const read = readForward(before.value, this.#options.target_groups, paths)
    if ('says' in read) return failed(read.says)
    const current = weightsVersion(read.weights, paths, restOf(read))
    const wanted = weightsVersionAfter(version, new Map(Object.entries(weights)), paths)
    if (current === wanted) return { result: 'applied', version: current }
    if (current !== version) {
      return { result: 'conflict', says: `the load balancer now has ${describe(read)}` }
    }
    const answer = await this.#modify(actionsWith(read, weights), callTimeoutMs / 2, signal)
    if (!answer.ok) return unwritten(answer)
    // The answer shows the actions as they are now: what is not there did not happen.
    const after = readForward(answer.value, this.#options.target_groups, paths)
    if ('says' in after || weightsVersion(after.weights, paths, restOf(after)) !== wanted) {
      const shown = 'says' in after ? after.says : describe(after)
      return { result: 'unknown', says: `the load balancer answered with other actions: ${shown}` }
    }
    return { result: 'applied', version: wanted }
  }

  #describe(ms: number, signal: AbortSignal): Promise<CallAnswer<readonly Action[] | undefined>> {
    const { listener } = this.#options
    return this.#api.call(ms, signal, async ({ sdk, client }, how) => {
      if (isRule(listener)) {
        const answer = await client.send(
          new sdk.DescribeRulesCommand({ RuleArns: [listener] }),
          how,
        )
        return answer.Rules?.find(({ RuleArn }) => RuleArn === listener)?.Actions
      }
      const command = new sdk.DescribeListenersCommand({ ListenerArns: [listener] })
      const { Listeners } = await client.send(command, how)
      return Listeners?.find(({ ListenerArn }) => ListenerArn === listener)?.DefaultActions
    })
  }

  #modify(
    actions: Action[],
    ms: number,
    signal: AbortSignal,
  ): Promise<CallAnswer<readonly Action[] | undefined>> {
    const { listener } = this.#options
    return this.#api.call(ms, signal, async ({ sdk, client }, how) => {
      if (isRule(listener)) {
        const command = new sdk.ModifyRuleCommand({ RuleArn: listener, Actions: actions })
        return (await client.send(command, how)).Rules?.[0]?.Actions
      }
      // What is not named here stays as it is (API, ModifyListener).
      const command = new sdk.ModifyListenerCommand({
        ListenerArn: listener,
        DefaultActions: actions,
      })
      return (await client.send(command, how)).Listeners?.[0]?.DefaultActions
    })
  }
}

function isRule(arn: string): boolean {
  return listenerArn.exec(arn)?.[2] === 'listener-rule'
}

function describe({ weights, others, stickySeconds }: Forward): string {
  const each = [...weights].map(([path, weight]) => `${path} at weight ${weight}`)
  const more = others.map((name) => `, and ${name}, which is no path of this group`)
  const sticky =
    stickySeconds === undefined ? '' : `; viewers stay with a target group for ${stickySeconds} s`
  return `${each.join(', ')}${more.join('')}${sticky}`
}

function failed(says: string): ApplyResult {
  return { result: 'failed', retry: false, says }
}
