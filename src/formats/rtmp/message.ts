/** Message types (RTMP 1.0, sections 5.4 and 7.1). */
export const messageTypes = {
  setChunkSize: 1,
  abort: 2,
  acknowledgement: 3,
  userControl: 4,
  windowAcknowledgementSize: 5,
  setPeerBandwidth: 6,
  audio: 8,
  video: 9,
  dataAmf3: 15,
  commandAmf3: 17,
  dataAmf0: 18,
  commandAmf0: 20,
  aggregate: 22,
} as const

/** Events of user control messages (section 7.1.7, and 31 and 32 as servers of Adobe send them). */
export const userEvents = {
  streamBegin: 0,
  streamEof: 1,
  streamDry: 2,
  setBufferLength: 3,
  streamIsRecorded: 4,
  pingRequest: 6,
  pingResponse: 7,
} as const

/** A whole message. */
export interface RtmpMessage {
  /** One of `messageTypes`, or a type that this code does not know. */
  readonly type: number
  /** Milliseconds, modulo 2^32. */
  readonly timestamp: number
  /** The message stream; 0 carries control messages. */
  readonly stream: number
  readonly payload: Buffer
}

/** A user control message: its event and the numbers that follow it. */
export interface UserControl {
  readonly event: number
  /** The stream, or the time stamp of a ping. */
  readonly value: number
  /** Milliseconds of buffer, of SetBufferLength only. */
  readonly bufferMs?: number
}

/** The number of a control message; `undefined` where the payload is too short for one. */
export function readUint32(payload: Buffer): number | undefined {
  return payload.length < 4 ? undefined : payload.readUInt32BE(0)
}

/** Reads a user control message; `undefined` where it is too short. */
export function readUserControl(payload: Buffer): UserControl | undefined {
  if (payload.length < 6) return undefined
  const event = payload.readUInt16BE(0)
  const value = payload.readUInt32BE(2)
  if (event !== userEvents.setBufferLength) return { event, value }
  return payload.length < 10 ? undefined : { event, value, bufferMs: payload.readUInt32BE(6) }
}

/** Writes a user control message. */
export function userControl({ event, value, bufferMs }: UserControl): RtmpMessage {
  const payload = Buffer.alloc(bufferMs === undefined ? 6 : 10)
  payload.writeUInt16BE(event, 0)
  payload.writeUInt32BE(value, 2)
  if (bufferMs !== undefined) payload.writeUInt32BE(bufferMs, 6)
  return { type: messageTypes.userControl, timestamp: 0, stream: 0, payload }
}

/** Writes a control message that is one number of 32 bits, such as an acknowledgement. */
export function control(type: number, value: number): RtmpMessage {
  const payload = Buffer.alloc(4)
  payload.writeUInt32BE(value >>> 0)
  return { type, timestamp: 0, stream: 0, payload }
}

/** Whether a message carries commands or data in AMF, with the bytes where AMF0 begins. */
export function amfPayload({ type, payload }: RtmpMessage): Buffer | undefined {
  switch (type) {
    case messageTypes.commandAmf0:
    case messageTypes.dataAmf0:
      return payload
    // The first byte says that AMF0 follows, from which AMF3 values may switch; servers do not.
    case messageTypes.commandAmf3:
    case messageTypes.dataAmf3:
      return payload[0] === 0 ? payload.subarray(1) : payload
    default:
      return undefined
  }
}
