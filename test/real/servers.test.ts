import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import haproxyStats from '../../probes/haproxy-stats.ts'
import nginxRtmp from '../../probes/nginx-rtmp.ts'
import type { Observation } from '../../src/core/sample.ts'
import { createNet } from '../../src/net/create-net.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { hasOpenssl, makeCertificate } from '../net/servers.ts'
import { session } from '../probes/look-once.ts'
import { ffmpegBinary } from './encoder.ts'
import { haproxyVersion, startHaproxy } from './haproxy-process.ts'
import { hasNginxRtmp, startNginxRtmp, startPublisher, type RtmpServer } from './rtmp-servers.ts'

/** Looks once a second until one is as wanted. */
async function until(
  look: () => Promise<Observation>,
  isWanted: (seen: Observation) => boolean,
): Promise<Observation> {
  let seen = await look()
  for (let attempt = 0; attempt < 25 && !isWanted(seen); attempt += 1) {
    await sleep(1_000)
    seen = await look()
  }
  expect(seen).toSatisfy(isWanted)
  return seen
}

const hasTools = ffmpegBinary !== undefined && hasNginxRtmp && hasOpenssl()

// Without FFmpeg, nginx with its RTMP module, or openssl, these tests are skipped.
describe.skipIf(!hasTools)('the nginx-rtmp probe against nginx-rtmp and FFmpeg', () => {
  let server: RtmpServer
  beforeAll(async () => {
    server = await startNginxRtmp(makeCertificate('ingest.test', 20))
  })
  afterAll(async () => await server.close())

  function looking() {
    const url = server.statUrl ?? ''
    return session(nginxRtmp, {
      url,
      application: 'live',
      stream: 'key',
      expected_bitrate: '360kbps',
    })
  }

  it('sees the ingest lost, then what the encoder sends, and the encoder hang', async () => {
    const look = looking()
    const before = await look()
    const publisher = startPublisher(`rtmp://127.0.0.1:${server.port}/live/key`)
    onTestFinished(() => publisher.kill())

    const flowing = await until(
      look,
      ({ measurements }) => (measurements['incoming_bits_per_second'] ?? 0) > 100_000,
    )
    await sleep(4_000)
    const steady = await look()
    publisher.freeze()
    const hung = await until(
      look,
      ({ measurements }) => (measurements['incoming_age_seconds'] ?? 0) >= 3,
    )
    publisher.thaw()
    publisher.stop()
    const lost = await until(look, ({ outcome }) => outcome === 'fail')

    expect(before).toMatchObject({ outcome: 'fail', diagnosis: 'ingest-lost' })
    expect(flowing.measurements).toMatchObject({ clients: 0, process_restarts: 0 })
    // 300 kbit/s of picture and 64 kbit/s of sound, as far as the encoder keeps to them.
    const rate = steady.measurements['incoming_bits_per_second']
    expect(rate).toBeGreaterThan(150_000)
    expect(rate).toBeLessThan(800_000)
    // It stays listed as connected all the while: only its bytes stop.
    expect(hung).toMatchObject({
      outcome: 'pass',
      measurements: { incoming_bits_per_second: 0 },
    })
    expect(lost).toMatchObject({ outcome: 'fail', diagnosis: 'ingest-lost' })
  })
})

// Without HAProxy, this test is skipped.
describe.skipIf(haproxyVersion() === undefined)('the haproxy-stats probe against HAProxy', () => {
  it('reads a server from the socket: weight, traffic, maintenance', async () => {
    const net = createNet({ clock: realClock() })
    const haproxy = await startHaproxy(net, { servers: ['a', 'b'], server: 'check inter 200ms' })
    onTestFinished(async () => {
      await haproxy.close()
      await net.close()
    })
    const look = session(haproxyStats, { socket: haproxy.socket, backend: 'live', server: 'a' })
    const whole = session(haproxyStats, { socket: haproxy.control, backend: 'live' })
    await until(look, ({ outcome }) => outcome === 'pass')
    await haproxy.visits(20)

    const busy = await look()
    const backend = await whole()
    await haproxy.say('set server live/a state maint')
    const out = await look()

    expect(busy.measurements).toMatchObject({ balancer_weight: 100, balancer_error_ratio: 0 })
    expect(busy.measurements['balancer_outgoing_bits_per_second']).toBeGreaterThan(0)
    expect(backend.outcome).toBe('pass')
    expect(out.outcome).toBe('unknown')
    expect(out.reason).toContain('live/a is in maintenance (MAINT)')
  })

  it('takes a server that refuses for down, with what HAProxy saw', async () => {
    const net = createNet({ clock: realClock() })
    const haproxy = await startHaproxy(net, {
      servers: ['a'],
      server: 'check inter 100ms fall 1',
      ports: [1],
    })
    onTestFinished(async () => {
      await haproxy.close()
      await net.close()
    })
    const look = session(haproxyStats, { socket: haproxy.socket, backend: 'live', server: 'a' })

    const seen = await until(look, ({ outcome }) => outcome === 'fail')

    expect(seen).toMatchObject({ diagnosis: 'unreachable' })
    expect(seen.reason).toMatch(/^HAProxy sees live\/a as DOWN \(L4CON/u)
  })
})
