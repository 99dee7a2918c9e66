import { describe, expect, it } from 'vitest'
import mpegts from '../../probes/mpegts.ts'
import type { NetFailure, ReceiveRequest } from '../../src/plugin/net.ts'
import { ScriptedNet, type Script } from '../fakes/scripted-net.ts'
import { timedStream } from '../formats/mpegts/timed-stream.ts'
import { liveSession } from './live-scene.ts'

const url = 'https://user:secret@live.example/ch1.ts?token=secret'
const page = 'https://user:secret@live.example/ch1.ts'
const plain = timedStream([])
const body = Buffer.concat(plain.map(({ bytes }) => bytes))
const bytesPerSecond = 188_000

function overHttp(script: Script, options: { stall?: string } = {}) {
  return liveSession(mpegts, { url, ...options }, (clock) =>
    new ScriptedNet(clock).on(page, script),
  )
}

describe('the mpegts probe over HTTP', () => {
  it('stays on one connection and says what came since the look before', async () => {
    let asked = 0
    const session = overHttp(() => {
      asked += 1
      return { body, bytesPerSecond }
    })

    const first = await session.look(500)
    await session.advance(3_000)
    const second = await session.look()

    expect(first).toMatchObject({ outcome: 'pass', measurements: { http_status: 200 } })
    expect(first.measurements['first_media_seconds']).toBeCloseTo(0.105)
    expect(asked).toBe(1)
    expect(second.outcome).toBe('pass')
    const { measurements } = second
    expect(measurements['bitrate_bits_per_second']).toBeGreaterThan(1_400_000)
    expect(measurements['bitrate_bits_per_second']).toBeLessThan(1_600_000)
    expect(measurements['video_bits_per_second']).toBeCloseTo(188_000, -5)
    expect(measurements['audio_bits_per_second']).toBeCloseTo(125_333, -5)
    expect(measurements['table_bits_per_second']).toBeCloseTo(30_080, -4)
    expect(measurements['null_packet_ratio']).toBeCloseTo(0.77, 1)
    expect(measurements).toMatchObject({
      video_pids: 1,
      video_pids_missing: 0,
      audio_pids: 1,
      audio_pids_missing: 0,
      ts_tables_overdue: 0,
      ts_continuity_errors: 0,
      stream_connections: 1,
    })
    expect(measurements).not.toHaveProperty('first_media_seconds')
    expect(measurements).not.toHaveProperty('pcr_delay_spread_seconds')
    expect(measurements).not.toHaveProperty('rtp_jitter_seconds')
  })

  it('tells at once when the stream ends, keeps its counts and connects again', async () => {
    const cut = Buffer.concat([body.subarray(0, 188 * 4_000), body.subarray(188 * 4_024)])
    const session = overHttp({ body: cut.subarray(0, 188 * 6_000), bytesPerSecond })

    await session.look(500)
    await session.advance(7_000)

    expect(session.seen.map(({ observation }) => observation.outcome)).toEqual(['pass', 'fail'])
    expect(session.seen[1]).toMatchObject({
      observation: {
        reason: 'https://live.example/ch1.ts?token=… ended the stream after 1128000 bytes.',
        diagnosis: 'ingest-lost',
      },
    })
    expect(session.seen[1]?.at).toBeLessThan(6_200)
    const after = await session.look()
    expect(after).toMatchObject({ outcome: 'pass', measurements: { stream_connections: 2 } })
    expect(after.measurements['ts_continuity_errors']).toBeGreaterThan(0)
  })

  it('tells of a stall when its time is up, without a look', async () => {
    const frozen = liveSession(mpegts, { url, stall: '1500ms' }, () => stallingNet(3_000))

    await frozen.look(500)
    await frozen.advance(5_000)

    expect(frozen.seen[1]).toMatchObject({
      observation: {
        outcome: 'fail',
        diagnosis: 'stream-stalled',
        reason:
          'https://live.example/ch1.ts?token=… sent no media for 1s500ms, though the connection stands.',
        measurements: { stream_stall_seconds: 1.5 },
      },
    })
  })

  it.each<[string, Script, number, string, string]>([
    [
      '404',
      { status: 404, body: '<html>' },
      100,
      'not-found',
      'https://live.example/ch1.ts?token=… answered 404.',
    ],
    [
      '403',
      { status: 403 },
      100,
      'access-refused',
      'https://live.example/ch1.ts?token=… answered 403.',
    ],
    [
      '503',
      { status: 503 },
      100,
      'unreachable',
      'https://live.example/ch1.ts?token=… answered 503.',
    ],
    [
      'no connection',
      { fault: 'refused' },
      100,
      'unreachable',
      'https://live.example/ch1.ts?token=… cannot be pulled (connect): refused at connect.',
    ],
    [
      'no answer',
      { hang: true },
      4_100,
      'unreachable',
      'https://live.example/ch1.ts?token=… did not answer within 4s.',
    ],
    [
      'a page',
      { body: '<html>no stream</html>' },
      100,
      'wrong-content',
      'https://live.example/ch1.ts?token=… ended after 22 bytes with no transport stream in them.',
    ],
    [
      'endless noise',
      { body: Buffer.alloc(50_000, 'x'), endless: true, bytesPerSecond: 1_000_000 },
      4_100,
      'wrong-content',
      'https://live.example/ch1.ts?token=… sent 100000 bytes within 4s with no transport stream in them.',
    ],
  ])('fails with a diagnosis on %s', async (_, script, within, diagnosis, reason) => {
    const seen = await overHttp(script).look(within)

    expect(seen).toMatchObject({ outcome: 'fail', diagnosis, reason })
    expect(JSON.stringify(seen)).not.toContain('secret')
  })

  it('knows nothing where the fault is its own', async () => {
    expect(await overHttp({ fault: 'local' }).look(100)).toMatchObject({ outcome: 'unknown' })
  })

  it('asks again at the next look, not before, where connections are dropped at once', async () => {
    let asked = 0
    const session = overHttp(() => {
      asked += 1
      return { body: body.subarray(0, 188 * 20) }
    })

    await session.look(1_000)
    await session.advance(1_500)

    expect(asked).toBe(1)
    await session.look(100)
    expect(asked).toBe(2)
  })

  it('names PIDs that are announced and do not come', async () => {
    const silent = Buffer.concat(timedStream(['sound-absent']).flatMap(({ bytes }) => bytes))
    const session = overHttp({ body: silent, bytesPerSecond })

    await session.look(500)
    await session.advance(13_500)

    const seen = await session.look()
    expect(seen).toMatchObject({
      outcome: 'pass',
      measurements: { audio_pids_missing: 1, video_pids_missing: 0, ts_pid_errors: 1 },
    })
    expect(seen.findings).toContainEqual({
      code: 'pid-missing',
      diagnosis: 'track-missing',
      severity: 'error',
      says: 'Sound PID 0x102 is announced and does not come.',
      rendition: '0x102',
    })
    expect(seen.findings).toContainEqual({
      code: 'pid-error',
      severity: 'warning',
      says: 'TR 101 290 1.6 PID_error, 1 times, by the program clock: a PMT, clock, picture or sound PID that the tables name is absent for 5 s.',
    })
  })

  it('ends with the session', async () => {
    const session = overHttp({ body, bytesPerSecond })
    await session.look(500)

    await session.stop()

    expect(session.isOver()).toBe(true)
    expect(session.clock.pending).toBe(0)
  })
})

