import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { notifierContract } from '../contract/notifier-contract.ts'
import { serveHttp } from '../net/servers.ts'
import { plugin } from './google-chat.ts'

type Answer = (request: IncomingMessage, response: ServerResponse) => boolean

interface Message {
  readonly text: string
  readonly thread: { readonly threadKey: string }
}

/** A space that takes what the service takes, and refuses the rest. */
async function startSpace() {
  const threads: string[] = []
  let intercept: Answer = () => false
  async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request)
    const message = JSON.parse(body) as Message
    const isFit = Buffer.byteLength(body) < 32_000 && message.thread.threadKey.length < 4_000
    if (!isFit || message.text === '') return void response.writeHead(400).end()
    threads.push(message.thread.threadKey)
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  }
  const server = await serveHttp((request, response) => {
    if (!intercept(request, response)) void take(request, response)
  })
  return { server, threads, answer: (next: Answer) => void (intercept = next) }
}

notifierContract(plugin, async () => {
  const { server, threads, answer } = await startSpace()
  return {
    options: (url = server.url) => ({ url: `${url}/v1/spaces/AAA/messages?key=k3y&token=t0ken` }),
    secrets: ['k3y', 't0ken'],
    incidents: () => threads,
    intercept: answer,
    close: () => server.close(),
  }
})
