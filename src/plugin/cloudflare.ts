import { z } from 'zod'
import type { CallAnswer } from './call-failure.ts'
import type { Net } from './net.ts'
import { secretUrl } from './option-types.ts'
import { RestApi, type RestCall } from './rest-api.ts'

/** The identity of a zone, account, pool or record at Cloudflare. */
export const cloudflareId = z
  .string()
  .regex(/^[0-9a-f]{32}$/u, 'expected an identity of 32 hexadecimal digits')

/** The options that every actuator at Cloudflare has. */
export const cloudflareOptions = {
  token: z
    .string({ error: 'expected an API token' })
    .regex(/^[\w-]{20,256}$/u, 'expected an API token')
    .describe('An API token; what it must allow stands in docs/switching.md.'),
  url: secretUrl('https', 'http')
    .default('https://api.cloudflare.com/client/v4')
    .describe('Where the API begins.'),
}

/** How every answer of API v4 is wrapped. */
const envelope = z.object({
  success: z.boolean(),
  errors: z.array(z.object({ code: z.number(), message: z.string() })).default([]),
  result: z.unknown().optional(),
  result_info: z.object({ total_pages: z.number().optional() }).nullish(),
})

/**
 * Cloudflare's API v4 (https://developers.cloudflare.com/api): bearer tokens, and answers that say
 * `success`, `errors` and `result`.
 */
export class CloudflareApi {
  readonly #api: RestApi
  readonly #token: string

  constructor({ token, url }: { readonly token: string; readonly url: string }, net: Net) {
    this.#token = token
    this.#api = new RestApi({ name: 'Cloudflare', url: url.replace(/\/+$/u, ''), detail }, net)
  }

  /** Makes one call and takes what `schema` keeps of its result. */
  async call<Result>(
    call: RestCall,
    schema: z.ZodType<Result>,
    ms: number,
    signal: AbortSignal,
  ): Promise<CallAnswer<Result>> {
    const headers = { authorization: `Bearer ${this.#token}` }
    const answer = await this.#api.call({ ...call, headers }, ms, signal)
    if (!answer.ok) return answer
    const failure = { ok: false, sent: true, status: 200, code: '200', retry: true } as const
    const wrapped = envelope.safeParse(answer.value)
    if (!wrapped.success) {
      return { ...failure, says: 'Cloudflare answered JSON that is not of its API' }
    }
    const { success, result, result_info: pages } = wrapped.data
    if (!success) {
      const says = `Cloudflare answered without success: ${detail(answer.value) ?? 'no reason'}`
      return { ...failure, says }
    }
    // What does not fit into one page was not read: that is no absence.
    if ((pages?.total_pages ?? 1) > 1) {
      return { ...failure, retry: false, says: 'Cloudflare has more of these than one page shows' }
    }
    const parsed = schema.safeParse(result)
    if (parsed.success) return { ok: true, value: parsed.data }
    const where = parsed.error.issues[0]?.path.join('.') ?? ''
    return { ...failure, says: `Cloudflare answered a result of another shape (${where})` }
  }
}

function detail(body: unknown): string | undefined {
  const wrapped = envelope.safeParse(body)
  if (!wrapped.success) return undefined
  return wrapped.data.errors.map(({ code, message }) => `${message} (${code})`).join(', ')
}