/** The connection stands and nothing comes any more after so many packets. */
function stallingNet(packets: number): ScriptedNet {
  const net = new ScriptedNet({ now: () => 0, wall: () => 0, sleep: async () => true })
  net.http = async (request) => {
    request.onAnswer?.({ status: 200, headers: {}, timings: { total: 0 } })
    request.onChunk?.(body.subarray(0, 188 * packets))
    await new Promise((resolve) => request.signal?.addEventListener('abort', resolve))
    return {
      ok: false,
      fault: 'aborted',
      phase: 'body',
      says: 'ended',
      bytes: 0,
      timings: { total: 0 },
    }
  }
  return net
}

/** A network whose datagrams the test sends. */
function datagramNet(failure?: NetFailure) {
  const listening: { request: ReceiveRequest; open: boolean }[] = []
  const net = new ScriptedNet({ now: () => 0, wall: () => 0, sleep: async () => true })
  net.receive = async (request) => {
    if (failure !== undefined) return failure
    const entry = { request, open: true }
    listening.push(entry)
    request.signal?.addEventListener('abort', () => (entry.open = false))
    return {
      ok: true,
      address: request.host,
      port: request.port,
      close: () => (entry.open = false),
    }
  }
  const send = (datagram: Buffer) => {
    for (const { request, open } of listening) if (open) request.onDatagram(datagram)
  }
  return { net, listening, send }
}

const groups = Array.from({ length: Math.floor(plain.length / 7) }, (_, index) => ({
  at: plain[index * 7 + 6]!.at,
  bytes: Buffer.concat(plain.slice(index * 7, index * 7 + 7).map(({ bytes }) => bytes)),
}))

function rtp(sequence: number, atMs: number, payload: Buffer, payloadType = 33, ssrc = 1): Buffer {
  const header = Buffer.alloc(12)
  header[0] = 0x80
  header[1] = payloadType
  header.writeUInt16BE(sequence & 0xffff, 2)
  header.writeUInt32BE(atMs * 90, 4)
  header.writeUInt32BE(ssrc, 8)
  return Buffer.concat([header, payload])
}

/** Sends 7 ms of stream in each datagram, as they come, from `from` to `to` milliseconds. */
async function play(
  session: ReturnType<typeof liveSession>,
  send: (datagram: Buffer) => void,
  from: number,
  to: number,
  form: (bytes: Buffer, index: number, at: number) => readonly Buffer[] = (bytes) => [bytes],
): Promise<void> {
  for (const [index, { at, bytes }] of groups.entries()) {
    if (at < from || at >= to) continue
    for (const datagram of form(bytes, index, at)) send(datagram)
    await session.advance(7)
  }
}

