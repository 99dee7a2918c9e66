import type {
  DescribeChannelResponse,
  DescribeScheduleResponse,
  MediaLiveClient,
  ScheduleAction,
} from '@aws-sdk/client-medialive'
import { z } from 'zod'
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
import { AwsApi, awsOptions } from '../plugin/aws.ts'
import { unwritten, type CallFailure } from '../plugin/call-failure.ts'
import { perPath } from '../plugin/option-types.ts'
import { newestSwitch, switchName } from './medialive/own-switch.ts'

const options = z
  .strictObject({
    region: z
      .string()
      .regex(/^[a-z]{2}(?:-[a-z]+)+-\d$/u, 'expected a region, such as eu-central-1')
      .describe('The region of the channel.'),
    channel_id: z
      .string()
      .regex(/^\d{1,16}$/u, 'expected the number of a channel, in quotes')
      .describe('The channel.'),
    inputs: perPath(z.string().min(1).max(256))
      .refine((map) => new Set(Object.values(map)).size === Object.keys(map).length, {
        error: 'two paths name the same input attachment',
      })
      .describe('The input of each path: the name of its attachment, not of the input itself.'),
    ...awsOptions,
  })
  .describe('The active input of a MediaLive channel.')

type Options = z.output<typeof options>

const stepData = z.strictObject({ attachment: z.string().min(1) })

/** AWS names no figure: an immediate switch takes effect within seconds, and then passes the encoder. */
const SETTLE_MS = 10_000

/** How often a pipeline is asked whether it has switched. */
const LOOK_EVERY_MS = 500

/**
 * A switch that did not show by then did not come. With two pipelines MediaLive itself waits 10 s, so
 * that both switch at the same frame.
 */
const GIVE_UP_MS = 20_000

/** Actions are gone from a schedule an hour after their start; more than this is no schedule of ours to judge. */
const MOST_PAGES = 5

/** A channel as far as it concerns its inputs. */
interface Inputs {
  /** The active attachment of each pipeline, in the order of the pipelines. */
  readonly active: readonly string[]
}

/** The input that pipelines are about to switch to. */
interface Pending {
  readonly attachment: string
}

/** Why something could not be read. */
interface Unread {
  readonly retry: boolean
  readonly says: string
}

/**
 * Switches the input of a running channel: an immediate action in its schedule, then waiting until
 * every pipeline says that it plays the new input. An ingest change is hard to reverse: what the
 * encoder already took in cannot be taken back.
 */
const medialive: ActuatorPlugin<typeof options> = {
  type: 'medialive',
  summary: 'Switches the input of an AWS Elemental MediaLive channel at once.',
  tested: 'contract',
  options,
  mode: 'push',
  capabilities: ({ region, channel_id: id }) => ({
    shape: 'single',
    mode: 'push',
    reversible: false,
    settleMs: SETTLE_MS,
    compareAndSet: 'checked',
    permissions: [
      `medialive:DescribeChannel, medialive:DescribeSchedule and medialive:BatchUpdateSchedule on channel ${id} in ${region}`,
    ],
  }),
  create: (given, context) => new MedialiveActuator(given, context),
}

export default medialive

async function openSdk(config: ConstructorParameters<typeof MediaLiveClient>[0]) {
  const sdk = await import('@aws-sdk/client-medialive')
  return { sdk, client: new sdk.MediaLiveClient({ ...config }) }
}

type MediaLive = Awaited<ReturnType<typeof openSdk>>

class MedialiveActuator implements Actuator {
  readonly #options: Options
  readonly #context: ActuatorContext
  readonly #api: AwsApi<MediaLive>
  /**
   * The switch that this process asked for last, while pipelines may still follow it. One that another
   * process asked for stands in the schedule; one whose request got no answer may stand nowhere yet.
   */
  #asked: { readonly attachment: string; readonly at: number } | undefined

