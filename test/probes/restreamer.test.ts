import { describe, expect, it, onTestFinished } from 'vitest'
import restreamer from '../../probes/restreamer.ts'
import { startContractServer, type FakeAnswer } from '../fakes/vendor-contract.ts'
import { session } from './look-once.ts'

function core() {
  return {
    token: 'token-1',
    logins: 0,
    state: {
      order: 'start',
      exec: 'running',
      runtime_seconds: 60,
      reconnect_seconds: 15,
      progress: {
        frame: 1_000,
        drop: 0,
        inputs: [
          { id: '0', size_kb: 1_000, bitrate_kbit: 2_000 },
          { id: '1', size_kb: 100, bitrate_kbit: 128 },
        ],
      },
    } as Record<string, unknown> | undefined,
  }
}

async function start(state: ReturnType<typeof core>) {
  const fake = await startContractServer('datarhei-core.swagger.json', (request): FakeAnswer => {
    if (request.operation === '/api/login') {
      const { username, password } = request.body as { username: string; password: string }
      if (username !== 'admin' || password !== 'hunter2') {
        return { status: 403, body: { code: 403, message: 'Forbidden', details: [] } }
      }
      state.logins += 1
      return { body: { access_token: state.token, refresh_token: 'r' } }
    }
    if (request.headers.authorization !== `Bearer ${state.token}`) {
      return { status: 401, body: { code: 401, message: 'Unauthorized', details: [] } }
    }
    if (state.state === undefined) {
      return { status: 404, body: { code: 404, message: 'Unknown process ID', details: [] } }
    }
    return { body: state.state }
  })
  onTestFinished(async () => {
    await fake.close()
    // The document of this version leaves the answer to a missing token out.
    const unexplained = fake.violations.filter((each) => !each.endsWith('never answers 401'))
    expect(unexplained).toEqual([])
  })
  return fake
}

const login = { process: 'channel-1', username: 'admin', password: 'hunter2' }

describe('the restreamer probe', () => {
  it('logs in once and measures what the process reads', async () => {
    const state = core()
    const fake = await start(state)
    const look = session(restreamer, { url: fake.url, ...login })
    await look()
    state.state = {
      ...state.state,
      runtime_seconds: 65,
      progress: { frame: 1_090, drop: 10, inputs: [{ id: '0', size_kb: 2_000, bitrate_kbit: 0 }] },
    }

    const seen = await look()

    expect(seen).toMatchObject({
      outcome: 'pass',
      measurements: { packet_drop_ratio: 0.1, process_uptime_seconds: 65, process_restarts: 0 },
    })
    expect(seen.measurements['incoming_bits_per_second']).toBeGreaterThan(0)
    expect(state.logins).toBe(1)
  })

  it('renews a token that has expired within the same look', async () => {
    const state = core()
    const fake = await start(state)
    const look = session(restreamer, { url: fake.url, ...login })
    await look()
    state.token = 'token-2'

    const seen = await look()

    expect(seen.outcome).toBe('pass')
    expect(state.logins).toBe(2)
  })

  it('says nothing of the stream where the login is refused, and keeps the password to itself', async () => {
    const fake = await start(core())

    const seen = await session(restreamer, { url: fake.url, ...login, password: 'wr0ng' })()

    expect(seen).toMatchObject({ outcome: 'unknown' })
    expect(seen.reason).toContain('refuses our credentials (403)')
    expect(JSON.stringify(seen)).not.toContain('wr0ng')
  })

  it('has lost the ingest where the process failed, with the time of the next try', async () => {
    const state = core()
    state.state = { order: 'start', exec: 'failed', runtime_seconds: 3, reconnect_seconds: 12 }
    const fake = await start(state)

    const seen = await session(restreamer, { url: fake.url, ...login })()

    expect(seen).toMatchObject({
      outcome: 'fail',
      diagnosis: 'ingest-lost',
      reason: 'the process channel-1 is failed (ordered: start); it starts again in 12 s.',
    })
  })

  it('knows nothing of a process that there is not', async () => {
    const state = core()
    state.state = undefined
    const fake = await start(state)

    const seen = await session(restreamer, { url: fake.url, ...login })()

    expect(seen).toMatchObject({
      outcome: 'unknown',
      reason: 'Restreamer has no process channel-1: nothing is known of the stream.',
    })
  })

  it('takes username and password together only', () => {
    const result = restreamer.options.safeParse({
      url: 'http://127.0.0.1:8080',
      process: 'a',
      username: 'admin',
    })

    expect(result.error?.issues[0]?.message).toBe(
      'expected username and password together, or neither',
    )
  })
})