describe('the mpegts probe over UDP', () => {
  const group = 'udp://239.1.2.3:5000'

  it('receives a group on the interface and from the sender that it is told', async () => {
    const { net, listening, send } = datagramNet()
    const session = liveSession(
      mpegts,
      { url: group, interface: 'eth1', source: '192.0.2.9' },
      () => net,
    )
    await session.ask()
    await play(session, send, 0, 700)

    const seen = await session.look()

    expect(listening[0]?.request).toMatchObject({
      host: '239.1.2.3',
      port: 5_000,
      interface: 'eth1',
      source: '192.0.2.9',
    })
    expect(seen).toMatchObject({ outcome: 'pass', measurements: { datagrams_ignored: 0 } })
    expect(seen.measurements['pcr_delay_spread_seconds']).toBeLessThan(0.05)
    expect(seen.measurements).not.toHaveProperty('rtp_packets')
  })

  it('says that nothing arrived, or nothing of use', async () => {
    const { net } = datagramNet()
    expect(await liveSession(mpegts, { url: group }, () => net).look(4_100)).toMatchObject({
      outcome: 'fail',
      diagnosis: 'stream-stalled',
      reason: 'Nothing arrived at 239.1.2.3:5000 within 4s.',
    })

    const other = datagramNet()
    const session = liveSession(mpegts, { url: group }, () => other.net)
    await session.ask()
    other.send(Buffer.from('hello'))
    await session.advance(4_100)
    expect(session.seen[0]?.observation).toMatchObject({
      diagnosis: 'wrong-content',
      reason: 'What arrived at 239.1.2.3:5000 within 4s is no transport stream.',
    })
  })

  it('knows nothing where this machine cannot listen', async () => {
    const failure = {
      ok: false,
      fault: 'local',
      phase: 'connect',
      says: 'another program of this machine listens there',
      bytes: 0,
      timings: { total: 0 },
    } as const

    const seen = await liveSession(mpegts, { url: group }, () => datagramNet(failure).net).look(100)

    expect(seen).toMatchObject({
      outcome: 'unknown',
      reason: 'another program of this machine listens there.',
    })
  })

  it('fails at once when datagrams stop, listens anew and passes when they come again', async () => {
    const { net, listening, send } = datagramNet()
    const session = liveSession(mpegts, { url: group }, () => net)
    await session.ask()
    await play(session, send, 0, 2_500)
    await session.advance(3_100)

    expect(session.seen.at(-1)?.observation).toMatchObject({
      outcome: 'fail',
      diagnosis: 'stream-stalled',
      reason: 'No media arrived at 239.1.2.3:5000 for 3s.',
    })
    expect(listening.map(({ open }) => open)).toEqual([false, true])

    await play(session, send, 6_000, 7_000)
    expect((await session.look()).outcome).toBe('pass')
  })
})

describe('the mpegts probe over RTP', () => {
  const there = 'rtp://127.0.0.1:5000'

  it('tells loss from reordering and repetition, and passes over error correction', async () => {
    const { net, send } = datagramNet()
    const session = liveSession(mpegts, { url: there }, () => net)
    await session.ask()
    let kept: Buffer | undefined
    await play(session, send, 0, 2_800, (bytes, index, at) => {
      const datagram = rtp(index, at, bytes)
      const fec = rtp(index, at, Buffer.concat([Buffer.alloc(16, 0x47), bytes]), 96, 77)
      if (index === 100) return [fec]
      if (index === 200) {
        kept = datagram
        return []
      }
      if (index === 201 && kept !== undefined) return [datagram, kept, fec]
      return index === 300 ? [datagram, datagram] : [datagram]
    })

    const { measurements } = await session.look(200)

    expect(measurements).toMatchObject({
      rtp_packets: 400,
      rtp_packets_lost: 1,
      rtp_packets_reordered: 1,
      rtp_packets_repeated: 1,
      rtp_source_changes: 0,
      datagrams_ignored: 2,
    })
    expect(measurements['rtp_jitter_seconds']).toBeLessThan(0.002)
    // Seven packets of up to three PIDs are missing, and no more.
    expect(measurements['ts_continuity_errors']).toBeGreaterThan(0)
    expect(measurements['ts_continuity_errors']).toBeLessThanOrEqual(3)
  })

  it('says when there are no RTP headers', async () => {
    const { net, send } = datagramNet()
    const session = liveSession(mpegts, { url: there }, () => net)
    await session.ask()
    await play(session, send, 0, 900)

    expect((await session.look()).findings).toMatchObject([{ code: 'rtp-header-missing' }])
  })
})

describe('the options of the mpegts probe', () => {
  it.each([['udp://239.1.2.3'], ['rtp://host'], ['srt://host:1'], ['nothing']])(
    'refuse the URL %s',
    (wrong) => {
      expect(mpegts.options.safeParse({ url: wrong }).success).toBe(false)
    },
  )
})
