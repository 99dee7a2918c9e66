import { describe, expect, it } from 'vitest'
import { fakePlugins } from './fake-plugins.ts'
import { errorsOf, loadText, settingsOf, smallFile } from './load-text.ts'

describe('loadSettings', () => {
  it('fills in every default of the profile', () => {
    const settings = settingsOf(smallFile())

    expect(settings).toMatchObject({
      mode: 'advise',
      profile: 'default',
      vantage: { name: 'local', domain: 'local', reference: [] },
      vantages: [{ name: 'local', domain: 'local' }],
      store: 'sqlite:./changeover.db',
      listen: { operator: { host: '127.0.0.1', port: 8642 } },
      tokens: [],
      rules: { directories: [], shipped: true },
      timing: {
        everyMs: 5_000,
        forMs: 15_000,
        ratio: { bad: 6, of: 12 },
        clearForMs: 60_000,
        staleAfterMs: 15_000,
      },
      installation: { blastRadius: { groups: 1, fraction: 0.25, perMs: 300_000, beyond: 'queue' } },
      notify: [],
    })
    expect(settings.groups).toEqual([
      {
        name: 'channel-1/cdn',
        stream: 'channel-1',
        title: 'channel-1',
        strategy: 'standby',
        role: 'delivery',
        paths: [
          {
            name: 'cdn-a',
            type: 'pull',
            options: { url: 'https://a.example/1.m3u8', timeout: 4_000, depth: 3, mode: 'light' },
            shows: 'https://a.example/1.m3u8',
            everyMs: 5_000,
          },
          {
            name: 'cdn-b',
            type: 'pull',
            options: { url: 'https://b.example/1.m3u8', timeout: 4_000, depth: 3, mode: 'light' },
            shows: 'https://b.example/1.m3u8',
            everyMs: 5_000,
          },
        ],
        vantages: [{ name: 'local', domain: 'local' }],
        priority: 500,
        quorum: { atLeast: 2, fraction: 0.5, domains: 2, minFresh: 2 },
        verify: { forMs: 30_000 },
        holddownMs: 120_000,
        budget: { changes: 3, perMs: 3_600_000 },
        drillBudget: { changes: 4, perMs: 86_400_000 },
        failback: { auto: true, stableForMs: 600_000, maxWaitMs: 7_200_000, window: [] },
        flaps: { halfLifeMs: 900_000, suppress: 2_000, reuse: 750 },
        calendar: [],
        continuity: {
          checks: ['ladder', 'codecs', 'key', 'behind', 'slate'],
          behindMs: 30_000,
          blocks: ['failback', 'drill', 'irreversible'],
        },
        irreversible: [],
        leaveAfterMs: 0,
        pageAfterMs: 30_000,
        actuators: [],
        leaseMs: 15_000,
        renewMs: 5_000,
        callTimeoutMs: 4_000,
        precheckTtlMs: 10_000,
        observeEveryMs: 10_000,
        impliedHoldMs: 1_800_000,
        earnMs: 60_000,
      },
    ])
  })

  it('looks every second under the profile broadcast, also with CRLF line ends', () => {
    const settings = settingsOf(smallFile('profile: broadcast').replaceAll('\n', '\r\n'))

    expect(settings.timing).toMatchObject({ everyMs: 1_000, forMs: 3_000, clearForMs: 30_000 })
    expect(settings.groups[0]?.holddownMs).toBe(120_000)
  })

  it('is fast in every respect under the profile demo', () => {
    const settings = settingsOf(smallFile('profile: demo'))

    expect(settings.timing).toEqual({
      everyMs: 500,
      forMs: 1_000,
      ratio: { bad: 6, of: 12 },
      clearForMs: 5_000,
      staleAfterMs: 3_000,
    })
    expect(settings.groups[0]).toMatchObject({
      verify: { forMs: 3_000 },
      holddownMs: 10_000,
      budget: { changes: 10, perMs: 180_000 },
      failback: { auto: true, stableForMs: 15_000 },
      pageAfterMs: 3_000,
      leaseMs: 15_000,
    })
  })

  it('lets a key of the file win over the profile', () => {
    const settings = settingsOf(
      smallFile('profile: demo\ntiming: { every: 2s }', 'holddown: 1m30s'),
    )

    expect(settings.timing.everyMs).toBe(2_000)
    expect(settings.groups[0]?.holddownMs).toBe(90_000)
  })

  it('keeps the order of the file, also for names that look like numbers', () => {
    const settings = settingsOf(`streams:
  20: { groups: { b: { paths: { 10: { type: connect, address: x:1 }, 9: { type: connect, address: x:2 } } } } }
  3: { title: Three, groups: { a: { paths: { 1: { type: connect, address: x:1 } } } } }
`)

    expect(settings.groups.map(({ name }) => name)).toEqual(['20/b', '3/a'])
    expect(settings.groups[0]?.paths.map(({ name }) => name)).toEqual(['10', '9'])
    expect(settings.groups[1]?.title).toBe('Three')
  })

  it('gives a path its own cadence and domain, and earns health by the slowest', () => {
    const settings = settingsOf(smallFile('', '', 'every: 10s, domain: akamai, depth: 9'))

    expect(settings.groups[0]?.paths[0]).toMatchObject({
      everyMs: 10_000,
      domain: 'akamai',
      options: { depth: 9 },
    })
    expect(settings.groups[0]?.earnMs).toBe(75_000)
  })

  it.each([
    ['', 'delivery', true],
    ['role: ingest', 'ingest', false],
    ['role: ingest\nfailback: { auto: true }', 'ingest', true],
    ['failback: { auto: false }', 'delivery', false],
  ])('takes a group with %j for %s, with automatic failback %s', (keys, role, auto) => {
    const [group] = settingsOf(smallFile('', keys)).groups

    expect(group?.role).toBe(role)
    expect(group?.failback.auto).toBe(auto)
  })

  it('takes a group whose first path is pulled on its way in for ingest', () => {
    const [pull, ...others] = fakePlugins.probes
    if (pull === undefined) throw new Error('there is no probe')
    const probes = [{ ...pull, side: 'ingest' as const }, ...others]

    const [group] = settingsOf(smallFile(), { ...fakePlugins, probes }).groups

    expect(group).toMatchObject({ role: 'ingest', failback: { auto: false } })
  })

  it('verifies through the public name with the probe and options of the first path', () => {
    const file = smallFile(
      '',
      'verify: { url: "https://live.example/1.m3u8", for: 1m }',
      'depth: 9',
    )

    const { verify } = settingsOf(file).groups[0] ?? {}

    expect(verify).toEqual({
      forMs: 60_000,
      path: {
        name: 'verify',
        type: 'pull',
        everyMs: 5_000,
        shows: 'https://live.example/1.m3u8',
        options: { url: 'https://live.example/1.m3u8', timeout: 4_000, depth: 9, mode: 'light' },
      },
    })
  })

  it('verifies with another probe and its own defaults where verify.type names it', () => {
    const settings = settingsOf(`streams:
  a:
    groups:
      b:
        paths: { p: { type: connect, address: "x:1" } }
        verify: { type: pull, url: "https://live.example/" }
`)

    expect(settings.groups[0]?.verify.path?.options).toMatchObject({ depth: 3 })
  })

  it('does not pin the public name to the address to which the first path is pinned', () => {
    const file = smallFile('', 'verify: { url: "https://live.example/" }', 'address: 192.0.2.1')

    const group = settingsOf(file).groups[0]

    expect(group?.paths[0]?.options).toMatchObject({ address: '192.0.2.1' })
    expect(group?.verify.path?.options).not.toHaveProperty('address')
  })

  it('takes the domain of this vantage from the list of vantages', () => {
    const settings = settingsOf(
      smallFile(`vantage: { name: fra }
vantages: [ { name: fra, domain: hetzner }, { name: lhr } ]`),
    )

    expect(settings.vantage.domain).toBe('hetzner')
    expect(settings.groups[0]?.vantages).toEqual([
      { name: 'fra', domain: 'hetzner' },
      { name: 'lhr', domain: 'lhr' },
    ])
  })

  it('names routes by their type, and by type and position where that is taken', () => {
    const settings = settingsOf(
      smallFile(`notify:
  - { type: pager, routing_key: "12345678" }
  - { type: pager, routing_key: "12345678", min_severity: critical }
  - { type: pager, routing_key: "12345678", name: nights }`),
    )

    expect(settings.notify.map(({ route, minSeverity }) => [route, minSeverity])).toEqual([
      ['pager', 'info'],
      ['pager-2', 'critical'],
      ['nights', 'info'],
    ])
  })

  it('takes listening addresses apart', () => {
    const { listen } = settingsOf(
      smallFile('listen: { operator: "[::1]:0", public: 0.0.0.0:8643 }'),
    )

    expect(listen).toEqual({
      operator: { host: '::1', port: 0 },
      public: { host: '0.0.0.0', port: 8643 },
    })
  })

  it('hands actuators over with their options and whether they are required', () => {
    const settings = settingsOf(
      smallFile(
        '',
        `actuators:
  - { type: balancer, socket: /run/x, servers: { cdn-a: a, cdn-b: b } }
  - { type: answer, style: coded, code: 404, required: false }`,
      ),
    )

    expect(settings.groups[0]?.actuators).toEqual([
      {
        type: 'balancer',
        required: true,
        options: { socket: '/run/x', servers: { 'cdn-a': 'a', 'cdn-b': 'b' } },
      },
      { type: 'answer', required: false, options: { style: 'coded', code: 404 } },
    ])
  })

  it('takes anchors, aliases and merge keys, the map itself winning over what it merges', () => {
    const settings = settingsOf(`streams:
  a:
    groups:
      b: &b
        holddown: 5s
        page_after: 7s
        paths: { p: &p { type: pull, url: "https://a.example/", depth: 2 }, q: { <<: *p, depth: 5 } }
      c: { <<: *b, holddown: 9s }
      d: *b
`)

    expect(settings.groups.map((group) => [group.holddownMs, group.pageAfterMs])).toEqual([
      [5_000, 7_000],
      [9_000, 7_000],
      [5_000, 7_000],
    ])
    expect(settings.groups[0]?.paths[1]?.options).toMatchObject({ depth: 5 })
  })
})

