import { describe, expect, it } from 'vitest'
import { change, errorOf, harness, operatorToken, tokens, viewerToken } from './api-harness.ts'

const ack = '/api/v1/groups/channel-1/cdn/ack'
const body = { reason: 'looked' }
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

const readable = [
  '/metrics',
  '/api/v1/state',
  '/api/v1/groups/channel-1/cdn',
  '/api/v1/journal',
  '/api/v1/events',
  '/api/v1/demo/faults',
]

const changeable = [
  ...['steer', 'hold', 'release', 'ack', 'adopt'].map((kind) => `/api/v1/groups/a/b/${kind}`),
  '/api/v1/incidents/key/ack',
  '/api/v1/demo/faults',
]

describe('roles', () => {
  it.each(readable)('%s needs a token where reading is closed', async (path) => {
    const { api, port } = harness({ openForReading: false })
    port.withDemo()

    const without = await api.request(path)
    const asViewer = await api.request(path, { headers: bearer(viewerToken) })
    const asOperator = await api.request(path, { headers: bearer(operatorToken) })

    expect(without.status).toBe(401)
    expect(without.headers.get('www-authenticate')).toContain('Bearer')
    expect((await errorOf(without)).code).toBe('token-missing')
    expect([asViewer.status, asOperator.status]).toEqual([200, 200])
    await Promise.all([asViewer.body?.cancel(), asOperator.body?.cancel()])
  })

  it.each(changeable)('%s is closed to viewers and to those without a token', async (path) => {
    const { api, port } = harness()
    port.withDemo()

    const withoutToken = await change(api, path, body, { 'sec-fetch-site': 'same-origin' })
    const asViewer = await change(api, path, body, bearer(viewerToken))

    expect(withoutToken.status).toBe(401)
    expect(asViewer.status).toBe(403)
    expect((await errorOf(asViewer)).code).toBe('role-missing')
    expect(port.commands).toEqual([])
  })

  it.each(['wrong', `${operatorToken}x`, operatorToken.slice(0, -1), operatorToken.toUpperCase()])(
    'refuses the token %s, also where reading is open',
    async (token) => {
      const { api } = harness()

      const response = await api.request('/api/v1/state', { headers: bearer(token) })

      expect(response.status).toBe(401)
      expect(await errorOf(response)).toMatchObject({ code: 'token-unknown' })
    },
  )

  it('leaves other schemes to the proxy in front', async () => {
    const { api } = harness()

    const headers = { authorization: 'Basic dXNlcjpwYXNz' }

    expect((await api.request('/api/v1/state', { headers })).status).toBe(200)
  })

  it('says that changes are closed where no token exists', async () => {
    const { api, port } = harness({ tokens: [] })

    const response = await change(api, ack, body, { 'sec-fetch-site': 'same-origin' })

    expect(response.status).toBe(403)
    expect((await errorOf(response)).code).toBe('changes-closed')
    expect(port.commands).toEqual([])
  })

  it('lets anybody on the page change things in the demo, under the name they give', async () => {
    const { api, port } = harness({ tokens: [], openForChanges: true })

    const response = await change(
      api,
      ack,
      { ...body, actor: 'maria' },
      {
        'sec-fetch-site': 'same-origin',
      },
    )

    expect(response.status).toBe(200)
    expect(port.commands).toMatchObject([{ kind: 'ack', actor: 'maria' }])
  })

  it.each([
    [{}, { role: 'none', canRead: true, canChange: false }],
    [bearer(viewerToken), { role: 'viewer', name: 'grafana', canRead: true, canChange: false }],
    [bearer(operatorToken), { role: 'operator', name: 'cli', canRead: true, canChange: true }],
    [bearer('wrong'), { role: 'none', canRead: true, canChange: false }],
  ])('tells the page what %j may do', async (headers, session) => {
    const { api } = harness()

    expect(await (await api.request('/api/v1/session', { headers })).json()).toEqual(session)
  })

  it.each([
    '/healthz',
    '/readyz',
    '/health/channel-1/cdn/cdn-a',
    '/serve/channel-1/cdn/cdn-a',
    '/',
  ])('%s needs no token: who asks has none', async (path) => {
    const { api } = harness({ openForReading: false })

    expect((await api.request(path)).status).toBe(200)
  })

  it('shows no token in any answer', async () => {
    const { api } = harness()
    const answers = await Promise.all(
      ['/api/v1/state', '/api/v1/session', '/api/v1/openapi.json', '/metrics', '/nothing'].map(
        async (path) => {
          const response = await api.request(path, { headers: bearer(operatorToken) })
          return JSON.stringify([...response.headers]) + (await response.text())
        },
      ),
    )

    for (const { token } of tokens) expect(answers.join('\n')).not.toContain(token)
  })
})

