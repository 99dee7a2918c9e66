import { describe, expect, it } from 'vitest'
import { createPublicApi } from '../../src/api/create-api.ts'
import { openApiDocument } from '../../src/api/openapi.ts'
import type { WatchdogView } from '../../src/core/view.ts'
import { change, errorOf, harness, operatorToken, viewerToken } from './api-harness.ts'
import { FakeWatchdog } from './fake-watchdog.ts'
import { ManualClock } from './manual-clock.ts'

const group = '/api/v1/groups/channel-1/cdn'

describe('reading', () => {
  it('gives the whole view', async () => {
    const { api, port } = harness()

    const response = await api.request('/api/v1/state')

    expect(response.status).toBe(200)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect((await response.json()) as WatchdogView).toEqual(JSON.parse(JSON.stringify(port.view())))
  })

  it('gives one group by stream and name', async () => {
    const { api } = harness()

    const response = await api.request('/api/v1/groups/channel-2/cdn')

    expect(await response.json()).toMatchObject({ name: 'channel-2/cdn', active: 'cdn-b' })
  })

  it('says so where there is no such group', async () => {
    const { api } = harness()

    const response = await api.request('/api/v1/groups/channel-2/nothing')

    expect(response.status).toBe(404)
    expect(await errorOf(response)).toEqual({
      code: 'not-found',
      says: 'No such group.',
      todo: 'See /api/v1/state for the groups there are.',
    })
  })

  it('gives the changes of a group: applied, verified, in effect, and who does not follow yet', async () => {
    const { api, port } = harness()
    const wall = port.current.wall
    const [from, to] = [
      { 'cdn-a': 100, 'cdn-b': 0 },
      { 'cdn-a': 0, 'cdn-b': 100 },
    ]
    const group = 'channel-2/cdn'
    const effect = {
      intent: 'i2',
      appliedAt: wall,
      settleMs: 0,
      behind: [{ who: '1.1.1.1', kind: 'cache' as const, says: 'still answers A 192.0.2.1' }],
    }
    const applied = (intent: string, at: number) =>
      port.record(
        { kind: 'applied', group, says: '', data: { intent, reason: 'steer', from, to } },
        at,
      )
    applied('i1', wall - 90_000)
    port.record({ kind: 'verified', group, says: '', data: { intent: 'i1' } }, wall - 80_000)
    port.record(
      {
        kind: 'effective',
        group,
        says: '',
        data: { intent: 'i1', ms: 30_000, asked: 2, late: [] },
      },
      wall - 60_000,
    )
    applied('i2', wall)
    port.record({ kind: 'applied', group: 'channel-1/cdn', says: '' }, wall)
    port.showGroup(group, { effect })

    const response = await api.request(`/api/v1/groups/${group}/changes`)
    const one = await api.request(`/api/v1/groups/${group}/changes?limit=1`)

    const newest = { intent: 'i2', reason: 'steer', from, to, appliedAt: wall, effect }
    const older = {
      intent: 'i1',
      reason: 'steer',
      from,
      to,
      appliedAt: wall - 90_000,
      verified: { ok: true, at: wall - 80_000 },
      effective: { at: wall - 60_000, ms: 30_000, asked: 2, late: [] },
    }
    expect(await response.json()).toEqual({ changes: [newest, older] })
    expect(await one.json()).toEqual({ changes: [newest] })
  })

  it.each([
    ['/api/v1/groups/channel-2/nothing/changes', 404, 'No such group.'],
    ['/api/v1/groups/channel-2/cdn/changes?limit=0', 400, 'The parameter "limit" is not valid.'],
  ])('refuses %s', async (path, status, says) => {
    const response = await harness().api.request(path)

    expect(response.status).toBe(status)
    expect(await errorOf(response)).toMatchObject({ says })
  })

  it('gives the picture of a path, to those who may read', async () => {
    const { api, port } = harness({ openForReading: false })
    port.pictures.set('channel-1/cdn/cdn-a', {
      jpeg: Buffer.from('ffd8ffd9', 'hex'),
      wall: 1_760_000_000_000,
      looks: 'good',
      freshForMs: 45_000,
    })
    const ask = (path: string, token: string) =>
      api.request(`${group}/paths/${path}`, { headers: { authorization: `Bearer ${token}` } })

    const known = await ask('cdn-a/picture?of=good', viewerToken)

    expect(known.status).toBe(200)
    expect(known.headers.get('content-type')).toBe('image/jpeg')
    expect(known.headers.get('cache-control')).toBe('no-store')
    expect(known.headers.get('last-modified')).toBe('Thu, 09 Oct 2025 08:53:20 GMT')
    expect(Buffer.from(await known.arrayBuffer()).toString('hex')).toBe('ffd8ffd9')
    expect((await ask('cdn-b/picture', viewerToken)).status).toBe(404)
    expect((await ask('cdn-a/picture?of=best', viewerToken)).status).toBe(400)
    expect((await ask('cdn-a/picture', 'another')).status).toBe(401)
  })

  it.each([
    ['', [5, 4, 3, 2, 1]],
    ['?limit=2', [5, 4]],
    ['?after=2', [3, 4, 5]],
    ['?after=2&order=newest', [5, 4, 3]],
    ['?before=3', [2, 1]],
    ['?group=channel-1/cdn', [4, 2]],
  ])('reads the journal with %j', async (query, sequences) => {
    const { api, port } = harness()
    for (const name of ['a/b', 'channel-1/cdn', 'a/b', 'channel-1/cdn', 'a/b']) {
      port.record({ kind: 'decision', group: name, says: 'nothing to do' })
    }

    const response = await api.request(`/api/v1/journal${query}`)

    const { entries } = (await response.json()) as { entries: { seq: number }[] }
    expect(entries.map((entry) => entry.seq)).toEqual(sequences)
  })

  it.each(['?limit=0', '?limit=1001', '?limit=x', '?after=-1', '?order=up', '?colour=red'])(
    'refuses the journal query %s',
    async (query) => {
      const { api } = harness()

      const response = await api.request(`/api/v1/journal${query}`)

      expect(response.status).toBe(400)
      expect((await errorOf(response)).code).toBe('query-invalid')
    },
  )

  it('gives metrics with the content type of the registry', async () => {
    const { api } = harness()

    const response = await api.request('/metrics')

    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4')
    expect(await response.text()).toBe('changeover_up 1\n')
  })

  it.each([
    ['/healthz', 'aliveReport'],
    ['/readyz', 'readyReport'],
  ] as const)('%s answers 200 while it is well and 503 otherwise', async (path, report) => {
    const { api, port } = harness()

    const well = await api.request(path)
    port[report] = { ok: false, says: 'the loop stands since 12 s' }
    const ill = await api.request(path)

    expect(well.status).toBe(200)
    expect(ill.status).toBe(503)
    expect(await ill.json()).toEqual({ ok: false, says: 'the loop stands since 12 s' })
  })

  it('answers what does not exist as an error with what to do', async () => {
    const { api } = harness()

    const response = await api.request('/api/v2/state')

    expect(response.status).toBe(404)
    expect(await errorOf(response)).toEqual({
      code: 'not-found',
      says: 'There is nothing here.',
      todo: 'See /api/v1/openapi.json for what there is.',
    })
  })

  it('hides the text of an error of its own and tells the log without secrets', async () => {
    const said: string[] = []
    const { api, port } = harness({ log: (says) => said.push(says) })
    port.metrics = () => Promise.reject(new Error('at https://u:p@host.example/x?key=s3cret'))

    const response = await api.request('/metrics')

    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain('host.example')
    expect(said).toEqual(['the API failed: at https://host.example/x?key=…'])
  })
})

