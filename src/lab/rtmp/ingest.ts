import { createServer, type Socket } from 'node:net'
import type { Clock, Random } from '../../core/clock.ts'
import type { Clip } from '../clip.ts'
import type { FaultBoard } from '../faults/fault-board.ts'
import { faultKind } from '../faults/faults.ts'
import { host, OpenPort } from '../open-port.ts'
import { promptDelivery } from '../reply.ts'
import { feed } from './feed.ts'
import { ProgrammeMessages } from './programme-messages.ts'
import { RtmpViewer } from './viewer.ts'

const APP = 'live'
/** A viewer that does not read is let go when so much waits for it. */
const MOST_UNSENT = 4 * 2 ** 20

/** What an ingest is made of. */
export interface IngestParts {
  readonly clock: Clock
  readonly random: Random
  readonly board: FaultBoard
  readonly clip: Clip
  readonly streams: readonly string[]
}

/** The RTMP server of the lab: every stream at `rtmp://host:port/live/<stream>`, to be played. */
export class Ingest {
  readonly name = 'ingest'
  readonly #parts: IngestParts
  readonly #messages: ProgrammeMessages
  readonly #port: OpenPort
  readonly #sockets = new Set<Socket>()
  #requests = 0

  constructor(parts: IngestParts) {
    this.#parts = parts
    this.#messages = new ProgrammeMessages(parts.clip)
    const server = createServer({ noDelay: true }, (socket) => this.#welcome(socket))
    this.#port = new OpenPort(server, () => {
      for (const socket of this.#sockets) socket.destroy()
    })
  }

  /** `rtmp://127.0.0.1:<port>/live`, the same after the port was closed and opened again. */
  get url(): string {
    return `rtmp://${host}:${this.#port.number}/${APP}`
  }

  /** Connections since the start. */
  get requests(): number {
    return this.#requests
  }

  /** Opens `port`, or a free one for 0. Rejects when it is taken. */
  listen(port: number): Promise<void> {
    return this.#port.listen(port)
  }

  /** Closes the port with all its connections, or opens it again. */
  setOpen(open: boolean): Promise<void> {
    return this.#port.setOpen(open)
  }

  #welcome(socket: Socket): void {
    this.#requests += 1
    this.#sockets.add(socket)
    const gone = new AbortController()
    socket.on('error', () => socket.destroy())
    socket.once('close', () => {
      this.#sockets.delete(socket)
      gone.abort('gone')
    })
    // Faults of a whole server strike before any stream is asked for.
    const ends = this.#parts.board
      .striking(this.name, undefined)
      .map(({ fault, value }) => faultKind(fault).deliver?.(promptDelivery, value).end)
    if (ends.includes('hang')) return void socket.resume()
    let isPlaying = false
    const viewer = new RtmpViewer(
      {
        send: (bytes) => {
          socket.write(bytes)
          if (socket.writableLength > MOST_UNSENT) socket.destroy()
        },
        connect: (app) => {
          if (app === APP) viewer.accept()
          else socket.destroy()
        },
        play: (stream) => {
          if (!isPlaying) void this.#play(stream, viewer, socket, gone.signal)
          isPlaying = true
        },
        invalid: () => socket.destroy(),
      },
      () => this.#parts.random.next(),
    )
    socket.on('data', (bytes: Buffer) => viewer.receive(bytes))
  }

  async #play(
    stream: string,
    viewer: RtmpViewer,
    socket: Socket,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, board, streams } = this.#parts
    const isKnown = streams.includes(stream)
    if (isKnown) viewer.start()
    const end = isKnown
      ? await feed({
          clock,
          board,
          messages: this.#messages,
          server: this.name,
          stream,
          viewer,
          signal,
        })
      : 'not-found'
    if (end === 'reset') socket.resetAndDestroy()
    if (end !== 'not-found') return
    viewer.status('NetStream.Play.StreamNotFound', { level: 'error' })
    socket.end()
  }
}
