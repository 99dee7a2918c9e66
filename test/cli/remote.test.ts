import { describe, expect, it } from 'vitest'
import type { Composition } from '../../src/cli/composition.ts'
import { fakeComposition, operatorToken, run, servedWatchdog, wall } from './harness.ts'

/** A composition in which the person has the operator's token. */
function operator(url: string, parts: Partial<Composition> = {}): Composition {
  const variables: Record<string, string> = {
    CHANGEOVER_URL: url,
    CHANGEOVER_TOKEN: operatorToken,
  }
  return fakeComposition({ environment: (name) => variables[name], ...parts })
}

/** Ends a command that goes on for ever after so many waits. */
function stoppingAfter(waits: number, before: (wait: number) => void = () => {}) {
  let stop = () => {}
  const stopped = new Promise<void>((resolve) => {
    stop = resolve
  })
  let count = 0
  const clock: Composition['clock'] = {
    now: () => count,
    wall: () => wall,
    async sleep(_ms, signal) {
      count += 1
      before(count)
      if (count > waits) stop()
      await new Promise((resolve) => {
        setImmediate(resolve)
      })
      return signal?.aborted !== true
    },
  }
  return { clock, untilStopped: () => stopped }
}

describe('changeover status', () => {
  it('shows who carries each stream and why, and what keeps a group from acting', async () => {
    const { port, url } = await servedWatchdog()
    const seven = port.current.groups.filter(({ name }) => name === 'channel-7/cdn')
    port.show({ groups: seven, incidents: port.current.incidents.slice(1, 2) })

    const { code, out, err } = await run(['status'], operator(url))

    expect(err).toBe('')
    expect(code).toBe(1)
    expect(out).toBe(
      [
        'Changeover 0.1.0, armed, profile broadcast, running for 1 d 2 h',
        '  vantage fra  ok: both reference targets answer',
        '  store        ok: writable',
        '',
        'channel-7/cdn  Channel Seven  EVALUATE for 9 s',
        '  cdn-a is down; would move to cdn-b, but holddown lasts another 31s',
        '  not acting holddown: holddown for another 31s; its one exception is used',
        '  ▶  cdn-a  100  ✖ down  9 s  connection refused',
        '     cdn-b  0    ● up    3 h  up at 3 of 3 vantages',
        '',
        'Incidents',
        '  critical  channel-5/cdn/frozen  12 min  Channel Five is frozen: the budget is used. Stays on cdn-b until a person',
        '                                          acknowledges. (maria looks after it)',
        '',
      ].join('\n'),
    )
  })

  it.each([
    { group: 'channel-1/cdn', because: 'its serving path is up', code: 0 },
    { group: 'channel-8/cdn', because: 'its serving path is degraded, and viewers watch', code: 0 },
    { group: 'channel-3/cdn', because: 'every path is down', code: 1 },
    { group: 'channel-5/cdn', because: 'it is frozen and waits for a person', code: 1 },
    { group: 'channel-4/cdn', because: 'nobody knows', code: 3 },
  ])('ends with $code for $group: $because', async ({ group, code }) => {
    const { port, url } = await servedWatchdog()
    port.show({ groups: port.current.groups.filter(({ name }) => name === group) })

    expect(await run(['status'], operator(url))).toMatchObject({ code, err: '' })
  })

  it('says 1 where one group is off air and another unknown', async () => {
    const { url } = await servedWatchdog()

    expect(await run(['status'], operator(url))).toMatchObject({ code: 1 })
  })

  it('prints the whole view with --json', async () => {
    const { port, url } = await servedWatchdog()

    const { out } = await run(['status', '--json'], operator(url))

    expect(JSON.parse(out)).toEqual(JSON.parse(JSON.stringify(port.current)))
  })

  it('shows it anew with --watch until it is asked to end', async () => {
    const { port, url } = await servedWatchdog()
    const parts = stoppingAfter(2, (wait) => {
      port.show({ groups: port.current.groups.slice(0, 1), mode: wait === 1 ? 'advise' : 'off' })
    })

    const { code, out } = await run(['status', '--watch'], operator(url, parts), {
      isTerminal: true,
    })

    const screens = out.split('\u001b[H\u001b[J')
    expect(screens.map((screen) => /, (armed|advise|off),/u.exec(screen)?.[1])).toEqual([
      undefined,
      'armed',
      'advise',
      'off',
    ])
    expect(code).toBe(0)
  })

  it('shows no control characters that others sent', async () => {
    const { port, url } = await servedWatchdog()
    port.showGroup('channel-1/cdn', { says: 'fine\u001b[2J\r\nall \u202eis well' })

    const { out } = await run(['status'], operator(url))

    expect(out).toContain('fine [2J all  is well')
  })
})