describe('/health', () => {
  it.each([
    ['channel-1/cdn/cdn-a', 'up', 200],
    ['channel-8/cdn/cdn-a', 'degraded', 200],
    ['channel-8/cdn/cdn-c', 'contested', 200],
    ['channel-2/cdn/cdn-a', 'down', 503],
    ['channel-4/cdn/cdn-a', 'unknown', 200],
    ['channel-4/cdn/cdn-a?unknown=pass', 'unknown', 200],
    ['channel-4/cdn/cdn-a?unknown=fail', 'unknown', 503],
  ])('of %s, which is %s, is %d', async (path, health, status) => {
    const { api } = harness()

    const response = await api.request(`/health/${path}`)

    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ health, says: expect.any(String) as string })
  })

  it('refuses another policy for unknown', async () => {
    const { api } = harness()

    const response = await api.request('/health/channel-4/cdn/cdn-a?unknown=maybe')

    expect(response.status).toBe(400)
  })

  it('is 404 for a path that nobody configured', async () => {
    const { api } = harness()

    expect((await api.request('/health/channel-4/cdn/cdn-z')).status).toBe(404)
  })
})

describe('/serve and /evict', () => {
  it.each([
    ['/serve/channel-2/cdn/cdn-b', 200],
    ['/serve/channel-2/cdn/cdn-a', 503],
    ['/evict/channel-2/cdn/cdn-a', 200],
    ['/evict/channel-2/cdn/cdn-b', 503],
    ['/serve/channel-2/cdn/cdn-z', 404],
    ['/evict/nothing/cdn/cdn-a', 404],
  ])('%s follows the applied allocation: %d', async (path, status) => {
    const { api } = harness()

    expect((await api.request(path)).status).toBe(status)
  })

  it('passes query, headers and an empty body on', async () => {
    const { api, port } = harness()
    const asked: unknown[] = []
    port.pull = (...given: unknown[]) => {
      asked.push(given)
      return { status: 204, headers: { 'x-weight': '80' }, body: '' }
    }

    const response = await api.request('/serve/a/b/c?ttl=5')

    expect(response.status).toBe(204)
    expect(response.headers.get('x-weight')).toBe('80')
    expect(asked).toEqual([['serve', 'a/b', 'c', { ttl: '5' }]])
  })
})

