import { z } from 'zod'
import type { Clock } from '../../core/clock.ts'
import type { CallAnswer, CallFailure } from '../../plugin/call-failure.ts'
import type { Net } from '../../plugin/net.ts'
import { RestApi, type RestCall } from '../../plugin/rest-api.ts'

/** `api.Error` of the Swagger document. */
const refusal = z.object({ message: z.string(), details: z.array(z.string()).nullish() })

const loginAnswer = z.object({ access_token: z.string().min(1) })

interface CoreAccess {
  readonly url: string
  readonly username?: string | undefined
  readonly password?: string | undefined
}

/**
 * The API v3 of datarhei Core (docs/swagger.json): a login for a token that lives for minutes and is
 * renewed once where it has expired, and JSON.
 */
export class CoreApi {
  readonly #access: CoreAccess
  readonly #clock: Clock
  readonly #api: RestApi
  #token: string | undefined

  /** `hidden` are texts that Core may quote in a refusal and that nobody may read. */
  constructor(access: CoreAccess, to: { clock: Clock; net: Net }, hidden: readonly string[]) {
    this.#access = access
    this.#clock = to.clock
    const detail = (body: unknown) => {
      const told = refusal.safeParse(body).data
      if (told === undefined) return undefined
      const text = [told.message, ...(told.details ?? [])].join(': ')
      return hidden.reduce((left, each) => left.replaceAll(each, '…'), text)
    }
    const service = { name: 'Restreamer', url: access.url.replace(/\/+$/u, ''), detail }
    this.#api = new RestApi(service, to.net)
  }

  /** Makes one call that ends at `until` (monotonic milliseconds), and takes what `schema` keeps. */
  async call<Value>(
    call: RestCall,
    schema: z.ZodType<Value>,
    until: number,
    signal: AbortSignal,
  ): Promise<CallAnswer<Value>> {
    const mayLogIn = this.#access.username !== undefined
    if (mayLogIn && this.#token === undefined) {
      const refused = await this.#login(until, signal)
      if (refused !== undefined) return refused
    }
    let answer = await this.#send(call, until, signal)
    if (mayLogIn && !answer.ok && answer.status === 401) {
      const refused = await this.#login(until, signal)
      if (refused !== undefined) return refused
      answer = await this.#send(call, until, signal)
    }
    if (!answer.ok) {
      if (answer.status !== 401) return answer
      this.#token = undefined
      return { ...answer, says: 'Restreamer refuses our login: set username and password' }
    }
    const parsed = schema.safeParse(answer.value)
    if (parsed.success) return { ok: true, value: parsed.data }
    const says = 'Restreamer answered JSON of another shape than its API'
    return { ok: false, sent: true, status: 200, code: '200', retry: true, says }
  }

  /** Whatever went wrong here, the call itself was never made, or refused before. */
  async #login(until: number, signal: AbortSignal): Promise<CallFailure | undefined> {
    this.#token = undefined
    const { username, password } = this.#access
    const call = { method: 'POST', path: '/api/login', body: { username, password } } as const
    const answer = await this.#api.call(call, until - this.#clock.now(), signal)
    if (!answer.ok) {
      const isRefused = answer.status === 401 || answer.status === 403
      return { ...answer, sent: false, ...(isRefused && { says: 'Restreamer refuses our login' }) }
    }
    const parsed = loginAnswer.safeParse(answer.value)
    if (parsed.success) {
      this.#token = parsed.data.access_token
      return undefined
    }
    const says = 'Restreamer answered our login without a token'
    return { ok: false, sent: false, status: 200, code: '200', retry: true, says }
  }

  async #send(call: RestCall, until: number, signal: AbortSignal) {
    const headers =
      this.#token === undefined ? {} : { headers: { authorization: `Bearer ${this.#token}` } }
    return await this.#api.call({ ...call, ...headers }, until - this.#clock.now(), signal)
  }
}