describe('changeover explain', () => {
  it('goes through guards, actuators, votes, rules and the newest entries', async () => {
    const { port, url } = await servedWatchdog()
    port.record({ kind: 'boot', says: 'started' }, wall - 60_000)
    port.record(
      {
        kind: 'applied',
        group: 'channel-7/cdn',
        path: 'cdn-a',
        says: 'traffic moved from cdn-b to cdn-a',
      },
      wall - 30_000,
    )

    const { code, out } = await run(['explain', 'channel-7/cdn'], operator(url))

    expect(code).toBe(1)
    expect(out).toBe(
      [
        'channel-7/cdn  Channel Seven  EVALUATE for 9 s',
        '  cdn-a is down; would move to cdn-b, but holddown lasts another 31s',
        '',
        '  traffic      carried by cdn-a; preferred is cdn-a',
        '  not acting   holddown: holddown for another 31s; its one exception is used',
        '  last change  failover from cdn-b to cdn-a, 2026-03-04 05:04:38Z',
        '  holddown     31 s left',
        '  budget       1 of 3 changes left per 1h',
        '  failback     nothing to fail back to: the preferred path is active',
        '  leader       this process, token 7',
        '',
        'Guards, asked about the newest proposal',
        '  pass  mode          mode is armed',
        '  pass  hold          no hold',
        '  pass  leader        leads with token 7',
        '  pass  store         the store is writable',
        '  VETO  holddown      holddown for another 31s; its one exception is used',
        '  pass  budget        0 of 3 changes per 1h used, this one costs 1',
        '  pass  blast-radius  0 of 3 groups changed in the last 5m',
        '  pass  never-empty   cdn-b would serve',
        '',
        'Actuators',
        '  ok  haproxy  backend live: cdn-a 100, cdn-b 0 (in effect within 0s)',
        '  ok  rfc2136  live.example. CNAME cdn-a.example. (in effect within 30s)',
        '',
        'Paths',
        '  ▶  cdn-a  100  ✖ down  9 s  connection refused',
        '     cdn-b  0    ● up    3 h  up at 3 of 3 vantages',
        '',
        'cdn-a  https://cdn-a.example/live/main.m3u8?token=…',
        '  vote  fra          ✖ down  connection refused',
        '  vote  lhr          ✖ down  connection refused',
        '  vote  iad          ✖ down  connection refused',
        '  rule  unreachable  down    connection refused',
        '',
        'cdn-b  https://cdn-b.example/live/main.m3u8?token=…',
        '  vote  fra  ● up  every rule is quiet',
        '  vote  lhr  ● up  every rule is quiet',
        '  vote  iad  ● up  every rule is quiet',
        '',
        'Journal',
        '  2026-03-04 05:05:37Z  2  applied  channel-7/cdn/cdn-a  traffic moved from cdn-b to cdn-a',
        '',
      ].join('\n'),
    )
  })

  it.each([
    {
      group: 'channel-6/cdn',
      says: 'held         by maria for 42 min more: maintenance at cdn-a',
    },
    {
      group: 'channel-5/cdn',
      says: '`changeover ack channel-5/cdn` lets it decide again',
    },
    { group: 'channel-2/cdn', says: 'remedy' },
    {
      group: 'channel-8/cdn',
      says: 'EXTINF of 4.6 s is longer than the target duration of 4 s',
    },
  ])('says of $group: $says', async ({ group, says }) => {
    const { url } = await servedWatchdog()

    const { out } = await run(['explain', group], operator(url), { width: 200 })

    expect(out).toContain(says)
  })

  it('tells of a change that is applied, and not in effect everywhere', async () => {
    const { port, url } = await servedWatchdog()
    const effect = { intent: 'i1', appliedAt: wall - 9_000, settleMs: 30_000 }
    const told = async () =>
      (await run(['explain', 'channel-2/cdn'], operator(url), { width: 200 })).out

    port.showGroup('channel-2/cdn', {
      effect: { ...effect, behind: [{ who: '1.1.1.1', kind: 'cache', says: 'says cdn-a' }] },
    })
    const partial = await told()
    port.showGroup('channel-2/cdn', { effect: { ...effect, serversAt: wall - 6_000, behind: [] } })

    expect(partial).toContain('in effect    not everywhere yet: resolver 1.1.1.1 says cdn-a')
    expect(await told()).toContain(
      'in effect    every server has it; caches may keep the old for another 24 s',
    )
  })

  it('prints group and journal with --json', async () => {
    const { url } = await servedWatchdog()

    const { out } = await run(['explain', 'channel-1/cdn', '--json'], operator(url))

    expect(JSON.parse(out)).toMatchObject({ group: { name: 'channel-1/cdn' }, journal: [] })
  })

  it('names the way to the right name for a group that is not there', async () => {
    const { url } = await servedWatchdog()

    expect(await run(['explain', 'channel-1/dns'], operator(url))).toEqual({
      code: 2,
      out: '',
      err:
        'error: There is no group channel-1/dns; did you mean channel-1/cdn?\n' +
        '  `changeover status` lists the groups.\n',
    })
  })
})