describe('content steering', () => {
  const steering = '/steering/channel-1/cdn'

  it('is answered to pages of any origin, with what was asked', async () => {
    const { api, port } = harness()
    port.groupAnswer = {
      status: 200,
      headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
      body: '{"VERSION":1}',
    }

    const response = await api.request(`${steering}?session=7&_HLS_pathway=cdn-a`, {
      headers: { origin: 'https://player.example' },
    })

    expect(response.status).toBe(200)
    expect(await response.text()).toBe('{"VERSION":1}')
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'access-control-allow-origin': '*',
      'content-type': 'application/json',
      'cache-control': 'no-store',
    })
    expect(port.asked).toEqual([
      { method: 'GET', query: { session: '7', _HLS_pathway: 'cdn-a' }, contentType: '', body: '' },
    ])
  })

  it('lets players send headers of their own', async () => {
    const response = await harness().api.request(steering, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://player.example',
        'access-control-request-method': 'GET',
        'access-control-request-headers': 'x-session',
      },
    })

    expect(response.status).toBe(204)
    expect(response.headers.get('access-control-allow-headers')).toBe('x-session')
  })

  it('is never refused for being asked often, nor for the name it is asked under', async () => {
    const { api } = harness()
    const ask = () => api.request(steering, { headers: { host: 'steer.example' } })

    const statuses = await Promise.all(
      Array.from({ length: 200 }, async () => (await ask()).status),
    )

    expect(new Set(statuses)).toEqual(new Set([200]))
  })

  it('is not found where the group is not, or does not steer', async () => {
    const response = await harness().api.request('/steering/channel-1/nothing')

    expect(await errorOf(response)).toMatchObject({ code: 'not-found' })
  })
})

describe('publish hooks', () => {
  const hook = '/hooks/rtmp/channel-1/cdn?key=k&at=cdn-a'
  const form = 'application/x-www-form-urlencoded'

  function hooked() {
    const parts = harness()
    const asked: unknown[] = []
    parts.port.pullGroup = (...given) => {
      asked.push(given)
      return { status: 302, headers: { location: 'rtmp://192.0.2.1/live' }, body: '' }
    }
    return { ...parts, asked }
  }

  it('are handed over with query, type and body', async () => {
    const { api, asked } = hooked()

    const response = await api.request(hook, {
      method: 'POST',
      headers: { 'content-type': `${form}; charset=utf-8` },
      body: 'call=publish',
    })

    expect(response.status).toBe(302)
    expect(response.headers.get('location')).toBe('rtmp://192.0.2.1/live')
    const query = { key: 'k', at: 'cdn-a' }
    const request = { method: 'POST', query, contentType: form, body: 'call=publish' }
    expect(asked).toEqual([['hooks/rtmp', 'channel-1/cdn', request]])
  })

  it('take no more than 64 KiB', async () => {
    const { api, asked } = hooked()

    const response = await api.request(hook, { method: 'POST', body: 'x'.repeat(65_537) })

    expect(await errorOf(response)).toMatchObject({ code: 'body-too-large' })
    expect(asked).toEqual([])
  })

  it('may be asked by hundreds of encoders at once, and by nobody for ever', async () => {
    const { api, clock } = hooked()
    const ask = async () => (await api.request(hook, { method: 'POST' })).status

    const statuses = await Promise.all(Array.from({ length: 201 }, ask))
    clock.advance(1_000)

    expect(statuses.filter((status) => status === 302)).toHaveLength(200)
    expect(statuses.at(-1)).toBe(429)
    expect(await ask()).toBe(302)
  })
})

