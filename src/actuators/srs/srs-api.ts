import { z } from 'zod'
import type { CallAnswer, CallFailure } from '../../plugin/call-failure.ts'
import type { Net } from '../../plugin/net.ts'
import { RestApi } from '../../plugin/rest-api.ts'

/** What we keep of `/api/v1/streams` (SRS 4 to 7, srs_app_statistic.cpp, SrsStatisticStream::dumps). */
const streamsAnswer = z.object({
  code: z.number(),
  streams: z
    .array(
      z.object({
        name: z.string(),
        app: z.string(),
        publish: z.object({ active: z.boolean(), cid: z.string().optional() }).optional(),
      }),
    )
    .optional(),
})

/** Errors too come with status 200. */
const coded = z.object({ code: z.number() })

/** ERROR_RTMP_CLIENT_NOT_FOUND (srs_kernel_error.hpp). */
const clientNotFound = 2049

/** Without `count` SRS lists ten streams. */
const pageSize = 1_000
const maxPages = 20

/** One SRS, by its HTTP API. `name` is how people call it: `the SRS of main`. */
export class SrsApi {
  readonly #api: RestApi
  readonly #name: string

  constructor(name: string, url: string, net: Net) {
    const detail = (body: unknown) => {
      const code = coded.safeParse(body).data?.code
      return code === undefined ? undefined : `error code ${code}`
    }
    this.#api = new RestApi({ name, url: url.replace(/\/+$/u, ''), detail }, net)
    this.#name = name
  }

  /** The client that publishes a stream; `undefined` where nobody does. */
  async publisher(
    app: string,
    stream: string,
    ms: number,
    signal: AbortSignal,
  ): Promise<CallAnswer<string | undefined>> {
    const found: string[] = []
    for (let page = 0; page < maxPages; page += 1) {
      const path = `/api/v1/streams/?start=${page * pageSize}&count=${pageSize}`
      const answer = await this.#api.call({ method: 'GET', path }, ms, signal)
      if (!answer.ok) return answer
      const { code = 0, streams } = streamsAnswer.safeParse(answer.value).data ?? {}
      if (code !== 0) return this.#failure(`answers with error code ${code}`)
      // Something else that answers 200 is no server without streams.
      if (streams === undefined) return this.#failure('answers without a list of streams')
      for (const { app: of, name, publish } of streams) {
        if (of === app && name === stream && publish?.active === true) found.push(publish.cid ?? '')
      }
      if (streams.length < pageSize) break
    }
    if (found.length > 1) {
      return { ...this.#failure(`has ${app}/${stream} in more than one vhost`), retry: false }
    }
    return { ok: true, value: found[0] }
  }

  /** Disconnects a client; one that is gone already is as good. */
  async disconnect(
    client: string,
    ms: number,
    signal: AbortSignal,
  ): Promise<CallAnswer<undefined>> {
    const path = `/api/v1/clients/${encodeURIComponent(client)}`
    const answer = await this.#api.call({ method: 'DELETE', path }, ms, signal)
    if (!answer.ok) return answer
    const code = coded.safeParse(answer.value).data?.code
    if (code === 0 || code === clientNotFound) return { ok: true, value: undefined }
    if (code === undefined) return this.#failure('does not say what came of it')
    // Refused, and so not done: as a status of 400 is to others.
    return { ...this.#failure(`refuses with error code ${code}`), status: 400, retry: false }
  }

  #failure(says: string): CallFailure {
    const sentence = `${this.#name} ${says}`
    return { ok: false, sent: true, status: 200, code: '200', retry: true, says: sentence }
  }
}
