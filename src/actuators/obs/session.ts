import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Ids } from '../../core/clock.ts'
import type { Net } from '../../plugin/net.ts'
import { openWebSocket, type WebSocketConnection } from './web-socket.ts'

/*
 * obs-websocket 5.x, as its protocol.md has it: messages are `{ op, d }`. 0 Hello, 1 Identify,
 * 2 Identified, 6 Request, 7 RequestResponse, 8 RequestBatch, 9 RequestBatchResponse.
 */

const message = z.object({ op: z.int(), d: z.record(z.string(), z.unknown()) })

const hello = z.object({
  rpcVersion: z.int(),
  authentication: z.object({ challenge: z.string(), salt: z.string() }).optional(),
})

const response = z.object({
  requestId: z.string(),
  requestStatus: z.object({ result: z.boolean(), code: z.int(), comment: z.string().optional() }),
  responseData: z.unknown().optional(),
})

const batchResponse = z.object({ requestId: z.string(), results: z.array(z.unknown()) })

/** WebSocketCloseCode::AuthenticationFailed. */
const authenticationFailed = 4009
/** Answers are a few hundred bytes; a scene collection is not asked for. */
const maxMessageBytes = 2 ** 20

/** A question to OBS, by the name of its request. */
export interface ObsRequest {
  readonly requestType: string
  readonly requestData?: object
}

/** What came of it. `sent`: OBS may have acted on it. */
export type ObsAnswer =
  | { readonly ok: true; readonly data: unknown }
  | { readonly ok: false; readonly retry: boolean; readonly sent: boolean; readonly says: string }

/** One conversation with OBS. */
export interface ObsSession {
  ask(request: ObsRequest): Promise<ObsAnswer>
  /** Has OBS run these one after the other, until one fails, whatever becomes of us. */
  batch(requests: readonly ObsRequest[]): Promise<ObsAnswer>
  close(): void
}

/** Opens a conversation and identifies with the password, if OBS asks for one. `signal` bounds all of it. */
export async function openObs(
  parts: { readonly net: Net; readonly ids: Ids },
  to: { readonly url: string; readonly password?: string | undefined; readonly deadlineMs: number },
  signal: AbortSignal,
): Promise<ObsSession | Extract<ObsAnswer, { ok: false }>> {
  const opened = await openWebSocket(parts.net, parts.ids, {
    url: to.url,
    protocol: 'obswebsocket.json',
    deadlineMs: to.deadlineMs,
    maxMessageBytes,
    signal,
  })
  if (!opened.ok) return { ok: false, retry: true, sent: false, says: opened.says }
  const session = new Session(opened, parts.ids)
  const refused = await session.identify(to.password)
  if (refused === undefined) return session
  session.close()
  return refused
}

type Refusal = Extract<ObsAnswer, { ok: false }>

class Session implements ObsSession {
  readonly #socket: WebSocketConnection
  readonly #ids: Ids
  readonly #waiting = new Map<string, (answer: ObsAnswer) => void>()
  #identified: ((refused: Refusal | undefined) => void) | undefined
  #password: string | undefined
  #ended: Refusal | undefined

  constructor(socket: WebSocketConnection, ids: Ids) {
    this.#socket = socket
    this.#ids = ids
  }

  async identify(password: string | undefined): Promise<Refusal | undefined> {
    this.#password = password
    const done = new Promise<Refusal | undefined>((resolve) => {
      this.#identified = resolve
    })
    this.#socket.listen({
      message: (text) => this.#hear(text),
      ended: ({ says, code }) => {
        const isRefusal = code === authenticationFailed
        this.#fail(isRefusal ? 'OBS refuses the password' : says, !isRefusal)
      },
    })
    return await done
  }

  ask(request: ObsRequest): Promise<ObsAnswer> {
    return this.#send(6, request)
  }

  batch(requests: readonly ObsRequest[]): Promise<ObsAnswer> {
    // RequestBatchExecutionType::SerialRealtime, the default: each begins when the one before is done.
    return this.#send(8, { haltOnFailure: true, executionType: 0, requests })
  }

  close(): void {
    this.#fail('the conversation was closed', true)
    this.#socket.close()
  }

  #send(op: number, d: object): Promise<ObsAnswer> {
    if (this.#ended !== undefined) return Promise.resolve({ ...this.#ended, sent: false })
    const requestId = this.#ids.next()
    return new Promise((resolve) => {
      this.#waiting.set(requestId, resolve)
      this.#socket.send(JSON.stringify({ op, d: { ...d, requestId } }))
    })
  }

  #hear(text: string): void {
    const parsed = message.safeParse(parseJson(text))
    if (!parsed.success)
      return this.#break('OBS says something that is no message of obs-websocket 5')
    const { op, d } = parsed.data
    if (op === 0) this.#greet(d)
    else if (op === 2) this.#identify(undefined)
    else if (op === 7) this.#answer(d)
    else if (op === 9) this.#answerBatch(d)
  }

  #greet(d: object): void {
    const greeting = hello.safeParse(d)
    if (!greeting.success) return this.#break('OBS greets unlike obs-websocket 5')
    const { authentication: asked } = greeting.data
    if (asked !== undefined && this.#password === undefined) {
      return this.#break('OBS asks for a password: set `password`')
    }
    const authentication =
      asked === undefined ? undefined : proof(this.#password ?? '', asked.salt, asked.challenge)
    // No events: settings and status are asked for when they matter.
    const d1 = { rpcVersion: 1, eventSubscriptions: 0, ...(authentication && { authentication }) }
    this.#socket.send(JSON.stringify({ op: 1, d: d1 }))
  }

  #answer(d: object): void {
    const parsed = response.safeParse(d)
    if (!parsed.success) return this.#break('OBS answers unlike obs-websocket 5')
    const { requestId, requestStatus, responseData } = parsed.data
    const resolve = this.#waiting.get(requestId)
    this.#waiting.delete(requestId)
    if (requestStatus.result) return resolve?.({ ok: true, data: responseData })
    const { code, comment } = requestStatus
    const says = `OBS refuses with ${code}${comment === undefined ? '' : ` (${comment})`}`
    // 207 NotReady: OBS starts or changes its collection.
    resolve?.({ ok: false, retry: code === 207, sent: false, says })
  }

  #answerBatch(d: object): void {
    const parsed = batchResponse.safeParse(d)
    if (!parsed.success) return this.#break('OBS answers unlike obs-websocket 5')
    const { requestId, results } = parsed.data
    this.#waiting.get(requestId)?.({ ok: true, data: results })
    this.#waiting.delete(requestId)
  }

  /** The peer speaks another language: trying again would not help. */
  #break(says: string): void {
    this.#fail(says, false)
    this.#socket.close()
  }

  #fail(says: string, retry: boolean): void {
    this.#ended ??= { ok: false, retry, sent: true, says }
    this.#identify({ ...this.#ended, sent: false })
    for (const resolve of this.#waiting.values()) resolve(this.#ended)
    this.#waiting.clear()
  }

  #identify(refused: Refusal | undefined): void {
    this.#identified?.(refused)
    this.#identified = undefined
  }
}

/** The authentication string of obs-websocket 5: nobody on the way learns the password. */
export function proof(password: string, salt: string, challenge: string): string {
  const hash = (text: string) => createHash('sha256').update(text).digest('base64')
  return hash(`${hash(`${password}${salt}`)}${challenge}`)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