describe('commands', () => {
  const person = { reason: 'maintenance', actor: 'maria' }

  it.each<[string, object, object]>([
    [
      `${group}/steer`,
      { path: 'cdn-b', ...person },
      {
        kind: 'steer',
        group: 'channel-1/cdn',
        path: 'cdn-b',
        apply: false,
        bypass: [],
        actor: 'maria (cli)',
        reason: 'maintenance',
      },
    ],
    [
      `${group}/steer`,
      { path: 'cdn-b', reason: ' now ', apply: true, bypass: ['holddown'] },
      {
        kind: 'steer',
        group: 'channel-1/cdn',
        path: 'cdn-b',
        apply: true,
        bypass: ['holddown'],
        actor: 'cli',
        reason: 'now',
      },
    ],
    [
      `${group}/hold`,
      { for: '30m', ...person },
      {
        kind: 'hold',
        group: 'channel-1/cdn',
        forMs: 1_800_000,
        actor: 'maria (cli)',
        reason: 'maintenance',
      },
    ],
    ...(['release', 'ack', 'adopt'] as const).map(
      (kind) =>
        [
          `${group}/${kind}`,
          person,
          { kind, group: 'channel-1/cdn', actor: 'maria (cli)', reason: 'maintenance' },
        ] as [string, object, object],
    ),
    [
      '/api/v1/incidents/channel-3%2Fcdn%2Fall-down/ack',
      {},
      { kind: 'ack-incident', key: 'channel-3/cdn/all-down', actor: 'cli' },
    ],
    [
      '/api/v1/silences',
      { group: 'channel-1/*', for: '2h', in: '10m', ...person },
      {
        kind: 'silence',
        match: { group: 'channel-1/*' },
        actor: 'maria (cli)',
        reason: 'maintenance',
        inMs: 600_000,
        forMs: 7_200_000,
      },
    ],
    [
      '/api/v1/silences/s1/end',
      person,
      { kind: 'end-silence', id: 's1', actor: 'maria (cli)', reason: 'maintenance' },
    ],
  ])('POST %s with %j reaches the watchdog', async (path, body, command) => {
    const { api, port } = harness()

    const response = await change(api, path, body)

    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({ ok: true, says: 'done' })
    expect(port.commands).toEqual([command])
  })

  it.each([
    ['not-found', 404],
    ['invalid', 422],
    ['refused', 409],
    ['conflict', 409],
    ['unavailable', 503],
  ] as const)('answer %s with status %d and the watchdog’s sentence', async (code, status) => {
    const { api, port } = harness()
    port.nextResult = { ok: false, code, says: 'It is so.', todo: 'Do that.' }

    const response = await change(api, `${group}/ack`, person)

    expect(response.status).toBe(status)
    expect(await errorOf(response)).toEqual({ code, says: 'It is so.', todo: 'Do that.' })
  })

  it.each([
    ['nothing at all', 'steer', '', 'The body is not JSON.'],
    ['half a document', 'steer', '{"path":', 'The body is not JSON.'],
    [
      'a list',
      'ack',
      '[]',
      'The body is not as expected: Invalid input: expected object, received array.',
    ],
    ['no reason', 'ack', {}, '"reason" invalid input: expected string, received undefined.'],
    ['an empty reason', 'ack', { reason: '  ' }, '"reason" must not be empty.'],
    [
      'a reason with an escape',
      'ack',
      { reason: 'a\u001B[2J' },
      '"reason" must not contain control characters.',
    ],
    [
      'a reason too long',
      'ack',
      { reason: 'x'.repeat(501) },
      '"reason" must not be longer than 500 characters.',
    ],
    [
      'an unknown key',
      'ack',
      { ...person, force: true },
      'The body is not as expected: Unrecognized key: "force".',
    ],
    ['no path', 'steer', person, '"path" must be given, or weights in its place.'],
    [
      'a hold without unit',
      'hold',
      { ...person, for: '30' },
      '"for" must be a duration from 1s to 30d, such as "30m".',
    ],
    [
      'a hold for ever',
      'hold',
      { ...person, for: '31d' },
      '"for" must be a duration from 1s to 30d, such as "30m".',
    ],
  ])('refuse %s', async (_, kind, body, says) => {
    const { api, port } = harness()

    const response = await change(api, `${group}/${kind}`, body)

    expect(response.status).toBe(400)
    expect(await errorOf(response)).toMatchObject({ code: 'body-invalid', says })
    expect(port.commands).toEqual([])
  })

  it('refuse a body of more than 64 KiB', async () => {
    const { api, port } = harness()

    const response = await change(api, `${group}/ack`, { reason: 'x'.repeat(65_536) })

    expect(response.status).toBe(413)
    expect((await errorOf(response)).code).toBe('body-too-large')
    expect(port.commands).toEqual([])
  })
})

