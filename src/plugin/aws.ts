import { z } from 'zod'
import { withDeadline } from '../core/clock.ts'
import { explain } from './aws-failure.ts'
import { AwsWire, type AwsParts, type CallRecord } from './aws-wire.ts'
import type { CallAnswer } from './call-failure.ts'
import { secretUrl } from './option-types.ts'

/** The options that every actuator of an AWS service has. */
export const awsOptions = {
  profile: z
    .string()
    .regex(/^[\w.@+-]{1,128}$/u, 'expected the name of a profile')
    .optional()
    .describe(
      'A profile of the shared AWS files. Without it, credentials are found as the SDK always does: environment, shared files, web identity, container or instance role.',
    ),
  endpoint: secretUrl('https', 'http')
    .optional()
    .describe('Where the API listens, such as a VPC endpoint. AWS itself if absent.'),
}

/** The part of an SDK client's configuration that is not the service's own. */
export interface AwsClientConfig {
  /** A call that was not answered is read back, never repeated blindly. */
  readonly maxAttempts: 1
  readonly requestHandler: AwsWire
  readonly profile?: string
  readonly endpoint?: string
}

interface AwsService<Client> {
  /** As people call it: `Route 53`. */
  readonly name: string
  /** The package of the SDK, for people to install. */
  readonly needs: string
  /** Imports the package and makes its client. */
  readonly open: (config: AwsClientConfig) => Promise<Client>
}

/**
 * The official SDK client of one service, on our own network: deadlines, redaction and the phase of
 * a failure are those of `Net`, so that a write knows whether it was sent. The package is imported at
 * the first call, because it is an optional dependency of 18 MB.
 */
export class AwsApi<Client> {
  readonly #service: AwsService<Client>
  readonly #wire: AwsWire
  readonly #parts: AwsParts
  readonly #config: Pick<AwsClientConfig, 'profile' | 'endpoint'>
  #client: Promise<Client> | undefined

  constructor(
    service: AwsService<Client>,
    parts: AwsParts,
    options: { readonly profile?: string | undefined; readonly endpoint?: string | undefined },
  ) {
    this.#service = service
    this.#parts = parts
    this.#wire = new AwsWire(parts)
    const { profile, endpoint } = options
    this.#config = {
      ...(profile !== undefined && { profile }),
      ...(endpoint !== undefined && { endpoint }),
    }
  }

  /** Makes one call of at most `ms` milliseconds. After that nothing of it is sent any more. */
  async call<Value>(
    ms: number,
    signal: AbortSignal,
    send: (client: Client, how: { readonly abortSignal: AbortSignal }) => Promise<Value>,
  ): Promise<CallAnswer<Value>> {
    const { clock } = this.#parts
    const { name } = this.#service
    const record: CallRecord = { until: clock.now() + ms, sent: false }
    const unanswered = { ok: false, status: undefined, retry: true } as const
    try {
      const value = await withDeadline(clock, ms, signal, async (abortSignal) => {
        const client = await this.#open()
        if (abortSignal.aborted) return undefined
        this.#wire.watch(abortSignal, record)
        return { answer: await send(client, { abortSignal }) }
      })
      if (value !== undefined) return { ok: true, value: value.answer }
      const says = signal.aborted ? 'stopped' : `${name} did not answer within ${Math.round(ms)} ms`
      return { ...unanswered, sent: record.sent, code: 'Timeout', says }
    } catch (error) {
      const { failure, sent } = record
      if (failure !== undefined) {
        return { ...unanswered, sent, code: failure.fault, says: failure.says }
      }
      return { ok: false, sent, ...explain(error, record, this.#service) }
    }
  }

  async #open(): Promise<Client> {
    const { open } = this.#service
    this.#client ??= open({ ...this.#config, maxAttempts: 1, requestHandler: this.#wire })
    try {
      return await this.#client
    } catch (error) {
      this.#client = undefined
      throw error
    }
  }
}
