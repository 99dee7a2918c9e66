import { describe, expect, it } from 'vitest'
import rtmp from '../../probes/rtmp.ts'
import { amf0Object } from '../../src/formats/amf0/encode.ts'
import { writeTag } from '../../src/formats/flv/tags.ts'
import {
  control,
  messageTypes,
  readUint32,
  readUserControl,
  userControl,
  userEvents,
} from '../../src/formats/rtmp/message.ts'
import { failure, metadata, payloads, scene, type Guest } from './rtmp/scene.ts'

const codes = (findings: readonly { readonly code: string }[]) => findings.map(({ code }) => code)

describe('a stream that plays', () => {
  it('passes at every look, with what picture and sound bring', async () => {
    const { server, look, end } = scene()
    server.hooks.play = ({ viewer }) => {
      viewer.start()
      viewer.write(
        metadata({ width: 640, height: 360, framerate: 25, videodatarate: 100, audiodatarate: 40 }),
      )
      viewer.media('video', 0, payloads.avcConfig)
      viewer.media('audio', 0, payloads.aacConfig)
    }

    await look(1_000, 'once')
    await look(1_000)
    await look(1_000)
    const seen = await look(3_000)
    const later = await look(20)

    expect(seen.outcome).toBe('pass')
    expect(later.outcome).toBe('pass')
    expect(later.measurements).toMatchObject({
      video_bits_per_second: expect.closeTo(8 * (25 * 505 + 0.5 * 500), -4),
      audio_bits_per_second: expect.closeTo(8 * 50 * 102, -3),
      bitrate_bits_per_second: expect.closeTo(8 * (25 * 505 + 50 * 102 + 250), -4),
      frames_per_second: expect.closeTo(25, 0),
      metadata_bits_per_second: 140_000,
      metadata_frames_per_second: 25,
      key_frame_interval_seconds: 2,
      timestamp_gap_seconds: 0,
      timestamp_gaps: 0,
      interleave_skew_seconds: 0.04,
      stream_breaks: 0,
    })
    expect(later.measurements['media_age_seconds']).toBeLessThan(0.03)
    expect(Math.abs(later.measurements['stream_drift_seconds'] ?? 99)).toBeLessThan(0.03)
    expect(later.continuity).toEqual({
      ladder: [{ size: '640x360', codecs: ['avc1.42c00d', 'mp4a.40.2'] }],
    })
    await end()
  })

  it('tells times of the connection once, and what it carries', async () => {
    const { server, look, seen, end } = scene({ url: 'rtmps://ingest.test/live/secretkey' })
    server.hooks.play = ({ viewer }) => {
      viewer.start()
      viewer.media('video', 0, payloads.avcConfig)
      viewer.media('audio', 0, payloads.aacConfig)
    }

    await look()
    await look()

    expect(server.guests).toHaveLength(1)
    expect(server.guest.request).toMatchObject({ host: 'ingest.test', port: 443, tls: {} })
    expect(seen[0]?.measurements).toMatchObject({
      rtmp_tcp_seconds: 0.003,
      rtmp_tls_seconds: 0.004,
      rtmp_handshake_seconds: 0,
      rtmp_connect_seconds: 0,
      rtmp_create_stream_seconds: 0,
      rtmp_play_start_seconds: 0,
      certificate_days: expect.closeTo(30, 3),
    })
    expect(seen[0]?.measurements['rtmp_first_media_seconds']).toBeLessThanOrEqual(0.02)
    expect(seen[1]?.measurements).not.toHaveProperty('rtmp_first_media_seconds')
    expect(seen[1]?.measurements['certificate_days']).toBeCloseTo(30, 3)
    expect(seen[0]?.findings).toEqual([
      {
        code: 'media',
        severity: 'info',
        says: 'Picture avc1.42c00d; sound mp4a.40.2 44.1 kHz, stereo.',
      },
    ])
    expect(seen[1]?.findings).toEqual([])
    await end()
  })

  it('is the same however its bytes are cut', async () => {
    const whole = scene()
    const cut = scene()
    cut.server.pieces = 7

    for (const { look, end } of [whole, cut]) {
      for (let at = 0; at < 5; at += 1) await look()
      await end()
    }

    expect(cut.seen).toEqual(whole.seen)
    expect(whole.seen.at(-1)?.outcome).toBe('pass')
  })

  it('leaves out of rates what the server had kept', async () => {
    const { server, look, end } = scene()
    server.hooks.play = ({ viewer }) => {
      viewer.start()
      for (let at = 0; at < 100; at += 1) {
        viewer.media('video', 46_000 + at * 40, payloads.inter(5_000))
      }
    }

    await look()
    await look()
    await look()
    const seen = await look(20)

    expect(seen.measurements['frames_per_second']).toBeCloseTo(25, 0)
    expect(Math.abs(seen.measurements['stream_drift_seconds'] ?? 99)).toBeLessThan(0.03)
    await end()
  })

  it('measures a rate also where looks come faster than it can be told', async () => {
    const { look, seen, end } = scene()

    for (let at = 0; at < 12; at += 1) await look(200)

    const rates = seen.flatMap(({ measurements }) => measurements['frames_per_second'] ?? [])
    expect(rates.length).toBeGreaterThan(1)
    for (const rate of rates) expect(Math.abs(rate - 25)).toBeLessThan(3)
    await end()
  })

  it('answers pings, acknowledges, and says how much it buffers', async () => {
    const { server, source, look, end } = scene({ buffer: '2s' })
    source.bytes = 20_000
    server.hooks.play = ({ viewer }) => {
      viewer.start()
      viewer.write(control(messageTypes.windowAcknowledgementSize, 100_000))
      viewer.write(userControl({ event: userEvents.pingRequest, value: 4_711 }))
    }

    await look()

    const { heard } = server.guest
    const events = heard.flatMap(({ type, payload }) =>
      type === messageTypes.userControl ? [readUserControl(payload)] : [],
    )
    expect(events).toEqual([
      { event: userEvents.pingResponse, value: 4_711 },
      { event: userEvents.setBufferLength, value: 1, bufferMs: 2_000 },
    ])
    const acknowledged = heard
      .filter(({ type }) => type === messageTypes.acknowledgement)
      .map(({ payload }) => readUint32(payload) ?? 0)
    expect(acknowledged.length).toBeGreaterThan(5)
    expect(acknowledged).toEqual(acknowledged.toSorted((a, b) => a - b))
    await end()
  })

  it('takes aggregate messages apart', async () => {
    const { server, source, ask, look, newest, clock, end } = scene()
    source.isFrozen = true
    server.hooks.play = ({ viewer }) => viewer.start()

    ask()
    for (let at = 0; at < 10; at += 1) {
      await clock.advance(400)
      // Times inside count from those of the message.
      const tags = Array.from({ length: 10 }, (_, index) =>
        writeTag({
          type: messageTypes.video,
          timestamp: 7_000 + index * 40,
          payload: payloads.inter(),
        }),
      )
      const payload = Buffer.concat(tags)
      const timestamp = 50_000 + at * 400
      server.guest.viewer.write({ type: messageTypes.aggregate, timestamp, stream: 1, payload })
    }
    await look(20)

    expect(newest()).toMatchObject({
      outcome: 'pass',
      measurements: { timestamp_gaps: 0 },
    })
    expect(newest().measurements['frames_per_second']).toBeCloseTo(25, -1)
    await end()
  })

  it('names codecs of enhanced RTMP, and a change', async () => {
    const { server, source, look, end } = scene()
    source.hasPicture = false
    const video = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex')

    await look()
    const { viewer } = server.guest
    viewer.media('video', 0, video(`90 ${Buffer.from('hvc1').toString('hex')} 01`))
    viewer.media('video', 40, video(`91 ${Buffer.from('hvc1').toString('hex')} 000000 aa`))
    const first = await look(20)
    viewer.media('video', 80, video(`90 ${Buffer.from('av01').toString('hex')} 01`))
    viewer.media('video', 120, video('91 61'))
    const second = await look(20)

    expect(codes(first.findings)).toContain('media')
    expect(first.findings.find(({ code }) => code === 'media')?.says).toContain('Picture hvc1')
    expect(second.findings.map(({ says }) => says)).toEqual(
      expect.arrayContaining([
        'The picture changed from hvc1 to av01.',
        'Messages whose header cannot be read, since the last look: 1.',
      ]),
    )
    await end()
  })
})

