import { z } from 'zod'
import type { Clock } from '../../core/clock.ts'
import type { CallAnswer } from '../../plugin/call-failure.ts'
import type { Net } from '../../plugin/net.ts'
import { RestApi, type RestCall } from '../../plugin/rest-api.ts'

interface Access {
  readonly url: string
  readonly username: string
  readonly password: string
  readonly login_provider: string
  readonly ca_file?: string | undefined
}

const login = z.object({ token: z.object({ token: z.string().min(1) }) })

const refusal = z.object({ message: z.string() })

/**
 * iControl REST with token authentication (F5, "Authentication with the F5 REST API"). A token lasts
 * 20 minutes and each user has at most 100 of them, so one is kept until it is refused.
 */
export class BigIp {
  readonly #access: Access
  readonly #clock: Clock
  readonly #api: RestApi
  #token: string | undefined

  constructor(access: Access, { clock, net }: { readonly clock: Clock; readonly net: Net }) {
    this.#access = access
    this.#clock = clock
    const { ca_file: ca } = access
    const url = access.url.replace(/\/+$/u, '')
    const detail = (body: unknown) => refusal.safeParse(body).data?.message
    const files = ca === undefined ? {} : { files: { ca } }
    this.#api = new RestApi({ name: 'BIG-IP', url, detail, ...files }, net)
  }

  /** Makes one call, signed in, and takes what `schema` keeps of its answer. */
  async call<Result>(
    call: RestCall,
    schema: z.ZodType<Result>,
    ms: number,
    signal: AbortSignal,
  ): Promise<CallAnswer<Result>> {
    const until = this.#clock.now() + ms
    const wasKept = this.#token !== undefined
    let answer = await this.#send(call, until, signal)
    // An old token may have run out. What is refused so was not done.
    if (!answer.ok && answer.status === 401 && wasKept) {
      this.#token = undefined
      answer = await this.#send(call, until, signal)
    }
    if (!answer.ok) return answer
    const parsed = schema.safeParse(answer.value)
    if (parsed.success) return { ok: true, value: parsed.data }
    const where = parsed.error.issues[0]?.path.join('.') ?? ''
    const says = `BIG-IP answered JSON of another shape than iControl REST (${where})`
    return { ok: false, sent: true, status: 200, code: '200', retry: true, says }
  }

  async #send(call: RestCall, until: number, signal: AbortSignal): Promise<CallAnswer<unknown>> {
    const left = () => until - this.#clock.now()
    if (this.#token === undefined) {
      const { username, password, login_provider: loginProviderName } = this.#access
      const answer = await this.#api.call(
        {
          method: 'POST',
          path: '/mgmt/shared/authn/login',
          body: { username, password, loginProviderName },
        },
        left(),
        signal,
      )
      // Whatever came of signing in, the call itself was not sent.
      if (!answer.ok) return { ...answer, sent: false, says: `cannot sign in: ${answer.says}` }
      const parsed = login.safeParse(answer.value)
      if (!parsed.success) {
        const says = 'cannot sign in: BIG-IP answered without a token'
        return { ok: false, sent: false, status: 200, code: '200', retry: true, says }
      }
      this.#token = parsed.data.token.token
    }
    const headers = { 'x-f5-auth-token': this.#token }
    return await this.#api.call({ ...call, headers }, left(), signal)
  }
}
