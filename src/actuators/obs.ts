import { z } from 'zod'
import { allTo, type Allocation } from '../core/allocation.ts'
import { withDeadline } from '../core/clock.ts'
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
import { openObs, type ObsSession } from './obs/session.ts'
import { mark, readObs, serviceOf, versionOf, type ObsState, type ObsTarget } from './obs/state.ts'

const options = z.strictObject({
  url: secretUrl('ws', 'wss').describe('Where obs-websocket listens, such as `ws://studio:4455`.'),
  password: z
    .string()
    .min(1)
    .max(256)
    .optional()
    .describe('Password of obs-websocket; absent where it asks for none.'),
  targets: perPath(
    z.strictObject({
      server: secretUrl('rtmp', 'rtmps', 'srt', 'rist').describe('The server of the ingest.'),
      key: z.string().max(1_024).describe('The stream key; empty if there is none.'),
    }),
  )
    .refine(
      (map) =>
        new Set(Object.values(map).map((each) => JSON.stringify(each))).size ===
        Object.keys(map).length,
      {
        error: 'two paths name the same server and key',
      },
    )
    .describe('Where OBS streams to for each path of the group.'),
})

type Options = z.output<typeof options>

const stepData = z.strictObject({ to: z.string() })

/** How often we look whether OBS has stopped, or streams again. */
const pollMs = 100

/**
 * Moves the stream of OBS Studio to another ingest: stop, set the target, start.
 *
 * OBS refuses another target while it streams, so there is a moment in which it is stopped. A mark
 * that OBS itself keeps tells whoever comes after us that we stopped it: the next move starts it
 * again. An OBS that a person stopped gets its target and stays stopped.
 */
const obs: ActuatorPlugin<typeof options> = {
  type: 'obs',
  summary: 'Moves the stream of OBS Studio to another ingest, through obs-websocket 5.',
  tested: 'real',
  options,
  mode: 'push',
  capabilities: (given) => ({
    shape: 'single',
    mode: 'push',
    reversible: false,
    settleMs: 0,
    compareAndSet: 'checked',
    permissions: [`obs-websocket of OBS at ${redactUrl(given.url)}, with its password`],
  }),
  create: (given, context) => new ObsActuator(given, context),
}

export default obs

class ObsActuator implements Actuator {
  readonly #options: Options
  readonly #context: ActuatorContext

  constructor(given: Options, context: ActuatorContext) {
    this.#options = given
    this.#context = context
  }

  async observe(signal: AbortSignal): Promise<ObserveResult> {
    const late: ObserveResult = { ok: false, retry: true, says: this.#noAnswer() }
    const read = await this.#within(signal, async (session): Promise<ObserveResult> => {
      const state = await readObs(session)
      return state.ok ? { ok: true, observed: this.#observed(state) } : state
    })
    if (read === undefined) return late
    return 'sent' in read ? { ok: false, retry: read.retry, says: read.says } : read
  }

  plan(observed: Observed, wanted: Allocation): readonly Step[] {
    const to = this.#context.paths.find((path) => (wanted[path] ?? 0) > 0)
    if (to === undefined || (observed.allocation[to] ?? 0) > 0) return []
    const from = this.#context.paths.find((path) => (observed.allocation[path] ?? 0) > 0)
    const away = from === undefined ? '' : ` from ${from}`
    return [{ says: `move the stream of OBS${away} to ${to}`, data: { to } }]
  }

