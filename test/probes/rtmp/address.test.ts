import { describe, expect, it } from 'vitest'
import { movedAddress, parseAddress, withParameters } from '../../../probes/rtmp/address.ts'

const home = parseAddress('rtmp://ann:pa%40ss@ingest.test/live/key?token=t')

describe('an RTMP address', () => {
  it.each([
    ['rtmp://h/live/key', 'live', 'key', 'rtmp://h:1935/live'],
    ['rtmp://h:1936/live/key?token=t/x', 'live', 'key?token=t/x', 'rtmp://h:1936/live'],
    ['rtmp://h/live/room/key', 'live/room', 'key', 'rtmp://h:1935/live/room'],
    ['rtmp://h/live?token=t/key', 'live?token=t', 'key', 'rtmp://h:1935/live?token=t'],
    ['rtmps://[::1]/live/a%20b c', 'live', 'a%20b c', 'rtmps://[::1]:443/live'],
    ['rtmp://u:p@h/live/key', 'live', 'key', 'rtmp://h:1935/live'],
  ])('%s has the application %s and the stream %s', (url, app, stream, tcUrl) => {
    expect(parseAddress(url)).toMatchObject({ app, stream, tcUrl })
  })

  it('has slashes in the name of the stream where the application is named', () => {
    expect(parseAddress('rtmp://h/live/a/b', 'live')).toMatchObject({ app: 'live', stream: 'a/b' })
    expect(parseAddress('rtmp://h/a/b', 'live')).toMatchObject({ app: 'live', stream: 'a/b' })
  })

  it('keeps user and password for who asks for them, and out of everything else', () => {
    expect(home).toMatchObject({
      user: 'ann',
      password: 'pa@ss',
      tcUrl: 'rtmp://ingest.test:1935/live',
    })
  })
})

describe('a move', () => {
  it.each([
    ['rtmp://b.test:1/x', 'b.test', 1, 'x'],
    ['rtmps://b.test/x/', 'b.test', 443, 'x'],
    ['rtmp://b.test', 'b.test', 1935, 'live'],
    ['//b.test/x', 'b.test', 1935, 'x'],
    ['/x?y=z', 'ingest.test', 1935, 'x?y=z'],
  ])('to %s keeps the stream', (tcUrl, host, port, app) => {
    expect(home && movedAddress(home, tcUrl)).toMatchObject({
      host,
      port,
      app,
      stream: 'key?token=t',
      user: 'ann',
    })
  })

  it.each(['http://b.test/x', 'rtmp://', 'rtmp://b.test:0/x', 'rtmp:b'])(
    'to %s is refused',
    (tcUrl) => {
      expect(home && movedAddress(home, tcUrl)).toHaveProperty('refused')
    },
  )
})

describe('parameters', () => {
  it('take the place of those before', () => {
    const first = home && withParameters(home, 'a=1')
    const second = first && withParameters(first, 'b=2')

    expect(second).toMatchObject({ app: 'live?b=2', tcUrl: 'rtmp://ingest.test:1935/live?b=2' })
  })
})
