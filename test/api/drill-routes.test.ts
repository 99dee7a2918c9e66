import { describe, expect, it } from 'vitest'
import { change, errorOf, harness, operatorToken, viewerToken } from './api-harness.ts'
import { drillSummary, FakeDrills } from './fake-drills.ts'

function withDrills(deps: Parameters<typeof harness>[0] = {}) {
  const made = harness(deps)
  const drills = new FakeDrills(made.clock.wall())
  made.port.drills = drills
  return { ...made, drills }
}

const person = { actor: 'maria', reason: 'before the final' }
const run = '/api/v1/drills/plans/weekly-cdn/run'
const abort = '/api/v1/drills/abort'

describe('the list of drills', () => {
  it('is what is planned, what runs, what came of the last ones, and which reports are kept', async () => {
    const { api, clock, drills } = withDrills()
    const wall = clock.wall()
    drills.history = [drillSummary(wall, 'd2', 5, 'PASSED'), drillSummary(wall, 'd1', 50, 'FAILED')]
    drills.kept.set('d1.json', '{}').set('d0.json', '{}')

    const response = await api.request('/api/v1/drills')

    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({
      plans: drills.plans,
      history: drills.history,
      reports: ['d1'],
    })
  })

  it('is of one group, and as long as is asked for', async () => {
    const { api, clock, drills } = withDrills()
    const wall = clock.wall()
    drills.history = [
      drillSummary(wall, 'd3', 1, 'PASSED', { group: 'channel-2/cdn' }),
      drillSummary(wall, 'd2', 5, 'PASSED'),
      drillSummary(wall, 'd1', 50, 'FAILED'),
    ]

    const response = await api.request('/api/v1/drills?group=channel-1%2Fcdn&limit=1')

    expect(await response.json()).toMatchObject({
      plans: [{ name: 'weekly-cdn' }],
      history: [{ id: 'd2' }],
    })
  })

  it.each(['limit=0', 'limit=501', 'group=', 'since=1'])('refuses ?%s', async (query) => {
    const { api } = withDrills()

    const response = await api.request(`/api/v1/drills?${query}`)

    expect(response.status).toBe(400)
    expect(await errorOf(response)).toMatchObject({ code: 'query-invalid' })
  })

  it('is nothing where there are no drills', async () => {
    const { api } = harness()

    const answers = [
      await api.request('/api/v1/drills'),
      await api.request('/api/v1/drills/plans/weekly-cdn'),
      await api.request('/api/v1/drills/reports/d1.html'),
      await change(api, run, person),
      await change(api, abort, person),
    ]

    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404, 404])
  })
})

describe('one drill', () => {
  it('says what it would do now, and what would keep it', async () => {
    const { api, drills } = withDrills()
    drills.nextOutlook = { ready: false, says: 'cdn-b is down', steps: ['moves the traffic'] }

    const response = await api.request('/api/v1/drills/plans/weekly-cdn')

    expect(await response.json()).toEqual({
      plan: drills.plans[0],
      outlook: { ready: false, says: 'cdn-b is down', steps: ['moves the traffic'] },
    })
  })

  it('is not found by another name', async () => {
    const response = await withDrills().api.request('/api/v1/drills/plans/other')

    expect(response.status).toBe(404)
    expect(await errorOf(response)).toMatchObject({ says: 'No such drill.' })
  })

  it('begins with who asked and why, and answers with its id at once', async () => {
    const { api, drills } = withDrills()

    const response = await change(api, run, person)

    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({ ok: true, says: 'began', id: 'd9' })
    expect(drills.told).toEqual([
      { run: 'weekly-cdn', actor: 'maria (cli)', reason: 'before the final' },
    ])
  })

  it('is refused with the watchdog’s reason', async () => {
    const { api, drills } = withDrills()
    drills.nextResult = {
      ok: false,
      code: 'refused',
      says: 'drill ready is under way',
      todo: 'One drill at a time: wait for its end.',
    }

    const response = await change(api, run, person)

    expect(response.status).toBe(409)
    expect(await errorOf(response)).toEqual({
      code: 'refused',
      says: 'drill ready is under way',
      todo: 'One drill at a time: wait for its end.',
    })
  })
})