  async apply(step: Step, version: string, signal: AbortSignal): Promise<ApplyResult> {
    const parsed = stepData.safeParse(step.data)
    const to = parsed.success ? parsed.data.to : ''
    const target = Object.hasOwn(this.#options.targets, to) ? this.#options.targets[to] : undefined
    if (target === undefined || !this.#context.paths.includes(to)) {
      return failed(false, 'the step is not one of this actuator')
    }
    const progress = { isSent: false }
    const result = await this.#within(signal, (session) =>
      this.#move(session, { target, version, progress }),
    )
    if (result === undefined) {
      return progress.isSent
        ? { result: 'unknown', says: `OBS did not say in time that it streams to ${to}` }
        : failed(true, this.#noAnswer())
    }
    if (!('ok' in result)) return result
    return progress.isSent
      ? { result: 'unknown', says: result.says }
      : failed(result.retry, result.says)
  }

  async #move(
    session: ObsSession,
    move: {
      readonly target: ObsTarget
      readonly version: string
      readonly progress: { isSent: boolean }
    },
  ): Promise<ApplyResult | Extract<Awaited<ReturnType<typeof readObs>>, { ok: false }>> {
    const { target, version, progress } = move
    const before = await readObs(session)
    if (!before.ok) return before
    const wanted = versionOf(serviceOf(target))
    if (before.version === wanted) return { result: 'applied', version: wanted }
    if (before.version !== version) {
      return { result: 'conflict', says: this.#observed(before).says }
    }
    const set = { requestType: 'SetStreamServiceSettings', requestData: serviceOf(target) }
    if (!before.isStreaming && !before.isMoving) {
      // A person stopped it: it gets its target and stays stopped.
      progress.isSent = true
      const answer = await session.ask(set)
      if (!answer.ok) return answer.sent ? answer : failed(answer.retry, answer.says)
      return { result: 'applied', version: wanted }
    }
    if (before.isStreaming) {
      const marked = await session.ask(mark(true))
      if (!marked.ok) return marked
      progress.isSent = true
      await session.ask({ requestType: 'StopStream' })
      const stopped = await this.#until(session, ({ isStreaming }) => !isStreaming)
      if (!stopped.ok) return stopped
    }
    progress.isSent = true
    // One message, so that whoever dies now leaves an OBS that starts; a start that comes twice at
    // once crashes OBS 29, so it is never repeated.
    const moved = await session.batch([set, { requestType: 'StartStream' }])
    if (!moved.ok) return moved
    const streams = await this.#until(session, ({ isStreaming }) => isStreaming)
    if (!streams.ok) return streams
    if (streams.version !== wanted) return failed(true, 'OBS kept its target')
    await session.ask(mark(false))
    return { result: 'applied', version: wanted }
  }

  /** Polls until OBS is as wanted; the call time-out bounds it. */
  async #until(session: ObsSession, isWanted: (state: ObsState) => boolean) {
    for (;;) {
      const state = await readObs(session)
      if (!state.ok || isWanted(state)) return state
      await this.#context.clock.sleep(pollMs)
    }
  }

  #observed(state: ObsState): Observed {
    const { paths, group } = this.#context
    const path = paths.find((name) => {
      const target = this.#options.targets[name]
      return target !== undefined && versionOf(serviceOf(target)) === state.version
    })
    const none = Object.fromEntries(paths.map((name) => [name, 0]))
    const where = path ?? `something that is no path of ${group}`
    return {
      allocation: path === undefined ? none : allTo(path, paths),
      version: state.version,
      // A target that nobody configured here was set by somebody else.
      ours: path !== undefined,
      says: state.isStreaming
        ? `OBS streams to ${where}`
        : `OBS is set to ${where} and does not stream${state.isMoving ? ': a move of ours stopped it and was not finished' : ''}`,
    }
  }

  #noAnswer(): string {
    return `no answer from ${redactUrl(this.#options.url)} within ${this.#context.callTimeoutMs} ms`
  }

  /** A conversation that ends with the call time-out, or with `signal`. */
  async #within<Result>(signal: AbortSignal, talk: (session: ObsSession) => Promise<Result>) {
    const { clock, callTimeoutMs } = this.#context
    const { url, password } = this.#options
    return await withDeadline(clock, callTimeoutMs, signal, async (inner) => {
      const to = { url, password, deadlineMs: callTimeoutMs }
      const session = await openObs(this.#context, to, inner)
      if ('ok' in session) return session
      try {
        return await talk(session)
      } finally {
        session.close()
      }
    })
  }
}

function failed(retry: boolean, says: string): ApplyResult {
  return { result: 'failed', retry, says }
}