  constructor(given: Options, context: ActuatorContext) {
    this.#options = given
    this.#context = context
    const { region } = given
    this.#api = new AwsApi(
      {
        name: 'MediaLive',
        needs: '@aws-sdk/client-medialive',
        open: (config) => openSdk({ ...config, region }),
      },
      context,
      given,
    )
  }

  async observe(signal: AbortSignal): Promise<ObserveResult> {
    const { callTimeoutMs } = this.#context
    const read = await this.#read(callTimeoutMs / 2, signal)
    if ('says' in read) return { ok: false, retry: read.retry, says: read.says }
    // What plays now is about to change: nothing may be decided on it, and nothing sent twice.
    const pending = await this.#pending(read, callTimeoutMs / 2, signal)
    if (pending !== undefined) {
      const { retry, says } = 'says' in pending ? pending : this.#awaited(pending, read)
      return { ok: false, retry, says }
    }
    const { paths } = this.#context
    const count = (path: string) =>
      read.active.filter((name) => name === this.#options.inputs[path]).length
    return {
      ok: true,
      observed: {
        allocation: sharesOf(new Map(paths.map((path) => [path, count(path)]))),
        version: versionOf(read),
        // A channel bears no mark; its inputs are named in the configuration.
        ours: true,
        says: this.#describe(read),
      },
    }
  }

  plan(observed: Observed, wanted: Allocation): readonly Step[] {
    const path = heaviest(wanted)
    if (path === undefined) return []
    const target = { [path]: 100 }
    if (sameAllocation(observed.allocation, target)) return []
    const attachment = this.#options.inputs[path] ?? ''
    const says = `switch channel ${this.#options.channel_id} to input ${attachment} (${path}) at once`
    return [{ says, data: { attachment } }]
  }

  async apply(step: Step, version: string, signal: AbortSignal): Promise<ApplyResult> {
    const { callTimeoutMs, clock, ids } = this.#context
    const parsed = stepData.safeParse(step.data)
    const attachment = parsed.success ? parsed.data.attachment : ''
    if (!Object.values(this.#options.inputs).includes(attachment)) {
      return failed(false, 'the step is not one of this actuator')
    }
    // What is found out has to be told before the caller stops waiting.
    const until = clock.now() + callTimeoutMs * 0.9
    const read = await this.#read(callTimeoutMs / 3, signal)
    if ('says' in read) return failed(read.retry, read.says)
    const pending = await this.#pending(read, callTimeoutMs / 4, signal)
    if (pending !== undefined) {
      if ('says' in pending) return failed(pending.retry, pending.says)
      if (pending.attachment === attachment) return await this.#wait(attachment, until, signal)
      return failed(true, this.#awaited(pending, read).says)
    }
    const current = versionOf(read)
    if (read.active.every((name) => name === attachment)) {
      return { result: 'applied', version: current }
    }
    if (current !== version) return { result: 'conflict', says: this.#describe(read) }
    const answer = await this.#api.call(callTimeoutMs / 3, signal, ({ sdk, client }, how) =>
      client.send(
        new sdk.BatchUpdateScheduleCommand({
          ChannelId: this.#options.channel_id,
          Creates: {
            ScheduleActions: [
              {
                ActionName: switchName(clock.wall(), ids.next()),
                ScheduleActionStartSettings: { ImmediateModeScheduleActionStartSettings: {} },
                ScheduleActionSettings: {
                  InputSwitchSettings: { InputAttachmentNameReference: attachment },
                },
              },
            ],
          },
        }),
        how,
      ),
    )
    const result = answer.ok ? undefined : unwritten(answer)
    if (result?.result === 'failed') return result
    // A request without an answer may have been taken: it is waited for, not sent again.
    this.#asked = { attachment, at: clock.now() }
    return result ?? (await this.#wait(attachment, until, signal))
  }

  /**
   * The switch that pipelines have yet to follow; `undefined` where none is. What this process asked
   * for it knows; what one before it asked for is told by the schedule.
   */
  async #pending(
    read: Inputs,
    ms: number,
    signal: AbortSignal,
  ): Promise<Pending | Unread | undefined> {
    const { clock } = this.#context
    const isShown = (name: string) => read.active.every((each) => each === name)
    const asked = this.#asked
    if (asked !== undefined) {
      if (clock.now() - asked.at < GIVE_UP_MS && !isShown(asked.attachment)) return asked
      this.#asked = undefined
      return undefined
    }
    const schedule = await this.#schedule(ms, signal)
    if ('says' in schedule) return schedule
    const own = newestSwitch(schedule.actions, clock.wall())
    const isOver = own === undefined || Math.abs(own.ageMs) >= GIVE_UP_MS || isShown(own.attachment)
    return isOver ? undefined : own
  }

  /** What a switch under way still lacks. */
  #awaited({ attachment }: Pending, read: Inputs): Unread {
    const says = `the switch to ${attachment} does not show yet; ${this.#describe(read)}`
    return { retry: true, says }
  }

  /** Waits until every pipeline plays `attachment`, as far as the call may last. */
  async #wait(attachment: string, until: number, signal: AbortSignal): Promise<ApplyResult> {
    const { clock } = this.#context
    let shown = ''
    for (;;) {
      const left = until - clock.now()
      if (left > 0 && !signal.aborted) {
        const read = await this.#read(left, signal)
        if (!('says' in read) && read.active.every((name) => name === attachment)) {
          this.#asked = undefined
          return { result: 'applied', version: versionOf(read) }
        }
        // The last look may be cut short: what was seen before it says more.
        if (!('says' in read)) shown = this.#describe(read)
        else if (shown === '') shown = read.says
      }
      if (until - clock.now() <= LOOK_EVERY_MS) break
      if (!(await clock.sleep(LOOK_EVERY_MS, signal))) break
    }
    return { result: 'unknown', says: `the switch to ${attachment} does not show yet; ${shown}` }
  }

  #describe({ active }: Inputs): string {
    const { channel_id: id, inputs } = this.#options
    const known = new Map(Object.entries(inputs).map(([path, name]) => [name, path]))
    const each = active.map((name, index) => {
      const path = known.get(name)
      return `pipeline ${index} plays ${name} (${path ?? 'no path of this group'})`
    })
    return `channel ${id}: ${each.join(', ')}`
  }

  async #read(ms: number, signal: AbortSignal): Promise<Inputs | CallFailure | Unread> {
    const { channel_id: id, inputs } = this.#options
    const lost = this.#context.paths.find((path) => !Object.hasOwn(inputs, path))
    if (lost !== undefined) return { retry: false, says: `inputs names none for path ${lost}` }
    const answer = await this.#api.call<DescribeChannelResponse>(
      ms,
      signal,
      ({ sdk, client }, how) => client.send(new sdk.DescribeChannelCommand({ ChannelId: id }), how),
    )
    if (!answer.ok) return answer
    const { State, InputAttachments, PipelineDetails } = answer.value
    if (State !== 'RUNNING') {
      return { retry: true, says: `channel ${id} is ${State ?? 'in no state'}, not RUNNING` }
    }
    const names = InputAttachments?.map(({ InputAttachmentName }) => InputAttachmentName) ?? []
    const missing = Object.values(inputs).find((name) => !names.includes(name))
    if (missing !== undefined) {
      return { retry: false, says: `channel ${id} has no input attachment "${missing}"` }
    }
    const pipelines = (PipelineDetails ?? [])
      .toSorted((a, b) => Number(a.PipelineId) - Number(b.PipelineId))
      .map(({ ActiveInputAttachmentName: name }) => name)
    const active = pipelines.flatMap((name) => (name === undefined ? [] : [name]))
    if (active.length === 0 || active.length < pipelines.length) {
      return { retry: true, says: `a pipeline of channel ${id} does not say which input it plays` }
    }
    return { active }
  }

  /** Every action of the schedule, within `ms` in all. */
  async #schedule(
    ms: number,
    signal: AbortSignal,
  ): Promise<{ readonly actions: readonly ScheduleAction[] } | Unread> {
    const { channel_id: id } = this.#options
    const until = this.#context.clock.now() + ms
    const actions: ScheduleAction[] = []
    let token: string | undefined
    for (let page = 0; page < MOST_PAGES; page += 1) {
      const left = Math.max(1, until - this.#context.clock.now())
      const from = token
      const answer = await this.#api.call<DescribeScheduleResponse>(
        left,
        signal,
        ({ sdk, client }, how) =>
          client.send(
            new sdk.DescribeScheduleCommand({
              ChannelId: id,
              MaxResults: 1_000,
              ...(from !== undefined && { NextToken: from }),
            }),
            how,
          ),
      )
      if (!answer.ok) return answer
      const { ScheduleActions, NextToken } = answer.value
      // Something else that answers 200 is no empty schedule.
      if (ScheduleActions === undefined) {
        return { retry: true, says: `MediaLive answered without the schedule of channel ${id}` }
      }
      actions.push(...ScheduleActions)
      if (NextToken === undefined || NextToken === '') return { actions }
      token = NextToken
    }
    return { retry: false, says: `the schedule of channel ${id} is too long to be read` }
  }
}

function versionOf({ active }: Inputs): string {
  return `active ${JSON.stringify(active)}`
}

function failed(retry: boolean, says: string): ApplyResult {
  return { result: 'failed', retry, says }
}
