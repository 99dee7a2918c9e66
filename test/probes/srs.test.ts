import { describe, expect, it, onTestFinished } from 'vitest'
import type { z } from 'zod'
import srs from '../../probes/srs.ts'
import { serveHttp } from '../net/servers.ts'
import { session } from './look-once.ts'

/**
 * The HTTP API of SRS, transcribed from github.com/ossrs/srs, trunk/src/app/srs_app_http_api.cpp and
 * srs_app_statistic.cpp (5.0): errors are HTTP 200 with a code, lists are paged by `start` and
 * `count`, and a list without `count` has ten entries.
 */
function server() {
  return {
    code: 0,
    pid: '4711',
    uptime: 100,
    vhosts: [
      { id: 'vid-1', name: '__defaultVhost__' },
      { id: 'vid-2', name: 'other.example' },
    ],
    streams: [stream()] as Record<string, unknown>[],
    asked: [] as string[],
  }
}

function stream(more: Record<string, unknown> = {}) {
  return {
    id: 'vid-x',
    name: 'channel-1',
    vhost: 'vid-1',
    app: 'live',
    tcUrl: 'rtmp://127.0.0.1/live',
    url: '/live/channel-1',
    live_ms: 1_700_000_000_000,
    clients: 3,
    frames: 500,
    send_bytes: 0,
    recv_bytes: 1_000_000,
    kbps: { recv_30s: 0, send_30s: 0 },
    publish: { active: true, cid: 'c1' },
    video: null,
    audio: null,
    ...more,
  }
}

async function start(state: ReturnType<typeof server>) {
  const running = await serveHttp((request, response) => {
    const url = new URL(request.url ?? '/', 'http://fake')
    state.asked.push(url.pathname)
    const from = Number(url.searchParams.get('start') ?? 0)
    const count = Number(url.searchParams.get('count') ?? 10)
    const common = { code: state.code, server: 'vid-s', service: 'svc', pid: state.pid }
    const bodies: Readonly<Record<string, unknown>> = {
      '/api/v1/summaries': {
        ...common,
        data: { ok: true, self: { pid: Number(state.pid), srs_uptime: state.uptime } },
      },
      '/api/v1/streams/': { ...common, streams: state.streams.slice(from, from + count) },
      '/api/v1/vhosts/': { ...common, vhosts: state.vhosts.slice(from, from + count) },
    }
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(state.code === 0 ? bodies[url.pathname] : { code: state.code }))
  })
  onTestFinished(() => running.close())
  return running.url
}

async function look(
  state: ReturnType<typeof server>,
  options: Partial<z.input<typeof srs.options>> = {},
) {
  const url = await start(state)
  return session(srs, { url, app: 'live', stream: 'channel-1', ...options })
}

describe('the srs probe', () => {
  it('measures what the encoder sends, and does not count it as a client', async () => {
    const state = server()
    const once = await look(state)
    await once()
    state.streams = [stream({ recv_bytes: 2_000_000, frames: 600 })]

    const seen = await once()

    expect(seen).toMatchObject({
      outcome: 'pass',
      measurements: { clients: 2, process_uptime_seconds: 100, process_restarts: 0 },
    })
    expect(seen.measurements['incoming_bits_per_second']).toBeGreaterThan(0)
    expect(state.asked).not.toContain('/api/v1/vhosts/')
  })

  it.each([
    ['no such stream', []],
    ['a stream that nobody publishes', [stream({ publish: { active: false, cid: '' } })]],
    ['one of the same name in another app', [stream({ app: 'other' })]],
  ])('has lost the ingest with %s', async (_, streams) => {
    const state = { ...server(), streams }

    const seen = await (await look(state))()

    expect(seen).toMatchObject({
      outcome: 'fail',
      diagnosis: 'ingest-lost',
      reason: 'nobody publishes the stream to the app live.',
    })
  })

  it('finds a stream beyond the first page', async () => {
    const others = Array.from({ length: 1_500 }, (_, at) => stream({ name: `other-${at}` }))

    const seen = await (await look({ ...server(), streams: [...others, stream()] }))()

    expect(seen.outcome).toBe('pass')
  })

  it('asks for vhosts where two carry the name', async () => {
    const streams = [stream({ vhost: 'vid-2', clients: 9 }), stream({ clients: 2 })]
    const state = { ...server(), streams }

    const here = await (await look(state))()
    const there = await (await look(state, { vhost: 'other.example' }))()

    expect(here.measurements).toMatchObject({ clients: 1 })
    expect(there.measurements).toMatchObject({ clients: 8 })
  })

  it('sees a restart in the process identity', async () => {
    const state = server()
    const once = await look(state)
    await once()
    Object.assign(state, { pid: '4712', uptime: 1 })

    const seen = await once()

    expect(seen.measurements).toMatchObject({ process_restarts: 1, process_uptime_seconds: 1 })
  })

  it('knows nothing of the stream where the API answers an error code', async () => {
    const seen = await (await look({ ...server(), code: 1061 }))()

    expect(seen).toMatchObject({
      outcome: 'unknown',
      reason: 'SRS answers with error code 1061: nothing is known of the stream.',
    })
  })
})
