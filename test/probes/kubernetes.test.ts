import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { z } from 'zod'
import kubernetes from '../../probes/kubernetes.ts'
import { hasOpenssl, makeCertificate, serveHttp, serveHttps } from '../net/servers.ts'
import { session } from './look-once.ts'

type Options = Partial<z.input<typeof kubernetes.options>>

/** A pod as the API lists it, with what the probe has no use for left out. */
const pod = ({ ready = true, restarts = 0, ending = false, container = 'srs' } = {}) => ({
  metadata: {
    name: 'ingest-a-0',
    ...(ending && { deletionTimestamp: '2026-01-01T00:00:00Z' }),
  },
  status: {
    phase: 'Running',
    conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
    containerStatuses: [
      {
        name: container,
        restartCount: restarts,
        ready,
        state: { running: { startedAt: '2026-01-01T00:00:00Z' } },
      },
    ],
  },
})

/**
 * As much of the API server as the probe asks, transcribed from the Kubernetes API reference 1.31
 * (Pod v1, EndpointSlice discovery.k8s.io/v1, and "Retrieving large results sets in chunks").
 */
function cluster() {
  const state = {
    token: 'token-1',
    pods: [pod()] as object[],
    slices: [] as object[],
    pageSize: 500,
    asked: [] as string[],
    listener: (request: IncomingMessage, answer: ServerResponse) => {
      const url = new URL(request.url ?? '/', 'http://fake')
      state.asked.push(url.pathname + url.search)
      const { authorization } = request.headers
      const reply = (status: number, body: unknown) => {
        answer.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
      }
      if (authorization !== `Bearer ${state.token}`) {
        reply(401, { kind: 'Status', status: 'Failure', code: 401 })
        return
      }
      const items =
        url.pathname === '/api/v1/namespaces/live/pods'
          ? state.pods
          : url.pathname === '/apis/discovery.k8s.io/v1/namespaces/live/endpointslices'
            ? state.slices
            : undefined
      if (items === undefined) {
        reply(404, { kind: 'Status', status: 'Failure', code: 404 })
        return
      }
      const from = Number(url.searchParams.get('continue') ?? 0)
      const to = from + state.pageSize
      const metadata = to < items.length ? { continue: String(to) } : {}
      reply(200, { kind: 'List', metadata, items: items.slice(from, to) })
    },
  }
  return state
}

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'changeover-kubernetes-'))
  onTestFinished(() => rmSync(made, { recursive: true }))
  return made
}

async function start(state: ReturnType<typeof cluster>, options: Options) {
  const running = await serveHttp(state.listener)
  onTestFinished(() => running.close())
  const tokenFile = join(folder(), 'token')
  writeFileSync(tokenFile, `${state.token}\n`)
  const look = session(kubernetes, {
    url: running.url,
    namespace: 'live',
    token_file: tokenFile,
    ca_file: '',
    ...options,
  })
  return { look, tokenFile }
}