describe('substitution', () => {
  it('puts environment variables and files into values, and shows neither', () => {
    const settings = settingsOf(`streams:
  a:
    groups:
      b:
        paths:
          p: { type: pull, url: "https://\${HOST}/\${KEY}/main.m3u8?sig=\${KEY}" }
          q: { type: connect, address: "x:1", password: "\${file:/run/secrets/key}" }
`)

    const [first, second] = settings.groups[0]?.paths ?? []
    expect(first?.options).toMatchObject({
      url: 'https://a.example/s3cr3t-key/main.m3u8?sig=s3cr3t-key',
    })
    expect(first?.shows).toBe('https://a.example/…/main.m3u8?sig=…')
    expect(second?.options).toMatchObject({ password: 'from-file' })
    expect(second?.shows).toBe('x:1')
  })

  it('keeps a literal ${ that is written $${, and an empty variable is a value', () => {
    const settings = settingsOf(`streams:
  a: { title: "$\${HOST}\${EMPTY}", groups: { b: { paths: { p: { type: connect, address: abc } } } } }
`)

    expect(settings.groups[0]?.title).toBe('${HOST}')
  })

  it('cannot add keys: what is put in stays one text', () => {
    const loaded = loadText('mode: ${KEY}\nstreams: {}')

    expect(loaded.ok).toBe(false)
  })

  it.each([
    ['mode: ${NOPE}', '1:7: mode: ${NOPE}: the environment variable NOPE is not set'],
    ['mode: ${not a name}', '1:7: mode: ${not a name}: expected ${NAME} or ${file:path}'],
    ['mode: ${KEY', '1:7: mode: ${KEY: is not closed with }'],
    ['mode: ${file:/nope}', '1:7: mode: ${file:/nope}: the file cannot be read (ENOENT)'],
    ['mode: "${file:}"', '1:7: mode: ${file:}: names no file'],
  ])('refuses %s and names the reference', (top, expected) => {
    expect(errorsOf(smallFile(top))).toEqual([`changeover.yaml:${expected}`])
  })

  it.each([
    ['a literal password', 'connect, address: "x:1", password: s3cr3t'],
    ['a substituted password', 'connect, address: "x:1", password: "${KEY}", depth: "${KEY}"'],
    ['a substituted number', 'pull, url: "https://a.example/", depth: "${KEY}"'],
    ['a substituted duration', 'pull, url: "https://a.example/", timeout: "${KEY}"'],
    ['a substituted choice', 'pull, url: "https://a.example/", mode: "${KEY}"'],
    ['a URL with a password', 'pull, url: "ftp://user:s3cr3t-key@a.example/s3cr3t-key"'],
    ['a URL where another key belongs', 'pull, mode: "https://user:s3cr3t-key@a.example/s3cr3t"'],
    ['a substituted key name', 'pull, "${KEY}": 1, password: s3cr3t-key'],
  ])('shows no secret in an error about %s', (_, options) => {
    const loaded = loadText(
      `streams: { a: { groups: { b: { paths: { p: { type: ${options} } } } } } }\nx: s3cr3t-key`,
    )

    const shown = loaded.ok ? '' : loaded.errors.join('\n')
    expect(shown).toContain('streams.a.groups.b.paths.p')
    expect(shown).not.toContain('s3cr3t')
  })
})

