import { describe, expect, it } from 'vitest'
import { amf0Object } from '../../../src/formats/amf0/encode.ts'
import { scene } from './scene.ts'

const codes = (findings: readonly { readonly code: string }[]) => findings.map(({ code }) => code)

describe('a server that sends its callers on', () => {
  it('is obeyed, with the same stream, and is no failure', async () => {
    const { server, source, look, seen, newest, end } = scene({ address: '192.0.2.9' })

    await look()
    server.guest.viewer.status('NetConnection.Connect.ReconnectRequest', {
      tcUrl: 'rtmp://other.test:1936/live2',
    })
    await source.flow(500)
    await look()

    expect(
      server.guests.map(({ request }) => [request.host, request.port, request.address]),
    ).toEqual([
      ['ingest.test', 1935, '192.0.2.9'],
      ['other.test', 1936, undefined],
    ])
    expect(server.guests.map(({ app, stream }) => `${app} ${stream}`)).toEqual([
      'live secretkey',
      'live2 secretkey',
    ])
    expect(server.guests[0]?.isOpen).toBe(false)
    expect(seen.every(({ outcome }) => outcome === 'pass')).toBe(true)
    expect(codes(newest().findings)).toContain('moved')
    expect(newest().measurements['stream_breaks']).toBe(0)
    await end()
  })

  it('may only ask to connect anew, also relatively', async () => {
    const { server, source, look, end } = scene()

    await look()
    server.guest.viewer.status('NetConnection.Connect.ReconnectRequest')
    await source.flow(500)
    server.guest.viewer.status('NetConnection.Connect.ReconnectRequest', { tcUrl: '/other' })
    await source.flow(500)

    expect(server.guests.map(({ request, app }) => `${request.host} ${app}`)).toEqual([
      'ingest.test live',
      'ingest.test live',
      'ingest.test other',
    ])
    await end()
  })

  it('is obeyed when it refuses the connection with a redirect', async () => {
    const { server, look, newest, end } = scene()
    server.hooks.connect = ({ viewer, request }) => {
      if (request.host !== 'ingest.test') return viewer.accept()
      const ex = amf0Object({ code: 302, redirect: 'rtmp://edge.test/live' })
      viewer.command(
        '_error',
        1,
        null,
        amf0Object({ level: 'error', code: 'NetConnection.Connect.Rejected', ex }),
      )
    }

    await look()

    expect(newest().outcome).toBe('pass')
    expect(server.guest.request.host).toBe('edge.test')
    await end()
  })

  it('is not obeyed for ever', async () => {
    const { server, look, newest, end } = scene()
    server.hooks.connect = ({ viewer }) =>
      viewer.status('NetConnection.Connect.ReconnectRequest', { tcUrl: 'rtmp://ingest.test/live' })

    await look()

    expect(server.guests).toHaveLength(5)
    expect(newest()).toMatchObject({
      outcome: 'fail',
      reason: 'The server sends its callers on for ever; 4 times it was obeyed.',
    })
    await end()
  })

  it.each([
    ['rtmp://ingest.test/live', 'a connection without TLS'],
    ['https://ingest.test/live', 'something that is no RTMP address'],
  ])('is not obeyed to %s from a connection with TLS', async (tcUrl, where) => {
    const { server, look, source, newest, end } = scene({
      url: 'rtmps://ingest.test/live/secretkey',
    })

    await look()
    server.guest.viewer.status('NetConnection.Connect.ReconnectRequest', { tcUrl })
    await source.flow(100)

    expect(server.guests).toHaveLength(1)
    expect(newest()).toMatchObject({
      outcome: 'fail',
      reason: `The server sends its callers to ${where}, which is not obeyed.`,
    })
    await end()
  })
})