describe('time stamps', () => {
  it('that jump ahead are a gap; drift goes on from there', async () => {
    const { source, look, end } = scene()

    await look()
    await look()
    source.shift = 5_000
    await look()
    const seen = await look(20)
    const next = await look(20)

    expect(seen.measurements).toMatchObject({
      timestamp_gaps: 2,
      timestamp_gap_seconds: expect.closeTo(5, 1),
    })
    expect(codes(seen.findings)).toEqual(['timestamp-gap', 'timestamp-gap'])
    expect(seen.findings[0]).toMatchObject({ diagnosis: 'media-gap', severity: 'warning' })
    expect(Math.abs(seen.measurements['stream_drift_seconds'] ?? 99)).toBeLessThan(0.1)
    expect(next.measurements['timestamp_gaps']).toBe(0)
    await end()
  })

  it('that go back are told', async () => {
    const { source, look, end } = scene()

    await look()
    source.shift = -3_000
    await look()
    const seen = await look(20)

    expect(seen.measurements['timestamp_gap_seconds']).toBeCloseTo(3, 1)
    expect(codes(seen.findings)).toEqual(['timestamp-regression', 'timestamp-regression'])
    await end()
  })

  it('wrap after 49.7 days without a word', async () => {
    const { source, look, seen, end } = scene()
    source.shift = 2 ** 32 - 50_000 - 1_500

    for (let at = 0; at < 5; at += 1) await look()

    expect([...new Set(seen.flatMap(({ findings }) => codes(findings)))]).toEqual(['media'])
    expect(seen.every(({ outcome }) => outcome === 'pass')).toBe(true)
    await end()
  })

  it('of slides, one a second, are no gaps', async () => {
    const { source, look, seen, end } = scene()
    source.hasSound = false
    source.pictureEvery = 50

    for (let at = 0; at < 8; at += 1) await look()

    expect(seen.map(({ measurements }) => measurements['timestamp_gaps'] ?? 0)).toEqual(
      seen.map(() => 0),
    )
    await end()
  })

  it('of media that arrives later and later drift', async () => {
    const { source, look, end } = scene()

    for (let at = 0; at < 10; at += 1) {
      source.shift = -50 * at
      await look()
    }
    const seen = await look(20)

    // A step back of 50 ms is a regression of the source; the drift is what matters here.
    expect(seen.measurements['stream_drift_seconds']).toBeGreaterThan(0.35)
    await end()
  })
})

