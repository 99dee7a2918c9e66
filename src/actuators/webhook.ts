import { createHash, createHmac } from 'node:crypto'
import { z } from 'zod'
import type { Allocation } from '../core/allocation.ts'
import type {
  Actuator,
  ActuatorContext,
  ActuatorPlugin,
  ApplyResult,
  Observed,
  ObserveResult,
  Step,
} from '../plugin/actuator.ts'
import { unreadable, unwritten } from '../plugin/call-failure.ts'
import { observedFrom, outcomeFrom, planWhole, wantedOf } from '../plugin/external-target.ts'
import { duration, secretUrl } from '../plugin/option-types.ts'
import { RestApi } from '../plugin/rest-api.ts'

/** Headers that the actuator itself gives. */
const own = ['content-type', 'content-length', 'host', 'idempotency-key', 'changeover-signature']

const options = z
  .strictObject({
    url: secretUrl('https', 'http').describe(
      'Asked with GET what serves, and with POST for a change; may hold a secret.',
    ),
    secret: z
      .string({ error: 'expected a secret of at least 16 characters' })
      .min(16, 'expected a secret of at least 16 characters')
      .max(512, 'expected a secret of at most 512 characters')
      .optional()
      .describe('Signs every request, so that the receiver knows who sent it.'),
    headers: z
      .record(
        z
          .string()
          .regex(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/u, 'expected the name of a header')
          .refine((name) => !own.includes(name.toLowerCase()), {
            error: 'expected a header that Changeover does not give itself',
          }),
        z.string().regex(/^[\t\x20-\x7e]*$/u, 'expected a value without control characters'),
      )
      .default({})
      .describe('Further headers, such as Authorization.'),
    shape: z
      .enum(['weights', 'single'])
      .default('weights')
      .describe('weights: any share per path. single: all to one path.'),
    settle: duration('0s', '1d')
      .default(0)
      .describe('How long an applied change takes until it is in effect everywhere.'),
    reversible: z
      .boolean()
      .default(true)
      .describe('false for what is hard to take back, as ingest.'),
  })
  .describe('A service of your own that switches.')

type Options = z.output<typeof options>

/**
 * Asks a service of one's own to switch. The smallest push actuator there is, written to be read:
 *
 * - `GET url` answers `{ allocation, version, ours?, says? }`, the target as it is now.
 * - `POST url` with `{ group, allocation, expected_version }` answers `{ result, version?, says? }`,
 *   or 409 where the target is not at `expected_version` any more. The service has to compare.
 *
 * `Idempotency-Key` is the same for the same change from the same version, so that a request which
 * comes twice is done once. With a secret, `Changeover-Signature` signs as the notifier of the same
 * name does: HMAC-SHA256 over `<seconds>.<body>`, where the body of GET is empty.
 */
const webhook: ActuatorPlugin<typeof options> = {
  type: 'webhook',
  summary: 'Asks a service of your own over HTTP to switch, signed and idempotent.',
  options,
  mode: 'push',
  capabilities: ({ shape, settle, reversible }) => ({
    shape,
    mode: 'push',
    reversible,
    settleMs: settle,
    compareAndSet: 'atomic',
    permissions: ['GET and POST at the URL of the webhook'],
  }),
  create: (given, context) => new WebhookActuator(given, context),
}

export default webhook

class WebhookActuator implements Actuator {
  readonly #options: Options
  readonly #context: ActuatorContext
  readonly #api: RestApi

  constructor(given: Options, context: ActuatorContext) {
    this.#options = given
    this.#context = context
    const detail = (body: unknown) => z.object({ says: z.string() }).safeParse(body).data?.says
    this.#api = new RestApi({ name: 'the webhook', url: given.url, detail }, context.net)
  }

  async observe(signal: AbortSignal): Promise<ObserveResult> {
    const { callTimeoutMs, paths } = this.#context
    const call = { method: 'GET', path: '', headers: this.#headers('') } as const
    const answer = await this.#api.call(call, callTimeoutMs, signal)
    return answer.ok ? observedFrom(answer.value, paths, 'the webhook') : unreadable(answer)
  }

  plan(observed: Observed, wanted: Allocation): readonly Step[] {
    return planWhole(observed, wanted, this.#context.paths)
  }

  async apply(step: Step, version: string, signal: AbortSignal): Promise<ApplyResult> {
    const { callTimeoutMs, group, paths } = this.#context
    const checked = wantedOf(step, paths)
    if ('says' in checked) return { result: 'failed', retry: false, says: checked.says }
    const body = { group, allocation: checked.wanted, expected_version: version }
    const text = JSON.stringify(body)
    const key = createHash('sha256').update(text).digest('hex').slice(0, 32)
    const answer = await this.#api.call(
      {
        method: 'POST',
        path: '',
        headers: { ...this.#headers(text), 'idempotency-key': key },
        body,
      },
      callTimeoutMs,
      signal,
    )
    if (answer.ok) return outcomeFrom(answer.value, 'the webhook')
    const { status, says } = answer
    return status === 409 ? { result: 'conflict', says } : unwritten(answer)
  }

  #headers(body: string): Readonly<Record<string, string>> {
    const { secret, headers } = this.#options
    if (secret === undefined) return headers
    const seconds = Math.floor(this.#context.clock.wall() / 1_000)
    const signature = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')
    return { ...headers, 'changeover-signature': `t=${seconds},v1=${signature}` }
  }
}
