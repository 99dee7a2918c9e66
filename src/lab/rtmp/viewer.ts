import { decodeAmf0 } from '../../formats/amf0/decode.ts'
import { amf0Object, encodeAmf0 } from '../../formats/amf0/encode.ts'
import { property, type Amf0Value } from '../../formats/amf0/value.ts'
import { ChunkReader } from '../../formats/rtmp/chunk-reader.ts'
import { ChunkWriter } from '../../formats/rtmp/chunk-writer.ts'
import { ListenerHandshake } from '../../formats/rtmp/handshake.ts'
import {
  amfPayload,
  control,
  messageTypes,
  userControl,
  userEvents,
  type RtmpMessage,
} from '../../formats/rtmp/message.ts'

/** What a viewer tells the server that it is connected to. */
export interface ViewerEvents {
  send(bytes: Buffer): void
  /** Asks for an application; the answer is `accept`, or anything else that a test likes. */
  connect(app: string, viewer: RtmpViewer): void
  /** Asks for a stream; the answer is `start`. */
  play(stream: string, viewer: RtmpViewer): void
  /** Every message of the viewer, for whoever wants to see acknowledgements and pings. */
  message?(message: RtmpMessage): void
  /** It does not speak RTMP: the connection is to be ended. */
  invalid(says: string): void
}

/** The message stream on which everything plays. */
const STREAM = 1
const CHUNK_SIZE = 4_096
/** Chunk streams: control, commands, and media as most servers choose them. */
const chunkStreams = { control: 2, command: 3, audio: 4, video: 6 } as const

/** The server's side of a connection that plays. Bytes in, bytes and events out; it has no clock. */
export class RtmpViewer {
  readonly #events: ViewerEvents
  readonly #handshake: ListenerHandshake
  readonly #reader = new ChunkReader({ messageBytes: 64 * 2 ** 10, partialBytes: 2 ** 18 })
  readonly #writer = new ChunkWriter()
  #hasShaken = false

  constructor(events: ViewerEvents, random: () => number) {
    this.#events = events
    this.#handshake = new ListenerHandshake(random)
  }

  /** Takes what the viewer sent. */
  receive(bytes: Buffer): void {
    let rest: Buffer | undefined = bytes
    if (!this.#hasShaken) {
      const step = this.#handshake.push(bytes)
      if ('problem' in step) return this.#events.invalid(step.problem)
      if (step.answer.length > 0) this.#events.send(step.answer)
      rest = step.rest
      this.#hasShaken = rest !== undefined
    }
    if (rest === undefined) return
    const problem = this.#reader.push(rest, (message) => this.#message(message))
    if (problem !== undefined) this.#events.invalid(problem)
  }

  /** Lets the viewer into the application. */
  accept(): void {
    this.write(control(messageTypes.windowAcknowledgementSize, 2_500_000))
    this.write(control(messageTypes.setPeerBandwidth, 2_500_000))
    this.write(control(messageTypes.setChunkSize, CHUNK_SIZE))
    this.#writer.chunkSize = CHUNK_SIZE
    const status = { level: 'status', code: 'NetConnection.Connect.Success', objectEncoding: 0 }
    this.command('_result', 1, null, amf0Object(status))
  }

  /** Says that the stream plays. */
  start(): void {
    this.write(userControl({ event: userEvents.streamBegin, value: STREAM }))
    this.status('NetStream.Play.Start')
  }

  /** Says something of the stream. */
  status(code: string, more: Readonly<Record<string, Amf0Value>> = {}): void {
    this.command('onStatus', 0, null, amf0Object({ level: 'status', code, ...more }))
  }

  /** Sends a command. */
  command(...values: readonly Amf0Value[]): void {
    this.write({
      type: messageTypes.commandAmf0,
      timestamp: 0,
      stream: 0,
      payload: encodeAmf0(values),
    })
  }

  /** Sends a message: media with compressed headers, as servers do. */
  write(message: RtmpMessage): void {
    const { type } = message
    const isAudio = type === messageTypes.audio
    const isMedia = isAudio || type === messageTypes.video || type === messageTypes.aggregate
    const chunkStream = isMedia
      ? chunkStreams[isAudio ? 'audio' : 'video']
      : message.stream === 0 && type <= messageTypes.setPeerBandwidth
        ? chunkStreams.control
        : chunkStreams.command
    this.#events.send(this.#writer.write(message, { chunkStream, compress: isMedia ? 3 : 0 }))
  }

  /** Sends audio or video on the stream that plays; `timestamp` in milliseconds. */
  media(kind: 'audio' | 'video', timestamp: number, payload: Buffer): void {
    this.write({ type: messageTypes[kind], timestamp: timestamp >>> 0, stream: STREAM, payload })
  }

  #message(message: RtmpMessage): void {
    this.#events.message?.(message)
    const bytes = amfPayload(message)
    if (bytes === undefined) return
    const [name, transaction, object, stream] = decodeAmf0(bytes).values
    if (name === 'connect') {
      const app = property(object, 'app')
      this.#events.connect(typeof app === 'string' ? app : '', this)
    } else if (name === 'createStream') {
      this.command('_result', transaction, null, STREAM)
    } else if (name === 'play' && typeof stream === 'string') {
      this.#events.play(stream, this)
    }
  }
}
