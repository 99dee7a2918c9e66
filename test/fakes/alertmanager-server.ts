import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { serveHttp } from '../net/servers.ts'
import { startContractServer } from './vendor-contract.ts'

/** An alert as it was posted. */
export interface PostedAlert {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly startsAt: string
  readonly endsAt: string
  readonly generatorURL?: string
}

type Intercept = (request: IncomingMessage, response: ServerResponse) => boolean

/** Alertmanager's API v2, which holds every request to the vendor's own document. */
export async function startAlertmanagerFake() {
  const contract = await startContractServer('alertmanager-v2.openapi.yaml', () => ({
    body: undefined,
  }))
  let intercept: Intercept = () => false
  async function pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request)
    // The paths of the document stand below its base path.
    const url = `${contract.url}${(request.url ?? '').replace(/^\/api\/v2/u, '')}`
    const answer = await fetch(url, { method: request.method ?? 'GET', body })
    const isRight = contract.violations.length === 0
    response.writeHead(isRight ? answer.status : 400).end(contract.violations.join('; '))
  }
  const server = await serveHttp((request, response) => {
    if (!intercept(request, response)) void pass(request, response)
  })
  return {
    url: server.url,
    violations: contract.violations,
    posted: () => contract.requests.map(({ body }) => body as readonly PostedAlert[]),
    intercept: (answer: Intercept) => void (intercept = answer),
    async close() {
      await server.close()
      await contract.close()
    },
  }
}
