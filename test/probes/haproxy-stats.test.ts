import { assert, property, string } from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { z } from 'zod'
import haproxyStats from '../../probes/haproxy-stats.ts'
import { readRow } from '../../probes/haproxy-stats/csv.ts'
import { serveHttp } from '../net/servers.ts'
import { session } from './look-once.ts'

const header =
  '# pxname,svname,scur,stot,bin,bout,econ,eresp,status,weight,chkfail,lastchg,check_status,last_chk,'

const row = (more: Partial<Record<string, string | number>> = {}) => {
  const cells = {
    pxname: 'live',
    svname: 'a',
    scur: 3,
    stot: 100,
    bin: 1_000,
    bout: 1_000_000,
    econ: 0,
    eresp: 0,
    status: 'UP',
    weight: 100,
    chkfail: 0,
    lastchg: 60,
    check_status: 'L4OK',
    last_chk: '',
    ...more,
  }
  return `${Object.values(cells).join(',')},`
}

async function start(
  page: { csv: string; status?: number },
  options: Partial<z.input<typeof haproxyStats.options>> = {},
) {
  const running = await serveHttp((_, response) =>
    response.writeHead(page.status ?? 200).end(page.csv),
  )
  onTestFinished(() => running.close())
  const url = `${running.url}/stats;csv`
  return session(haproxyStats, { url, backend: 'live', server: 'a', ...options })
}

describe('the haproxy-stats probe', () => {
  it('measures what changed since the look before', async () => {
    const page = { csv: `${header}\n${row()}\n` }
    const look = await start(page)
    await look()
    page.csv = `${header}\n${row({ stot: 120, econ: 3, eresp: 2, bout: 2_000_000, chkfail: 4 })}\n`

    const seen = await look()

    expect(seen).toMatchObject({
      outcome: 'pass',
      measurements: {
        balancer_weight: 100,
        balancer_sessions: 3,
        balancer_error_ratio: 0.25,
        balancer_failed_checks: 4,
        balancer_incoming_bits_per_second: 0,
        balancer_state_age_seconds: 60,
      },
    })
    expect(seen.measurements['balancer_outgoing_bits_per_second']).toBeGreaterThan(0)
  })

  it('says nothing of the time across a restart of HAProxy', async () => {
    const page = { csv: `${header}\n${row()}\n` }
    const look = await start(page)
    await look()
    page.csv = `${header}\n${row({ stot: 1, bin: 0, bout: 0 })}\n`

    const seen = await look()

    expect(seen.measurements).not.toHaveProperty('balancer_outgoing_bits_per_second')
    expect(seen.measurements).not.toHaveProperty('balancer_error_ratio')
  })

  it.each([
    ['UP 1/2', 'pass'],
    ['DRAIN', 'pass'],
    ['OPEN', 'pass'],
    ['DOWN', 'fail'],
    ['DOWN 1/2', 'fail'],
    ['MAINT', 'unknown'],
    ['MAINT (via live/b)', 'unknown'],
    ['no check', 'unknown'],
    ['', 'unknown'],
  ])('takes the state %j as %s', async (status, outcome) => {
    const seen = await (await start({ csv: `${header}\n${row({ status })}\n` }))()

    expect(seen.outcome).toBe(outcome)
  })

  it('names the check that HAProxy failed', async () => {
    const down = row({ status: 'DOWN', check_status: 'L4CON', last_chk: '"Refused, at once"' })

    const seen = await (await start({ csv: `${header}\n${down}\n` }))()

    expect(seen).toMatchObject({
      diagnosis: 'unreachable',
      reason: 'HAProxy sees live/a as DOWN (L4CON, Refused, at once).',
    })
  })

  it.each([
    ['another server', { csv: `${header}\n${row({ svname: 'b' })}\n` }, 'has no server live/a'],
    ['another backend', { csv: `${header}\n${row({ pxname: 'live2' })}\n` }, 'has no server'],
    ['a page for people', { csv: '<html>' }, 'answers something that is no statistics'],
    ['a refusal', { csv: '', status: 401 }, 'answers with status 401'],
  ])('knows nothing of the server from %s', async (_, page, reason) => {
    const seen = await (await start(page))()

    expect(seen.outcome).toBe('unknown')
    expect(seen.reason).toContain(reason)
    expect(seen.reason).toMatch(/: nothing is known of the server\.$/u)
  })

  it('takes a socket or a URL', () => {
    const results = [{}, { socket: '/run/haproxy.sock', url: 'http://127.0.0.1/' }].map((given) =>
      haproxyStats.options.safeParse({ backend: 'live', ...given }),
    )

    for (const result of results) {
      expect(result.error?.issues[0]?.message).toBe('expected either socket or url')
    }
  })
})

describe('statistics as CSV', () => {
  it('keep commas and quotes within quotes', () => {
    const { row: found } = readRow('# pxname,svname,last_chk,\nlive,a,"a ""b"", c",\n', 'live', 'a')

    expect(found?.get('last_chk')).toBe('a "b", c')
  })

  it('never throw, whatever comes', () => {
    assert(
      property(string(), (text) => {
        readRow(`# pxname,svname,\nlive,${text}`, 'live', 'a')
        readRow(text, 'live', 'a')
      }),
    )
  })
})
