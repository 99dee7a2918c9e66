import type { Observation } from '../../../src/core/sample.ts'
import { seededRandom } from '../../../src/core/seeded-random.ts'
import { amf0Object, encodeAmf0 } from '../../../src/formats/amf0/encode.ts'
import type { Amf0Value } from '../../../src/formats/amf0/value.ts'
import { messageTypes, type RtmpMessage } from '../../../src/formats/rtmp/message.ts'
import { RtmpViewer } from '../../../src/lab/rtmp/viewer.ts'
import type {
  ConnectionListener,
  NetFailure,
  NetFault,
  OpenRequest,
  OpenResult,
} from '../../../src/plugin/net.ts'
import type { Due, Purpose } from '../../../src/plugin/probe.ts'
import rtmp from '../../../probes/rtmp.ts'
import { FakeClock } from '../../fakes/fake-clock.ts'
import { ScriptedNet } from '../../fakes/scripted-net.ts'

/** One connection to the server of a scene. */
export interface Guest {
  readonly request: OpenRequest
  readonly viewer: RtmpViewer
  /** What the probe was heard to say. */
  readonly heard: RtmpMessage[]
  app: string
  stream: string
  isOpen: boolean
  /** Sends raw bytes. */
  send(bytes: Buffer): void
  /** Ends the connection from the server's side. */
  hangUp(fault?: NetFault): void
}

export interface ServerHooks {
  /** In place of a connection. */
  refuse?: (request: OpenRequest) => NetFailure | undefined
  connect?: (guest: Guest) => void
  play?: (guest: Guest) => void
}

/** A server in memory, without any delay but the clock's. */
class FakeServer extends ScriptedNet {
  readonly guests: Guest[] = []
  hooks: ServerHooks = {}
  /** What the server sent is cut into pieces of this many bytes. */
  pieces = Number.POSITIVE_INFINITY

  override async open(request?: OpenRequest): Promise<OpenResult> {
    if (request === undefined) throw new Error('no request')
    const refused = this.hooks.refuse?.(request)
    if (refused !== undefined) return refused
    let listener: ConnectionListener | undefined
    const send = (bytes: Buffer) => {
      for (let at = 0; at < bytes.length; at += this.pieces) {
        if (guest.isOpen) listener?.data(bytes.subarray(at, at + this.pieces))
      }
    }
    const heard: RtmpMessage[] = []
    const viewer = new RtmpViewer(
      {
        send,
        message: (message) => {
          heard.push({ ...message, payload: Buffer.from(message.payload) })
        },
        connect: (app) => {
          guest.app = app
          if (this.hooks.connect === undefined) viewer.accept()
          else this.hooks.connect(guest)
        },
        play: (stream) => {
          guest.stream = stream
          if (this.hooks.play === undefined) viewer.start()
          else this.hooks.play(guest)
        },
        invalid: (says) => {
          throw new Error(says)
        },
      },
      () => 0.5,
    )
    const guest: Guest = {
      request,
      viewer,
      heard,
      app: '',
      stream: '',
      isOpen: true,
      send,
      hangUp(fault) {
        if (!guest.isOpen) return
        guest.isOpen = false
        listener?.ended(fault === undefined ? undefined : failure(fault, 'body'))
      },
    }
    this.guests.push(guest)
    return {
      ok: true,
      address: '192.0.2.1',
      timings: { connect: 3, ...(request.tls !== undefined && { tls: 4 }), total: 7 },
      ...(request.tls !== undefined && { certificateDays: 30 }),
      listen: (given) => (listener = given),
      write: (bytes) => {
        if (guest.isOpen) viewer.receive(bytes)
      },
      close: () => (guest.isOpen = false),
    }
  }

  /** The newest connection. */
  get guest(): Guest {
    const guest = this.guests.at(-1)
    if (guest === undefined) throw new Error('nobody has connected')
    return guest
  }
}

export function failure(fault: NetFault, phase: NetFailure['phase'] = 'connect'): NetFailure {
  return {
    ok: false,
    fault,
    phase,
    says: `${fault} by 192.0.2.1`,
    bytes: 0,
    timings: { connect: 3, total: 3 },
  }
}