describe('changeover journal', () => {
  it('prints the newest entries, oldest first', async () => {
    const { port, url } = await servedWatchdog()
    port.record({ kind: 'boot', says: 'started' }, wall)
    port.record({ kind: 'hold', group: 'a/b', actor: 'maria', says: 'held for 2h' }, wall + 1_000)
    port.record({ kind: 'verified', group: 'a/b', path: 'c', says: 'viewers are fine' }, wall)

    const { code, out } = await run(['journal', '--limit', '2'], operator(url))

    expect(code).toBe(0)
    expect(out).toBe(
      '2026-03-04 05:06:08Z  2  hold      a/b    maria: held for 2h\n' +
        '2026-03-04 05:06:07Z  3  verified  a/b/c  viewers are fine\n',
    )
  })

  it('prints one object per line with --json, and only those of a group', async () => {
    const { port, url } = await servedWatchdog()
    const first = port.record({ kind: 'hold', group: 'a/b', says: 'held' }, wall)
    port.record({ kind: 'hold', group: 'a/c', says: 'held' }, wall)
    const third = port.record({ kind: 'release', group: 'a/b', says: 'released' }, wall)

    const { out } = await run(['journal', '--group', 'a/b', '--json'], operator(url))

    expect(out).toBe(`${JSON.stringify(first)}\n${JSON.stringify(third)}\n`)
  })

  it('goes on with new entries with --follow, each once', async () => {
    const { port, url } = await servedWatchdog()
    port.record({ kind: 'boot', says: 'entry 1' }, wall)
    const parts = stoppingAfter(3, (wait) => {
      if (wait <= 2) port.record({ kind: 'config', says: `entry ${wait + 1}` }, wall)
    })

    const { code, out } = await run(['journal', '--follow'], operator(url, parts))

    expect(out.match(/entry \d/gu)).toEqual(['entry 1', 'entry 2', 'entry 3'])
    expect(code).toBe(0)
  })
})

