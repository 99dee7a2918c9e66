import type { Diagnosis } from '../../src/core/diagnosis.ts'
import { decodeAmf0 } from '../../src/formats/amf0/decode.ts'
import type { Amf0Value } from '../../src/formats/amf0/value.ts'
import { readTags } from '../../src/formats/flv/tags.ts'
import { ChunkReader } from '../../src/formats/rtmp/chunk-reader.ts'
import { ChunkWriter } from '../../src/formats/rtmp/chunk-writer.ts'
import { CallerHandshake, helloBytes } from '../../src/formats/rtmp/handshake.ts'
import {
  amfPayload,
  control,
  messageTypes,
  readUint32,
  readUserControl,
  userControl,
  userEvents,
  type RtmpMessage,
} from '../../src/formats/rtmp/message.ts'
import type { RtmpAddress } from './address.ts'
import {
  connectCommand,
  createStreamCommand,
  playCommand,
  readStatus,
  transactions,
  type Status,
} from './commands.ts'

/** What has been reached, in order; `play_start` is the server's word, and worth no more. */
export type Phase = 'handshake' | 'connect' | 'create_stream' | 'play_start'

/** Why a server and its player part. */
export type Parting =
  | { readonly kind: 'fault'; readonly diagnosis: Diagnosis; readonly says: string }
  /** To the application at `to`, or to where it is now. */
  | { readonly kind: 'moved'; readonly to: string | undefined }
  /** It wants a user; `description` says in which way. */
  | { readonly kind: 'refused'; readonly says: string; readonly description: string }

/** What a player tells its owner, during `begin` and `receive`. */
export interface PlayerEvents {
  send(bytes: Buffer): void
  reached(phase: Phase): void
  /** The payload is valid only during the call. */
  media(kind: 'audio' | 'video', timestamp: number, payload: Buffer): void
  metadata(metadata: Amf0Value): void
  /** Called once at most; nothing comes after it. */
  parted(parting: Parting): void
}

/** Commands and metadata beyond this are passed over: no server has that much to say. */
const MOST_AMF_BYTES = 256 * 2 ** 10
/** Chunk streams for what we send (RTMP 1.0, section 5.3.1.1: 2 is for control). */
const chunkStreams = { control: 2, command: 3, stream: 8 } as const
/** What we may have unacknowledged until the server says otherwise. */
const WINDOW = 2_500_000

/**
 * The caller's side of RTMP up to a stream that plays. It has no clock and no socket: bytes in,
 * bytes and events out. Never throws, whatever comes.
 */
export class Player {
  readonly #address: RtmpAddress
  readonly #bufferMs: number
  readonly #random: () => number
  readonly #events: PlayerEvents
  readonly #handshake = new CallerHandshake()
  readonly #reader = new ChunkReader()
  readonly #writer = new ChunkWriter()
  #hasShaken = false
  #isOver = false
  #stream: number | undefined
  #received = 0
  #acknowledged = 0
  #window = WINDOW

  constructor(
    address: RtmpAddress,
    more: { readonly bufferMs: number; readonly random: () => number },
    events: PlayerEvents,
  ) {
    this.#address = address
    this.#bufferMs = more.bufferMs
    this.#random = more.random
    this.#events = events
  }

  /** Says hello. */
  begin(): void {
    this.#events.send(helloBytes(this.#random))
  }

