import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'

/** A whole answer. */
export interface Got {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** Sends a request on a connection of its own and resolves with the headers of the answer. */
export function open(url: string, method = 'GET', more: Sent = {}): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request(url, { method, agent: false, headers: more.headers ?? {} })
      .on('response', resolve)
      .on('error', reject)
      .end(more.body)
  })
}

interface Sent {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** The rest of an answer. Rejects when it breaks off. */
export async function rest(answer: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of answer as AsyncIterable<Buffer>) parts.push(part)
  return Buffer.concat(parts)
}

/** Fetches a whole answer. Rejects when it breaks off. */
export async function get(url: string): Promise<Got> {
  const answer = await open(url)
  const body = await rest(answer)
  return { status: answer.statusCode ?? 0, headers: answer.headers, body }
}

/** The text of an answer that must be 200. */
export async function text(url: string): Promise<string> {
  const { status, body } = await get(url)
  if (status !== 200) throw new Error(`${url} answered ${status}`)
  return body.toString()
}

/** Calls the control API and reads its JSON. */
export async function call(method: string, url: string, json?: unknown) {
  const body = json === undefined ? undefined : JSON.stringify(json)
  const headers: Record<string, string> = body ? { 'content-type': 'application/json' } : {}
  const answer = await open(url, method, body ? { headers, body } : { headers })
  const said = JSON.parse((await rest(answer)).toString()) as Record<string, unknown>
  return { status: answer.statusCode, said }
}

/** Resolves when `condition` holds, asked again after each turn of the event loop. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}
