import { describe, expect, it } from 'vitest'
import publishHook from '../../src/actuators/publish-hook.ts'
import { SimulatedClock } from '../../src/platform/simulated-clock.ts'
import type { GroupPublished, GroupRequest } from '../../src/plugin/actuator.ts'
import { openForGroup, published } from './ask-group.ts'

const key = 'a-shared-secret-of-the-hook'
const ingests = { main: 'rtmp://192.0.2.1/live', backup: 'rtmp://192.0.2.2:1936/in' }
const onMain = published({ main: 100, backup: 0 })
const onBackup = published({ main: 0, backup: 100 })

function hooked(given: object = {}, clock = new SimulatedClock()) {
  const options = { secret: key, ingests, ...given }
  return openForGroup(publishHook, options, ['main', 'backup'], clock)
}

/** As nginx-rtmp 1.2 posts it. */
function nginx(
  at: string | undefined,
  more: Readonly<Record<string, string>> = {},
): Partial<GroupRequest> {
  const form = { app: 'live', tcurl: 'rtmp://door.example/live', call: 'publish', name: 'k3y' }
  return {
    method: 'POST',
    query: { key, ...(at !== undefined && { at }) },
    contentType: 'application/x-www-form-urlencoded',
    body: new URLSearchParams({ ...form, ...more }).toString(),
  }
}

/** As SRS 5 posts it (trunk/src/app/srs_app_http_hooks.cpp). */
function srs(at: string | undefined, action: string, more: object = {}): Partial<GroupRequest> {
  const body = { action, app: 'live', tcUrl: 'rtmp://door.example/live', stream: 'k3y', param: '' }
  return {
    method: 'POST',
    query: { key, ...(at !== undefined && { at }) },
    contentType: 'application/json',
    body: JSON.stringify({ ...body, ...more }),
  }
}

/** As MediaMTX 1.12 posts it (docs, "Authentication", HTTP-based). */
function mediamtx(at: string | undefined, action: string): Partial<GroupRequest> {
  const body = {
    user: '',
    password: '',
    ip: '192.0.2.9',
    action,
    path: 'live/k3y',
    protocol: 'rtmp',
  }
  return {
    method: 'POST',
    query: { key, ...(at !== undefined && { at }) },
    contentType: 'application/json',
    body: JSON.stringify({ ...body, id: 'x', query: '' }),
  }
}

describe('who publishes', () => {
  it.each<[string, GroupPublished, Partial<GroupRequest>, number, string]>([
    ['at the active ingest stays there (nginx-rtmp)', onMain, nginx('main'), 200, '{}'],
    ['at the active ingest stays there (SRS)', onMain, srs('main', 'on_publish'), 200, '0'],
    ['at the active ingest stays there (MediaMTX)', onMain, mediamtx('main', 'publish'), 200, '{}'],
    ['elsewhere is let in by SRS, which forwards', onMain, srs('backup', 'on_publish'), 200, '0'],
    [
      'elsewhere is turned away by MediaMTX',
      onMain,
      mediamtx('backup', 'publish'),
      403,
      '{"code":403}',
    ],
  ])('%s', (_, of, request, status, body) => {
    const answer = hooked()(of, request)

    expect(answer).toMatchObject({ status, body })
  })

  it.each([
    ['at the other ingest', 'backup', onMain, 'rtmp://192.0.2.1/live'],
    ['at a door that is no ingest', undefined, onMain, 'rtmp://192.0.2.1/live'],
    ['at a door after a failover', undefined, onBackup, 'rtmp://192.0.2.2:1936/in'],
    ['at the old ingest after a failover', 'main', onBackup, 'rtmp://192.0.2.2:1936/in'],
  ])('%s is relayed by nginx-rtmp', (_, at, of, location) => {
    const answer = hooked()(of, nginx(at))

    expect(answer).toMatchObject({ status: 302, body: '', headers: { location } })
  })

  it('elsewhere is forwarded by SRS under the same name, and at the active ingest to nobody', () => {
    const ask = hooked()

    const answers = ['main', 'backup'].map((at) => ask(onBackup, srs(at, 'on_forward')).body)

    expect(answers.map((body) => JSON.parse(body) as unknown)).toEqual([
      { code: 0, data: { urls: ['rtmp://192.0.2.2:1936/in/k3y'] } },
      { code: 0, data: { urls: [] } },
    ])
  })

  it('elsewhere is turned away where that is wanted', () => {
    const ask = hooked({ elsewhere: 'refuse' })

    expect(ask(onMain, nginx('backup'))).toMatchObject({ status: 403, body: '{"code":403}' })
    expect(ask(onMain, srs('backup', 'on_publish')).status).toBe(403)
    expect(ask(onMain, nginx('main')).status).toBe(200)
  })

  it('at the address of an ingest is there, also where the hook does not say so: relays end', () => {
    const ask = hooked()
    const tcurl = 'rtmp://192.0.2.1:1935/live'

    expect(ask(onMain, nginx(undefined, { tcurl })).status).toBe(200)
    expect(ask(onBackup, nginx(undefined, { tcurl })).status).toBe(302)
  })

  it('stays where it comes to while nothing is known, all is down or Changeover only advises', () => {
    const ask = hooked()

    const statuses = [published({}), { ...onMain, serveAll: true }].map(
      (of) => ask(of, nginx('backup')).status,
    )

    expect(statuses).toEqual([200, 200])
  })

  it('at a door is relayed to the preferred ingest while nothing is known', () => {
    expect(hooked()(published({}), nginx(undefined)).headers).toMatchObject({
      location: 'rtmp://192.0.2.1/live',
    })
  })

  it('under another stream key is not ours to judge', () => {
    const ask = hooked({ stream_key: 'k3y' })

    expect(ask(onMain, nginx('backup', { name: 'other' })).status).toBe(200)
    expect(ask(onMain, nginx('backup')).status).toBe(302)
  })

  it('cannot answer for the server by what it puts behind its stream name', () => {
    const request = nginx('backup')
    const body = `${request.body}&call=done&name=other&tcurl=rtmp://192.0.2.1/live`

    expect(hooked({ stream_key: 'k3y' })(onMain, { ...request, body }).status).toBe(302)
  })

  it('is asked about by GET, too, with a second question mark as nginx-rtmp 1.2 puts it', () => {
    const query = { key, at: 'backup?app=live', call: 'publish', name: 'k3y' }

    expect(hooked()(onMain, { method: 'GET', query }).status).toBe(302)
  })
})

