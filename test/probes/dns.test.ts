import type { Packet } from 'dns-packet'
import { describe, expect, it } from 'vitest'
import dns from '../../probes/dns.ts'
import { address, serveNames, type Script } from './dns/name-server.ts'
import { session } from './look-once.ts'

const url = 'dns://live.test?type=A'

/** Serves the same answer under any name. */
function answering(...values: readonly string[]): Script {
  return ({ questions = [] }) => ({
    answers: values.map((value) => address(questions[0]?.name ?? '', value)),
  })
}

/** A response code (RFC 6895 section 2.3) and nothing else. */
function code(number: number): Script {
  return () => ({ flags: 0x0400 | number })
}

async function look(scripts: readonly Script[], options: object = {}) {
  const servers = await Promise.all(scripts.map((script) => serveNames(script)))
  const seen = await session(dns, { url, servers, ...options })()
  return { seen, servers }
}

describe('the dns probe', () => {
  it('measures servers that agree: answers, TTL and time', async () => {
    const slower = ({ questions = [] }: Packet) => ({
      answers: [
        address(questions[0]?.name ?? '', '192.0.2.2', 30),
        address(questions[0]?.name ?? '', '192.0.2.1', 30),
      ],
    })
    const { seen } = await look([answering('192.0.2.1', '192.0.2.2'), slower])

    expect(seen).toMatchObject({
      outcome: 'pass',
      findings: [],
      measurements: {
        dns_servers: 2,
        dns_servers_failed: 0,
        dns_servers_disagreeing: 0,
        dns_answers: 2,
        dns_ttl_seconds: 30,
      },
    })
    expect(seen.measurements['dns_answer_seconds']).toBeGreaterThan(0)
    expect(seen.measurements).not.toHaveProperty('dns_converged_ratio')
  })

  it('counts and names the server that disagrees', async () => {
    const old = answering('192.0.2.9')
    const { seen, servers } = await look([answering('192.0.2.1'), old, answering('192.0.2.1')])

    expect(seen).toMatchObject({ outcome: 'pass', measurements: { dns_servers_disagreeing: 1 } })
    expect(seen.findings).toEqual([
      {
        code: 'servers-disagree',
        diagnosis: 'wrong-content',
        severity: 'warning',
        says: `${servers[1]} answers 192.0.2.9 for live.test, most say 192.0.2.1.`,
      },
    ])
  })

  it('tells how far a change has come', async () => {
    const scripts = [answering('192.0.2.9'), answering('192.0.2.1'), () => undefined]

    const { seen } = await look(scripts, { expect: ['192.0.2.1'], timeout: '300ms' })

    expect(seen.outcome).toBe('pass')
    expect(seen.measurements['dns_converged_ratio']).toBeCloseTo(1 / 3)
    expect(seen.measurements).toMatchObject({ dns_servers: 3, dns_servers_failed: 1 })
  })

  it('fails where no server answers what is expected', async () => {
    const { seen, servers } = await look([answering('192.0.2.9')], { expect: ['192.0.2.1'] })

    expect(seen).toMatchObject({
      outcome: 'fail',
      diagnosis: 'wrong-content',
      reason: `None of 1 authoritative servers answers 192.0.2.1 for live.test (A); ${servers[0]} answers 192.0.2.9.`,
      measurements: { dns_converged_ratio: 0 },
    })
  })

  it.each<readonly [string, Script, object]>([
    [
      'a name that does not exist',
      code(3),
      {
        diagnosis: 'not-found',
        reason: 'live.test (A) does not exist, say 1 of 1 authoritative servers.',
      },
    ],
    [
      'a name without such a record',
      code(0),
      {
        diagnosis: 'not-found',
        reason: 'live.test (A) has no such record, say 1 of 1 authoritative servers.',
      },
    ],
    ['a server that refuses', code(5), { diagnosis: 'unreachable' }],
    ['a server that fails', code(2), { diagnosis: 'unreachable' }],
    [
      'a server that only repeats what others say',
      () => ({ flags: 0, answers: [address('live.test', '192.0.2.1')] }),
      { diagnosis: 'unreachable' },
    ],
  ])('fails with %s', async (_, script, expected) => {
    const { seen } = await look([script])

    expect(seen).toMatchObject({ outcome: 'fail', ...expected })
  })

  it('names the code of a server that refuses', async () => {
    const { seen, servers } = await look([code(5)])

    expect(seen.reason).toBe(
      `None of 1 authoritative servers answers for live.test (A): ${servers[0]} answers REFUSED.`,
    )
    expect(seen.findings).toMatchObject([{ code: 'server-failed', severity: 'warning' }])
  })

  it('sends a datagram that was lost once more', async () => {
    let count = 0
    const { seen } = await look([
      (query) => (count++ === 0 ? undefined : answering('192.0.2.1')(query, 'udp')),
    ])

    expect(seen.outcome).toBe('pass')
    expect(count).toBe(2)
  })

  it('asks over TCP where an answer was cut', async () => {
    const many = Array.from({ length: 200 }, (_, index) => `192.0.2.${index}`)
    const { seen } = await look([
      (query, over) => (over === 'udp' ? { flags: 0x0600 } : answering(...many)(query, over)),
    ])

    expect(seen).toMatchObject({ outcome: 'pass', measurements: { dns_answers: 200 } })
  })

  it('says so where the answer over TCP is damaged', async () => {
    const { seen, servers } = await look([
      (_, over) => (over === 'udp' ? { flags: 0x0600 } : Buffer.from('nonsense')),
    ])

    expect(seen.reason).toContain(`${servers[0]} answers over TCP with something damaged`)
  })

  it('takes the target of an alias for the answer where the address lies elsewhere', async () => {
    const alias: Script = () => ({
      answers: [{ type: 'CNAME', name: 'live.test', data: 'Edge.CDN.test', ttl: 20 }],
    })

    const { seen } = await look([alias], { expect: ['edge.cdn.test.'] })

    expect(seen).toMatchObject({ outcome: 'pass', measurements: { dns_converged_ratio: 1 } })
  })

  it.each([
    ['AAAA', { type: 'AAAA', name: 'live.test', data: '2001:db8::1' }, '2001:0DB8:0:0::1'],
    [
      'MX',
      { type: 'MX', name: 'live.test', data: { preference: 5, exchange: 'a.test' } },
      '5 a.test.',
    ],
    [
      'SRV',
      { type: 'SRV', name: 'live.test', data: { port: 1935, target: 'a.test' } },
      '0 0 1935 a.test',
    ],
    ['TXT', { type: 'TXT', name: 'live.test', data: ['one ', 'two'] }, 'one two'],
    ['NS', { type: 'NS', name: 'live.test', data: 'ns1.test' }, 'NS1.test.'],
  ] as const)('compares %s records as people write them', async (type, record, text) => {
    const given = { url: `dns://live.test?type=${type}`, expect: [text] }

    const { seen } = await look([() => ({ answers: [{ ttl: 1, ...record }] as never })], given)

    expect(seen).toMatchObject({ outcome: 'pass', measurements: { dns_converged_ratio: 1 } })
  })

  it('asks resolvers too, which may still have the old answer', async () => {
    const queries: Packet[] = []
    const resolver = await serveNames((query) => {
      queries.push(query)
      return { answers: [address('live.test', '192.0.2.9', 17)] }
    })

    const { seen } = await look([answering('192.0.2.1')], {
      expect: ['192.0.2.1'],
      resolvers: [resolver],
    })

    expect(seen).toMatchObject({
      outcome: 'pass',
      measurements: {
        dns_converged_ratio: 1,
        dns_resolvers_converged_ratio: 0,
        dns_ttl_seconds: 60,
      },
      findings: [
        {
          code: 'resolver-lags',
          severity: 'info',
          says: `The resolver ${resolver} answers 192.0.2.9 for live.test, for 17 s more.`,
        },
      ],
    })
    expect((queries[0]?.flags ?? 0) & 0x0100).toBe(0x0100)
  })

  it('finds the servers of the zone by the resolvers of this machine, and remembers them', async () => {
    const asked: string[] = []
    const machine = await serveNames(({ questions = [] }) => {
      const { name = '', type = 'A' } = questions[0] ?? {}
      asked.push(`${name} ${type}`)
      const answers = [{ type: 'NS', name, data: 'localhost', ttl: 60 }] as const
      return name === 'test' ? { answers: [...answers] } : {}
    })
    const once = session(dns, { url: 'dns://www.live.test' }, { nameServers: () => [machine] })

    const seen = await once()
    await once()

    expect(asked).toEqual(['www.live.test NS', 'live.test NS', 'test NS'])
    expect(seen.measurements).toMatchObject({ dns_servers: 1 })
    expect(seen.reason).toContain('None of 1 authoritative servers answers for www.live.test (A)')
  })

  it('knows nothing where the servers of the zone cannot be found', async () => {
    const machine = await serveNames(code(2))

    const seen = await session(dns, { url }, { nameServers: () => [machine] })()
    const none = await session(dns, { url }, { nameServers: () => [] })()

    expect(seen).toMatchObject({
      outcome: 'unknown',
      reason: `The name servers of live.test could not be found: ${machine} answers SERVFAIL.`,
    })
    expect(none.reason).toContain('this machine has no name server to ask')
  })

  it.each([
    'dns://live.test?type=ANY',
    'dns://',
    'dns://bad name.test',
    'https://live.test',
    `dns://${'a'.repeat(64)}.test`,
  ])('does not take %s for a question', (given) => {
    expect(dns.options.safeParse({ url: given }).success).toBe(false)
  })

  it.each(['192.0.2.53', '192.0.2.53:5353', '2001:db8::53', '[2001:db8::53]:5353', 'ns1.test'])(
    'takes %s for a server',
    (server) => {
      expect(dns.options.safeParse({ url, servers: [server] }).success).toBe(true)
    },
  )

  it.each(['', 'https://ns1.test', '192.0.2.53:0', '192.0.2.53:99999', 'a b', '[::1'])(
    'does not take %j for a server',
    (server) => {
      expect(dns.options.safeParse({ url, servers: [server] }).success).toBe(false)
    },
  )
})