describe('the demo’s lab', () => {
  const body = { target: 'cdn-a', fault: 'freeze', for: '20s' }

  it('is not there outside the demo', async () => {
    const { api } = harness()

    expect((await api.request('/api/v1/demo/faults')).status).toBe(404)
    expect((await change(api, '/api/v1/demo/faults', body)).status).toBe(404)
  })

  it('lists, injects and heals faults', async () => {
    const { api, port } = harness()
    port.withDemo()

    const injected = await change(api, '/api/v1/demo/faults', body)
    const listed = await api.request('/api/v1/demo/faults')
    const healed = await api.request('/api/v1/demo/faults/fault-0', {
      method: 'DELETE',
      headers: {
        authorization: `Bearer ${operatorToken}`,
        'content-type': 'application/json',
      },
    })

    expect(await injected.json()).toEqual({ ok: true, says: 'freeze at cdn-a' })
    expect(await listed.json()).toMatchObject({ active: [{ id: 'fault-0', fault: 'freeze' }] })
    expect(healed.status).toBe(200)
    expect(port.demo?.faults().active).toEqual([])
  })

  it('is not broken by a viewer', async () => {
    const { api, port } = harness()
    port.withDemo()

    const response = await change(api, '/api/v1/demo/faults', body, {
      authorization: `Bearer ${viewerToken}`,
    })

    expect(response.status).toBe(403)
    expect(port.demo?.faults().active).toEqual([])
  })
})

describe('the OpenAPI document', () => {
  it('names every route that exists, and no other', () => {
    const { api } = harness()
    const page = new Set(['/', '/assets/:file'])
    const existing = api.routes
      .filter(({ method, path }) => method !== 'ALL' && !path.includes('*') && !page.has(path))
      // Access checks stand on the same paths as their routes.
      .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/gu, '{$1}')}`)
    const described = Object.entries(openApiDocument.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    )

    expect(described.toSorted()).toEqual([...new Set(existing)].toSorted())
  })

  it('is served to everybody', async () => {
    const { api } = harness({ openForReading: false })

    expect(await (await api.request('/api/v1/openapi.json')).json()).toMatchObject({
      openapi: '3.1.0',
    })
  })
})

describe('the public listener', () => {
  it.each([
    ['/health/channel-1/cdn/cdn-a', 200],
    ['/serve/channel-1/cdn/cdn-a', 200],
    ['/evict/channel-1/cdn/cdn-a', 503],
    ['/steering/channel-1/cdn', 200],
    ['/hooks/rtmp/channel-1/cdn', 404],
    ['/hooks/notify/on-call', 404],
    ['/', 404],
    ['/metrics', 404],
    ['/healthz', 404],
    ['/api/v1/state', 404],
    ['/api/v1/events', 404],
  ])('answers %s with %d', async (path, status) => {
    const api = createPublicApi({ port: new FakeWatchdog(0), clock: new ManualClock() })

    const response = await api.request(path, { headers: { host: 'check.example' } })

    expect(response.status).toBe(status)
  })

  it('gives the health without its sentence', async () => {
    const api = createPublicApi({ port: new FakeWatchdog(0), clock: new ManualClock() })

    const response = await api.request('/health/channel-2/cdn/cdn-a')

    expect(await response.json()).toEqual({ path: 'channel-2/cdn/cdn-a', health: 'down' })
  })
})