describe('the end of a drill', () => {
  it.each([
    ['whichever runs', person, undefined],
    ['the one that was seen', { ...person, id: 'd9' }, 'd9'],
  ])('is asked of %s', async (_, body, id) => {
    const { api, drills } = withDrills()

    const response = await change(api, abort, body)

    expect(await response.json()).toEqual({ ok: true, says: 'began' })
    expect(drills.told).toEqual([{ abort: id, actor: 'maria (cli)', reason: 'before the final' }])
  })

  it('is refused where another one runs by now', async () => {
    const { api, drills } = withDrills()
    const says = 'that drill is over; drill ready is under way by now'
    drills.nextResult = { ok: false, code: 'conflict', says, todo: 'See the list.' }

    const response = await change(api, abort, { ...person, id: 'd9' })

    expect(response.status).toBe(409)
    expect(await errorOf(response)).toMatchObject({ code: 'conflict', says })
  })
})

describe('who may', () => {
  const changes = [run, abort]
  const reads = [
    '/api/v1/drills',
    '/api/v1/drills/plans/weekly-cdn',
    '/api/v1/drills/reports/d1.html',
  ]

  it.each(changes)(
    'POST %s: operators alone, with a reason, and from our own page',
    async (path) => {
      const { api, drills } = withDrills()
      const viewer = { authorization: `Bearer ${viewerToken}` }
      const operator = { authorization: `Bearer ${operatorToken}` }
      const ours = { origin: 'http://localhost', host: 'localhost' }
      const foreign = { origin: 'http://evil.example', host: 'localhost' }

      const answers = [
        await change(api, path, person, viewer),
        await change(api, path, person, ours),
        await change(api, path, person, foreign),
        await change(api, path, { actor: 'maria' }, operator),
        await change(api, path, { ...person, force: true }, operator),
        await change(api, path, person, { ...operator, 'content-type': 'text/plain' }),
      ]

      const codes = await Promise.all(answers.map(async (each) => (await errorOf(each)).code))
      expect(codes).toEqual([
        'role-missing',
        'token-missing',
        'cross-site',
        'body-invalid',
        'body-invalid',
        'not-json',
      ])
      expect(drills.told).toEqual([])
    },
  )

  it.each(reads)('GET %s: whoever may read', async (path) => {
    const { api, drills } = withDrills({ openForReading: false })
    drills.kept.set('d1.html', '<p>report</p>')

    const closed = await api.request(path)
    const open = await api.request(path, { headers: { authorization: `Bearer ${viewerToken}` } })

    expect([closed.status, open.status]).toEqual([401, 200])
  })
})

describe('a report', () => {
  it.each([
    ['html', 'text/html; charset=utf-8'],
    ['json', 'application/json; charset=utf-8'],
    ['xml', 'application/xml; charset=utf-8'],
  ])('comes as %s, and may run and load nothing', async (form, type) => {
    const { api, drills } = withDrills()
    drills.kept.set(`d1.${form}`, 'as it was kept')

    const response = await api.request(`/api/v1/drills/reports/d1.${form}`)

    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe(type)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(await response.text()).toBe('as it was kept')
  })

  it.each(['d2.html', 'd1.pdf', 'd1', '.html'])(
    'that is not there, %s, is not found',
    async (file) => {
      const { api, drills } = withDrills()
      drills.kept.set('d1.html', 'x').set('d1.pdf', 'x')

      const response = await api.request(`/api/v1/drills/reports/${file}`)

      expect(response.status).toBe(404)
      expect(await errorOf(response)).toMatchObject({ says: 'No such report.' })
    },
  )
})
