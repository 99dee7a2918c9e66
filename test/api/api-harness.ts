import type { Hono } from 'hono'
import { type ApiDeps, createApi } from '../../src/api/create-api.ts'
import { FakeWatchdog } from './fake-watchdog.ts'
import { ManualClock } from './manual-clock.ts'

export const viewerToken = 'viewer-token-9f2c41'
export const operatorToken = 'operator-token-77aa03'

export const tokens = [
  { role: 'viewer', token: viewerToken, name: 'grafana' },
  { role: 'operator', token: operatorToken, name: 'cli' },
] as const

/** An API over a fake watchdog; by default open for reading, with both tokens. */
export function harness(deps: Partial<ApiDeps> = {}) {
  const clock = new ManualClock()
  const port = new FakeWatchdog(clock.wall())
  const api = createApi({
    port,
    clock,
    tokens,
    openForReading: true,
    openForChanges: false,
    hosts: ['wall.example'],
    page: '/nowhere',
    ...deps,
  })
  return { api, port, clock }
}

/** A change as the command line sends it. */
export function change(
  api: Hono,
  path: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = { authorization: `Bearer ${operatorToken}` },
): Promise<Response> {
  return Promise.resolve(
    api.request(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    }),
  )
}

/** The error of an answer, checked to have all its parts. */
export async function errorOf(response: Response) {
  const { error } = (await response.json()) as {
    error: { code: string; says: string; todo: string }
  }
  return error
}
