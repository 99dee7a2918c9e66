import { describe, expect, it, onTestFinished } from 'vitest'
import mediamtx from '../../probes/mediamtx.ts'
import { startContractServer, type FakeAnswer } from '../fakes/vendor-contract.ts'
import { session } from './look-once.ts'

const id = '0b1f9a2e-3f0a-4d7c-9f5e-2f5f4f0b6c11'

/** What a MediaMTX says; a test changes it between looks. */
function server() {
  return {
    started: '2026-01-01T00:00:00Z',
    path: {
      name: 'live/channel-1',
      confName: 'all_others',
      available: true,
      online: true,
      source: { type: 'srtConn', id },
      inboundBytes: 1_000_000,
      outboundBytes: 0,
      readers: [{ type: 'hlsSession', id: '' }],
    } as Record<string, unknown> | undefined,
    srt: { packetsReceivedUnique: 1_000, packetsReceivedDrop: 0 },
  }
}

async function start(state: ReturnType<typeof server>) {
  const fake = await startContractServer('mediamtx.openapi.yaml', ({ operation }): FakeAnswer => {
    if (operation === '/v3/info') {
      return { body: { version: 'v1.17.0', started: state.started } }
    }
    if (operation === '/v3/srtconns/get/{id}') return { body: { id, ...state.srt } }
    if (state.path === undefined) {
      return { status: 404, body: { status: 'error', error: 'path not found' } }
    }
    return { body: state.path }
  })
  onTestFinished(async () => {
    await fake.close()
    expect(fake.violations).toEqual([])
  })
  return fake
}

describe('the mediamtx probe', () => {
  it('measures what the source sends, its drops and its readers', async () => {
    const state = server()
    const fake = await start(state)
    const look = session(mediamtx, { url: fake.url, path: 'live/channel-1' })
    await look()
    state.path = { ...state.path, inboundBytes: 3_000_000 }
    state.srt = { packetsReceivedUnique: 1_980, packetsReceivedDrop: 20 }

    const seen = await look()

    expect(seen.outcome).toBe('pass')
    expect(seen.measurements).toMatchObject({
      clients: 1,
      packet_drop_ratio: 0.02,
      process_restarts: 0,
      incoming_age_seconds: 0,
    })
    expect(seen.measurements['incoming_bits_per_second']).toBeGreaterThan(1_000_000)
    expect(fake.requests.map(({ operation }) => operation)).toContain('/v3/paths/get/{name}')
    expect(fake.requests[1]?.parameters).toEqual({ name: 'live/channel-1' })
  })

  it.each([
    ['there is no such path', undefined, 'nobody publishes to the path in MediaMTX.'],
    ['the path has no source', { source: null }, 'nobody publishes to the path in MediaMTX.'],
    [
      'the source delivers nothing',
      { source: { type: 'rtspSource', id: '' }, available: false },
      'the source of the path in MediaMTX (rtspSource) delivers nothing.',
    ],
  ])('has lost the ingest where %s', async (_, path, reason) => {
    const state = server()
    state.path = path === undefined ? undefined : { ...state.path, ...path }
    const fake = await start(state)

    const seen = await session(mediamtx, { url: fake.url, path: 'live/channel-1' })()

    expect(seen).toMatchObject({ outcome: 'fail', diagnosis: 'ingest-lost', reason })
  })

  it('sees a restart in the time of the start', async () => {
    const state = server()
    const fake = await start(state)
    const look = session(mediamtx, { url: fake.url, path: 'live/channel-1' })
    await look()
    state.started = '2026-01-01T00:10:00Z'

    const seen = await look()

    expect(seen.measurements).toMatchObject({ process_restarts: 1 })
    expect(seen.measurements).not.toHaveProperty('incoming_bits_per_second')
  })

  it('knows the names of versions before 1.16', async () => {
    const state = server()
    const source = { type: 'rtmpConn', id }
    state.path = { ready: true, source, bytesReceived: 5_000, bytesSent: 0, readers: [] }
    const fake = await start(state)

    const seen = await session(mediamtx, { url: fake.url, path: 'live/channel-1' })()

    expect(seen).toMatchObject({ outcome: 'pass', measurements: { clients: 0 } })
  })
})
