import { describe, expect, it } from 'vitest'
import srt from '../../probes/srt.ts'
import { SrtStatistics, SrtCounts } from '../../probes/srt/statistics.ts'
import type { DatagramResult, NetFault } from '../../src/plugin/net.ts'
import type { Processes } from '../../src/plugin/processes.ts'
import { fakePrograms } from '../fakes/fake-programs.ts'
import { ScriptedNet } from '../fakes/scripted-net.ts'
import { timedStream } from '../formats/mpegts/timed-stream.ts'
import { liveSession } from './live-scene.ts'

const packets = timedStream([])
const connected = "Media path: 'srt://…' --> 'file://con'\nSRT source connected\n"

function watch(
  options: Partial<Parameters<typeof liveSession<typeof srt.options>>[1]> = {},
  more: { readonly processes?: Partial<Processes>; readonly datagram?: DatagramResult } = {},
) {
  const fake = fakePrograms(more.processes)
  const session = liveSession(
    srt,
    { url: 'srt://a.example:9000', ...options },
    (clock) => {
      const net = new ScriptedNet(clock)
      const { datagram } = more
      if (datagram !== undefined) net.datagram = async () => datagram
      return net
    },
    { processes: fake.processes },
  )
  const program = () => {
    const newest = fake.started.at(-1)
    if (newest === undefined) throw new Error('no program was started')
    return newest
  }
  return { ...session, started: fake.started, program }
}

function failure(fault: NetFault): DatagramResult {
  return {
    ok: false,
    fault,
    phase: 'first-byte',
    says: `it is ${fault}`,
    bytes: 0,
    timings: { total: 1 },
  }
}

/** One report of 100 packets. */
function report(fields: Readonly<Record<string, number>>): string {
  const receive = {
    packets: 100,
    packetsLost: 0,
    packetsDropped: 0,
    packetsRetransmitted: 0,
    packetsBelated: 0,
    mbitRate: 2,
    msBuf: 80,
    msTsbPdDelay: 200,
    ...fields,
  }
  return `${JSON.stringify({ link: { rtt: 41 }, recv: receive })}\n`
}

async function play(session: ReturnType<typeof watch>, fromMs: number, toMs: number) {
  for (const { at, bytes } of packets) {
    if (at < fromMs || at >= toMs) continue
    session.program().request.onOutput(bytes)
    if (at % 10 === 0) await session.advance(10)
  }
}