/** AVC: set-up, key frame and other frame; AAC: set-up and frame. */
export const payloads = {
  avcConfig: Buffer.from('17000000000142c00d', 'hex'),
  key: (bytes = 1_000) => Buffer.concat([Buffer.from('1701000000', 'hex'), Buffer.alloc(bytes)]),
  inter: (bytes = 500) => Buffer.concat([Buffer.from('2701000000', 'hex'), Buffer.alloc(bytes)]),
  aacConfig: Buffer.from('af001210', 'hex'),
  sound: (bytes = 100) => Buffer.concat([Buffer.from('af01', 'hex'), Buffer.alloc(bytes)]),
}

export function metadata(values: Readonly<Record<string, Amf0Value>>): RtmpMessage {
  const payload = encodeAmf0(['onMetaData', amf0Object(values)])
  return { type: messageTypes.dataAmf0, timestamp: 0, stream: 1, payload }
}

/** A live source of 25 pictures and 50 sounds a second with a key frame every two seconds. */
class Source {
  readonly #clock: FakeClock
  readonly #server: FakeServer
  /** Added to time stamps. */
  shift = 0
  isFrozen = false
  hasPicture = true
  hasSound = true
  pictureEvery = 2
  bytes = 500

  constructor(clock: FakeClock, server: FakeServer) {
    this.#clock = clock
    this.#server = server
  }

  /** Lets time pass in steps of 20 ms, and media flow to whoever plays. */
  async flow(ms: number): Promise<void> {
    const end = this.#clock.now() + ms
    while (this.#clock.now() < end) {
      await this.#clock.advance(20)
      if (!this.isFrozen) this.#step()
    }
  }

  #step(): void {
    const tick = Math.round((this.#clock.now() - 1_000_000) / 20)
    const timestamp = 50_000 + tick * 20 + this.shift
    for (const { viewer, stream, isOpen } of this.#server.guests) {
      if (!isOpen || stream === '') continue
      if (this.hasSound) viewer.media('audio', timestamp, payloads.sound())
      if (!this.hasPicture || tick % this.pictureEvery !== 0) continue
      const isKey = tick % 100 === 0
      viewer.media('video', timestamp, isKey ? payloads.key() : payloads.inter(this.bytes))
    }
  }
}

/** A probe on a server in memory, in virtual time. */
export function scene(input: Readonly<Record<string, unknown>> = {}, everyMs = 1_000) {
  const clock = new FakeClock()
  const server = new FakeServer(clock)
  const source = new Source(clock, server)
  const controller = new AbortController()
  const dues: ((due: IteratorResult<Due>) => void)[] = []
  const ready: Due[] = []
  const due: AsyncIterable<Due> = {
    [Symbol.asyncIterator]: () => ({
      next: () =>
        new Promise((resolve) => {
          const one = ready.shift()
          if (one !== undefined) resolve({ value: one, done: false })
          else dues.push(resolve)
        }),
    }),
  }
  const seen: Observation[] = []
  const options = rtmp.options.parse({ url: 'rtmp://ingest.test/live/secretkey', ...input })
  const session = rtmp.observe(options, {
    clock,
    random: seededRandom(1),
    net: server,
    due,
    signal: controller.signal,
    everyMs,
  })
  const ended = (async () => {
    const declared = new Set(rtmp.measures.map(({ name }) => name))
    for await (const observation of session) {
      const undeclared = Object.keys(observation.measurements).filter((name) => !declared.has(name))
      if (undeclared.length > 0) throw new Error(`undeclared: ${undeclared.join(', ')}`)
      seen.push(observation)
    }
  })()
  function ask(purpose: Purpose = 'interval'): void {
    const one = { at: clock.now(), purpose }
    const waiting = dues.shift()
    if (waiting === undefined) ready.push(one)
    else waiting({ value: one, done: false })
  }
  /** Asks for a look, lets media flow for `ms`, and gives what has been seen last. */
  async function look(ms = everyMs, purpose?: Purpose): Promise<Observation> {
    ask(purpose)
    await source.flow(ms)
    return seen.at(-1) ?? { outcome: 'unknown', measurements: {}, findings: [] }
  }
  function newest(): Observation {
    const observation = seen.at(-1)
    if (observation === undefined) throw new Error('nothing has been seen')
    return observation
  }
  async function end(): Promise<void> {
    controller.abort()
    for (const waiting of dues.splice(0)) waiting({ value: undefined, done: true })
    await clock.run(ended)
  }
  return { clock, server, source, look, ask, seen, newest, end }
}