describe('the kubernetes probe', () => {
  it('counts pods that are ready, and what restarted since the look before', async () => {
    const state = cluster()
    state.pods = [pod(), pod({ ready: false }), pod({ ending: true }), pod({ restarts: 3 })]
    const { look } = await start(state, { pods: 'app=ingest-a' })
    await look()
    state.pods = [pod({ restarts: 2 }), pod({ ready: false }), pod(), pod({ restarts: 3 })]

    const seen = await look()

    expect(seen).toMatchObject({
      outcome: 'pass',
      measurements: { pods: 4, pods_ready: 3, process_restarts: 2 },
    })
    expect(state.asked[0]).toBe(
      '/api/v1/namespaces/live/pods?labelSelector=app%3Dingest-a&limit=500',
    )
  })

  it('does not take a pod that went away, or came, for a restart', async () => {
    const state = cluster()
    state.pods = [pod({ restarts: 5 }), pod()]
    const { look } = await start(state, { pods: 'app=ingest-a' })
    await look()
    state.pods = [pod()]
    const without = await look()
    state.pods = [pod(), pod()]

    const more = await look()

    expect(without.measurements).toMatchObject({ process_restarts: 0 })
    expect(more.measurements).toMatchObject({ process_restarts: 0 })
  })

  it('counts one container only where asked to', async () => {
    const state = cluster()
    const { look } = await start(state, { pods: 'app=ingest-a', container: 'srs' })
    await look()
    state.pods = [pod({ container: 'sidecar', restarts: 4 })]

    const seen = await look()

    expect(seen.measurements).toMatchObject({ process_restarts: 0 })
  })

  it('counts the endpoints of a service; one without a condition is ready', async () => {
    const state = cluster()
    state.slices = [
      { endpoints: [{ conditions: { ready: true } }, { conditions: {} }] },
      { endpoints: [{ conditions: { ready: false } }] },
      { endpoints: null },
    ]
    const { look } = await start(state, { service: 'ingest-a' })

    const seen = await look()

    expect(seen).toMatchObject({
      outcome: 'pass',
      measurements: { endpoints: 3, endpoints_ready: 2 },
    })
  })

  it('reads every page', async () => {
    const state = cluster()
    state.pods = Array.from({ length: 7 }, () => pod())
    state.pageSize = 3
    const { look } = await start(state, { pods: 'app=ingest-a' })

    const seen = await look()

    expect(seen.measurements).toMatchObject({ pods: 7, pods_ready: 7 })
  })

  it.each<readonly [string, Options, string]>([
    [
      'too few endpoints are ready',
      { service: 'ingest-a', at_least: 2 },
      'the service live/ingest-a has 1 of 1 endpoints ready, fewer than 2.',
    ],
    [
      'no pod is ready',
      { pods: 'app=ingest-a' },
      '0 of 1 pods with app=ingest-a in live are ready, fewer than 1.',
    ],
  ])('fails where %s', async (_, options, reason) => {
    const state = cluster()
    state.pods = [pod({ ready: false })]
    state.slices = [{ endpoints: [{ conditions: { ready: true } }] }]
    const { look } = await start(state, options)

    const seen = await look()

    expect(seen).toMatchObject({ outcome: 'fail', diagnosis: 'unreachable', reason })
  })

  it('takes the token anew at each look, because Kubernetes replaces it', async () => {
    const state = cluster()
    const { look, tokenFile } = await start(state, { pods: 'app=ingest-a' })
    await look()
    state.token = 'token-2'
    const refused = await look()
    writeFileSync(tokenFile, 'token-2')

    const seen = await look()

    expect(refused.outcome).toBe('unknown')
    expect(refused.reason).toContain('refuses our credentials (401)')
    expect(seen.outcome).toBe('pass')
  })

  it('never takes a path down because the API server is silent, or there is no token', async () => {
    const state = cluster()
    const { look } = await start(state, { pods: 'app=ingest-a', token_file: '/nowhere/token' })

    const without = await look()
    const silent = await session(kubernetes, {
      url: 'http://127.0.0.1:1',
      pods: 'app=a',
      token_file: '',
      ca_file: '',
    })()

    expect(without.outcome).toBe('unknown')
    expect(without.reason).toContain('the token file /nowhere/token cannot be read, or is empty')
    expect(silent.outcome).toBe('unknown')
  })

  // Without the openssl command line no certificate can be made, so this test is skipped.
  it.skipIf(!hasOpenssl())('trusts the authority in its file', async () => {
    const state = cluster()
    const certificate = makeCertificate('kubernetes.default.svc', 9)
    const server = await serveHttps(
      (request, answer) => state.listener(request, answer),
      certificate,
    )
    onTestFinished(() => server.close())
    const [caFile, tokenFile] = [join(folder(), 'ca.crt'), join(folder(), 'token')]
    writeFileSync(caFile, certificate.cert)
    writeFileSync(tokenFile, state.token)

    const seen = await session(kubernetes, {
      url: `https://kubernetes.default.svc:${server.port}`,
      address: '127.0.0.1',
      namespace: 'live',
      pods: 'app=ingest-a',
      token_file: tokenFile,
      ca_file: caFile,
    })()

    expect(seen.outcome).toBe('pass')
  })

  it('must be told what to look at', () => {
    const result = kubernetes.options.safeParse({})

    expect(result.error?.issues[0]?.message).toBe('expected service, pods or both')
  })
})
