import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseAddress } from '../../../probes/rtmp/address.ts'
import { Meter } from '../../../probes/rtmp/meter.ts'
import { Player } from '../../../probes/rtmp/player.ts'
import { amf0Object, encodeAmf0 } from '../../../src/formats/amf0/encode.ts'
import type { Amf0Value } from '../../../src/formats/amf0/value.ts'
import { ChunkWriter } from '../../../src/formats/rtmp/chunk-writer.ts'
import { messageTypes } from '../../../src/formats/rtmp/message.ts'
import { seeds } from '../../formats/rtmp/seeds.ts'
import { failure, scene } from './scene.ts'

const secrets = ['ann', 'pass-w0rd', 'stream-k3y', 't0ken-value', 'app-t0ken']
const url = 'rtmp://ann:pass-w0rd@ingest.test/live?a=app-t0ken/stream-k3y?t=t0ken-value'
const handshake = Buffer.concat([Buffer.of(3), Buffer.alloc(3_072)])

function player() {
  const home = parseAddress(url)
  if (home === undefined) throw new Error('no address')
  const partings: unknown[] = []
  let sent = 0
  const meter = new Meter()
  const subject = new Player(
    home,
    { bufferMs: 1_000, random: () => 0.5 },
    {
      send: (bytes) => (sent += bytes.length),
      reached: () => {},
      media: (kind, timestamp, payload) => meter.take(kind, timestamp, payload, 0),
      metadata: (metadata) => meter.describe(metadata),
      parted: (parting) => partings.push(parting),
    },
  )
  subject.begin()
  return { subject, partings, meter, sent: () => sent }
}

const value = fc.oneof(
  fc.constantFrom<Amf0Value>(
    '_result',
    '_error',
    'onStatus',
    'onMetaData',
    '@setDataFrame',
    'NetStream.Play.Start',
    'NetConnection.Connect.ReconnectRequest',
    null,
    undefined,
    0,
    1,
    2,
    -1,
    NaN,
    1e300,
  ),
  fc
    .dictionary(
      fc.constantFrom('code', 'level', 'description', 'tcUrl', 'ex', 'width', 'framerate'),
      fc.oneof(fc.string(), fc.double(), fc.constant('error')),
    )
    .map((properties) => amf0Object(properties)),
)
const message = fc.record({
  type: fc.constantFrom(...Object.values(messageTypes), 77),
  timestamp: fc.integer({ min: 0, max: 0xffffffff }),
  stream: fc.constantFrom(0, 1, 5),
  payload: fc.oneof(
    fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
    fc.array(value, { maxLength: 5 }).map((values) => encodeAmf0(values)),
  ),
})

describe('a hostile server', () => {
  it('makes the player part once at most, and never throw', () => {
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 20 }),
        fc.integer({ min: 1, max: 500 }),
        (all, size) => {
          const { subject, partings } = player()
          const writer = new ChunkWriter()
          const bytes = Buffer.concat([
            handshake,
            ...all.map((each) => writer.write(each, { chunkStream: 3 })),
          ])

          for (let at = 0; at < bytes.length; at += size)
            subject.receive(bytes.subarray(at, at + size))

          expect(partings.length).toBeLessThanOrEqual(1)
        },
      ),
      { numRuns: 500 },
    )
  })

  it.each(seeds('').filter(([name]) => !name.startsWith('amf0/')))(
    'that sends the fuzz seed %s is survived',
    (_, bytes) => {
      const { subject, partings } = player()

      subject.receive(Buffer.concat([handshake, bytes]))
      subject.receive(bytes)

      expect(partings.length).toBeLessThanOrEqual(1)
    },
  )

  it('is answered with no more than it sends', () => {
    const { subject, sent } = player()
    const writer = new ChunkWriter()
    const ping = writer.write(
      { type: 4, timestamp: 0, stream: 0, payload: Buffer.from('000600000001', 'hex') },
      { chunkStream: 2 },
    )
    subject.receive(handshake)
    const before = sent()

    for (let count = 0; count < 1_000; count += 1) subject.receive(ping)

    expect(sent() - before).toBeLessThanOrEqual(1_000 * ping.length)
  })
})

describe('a secret', () => {
  it('never reaches an observation, whatever the server says', async () => {
    const says = secrets.join(' ')
    const info = (code: string, more: Readonly<Record<string, Amf0Value>> = {}) =>
      amf0Object({ level: 'error', code, description: says, ...more })
    const answers: ((guest: ReturnType<typeof scene>['server']['guest']) => void)[] = [
      ({ viewer }) => viewer.command('_error', 1, null, info(says)),
      ({ viewer }) => viewer.command('_error', 1, null, info('NetConnection.Connect.Rejected')),
      ({ viewer }) =>
        viewer.command(
          '_error',
          1,
          null,
          info('NetConnection.Connect.Rejected', {
            ex: amf0Object({ redirect: `http://ann:pass-w0rd@x.test/${says}` }),
          }),
        ),
      ({ viewer }) => viewer.status('NetStream.Play.StreamNotFound', { description: says }),
      ({ viewer }) => viewer.status(`NetStream.${says}`, { level: 'error' }),
      ({ viewer }) =>
        viewer.status('NetConnection.Connect.ReconnectRequest', { tcUrl: `rtmp://x.test/${says}` }),
      (guest) => guest.send(Buffer.from(says)),
      (guest) => guest.hangUp('reset'),
      (guest) => guest.hangUp(),
      () => {},
    ]
    for (const answer of answers) {
      const { server, source, look, seen, end } = scene({ url })
      source.isFrozen = true
      server.hooks = { connect: answer, play: answer }
      await look(6_000, 'once')
      server.hooks = { play: answer }
      await look(6_000, 'once')
      server.hooks = {
        refuse: () => ({ ...failure('refused'), says: `${url} refused` }),
      }
      await look(1_000, 'once')

      expect(seen.length).toBeGreaterThanOrEqual(3)
      const text = JSON.stringify(seen)
      for (const secret of secrets) expect(text).not.toContain(secret)
      await end()
    }
  })
})