describe('the Host header', () => {
  it.each([
    'localhost',
    'localhost:8642',
    'LOCALHOST.:8642',
    'changeover.localhost:8642',
    '127.0.0.1:8642',
    '[::1]:8642',
    '10.20.30.40',
    'wall.example',
    'Wall.Example:443',
  ])('%s is ours', async (host) => {
    const { api } = harness()

    expect((await api.request('/api/v1/state', { headers: { host } })).status).toBe(200)
  })

  it.each([
    'evil.example',
    'evil.example:8642',
    'localhost.evil.example',
    'xlocalhost',
    '127.0.0.1.evil.example',
    'wall.example.evil',
    'localhost@evil.example',
    'a b',
    '',
  ])('%j is not', async (host) => {
    const { api } = harness()

    const responses = await Promise.all(
      ['/api/v1/state', '/metrics', '/'].map(async (path) =>
        api.request(path, { headers: { host } }),
      ),
    )
    const changed = await change(api, ack, body, { ...bearer(operatorToken), host })

    expect(responses.map((response) => response.status)).toEqual([403, 403, 403])
    expect((await errorOf(changed)).code).toBe('host-not-allowed')
  })

  it.each(['/healthz', '/readyz', '/health/channel-1/cdn/cdn-a', '/serve/channel-1/cdn/cdn-a'])(
    'may be any name for %s',
    async (path) => {
      const { api } = harness()

      const response = await api.request(path, { headers: { host: 'pod-7.internal' } })

      expect(response.status).toBe(200)
    },
  )
})

describe('a change without a token, in the demo', () => {
  const demo = { tokens: [], openForChanges: true, hosts: ['wall.example'] }

  it.each([
    ['the browser says same-origin', { 'sec-fetch-site': 'same-origin' }, 200],
    ['Origin equals Host', { origin: 'http://localhost:8642', host: 'localhost:8642' }, 200],
    ['a proxy ended TLS', { origin: 'https://wall.example', host: 'wall.example' }, 200],
    ['the browser says cross-site', { 'sec-fetch-site': 'cross-site' }, 403],
    ['the browser says same-site', { 'sec-fetch-site': 'same-site' }, 403],
    [
      'the browser says cross-site whatever Origin says',
      { 'sec-fetch-site': 'cross-site', origin: 'http://localhost', host: 'localhost' },
      403,
    ],
    ['Origin has another port', { origin: 'http://localhost:1', host: 'localhost:8642' }, 403],
    ['Origin is another site', { origin: 'http://evil.example', host: 'localhost' }, 403],
    ['Origin is null', { origin: 'null', host: 'localhost' }, 403],
    ['nothing says where it comes from', {}, 403],
  ])('where %s: %j is %d', async (_, headers, status) => {
    const { api, port } = harness(demo)

    const response = await change(api, ack, body, headers)

    expect(response.status).toBe(status)
    expect(port.commands).toHaveLength(status === 200 ? 1 : 0)
  })

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', ''])(
    'is refused as %j, which a form could send',
    async (type) => {
      const { api, port } = harness(demo)

      const response = await change(api, ack, body, {
        'sec-fetch-site': 'same-origin',
        'content-type': type,
      })

      expect(response.status).toBe(415)
      expect(port.commands).toEqual([])
    },
  )
})

describe('the rate limit of changes', () => {
  const from = (address: string) => ({ incoming: { socket: { remoteAddress: address } } })

  function ask(api: ReturnType<typeof harness>['api'], address: string) {
    return api.request(
      ack,
      {
        method: 'POST',
        headers: { ...bearer(operatorToken), 'content-type': 'application/json' },
        body: JSON.stringify(body),
      },
      from(address),
    )
  }

  it('lets 20 through, then one a second, for each address by itself', async () => {
    const { api, clock } = harness()
    const first = await Promise.all(Array.from({ length: 20 }, async () => ask(api, '10.0.0.1')))

    const tooMany = await ask(api, '10.0.0.1')
    const other = await ask(api, '10.0.0.2')
    clock.advance(1_000)
    const later = await ask(api, '10.0.0.1')
    const again = await ask(api, '10.0.0.1')

    expect(first.every((response) => response.status === 200)).toBe(true)
    expect(tooMany.status).toBe(429)
    expect(tooMany.headers.get('retry-after')).toBe('1')
    expect([other.status, later.status, again.status]).toEqual([200, 200, 429])
  })

  it('counts callers without a token too, and never limits reading', async () => {
    const { api } = harness()
    for (let index = 0; index < 20; index += 1) await change(api, ack, body, bearer('guess'))

    expect((await change(api, ack, body, bearer('guess'))).status).toBe(429)
    expect((await api.request('/api/v1/state')).status).toBe(200)
  })
})

describe('security headers', () => {
  it.each(['/', '/api/v1/state', '/nothing', '/healthz', '/serve/channel-1/cdn/cdn-a'])(
    'are on %s',
    async (path) => {
      const { api } = harness()

      const { headers } = await api.request(path)

      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('referrer-policy')).toBe('no-referrer')
      expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
      expect(headers.get('content-security-policy')).not.toContain('unsafe')
    },
  )
})