describe('a stream that stops', () => {
  it('grows older, fails after the time that media may take, and is asked for anew', async () => {
    const { server, source, look, end } = scene({ timeout: '3s' })

    await look()
    await look()
    source.isFrozen = true
    await look(2_000)
    const quiet = await look(1_000)
    const failed = await look(1_000)
    const waiting = await look(0)
    source.isFrozen = false
    await look(1_000)
    const back = await look(1_000)

    expect(quiet).toMatchObject({ outcome: 'pass' })
    expect(quiet.measurements['media_age_seconds']).toBeGreaterThan(1.9)
    expect(failed).toMatchObject({
      outcome: 'fail',
      diagnosis: 'ingest-lost',
      reason: 'The connection stands, but no picture or sound has come for 3.0 s.',
    })
    expect(failed.measurements['media_age_seconds']).toBeGreaterThan(2.9)
    expect(waiting.outcome).toBe('fail')
    expect(server.guests).toHaveLength(2)
    expect(back).toMatchObject({ outcome: 'pass', measurements: { stream_breaks: 0 } })
    await end()
  })

  it('is told at once when the connection breaks, and is connected to at the next due', async () => {
    const { server, source, look, seen, newest, end } = scene()

    await look()
    await look()
    server.guest.hangUp('reset')
    await source.flow(20)
    const broken = newest()
    const before = seen.length
    await source.flow(3_000)

    expect(broken).toMatchObject({
      outcome: 'fail',
      diagnosis: 'unreachable',
      reason: 'The connection broke while it was playing.',
      measurements: { stream_breaks: 1 },
    })
    expect(broken.measurements['media_age_seconds']).toBeLessThan(0.1)
    expect(seen).toHaveLength(before)
    expect(server.guests).toHaveLength(1)
    expect(await look()).toMatchObject({ outcome: 'pass', measurements: { stream_breaks: 1 } })
    expect(server.guests).toHaveLength(2)
    await end()
  })

  it.each([
    ['unpublished', 'NetStream.Play.UnpublishNotify', 'ingest-lost'],
    ['stopped', 'NetStream.Play.Stop', 'ingest-lost'],
    ['shut down', 'NetConnection.Connect.AppShutdown', 'unreachable'],
  ])('is told at once when it is %s', async (_, code, diagnosis) => {
    const { server, source, look, newest, end } = scene()

    await look()
    server.guest.viewer.status(code)
    await source.flow(20)

    expect(newest()).toMatchObject({ outcome: 'fail', diagnosis })
    expect(newest().reason).toContain(code)
    await end()
  })

  it('is told at once at the end of the stream (user control)', async () => {
    const { server, source, look, newest, end } = scene()

    await look()
    server.guest.viewer.write(userControl({ event: userEvents.streamEof, value: 1 }))
    await source.flow(20)

    expect(newest()).toMatchObject({ outcome: 'fail', diagnosis: 'ingest-lost' })
    await end()
  })

  it('of which only the sound stops shows its age, and fails where it must have sound', async () => {
    const plain = scene()
    const strict = scene({ tracks: ['audio', 'video'], timeout: '2s' })

    for (const { source, look, end } of [plain, strict]) {
      await look()
      source.hasSound = false
      await look(3_000)
      await look(1_000)
      await look(20)
      await end()
    }

    expect(plain.newest()).toMatchObject({ outcome: 'pass' })
    expect(plain.newest().measurements['audio_age_seconds']).toBeGreaterThan(3.9)
    expect(plain.newest().measurements['video_age_seconds']).toBeLessThan(0.1)
    expect(strict.newest()).toMatchObject({
      outcome: 'fail',
      diagnosis: 'rendition-missing',
      reason: 'The stream plays without sound, which it must have.',
    })
  })
})