describe('the srt probe', () => {
  it('calls with what was configured, and tells loss from drops', async () => {
    const session = watch({
      url: 'srt://a.example:9000?streamid=from-url&latency=400',
      stream_id: '#!::r=live/ch1',
      passphrase: 'correct horse',
      latency: '250ms',
    })
    await session.ask()
    session.program().request.onError(connected)
    await play(session, 0, 500)
    session.program().request.onReport?.(report({ packetsLost: 5, packetsRetransmitted: 4 }))
    session
      .program()
      .request.onReport?.(report({ packetsLost: 5, packetsDropped: 2, packetsBelated: 1 }))

    const second = await session.look()
    await play(session, 500, 1_000)
    const third = await session.look()

    expect(session.program().args).toEqual([
      '-a:no',
      '-loglevel:warn',
      '-statspf:json',
      '-s:50',
      '-statsout:/tmp/reports',
      'srt://a.example:9000?latency=400&streamid=#!::r=live/ch1&mode=caller&conntimeo=2400&passphrase=correct horse',
      'file://con',
    ])
    expect(second).toMatchObject({
      outcome: 'pass',
      measurements: {
        srt_rtt_seconds: 0.041,
        srt_latency_seconds: 0.2,
        srt_buffer_seconds: 0.08,
        srt_receive_bits_per_second: 2_000_000,
        srt_packets: 200,
        srt_packets_lost: 10,
        srt_packets_dropped: 2,
        srt_packets_retransmitted: 4,
        srt_packets_belated: 1,
        srt_loss_ratio: 10 / 202,
        srt_drop_ratio: 2 / 202,
        stream_connections: 1,
      },
    })
    // Nothing was reported since: rates are absent, counts stay.
    expect(third.measurements).not.toHaveProperty('srt_rtt_seconds')
    expect(third.measurements).not.toHaveProperty('srt_loss_ratio')
    expect(third.measurements).toMatchObject({ srt_packets_lost: 10 })
  })

  it('fails at once by its own timer when nothing comes, ends the program and calls again', async () => {
    const session = watch({ stall: '1s' })
    await session.ask()
    session.program().request.onError(connected)
    await play(session, 0, 2_500)
    await session.advance(1_100)

    expect(session.seen.at(-1)?.observation).toMatchObject({
      outcome: 'fail',
      diagnosis: 'stream-stalled',
      reason: 'a.example:9000 sent no media for 1s, though the connection stands.',
      measurements: { stream_stall_seconds: 1 },
    })
    expect(session.started.map(({ stopped }) => stopped)).toEqual([true, false])
  })

  it('says that the connection ended', async () => {
    const session = watch()
    await session.ask()
    session.program().request.onError(connected)
    await play(session, 0, 500)
    session.program().request.onEnd()
    await session.advance(10)

    expect(session.seen.at(-1)?.observation).toMatchObject({
      outcome: 'fail',
      diagnosis: 'ingest-lost',
      reason: 'a.example:9000 ended the connection.',
    })
  })

  const said = (reason: string) =>
    `14:55:31.242891/SRT:RcvQ:w1!W:SRT.cn: processAsyncConnectRequest: REJECT reported from HS processing: ${reason} - not processing further\n`

  it.each([
    ['Incorrect passphrase', 'access-refused', 'the passphrase is not the one of the listener'],
    [
      'Password required or unexpected',
      'access-refused',
      'one side has a passphrase and the other has none',
    ],
    [
      'Peer rejected connection',
      'access-refused',
      'the listener refuses this caller or its stream id',
    ],
    ["Listener's backlog exceeded", 'unreachable', 'the listener has no room for another caller'],
    ['Peer version too old', 'wrong-content', 'the listener speaks SRT with other settings'],
    ['Something new', 'unreachable', 'the handshake was refused'],
  ])('tells the refusal "%s"', async (reason, diagnosis, says) => {
    const session = watch({ passphrase: 'hunter2hunter2' })
    await session.ask()
    const text = `passphrase = 'hunter2hunter2'\n${said(reason)}`
    // It may come in any pieces.
    for (const letter of text) session.program().request.onError(letter)
    session.program().request.onEnd()
    await session.advance(10)

    const seen = session.seen.at(-1)?.observation
    expect(seen).toMatchObject({
      outcome: 'fail',
      diagnosis,
      reason: `a.example:9000 refused the call: ${says}.`,
    })
    expect(JSON.stringify(session.seen)).not.toContain('hunter2')
  })

  it.each<[string, DatagramResult, object]>([
    [
      'nobody listens',
      failure('refused'),
      { outcome: 'fail', diagnosis: 'unreachable', reason: 'Nobody listens at a.example:9000.' },
    ],
    [
      'nothing answers',
      failure('timeout'),
      {
        outcome: 'fail',
        diagnosis: 'unreachable',
        reason:
          'a.example:9000 does not answer: no listener, or its network or a firewall drops packets.',
      },
    ],
    ['the name is gone', failure('not-found'), { outcome: 'fail', reason: 'it is not-found.' }],
    ['the fault is ours', failure('local'), { outcome: 'unknown', reason: 'it is local.' }],
    [
      'a listener answers',
      { ok: true, body: Buffer.alloc(0), address: '', ms: 1 },
      {
        outcome: 'fail',
        diagnosis: 'access-refused',
        reason: 'a.example:9000 answers SRT, but the handshake was not completed.',
      },
    ],
  ])('finds out why a call came to nothing: %s', async (_, datagram, expected) => {
    const session = watch({}, { datagram })
    await session.ask()

    session.program().request.onEnd()
    await session.advance(10)

    expect(session.seen.at(-1)?.observation).toMatchObject(expected)
  })

  it.each([
    ['took the call and sent nothing within 4s', connected, '', 'stream-stalled'],
    ['did not take the call within 4s', '', '', 'unreachable'],
    [
      'sent 5 bytes within 4s with no transport stream in them',
      connected,
      'hello',
      'wrong-content',
    ],
  ])('waits no longer than it may: %s', async (says, error, output, diagnosis) => {
    const session = watch()
    await session.ask()
    session.program().request.onError(error)
    session.program().request.onOutput(Buffer.from(output))
    await session.advance(4_100)

    expect(session.seen[0]).toMatchObject({
      observation: { outcome: 'fail', diagnosis, reason: `a.example:9000 ${says}.` },
    })
    expect(session.started[0]?.stopped).toBe(true)
  })

  it('says in one sentence what to install, and knows nothing of the path then', async () => {
    const seen = await watch({}, { processes: { find: () => undefined } }).look(100)

    expect(seen).toMatchObject({
      outcome: 'unknown',
      reason:
        'SRT paths cannot be watched: srt-live-transmit is not installed here (package srt-tools on Debian and Ubuntu).',
    })
  })

  it('knows nothing where the program cannot be started', async () => {
    const says = 'this machine has no free memory'
    const start = async () => ({ ok: false, says }) as const

    expect(await watch({}, { processes: { start } }).look(100)).toMatchObject({
      outcome: 'unknown',
      reason: `SRT cannot be pulled: ${says}.`,
    })
  })

  it('ends its program with the session, also one that begins just then', async () => {
    const session = watch()
    await session.ask()
    session.program().request.onError(connected)

    await session.stop()

    expect(session.program().stopped).toBe(true)
    expect(session.clock.pending).toBe(0)
  })
})

describe('the options of the srt probe', () => {
  it.each([
    ['srt://a.example', 'without a port'],
    ['srt://a.example:9000?mode=listener', 'with another mode'],
    ['srt://a.example:9000?transtype=file', 'with an option that would not be honoured'],
    ['srt://a.example:9000?streamid=a%26mode=listener', 'with a value that divides options'],
    ['srt://user@a.example:9000', 'with a user'],
  ])('refuse %s, %s', (url) => {
    expect(srt.options.safeParse({ url }).success).toBe(false)
  })

  it.each([{ passphrase: 'short' }, { passphrase: 'with&ampersand' }, { stream_id: 'a\nb' }])(
    'refuse %j',
    (more) => {
      expect(srt.options.safeParse({ url: 'srt://a.example:9000', ...more }).success).toBe(false)
    },
  )
})

describe('the reports of a call', () => {
  it('are read in any pieces, and a line without end takes no memory', () => {
    const counts = new SrtCounts()
    const statistics = new SrtStatistics(counts)
    const text = report({ packetsLost: 1 })

    for (const letter of text) statistics.push(letter)
    for (let index = 0; index < 1_000; index++) statistics.push('x'.repeat(1_000))
    statistics.push(`"}\nnonsense\n${text}`)

    expect(statistics.look()).toMatchObject({ srt_packets: 200, srt_packets_lost: 2 })
  })
})