describe('who goes on publishing', () => {
  const going = (at: string | undefined, seconds: number) =>
    nginx(at, { call: 'update_publish', time: String(seconds) })

  it('is turned away once when another ingest became active since it began', async () => {
    const clock = new SimulatedClock()
    const ask = hooked({}, clock)
    ask(onMain, nginx(undefined))
    await clock.advance(60_000)

    const before = ask(onMain, going(undefined, 60)).status
    const after = [undefined, 'main', 'backup'].map((at) => ask(onBackup, going(at, 60)).status)
    await clock.advance(5_000)
    const again = ask(onBackup, going(undefined, 4)).status

    expect(before).toBe(200)
    expect(after).toEqual([403, 403, 200])
    expect(again).toBe(200)
  })

  it('goes on when nothing changed as far as this process knows', () => {
    expect(hooked()(onBackup, going('main', 3_600)).status).toBe(200)
  })

  it('goes on while everything is to serve', async () => {
    const clock = new SimulatedClock()
    const ask = hooked({}, clock)
    ask(onMain, nginx(undefined))
    await clock.advance(60_000)

    expect(ask({ ...onBackup, serveAll: true }, going(undefined, 60)).status).toBe(200)
  })
})

describe('a hook', () => {
  it.each([
    ['no key', {}],
    ['another key', { key: 'guessed' }],
    ['a key that only begins like it', { key: key.slice(0, -1) }],
  ])('is answered to nobody with %s', (_, query) => {
    const answer = hooked()(onMain, { ...nginx('main'), query })

    expect(answer).toMatchObject({ status: 403, body: 'The key is missing or wrong.\n' })
  })

  it('says what is wrong with it', () => {
    const ask = hooked()
    const unknown = {
      method: 'POST',
      query: { key },
      contentType: 'text/plain',
      body: 'hi',
    } as const

    expect(ask(onMain, nginx('mian'))).toMatchObject({
      status: 404,
      body: 'The parameter "at" names no path of this group.\n',
    })
    expect(ask(onMain, unknown)).toMatchObject({
      status: 400,
      body: 'This is no question of a server that we know.\n',
    })
  })

  it.each([
    ['who plays at nginx-rtmp', nginx('main', { call: 'play' }), 200],
    ['the end of a publish at SRS', srs('main', 'on_unpublish'), 200],
    ['who reads at MediaMTX', mediamtx('main', 'read'), 200],
    ['the API of MediaMTX', mediamtx('main', 'api'), 403],
    ['something new of MediaMTX', mediamtx('main', 'transmogrify'), 400],
    ['something named like a method', nginx('main', { call: 'constructor' }), 200],
  ])('is also asked about %s', (_, request, status) => {
    expect(hooked()(onMain, request).status).toBe(status)
  })

  it('repeats neither its secret nor the stream key to anybody but SRS, which needs the name', () => {
    const ask = hooked()
    const answers = [
      ask(onMain, nginx('main')),
      ask(onMain, nginx('backup')),
      ask(onMain, { ...nginx('main'), query: { key: 'wrong' } }),
      ask(onMain, nginx('nowhere')),
      ask(onMain, mediamtx('backup', 'publish')),
    ]

    for (const answer of answers) {
      expect(JSON.stringify(answer)).not.toContain('k3y')
      expect(JSON.stringify(answer)).not.toContain(key)
    }
  })
})
