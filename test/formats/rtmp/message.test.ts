import { describe, expect, it } from 'vitest'
import {
  amfPayload,
  control,
  messageTypes,
  readUint32,
  readUserControl,
  userControl,
  userEvents,
} from '../../../src/formats/rtmp/message.ts'

describe('control messages', () => {
  it.each([
    { event: userEvents.streamBegin, value: 1 },
    { event: userEvents.pingRequest, value: 0xffffffff },
    { event: userEvents.setBufferLength, value: 1, bufferMs: 3_000 },
  ])('of the user are read as they are written: %o', (event) => {
    expect(readUserControl(userControl(event).payload)).toEqual(event)
  })

  it('carry one number', () => {
    const message = control(messageTypes.acknowledgement, 0xfffffff0)

    expect(message).toMatchObject({ type: 3, stream: 0, timestamp: 0 })
    expect(readUint32(message.payload)).toBe(0xfffffff0)
  })

  it('that are too short are nothing', () => {
    expect(readUint32(Buffer.alloc(3))).toBeUndefined()
    expect(readUserControl(Buffer.alloc(5))).toBeUndefined()
    expect(readUserControl(Buffer.from('0003000000010000', 'hex'))).toBeUndefined()
  })

  it('carry AMF0 also in messages for AMF3', () => {
    const payload = Buffer.of(0, 5)
    const message = { timestamp: 0, stream: 0, payload }

    expect(amfPayload({ ...message, type: messageTypes.commandAmf0 })).toEqual(payload)
    expect(amfPayload({ ...message, type: messageTypes.commandAmf3 })).toEqual(Buffer.of(5))
    expect(amfPayload({ ...message, type: messageTypes.video })).toBeUndefined()
  })
})