describe('a stream that does not play', () => {
  const reset = (guest: Guest) => guest.hangUp('reset')
  const close = (guest: Guest) => guest.hangUp()
  const quiet = () => {}

  it.each([
    {
      says: 'Play.Start, but no media (as nginx-rtmp does for a stream that does not exist)',
      hooks: { play: ({ viewer }: Guest) => viewer.start() },
      diagnosis: 'ingest-lost',
      reason: 'The server said that it plays, but sent no picture or sound within 5.0 s.',
    },
    {
      says: 'nothing to play',
      hooks: { play: quiet },
      diagnosis: 'ingest-lost',
      reason: 'The server neither began to play nor sent media within 5.0 s.',
    },
    {
      says: 'nothing to connect',
      hooks: { connect: quiet },
      diagnosis: 'unreachable',
      reason: 'The server did not answer the connect command within 5.0 s.',
    },
    {
      says: 'only set-up, which a server keeps for ever',
      hooks: {
        play: ({ viewer }: Guest) => {
          viewer.start()
          viewer.media('video', 0, payloads.avcConfig)
          viewer.media('audio', 0, payloads.aacConfig)
        },
      },
      diagnosis: 'ingest-lost',
      reason: 'The server said that it plays, but sent no picture or sound within 5.0 s.',
    },
    {
      says: 'goodbye to connect',
      hooks: { connect: close },
      diagnosis: 'unreachable',
      reason:
        'The server closed the connection without accepting the application: its name is wrong, or it may not be played from here.',
    },
    {
      says: 'goodbye to play',
      hooks: { play: reset },
      diagnosis: 'not-found',
      reason:
        'The connection broke without playing: the stream is unknown, or it may not be played from here.',
    },
    {
      says: 'StreamNotFound',
      hooks: {
        play: ({ viewer }: Guest) =>
          viewer.status('NetStream.Play.StreamNotFound', {
            level: 'error',
            description: 'secretkey not found',
          }),
      },
      diagnosis: 'not-found',
      reason: 'The server has no such stream (NetStream.Play.StreamNotFound).',
    },
    {
      says: 'an error of its own, with a code that nobody may repeat',
      hooks: {
        play: ({ viewer }: Guest) => viewer.status('No stream secretkey here', { level: 'error' }),
      },
      diagnosis: 'unreachable',
      reason: 'The server refuses to play the stream.',
    },
    {
      says: '_error to connect',
      hooks: {
        connect: ({ viewer }: Guest) =>
          viewer.command(
            '_error',
            1,
            null,
            amf0Object({ level: 'error', code: 'NetConnection.Connect.InvalidApp' }),
          ),
      },
      diagnosis: 'unreachable',
      reason:
        'The server refuses the connection to the application (NetConnection.Connect.InvalidApp).',
    },
    {
      says: 'HTTP',
      hooks: { refuse: () => undefined },
      bytes: Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'),
      diagnosis: 'wrong-content',
      reason: 'The server does not speak RTMP: it speaks HTTP.',
    },
  ])('because the server says $says', async ({ hooks, bytes, diagnosis, reason }) => {
    const { server, source, look, newest, end } = scene()
    source.isFrozen = true
    server.hooks = hooks
    if (bytes !== undefined) {
      const open = server.open.bind(server)
      server.open = async (request) => {
        const result = await open(request)
        return result.ok
          ? {
              ...result,
              write: () => {},
              listen: (listener) => listener.data(bytes),
            }
          : result
      }
    }

    await look(5_500, 'once')

    expect(newest()).toMatchObject({ outcome: 'fail', diagnosis, reason })
    expect(newest().measurements['rtmp_tcp_seconds']).toBe(0.003)
    expect(newest().measurements).not.toHaveProperty('media_age_seconds')
    await end()
  })

  it('keeps how far it came before the failure', async () => {
    const { server, source, look, newest, end } = scene()
    source.isFrozen = true
    server.hooks.play = ({ viewer }) => viewer.start()

    await look(5_500, 'once')

    expect(Object.keys(newest().measurements).toSorted()).toEqual([
      'rtmp_connect_seconds',
      'rtmp_create_stream_seconds',
      'rtmp_handshake_seconds',
      'rtmp_play_start_seconds',
      'rtmp_tcp_seconds',
      'stream_breaks',
    ])
    await end()
  })

  it('is refused, or cannot be looked at from here', async () => {
    const { server, look, newest, end } = scene()

    server.hooks.refuse = () => failure('refused')
    await look()
    const refused = newest()
    server.hooks.refuse = () => failure('local')
    await look()
    const local = newest()

    expect(refused).toMatchObject({
      outcome: 'fail',
      diagnosis: 'unreachable',
      reason: 'No connection (connect): refused by 192.0.2.1.',
    })
    expect(local).toMatchObject({ outcome: 'unknown' })
    await end()
  })

  it('is given up in time where opening a connection itself hangs', async () => {
    const { server, look, newest, end } = scene({ timeout: '2s' })
    server.open = () => new Promise(() => {})

    await look(3_100, 'once')

    expect(newest()).toMatchObject({
      outcome: 'fail',
      diagnosis: 'unreachable',
      reason: 'No connection within 2.0 s.',
    })
    await end()
  })

  it('is told in the words of what opening ran into, which has the same time', async () => {
    const { clock, server, look, newest, end } = scene({ timeout: '2s' })
    server.open = async (request) => {
      await clock.sleep(request?.deadlineMs ?? 0)
      return { ...failure('timeout', 'tls'), says: 'no TLS session with ingest.test:443' }
    }

    await look(2_100, 'once')

    expect(newest().reason).toBe('No connection (tls): no TLS session with ingest.test:443.')
    await end()
  })

  it('is unknown while nothing is known, within the time of a look, and fails in time by itself', async () => {
    const { server, source, look, seen, end } = scene()
    source.isFrozen = true
    server.hooks.play = ({ viewer }) => viewer.start()

    const first = await look(2_010)
    await source.flow(3_000)

    expect(first).toMatchObject({
      outcome: 'unknown',
      reason: 'Nothing has come yet; waiting for picture or sound.',
    })
    expect(seen.map(({ outcome }) => outcome)).toEqual(['unknown', 'fail'])
    await end()
  })

  it('goes on failing while it is tried again', async () => {
    const { server, source, look, seen, end } = scene()
    source.isFrozen = true
    server.hooks.play = ({ viewer }) => viewer.start()

    for (let at = 0; at < 20; at += 1) await look(1_000)

    const known = seen.slice(seen.findIndex(({ outcome }) => outcome === 'fail'))
    expect(known.length).toBeGreaterThan(5)
    expect(new Set(known.map(({ diagnosis }) => diagnosis))).toEqual(new Set(['ingest-lost']))
    await end()
  })
})