describe('what a person does', () => {
  it.each([
    {
      argv: ['steer', 'channel-1/cdn', 'cdn-b', '--bypass', 'holddown,budget', '--apply'],
      command: {
        kind: 'steer',
        group: 'channel-1/cdn',
        path: 'cdn-b',
        apply: true,
        bypass: ['holddown', 'budget'],
      },
    },
    {
      argv: ['steer', 'channel-1/cdn', 'cdn-b'],
      command: { kind: 'steer', group: 'channel-1/cdn', path: 'cdn-b', apply: false, bypass: [] },
    },
    {
      argv: ['hold', 'channel-1/cdn', '--for', '1h30m'],
      command: { kind: 'hold', group: 'channel-1/cdn', forMs: 5_400_000 },
    },
    {
      argv: ['release', 'channel-1/cdn'],
      command: { kind: 'release', group: 'channel-1/cdn' },
    },
    {
      argv: ['silence', 'add', '--group', 'channel-1/*', '--tag', 'sport', '--for', '2h'],
      command: {
        kind: 'silence',
        match: { group: 'channel-1/*', tag: 'sport' },
        inMs: 0,
        forMs: 7_200_000,
      },
    },
    { argv: ['silence', 'end', 's1'], command: { kind: 'end-silence', id: 's1' } },
    { argv: ['adopt', 'channel-1/cdn'], command: { kind: 'adopt', group: 'channel-1/cdn' } },
    { argv: ['ack', 'channel-5/cdn'], command: { kind: 'ack', group: 'channel-5/cdn' } },
  ])('changeover $argv sends it with reason and name', async ({ argv, command }) => {
    const { port, url } = await servedWatchdog()
    port.nextResult = { ok: true, says: 'held until 14:00' }
    const more = ['--reason', 'maintenance', '--as', 'maria']

    expect(await run([...argv, ...more], operator(url))).toEqual({
      code: 0,
      out: 'done: held until 14:00\n',
      err: '',
    })
    expect(port.commands).toEqual([{ ...command, reason: 'maintenance', actor: 'maria (cli)' }])
  })

  it.each(['channel-3/cdn/all-down', 'channel-9/cdn#gone'])(
    'changeover ack %s acknowledges an incident by its key',
    async (key) => {
      const { port, url } = await servedWatchdog()
      const argv = ['ack', key, '--reason', 'calling the CDN', '--as', 'maria']

      expect(await run(argv, operator(url))).toMatchObject({ code: 0, err: '' })
      const actor = 'maria (cli)'
      const reason = 'calling the CDN'
      expect(port.commands).toEqual([{ kind: 'ack-incident', key, actor, reason }])
    },
  )

  it('changeover silence list shows what lasts, whose it is and until when', async () => {
    const { url } = await servedWatchdog()

    const { out } = await run(['silence', 'list'], operator(url))

    expect(out).toMatch(/^s1 +group channel-6\/\* +until .* UTC +maria: new encoder is fitted$/mu)
  })

  it('changeover silence add needs something to silence', async () => {
    const { port, url } = await servedWatchdog()
    const argv = ['silence', 'add', '--for', '2h', '--reason', 'x']

    expect(await run(argv, operator(url))).toMatchObject({
      code: 2,
      err: expect.stringContaining('"group" or stream, path, tag or key must say what is silenced'),
    })
    expect(port.commands).toEqual([])
  })

  it('prints the answer as JSON with --json', async () => {
    const { url } = await servedWatchdog()

    const argv = ['release', 'a/b', '--reason', 'x', '--json']
    expect(await run(argv, operator(url))).toMatchObject({ out: '{"ok":true,"says":"done"}\n' })
  })

  it.each([
    { fault: 'refused', code: 1 },
    { fault: 'conflict', code: 1 },
    { fault: 'invalid', code: 1 },
    { fault: 'not-found', code: 2 },
    { fault: 'unavailable', code: 3 },
  ] as const)('ends with $code where the answer is $fault, and says why', async (row) => {
    const { port, url } = await servedWatchdog()
    const says = 'holddown lasts another 31s'
    port.nextResult = { ok: false, code: row.fault, says, todo: 'Wait, or bypass holddown.' }

    expect(await run(['steer', 'a/b', 'c', '--reason', 'x'], operator(url))).toEqual({
      code: row.code,
      out: '',
      err: 'error: holddown lasts another 31s\n  Wait, or bypass holddown.\n',
    })
  })

  it('needs no token in the demo', async () => {
    const { port, url } = await servedWatchdog(true)
    const argv = ['release', 'a/b', '--reason', 'x', '--as', 'maria', '--url', url]

    expect(await run(argv)).toMatchObject({ code: 0, err: '' })
    expect(port.commands).toMatchObject([{ kind: 'release', actor: 'maria' }])
  })
})
