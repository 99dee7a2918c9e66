import { amf0Object, encodeAmf0 } from '../../src/formats/amf0/encode.ts'
import { property, type Amf0Value } from '../../src/formats/amf0/value.ts'
import { messageTypes, type RtmpMessage } from '../../src/formats/rtmp/message.ts'
import type { RtmpAddress } from './address.ts'

/** Transactions that await an answer (RTMP 1.0, section 7.2.1.1: connect is 1). */
export const transactions = { connect: 1, createStream: 2 } as const

/** Live only: a recording of the same name is no live stream (section 7.2.2.1, in milliseconds). */
const LIVE_ONLY = -1_000
/** FourCcInfoMask: can decode. Nothing is decoded here, but everything can be taken. */
const CAN_DECODE = 1
/** capsEx: reconnect, multitrack, ModEx and time stamps in nanoseconds. */
const CAPABILITIES = 0x0f

/** The connect command, which says that every codec is welcome (Enhanced RTMP v2). */
export function connectCommand(address: RtmpAddress): RtmpMessage {
  const any = amf0Object({ '*': CAN_DECODE })
  return command(0, [
    'connect',
    transactions.connect,
    amf0Object({
      app: address.app,
      // Some servers take the version of the Flash player for a licence to play.
      flashVer: 'LNX 9,0,124,2',
      tcUrl: address.tcUrl,
      fpad: false,
      capabilities: 15,
      audioCodecs: 0x0fff,
      videoCodecs: 0x00fc,
      videoFunction: 1,
      objectEncoding: 0,
      fourCcList: ['*'],
      videoFourCcInfoMap: any,
      audioFourCcInfoMap: any,
      capsEx: CAPABILITIES,
    }),
  ])
}

/** Asks for a message stream to play on. */
export function createStreamCommand(): RtmpMessage {
  return command(0, ['createStream', transactions.createStream, null])
}

/** Plays on message stream `stream`. */
export function playCommand(stream: number, { stream: name }: RtmpAddress): RtmpMessage {
  return command(stream, ['play', 0, null, name, LIVE_ONLY])
}

/** What a server says of a connection or a stream: its code where it is one of the kind, and the rest. */
export interface Status {
  /** Such as `NetStream.Play.Start`; anything else that a server writes there is not repeated. */
  readonly code: string | undefined
  readonly level: string | undefined
  /** Free text, which may name the stream: never for a sentence. */
  readonly description: string
  /** Where it sends the caller, of a redirect or a request to reconnect. */
  readonly to: string | undefined
}

/** Reads the information object of `onStatus`, `_result` and `_error`. */
export function readStatus(info: Amf0Value): Status {
  const text = (name: string) => {
    const value = property(info, name)
    return typeof value === 'string' ? value : undefined
  }
  const code = text('code')
  const redirect = property(property(info, 'ex'), 'redirect')
  return {
    code:
      code !== undefined && /^Net[A-Z][a-z]+(?:\.[A-Za-z]{1,40}){1,4}$/u.test(code)
        ? code
        : undefined,
    level: text('level'),
    description: (text('description') ?? '').slice(0, 1_000),
    to: text('tcUrl') ?? (typeof redirect === 'string' ? redirect : undefined),
  }
}

function command(stream: number, values: readonly Amf0Value[]): RtmpMessage {
  return {
    type: messageTypes.commandAmf0,
    timestamp: 0,
    stream,
    payload: encodeAmf0(values),
  }
}