describe('witnesses of a path', () => {
  const text = (more = '') => `streams:
  channel-1:
    groups:
      ingest:
        paths:
          main:
            type: pull
            url: https://a.example/
            every: 2s
            witnesses:
              server: { type: pull, url: https://b.example/${more} }
          backup: { type: pull, url: https://c.example/ }
`
  const pathsOf = (loaded: ReturnType<typeof loadText>) =>
    loaded.ok ? loaded.settings.groups[0]?.paths : loaded.errors

  it('are checks of their own, at the cadence of the path', () => {
    expect(pathsOf(loadText(text()))).toMatchObject([
      {
        name: 'main',
        witnesses: [
          { name: 'main@server', type: 'pull', everyMs: 2_000, shows: 'https://b.example/' },
        ],
      },
      { name: 'backup' },
    ])
  })

  it('are not looked at where the group says none', () => {
    const loaded = loadText(`${text()}        quorum: { confirm: none }\n`)

    expect(JSON.stringify(pathsOf(loaded))).not.toContain('witnesses')
  })

  it.each([
    [', evry: 3s', 'witnesses.server.evry: unknown key; did you mean "every"?'],
    [', domain: x', 'witnesses.server.domain: unknown key'],
    [', type: pul', 'did you mean "pull"?'],
  ])('are judged strictly: %s', (more, says) => {
    const given = more.includes('type')
      ? text().replace('{ type: pull, url: https://b', '{ type: pul, url: https://b')
      : text(more)

    expect(JSON.stringify(pathsOf(loadText(given)))).toContain(JSON.stringify(says).slice(1, -1))
  })

  it('cannot be viewers yet, and the error says what can', () => {
    expect(
      JSON.stringify(pathsOf(loadText(`${text()}        quorum: { confirm: viewers }\n`))),
    ).toContain('quorum.confirm: nothing tells yet what viewers see; give the paths `witnesses`')
  })

  it('that look at the same place in the same way are warned of', () => {
    const loaded = loadText(text().replace('https://b.example', 'https://a.example'))

    expect(loaded.ok && loaded.warnings.join()).toContain(
      'witnesses.server: looks at the same place in the same way: it sees no more than the path itself',
    )
  })
})