describe('a long session', () => {
  it('connects anew after a while, which is no break', async () => {
    const { server, look, seen, end } = scene({ reconnect_after: '10s' })

    for (let at = 0; at < 15; at += 1) await look()

    expect(server.guests).toHaveLength(2)
    expect(server.guests[0]?.isOpen).toBe(false)
    expect(seen.every(({ outcome }) => outcome === 'pass')).toBe(true)
    expect(seen.at(-1)?.measurements['stream_breaks']).toBe(0)
    await end()
  })

  it('verifies on a connection of its own, as the name may point elsewhere', async () => {
    const { server, look, newest, end } = scene()

    await look()
    await look(1_000, 'verify')

    expect(server.guests).toHaveLength(2)
    expect(newest().outcome).toBe('pass')
    await end()
  })

  it('leaves nothing open behind', async () => {
    const { clock, server, look, end } = scene()

    await look()
    await end()

    expect(server.guest.isOpen).toBe(false)
    expect(clock.pending).toBe(0)
  })

  it('gives up a server that sends more than any stream', async () => {
    const { server, look, source, newest, end } = scene()

    await look()
    const flood = Buffer.alloc(2 ** 20, 0xc6)
    for (let sent = 0; sent < 70 && server.guest.isOpen; sent += 1) {
      server.guest.viewer.media('video', 1_000, flood)
    }
    await source.flow(20)

    expect(newest()).toMatchObject({
      outcome: 'fail',
      reason: 'The server sends more than 400 Mbit/s.',
    })
    await end()
  })
})

describe('the address of a stream', () => {
  it.each([
    'rtmp://host/live',
    'rtmp://host/',
    'rtmp:///live/x',
    'rtmp://host/live/',
    'rtmp://host:0/live/x',
    'http://host/live/x',
    'live/x',
  ])('is not %s', (url) => {
    expect(rtmp.options.safeParse({ url }).success).toBe(false)
  })
})