  /** Takes what arrived. */
  receive(bytes: Buffer): void {
    if (this.#isOver) return
    this.#received += bytes.length
    if (this.#hasShaken) this.#read(bytes)
    else this.#shake(bytes)
    // Half a window, as some servers stop sending a little early (section 5.4.3).
    if (!this.#isOver && this.#received - this.#acknowledged >= this.#window / 2) {
      this.#acknowledged = this.#received
      this.#control(control(messageTypes.acknowledgement, this.#received))
    }
  }

  #shake(bytes: Buffer): void {
    const step = this.#handshake.push(bytes)
    if ('problem' in step) {
      return this.#fault('wrong-content', `The server does not speak RTMP: ${step.problem}.`)
    }
    if (!step.done) return
    this.#hasShaken = true
    this.#events.send(step.answer)
    this.#events.reached('handshake')
    this.#command(connectCommand(this.#address))
    this.#read(step.rest)
  }

  #read(bytes: Buffer): void {
    const problem = this.#reader.push(bytes, (message) => {
      if (!this.#isOver) this.#message(message)
    })
    if (problem !== undefined) {
      this.#fault('wrong-content', `The server breaks the rules of RTMP: ${problem}.`)
    }
  }

  #message(message: RtmpMessage): void {
    const { type, timestamp, payload } = message
    switch (type) {
      case messageTypes.audio:
        return this.#events.media('audio', timestamp, payload)
      case messageTypes.video:
        return this.#events.media('video', timestamp, payload)
      case messageTypes.aggregate:
        return this.#aggregate(message)
      case messageTypes.userControl:
        return this.#user(payload)
      case messageTypes.windowAcknowledgementSize:
        this.#window = Math.max(1_024, readUint32(payload) ?? WINDOW)
        return
      case messageTypes.setPeerBandwidth:
        return this.#control(
          control(messageTypes.windowAcknowledgementSize, readUint32(payload) ?? WINDOW),
        )
      case messageTypes.dataAmf0:
      case messageTypes.dataAmf3:
      case messageTypes.commandAmf0:
      case messageTypes.commandAmf3:
        return this.#amf(message)
    }
  }

  /** Tags whose times count from the time of the message (section 7.1.6). */
  #aggregate({ timestamp, payload }: RtmpMessage): void {
    const { tags } = readTags(payload)
    const shift = timestamp - (tags[0]?.timestamp ?? 0)
    for (const tag of tags) {
      if (this.#isOver) return
      // Nothing sensible nests.
      if (tag.type === messageTypes.aggregate) continue
      this.#message({ ...tag, timestamp: (tag.timestamp + shift) >>> 0, stream: 0 })
    }
  }

  #user(payload: Buffer): void {
    const event = readUserControl(payload)
    if (event?.event === userEvents.pingRequest) {
      this.#control(userControl({ event: userEvents.pingResponse, value: event.value }))
    } else if (event?.event === userEvents.streamEof && event.value === this.#stream) {
      this.#fault('ingest-lost', 'The server says that the stream has ended (Stream EOF).')
    }
  }

  #amf(message: RtmpMessage): void {
    const bytes = amfPayload(message)
    if (bytes === undefined || bytes.length > MOST_AMF_BYTES) return
    const { values } = decodeAmf0(bytes)
    const [name, second] = values
    switch (typeof name === 'string' ? name : '') {
      case 'onMetaData':
        return this.#events.metadata(second)
      case '@setDataFrame':
        return second === 'onMetaData' ? this.#events.metadata(values[2]) : undefined
      case 'onStatus':
        return this.#status(readStatus(values[3]))
      case '_result':
        return this.#result(values)
      case '_error':
        return this.#error(second, readStatus(values[3]))
    }
  }

  #result(values: readonly Amf0Value[]): void {
    const [, transaction, , answer] = values
    if (transaction === transactions.connect && this.#stream === undefined) {
      this.#events.reached('connect')
      this.#control(control(messageTypes.windowAcknowledgementSize, WINDOW))
      return this.#command(createStreamCommand())
    }
    if (transaction !== transactions.createStream || this.#stream !== undefined) return
    if (typeof answer !== 'number' || !(answer >= 0 && answer <= 0xffffffff)) {
      return this.#fault('unreachable', 'The server gives no stream to play on (createStream).')
    }
    this.#stream = Math.trunc(answer)
    this.#events.reached('create_stream')
    const play = playCommand(this.#stream, this.#address)
    this.#events.send(this.#writer.write(play, { chunkStream: chunkStreams.stream }))
    this.#control(
      userControl({
        event: userEvents.setBufferLength,
        value: this.#stream,
        bufferMs: this.#bufferMs,
      }),
    )
  }

  #error(transaction: Amf0Value, status: Status): void {
    const why = status.code === undefined ? '' : ` (${status.code})`
    if (transaction === transactions.connect) return this.#refusal(status, why)
    this.#fault('unreachable', `The server refuses a command${why}.`)
  }

  #refusal({ to, description }: Status, why: string): void {
    if (to !== undefined) return this.#part({ kind: 'moved', to })
    const says = `The server refuses the connection to the application${why}.`
    this.#part({ kind: 'refused', says, description })
  }

  #status(status: Status): void {
    const { code, level, to } = status
    switch (code ?? '') {
      case 'NetStream.Play.Start':
        return this.#events.reached('play_start')
      case 'NetStream.Play.StreamNotFound':
      case 'NetStream.Play.Failed':
        return this.#fault('not-found', `The server has no such stream (${code}).`)
      case 'NetStream.Play.UnpublishNotify':
      case 'NetStream.Play.Stop':
      case 'NetStream.Play.Complete':
        return this.#fault('ingest-lost', `The server says that nobody publishes (${code}).`)
      case 'NetConnection.Connect.ReconnectRequest':
        return this.#part({ kind: 'moved', to })
      case 'NetConnection.Connect.Rejected':
        return this.#refusal(status, ` (${code})`)
      case 'NetConnection.Connect.Closed':
      case 'NetConnection.Connect.AppShutdown':
      case 'NetConnection.Connect.Failed':
        return this.#fault('unreachable', `The server ends the connection (${code}).`)
    }
    if (level !== 'error') return
    const says = code === undefined ? '' : ` (${code})`
    this.#fault('unreachable', `The server refuses to play the stream${says}.`)
  }

  #command(message: RtmpMessage): void {
    this.#events.send(this.#writer.write(message, { chunkStream: chunkStreams.command }))
  }

  #control(message: RtmpMessage): void {
    this.#events.send(this.#writer.write(message, { chunkStream: chunkStreams.control }))
  }

  #fault(diagnosis: Diagnosis, says: string): void {
    this.#part({ kind: 'fault', diagnosis, says })
  }

  #part(parting: Parting): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#events.parted(parting)
  }
}
