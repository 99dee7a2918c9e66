import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import type { Plugins } from '../../src/app/plugin-binding.ts'
import type { Composition } from '../../src/cli/composition.ts'
import { allTo, sameAllocation, type Allocation } from '../../src/core/allocation.ts'
import { plugins } from '../../src/plugins.ts'
import type { ObserveResult } from '../../src/plugin/actuator.ts'
import { fakeComposition, ownFolder, run } from './harness.ts'

const small = `mode: armed
streams:
  channel-1:
    title: Channel One
    groups:
      cdn:
        paths:
          cdn-a: { type: hls, url: https://a.example/main.m3u8?token=hunter2 }
          cdn-b: { type: hls, url: https://b.example/main.m3u8, every: 2s }
        actuators: [{ type: serve }]
`

/** A configuration file of this test. */
function written(text: string): string {
  const file = join(ownFolder(), 'site.yaml')
  writeFileSync(file, text)
  return file
}

/** The plug-ins, and an actuator that shows `observe` and remembers writes. */
function withDesk(observe: () => ObserveResult) {
  const writes: unknown[] = []
  const desk: Plugins['actuators'][number] = {
    type: 'desk',
    summary: 'Somebody at a desk.',
    tested: 'contract',
    options: z.strictObject({}),
    mode: 'push',
    capabilities: () => ({
      shape: 'single',
      mode: 'push',
      reversible: true,
      settleMs: 30_000,
      compareAndSet: 'checked',
      permissions: ['to sit there'],
    }),
    create: () => ({
      observe: () => Promise.resolve(observe()),
      plan: (observed, wanted) =>
        sameAllocation(observed.allocation, wanted)
          ? []
          : [{ says: `put ${JSON.stringify(wanted)} on the desk`, data: {} }],
      apply: (step) => {
        writes.push(step)
        return Promise.resolve({ result: 'applied' })
      },
    }),
  }
  const composition = fakeComposition({
    plugins: { ...plugins, actuators: [...plugins.actuators, desk] },
  })
  return { composition, writes }
}

const desked = small.replace('{ type: serve }', '{ type: serve }, { type: desk }')
const paths = ['cdn-a', 'cdn-b']

function shows(allocation: Allocation, ours = true): ObserveResult {
  const says = 'the desk shows \u001b[31msomething'
  return { ok: true, observed: { allocation, version: '1', ours, says } }
}

describe('changeover check', () => {
  it('prints what would be watched, how soon a failure is noticed, and warnings', async () => {
    const file = written(small)

    const { code, out, err } = await run(['check', file])

    expect(err).toBe('')
    expect(code).toBe(0)
    expect(out).toBe(
      [
        `${file} is right`,
        '  mode     armed, profile default',
        '  watches  1 group, 2 paths',
        '  from     local, one of 1 vantage',
        `  rules    ${/rules +(\d+) in force/u.exec(out)?.[1]} in force`,
        '  listens  127.0.0.1:8642',
        '  tells    nobody',
        '',
        'channel-1/cdn  Channel One',
        '  cdn-a  hls  every 5s  https://a.example/main.m3u8?token=…',
        '  cdn-b  hls  every 2s  https://b.example/main.m3u8',
        '  actuators',
        '  serve  required  asks us  needs no permission',
        '  how soon',
        // for + (0..cadence) + the time-out of a look, by the slowest path.
        '  down by unreachable        15s to 24s  after it fails',
        '  down by playlist-stalled   1s to 10s   after playlist_age_seconds > max(3 * target_duration_seconds, 4)',
        '  down by rendition-stalled  1s to 10s   after rendition_age_seconds > max(3 * target_duration_seconds, 4) &&',
        '                                         playlist_age_seconds <= max(3 * target_duration_seconds, 4)',
        '  moved by serve             up to 5s    after the decision',
        '',
        ...out.split('\n').filter((line) => line.startsWith('warning:')),
        '',
      ].join('\n'),
    )
    expect(out).toContain(`warning: ${file}: vantages: one vantage only`)
    expect(out).not.toContain('hunter2')
  })

  it('prints which rules are judged otherwise, and what holds elsewhere', async () => {
    const rules =
      'rules: { slow-delivery: { for: 1m, class: down, params: { limit: 0.9 } }, media-gap: off, unreachable: { for: 5s } }'
    const { code, out } = await run([
      'check',
      written(small.replace('title:', `${rules}\n    title:`)),
    ])

    expect(code).toBe(0)
    expect(out).toContain(
      [
        '  rules judged otherwise',
        '  cdn-a  unreachable    for 5s (else as the profile has it)',
        '  cdn-a  slow-delivery  limit 0.9 (else 0.8), class down (else degraded), for 1m (else as the profile has it)',
        '  cdn-a  media-gap      off',
        '  cdn-b  unreachable    for 5s',
      ].join('\n'),
    )
    expect(out).toMatch(/down by unreachable +5s to 14s/u)
  })

  it('shows the witnesses of a path, and only changes of rules that concern what is looked at', async () => {
    const witnessed = small
      .replace('title:', 'rules: { media-gap: off, slow-answers: { for: 30s } }\n    title:')
      .replace(
        'token=hunter2 }',
        'token=hunter2, witnesses: { origin: { type: http, url: https://o.example/health } } }',
      )
    const { code, out } = await run(['check', written(witnessed)])

    expect(code).toBe(0)
    expect(out).toContain('cdn-a@origin  http  every 5s, may veto  https://o.example/health\n')
    expect(out).toMatch(
      / {2}rules judged otherwise\n {2}cdn-a +media-gap +off\n {2}cdn-a@origin +slow-answers +for 30s \(else as the profile has it\)\n {2}cdn-b +media-gap +off\n/u,
    )
  })

  it('prints the same as JSON', async () => {
    const { code, out } = await run(['check', written(small), '--json'])

    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({
      ok: true,
      mode: 'armed',
      groups: [
        {
          group: 'channel-1/cdn',
          paths: [{ name: 'cdn-a', everyMs: 5_000 }, { name: 'cdn-b' }],
          actuators: [{ type: 'serve', required: true, mode: 'pull', permissions: [] }],
          detection: [{ rule: 'unreachable', fromMs: 15_000, toMs: 24_000 }, {}, {}],
          effect: [{ type: 'serve', settleMs: 5_000, callTimeoutMs: 0 }],
        },
      ],
    })
  })

  it('says every error where it stands and ends with 2', async () => {
    const file = written(small.replace('paths:', 'pahts:'))

    const { code, out, err } = await run(['check', file])

    expect(code).toBe(2)
    expect(out).toBe('')
    expect(err).toBe(
      `error: ${file}:6:7: streams.channel-1.groups.cdn.paths: missing; expected a map\n` +
        '      cdn:\n' +
        '      ^\n' +
        `error: ${file}:7:9: streams.channel-1.groups.cdn.pahts: unknown key; did you mean "paths"?\n` +
        '        pahts:\n' +
        '        ^\n' +
        `${file}: 2 errors. Nothing was started or changed.\n`,
    )
  })

  it('gives errors as JSON with --json', async () => {
    const { code, out } = await run(['check', written('mode: loud\n'), '--json'])

    expect(code).toBe(2)
    expect(JSON.parse(out)).toMatchObject({ ok: false, errors: expect.any(Array) })
  })

  it('says what to do where there is no file', async () => {
    expect(await run(['check', '/nowhere/site.yaml'])).toEqual({
      code: 2,
      out: '',
      err:
        'error: There is no file /nowhere/site.yaml.\n' +
        '  Name the configuration, or begin with a copy of changeover.example.yaml; `changeover demo` needs none.\n',
    })
  })

  it('cannot read a folder', async () => {
    const folder = join(ownFolder(), 'site.yaml')
    mkdirSync(folder)

    expect(await run(['check', folder])).toEqual({
      code: 2,
      out: '',
      err: `error: The file ${folder} cannot be read (EISDIR).\n  Check its permissions.\n`,
    })
  })

  it('prints the schema for editors, which needs no configuration', async () => {
    const { code, out } = await run(['check', '--schema'])

    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      properties: { mode: {}, streams: {} },
    })
  })

  it('reads actuators and reference targets with --deep, and writes nothing', async () => {
    const server = createServer((_request, response) => response.writeHead(204).end())
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve)
    })
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    const targets = `["http://127.0.0.1:${port}/?key=hunter2", "http://127.0.0.1:1/"]`
    const file = written(`vantage: { name: fra, reference: ${targets} }\n${desked}`)
    const { composition, writes } = withDesk(() => shows(allTo('cdn-b', paths)))

    const { code, out } = await run(['check', file, '--deep'], composition)

    expect(code).toBe(1)
    const lines = out.slice(out.indexOf('Asked outside')).split('\n').slice(1, 5)
    const told = lines.map((line) => line.replaceAll(/ {2,}/gu, '  ').replace(/\d+ ms$/u, '…'))
    expect(told).toEqual([
      `  ok  reference http://127.0.0.1:${port}/?key=…  answers in …`,
      '  FAILS  reference http://127.0.0.1:1/  connection refused by 127.0.0.1:1',
      '  ok  channel-1/cdn serve  asks Changeover, which answers with cdn-a',
      '  ok  channel-1/cdn desk  the desk shows  [31msomething',
    ])
    expect(out).toContain(
      "desk   required  is written to  needs to sit there (tested against its vendor's contract, not the real product)",
    )
    expect(writes).toEqual([])
  })

  it('asks notifiers about their credentials with --deep, tells nobody, and says what cannot be asked', async () => {
    const server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`)
      response.writeHead(404).end('no_service')
    })
    const asked: string[] = []
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve)
    })
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    const key = 'a1b2c3d4e5f60718293a4b5c6d7e8f90'
    const notify = `[{ type: slack, url: "http://127.0.0.1:${port}/hunter2" }, { type: pagerduty, routing_key: ${key} }]`
    const file = written(`notify: ${notify}\n${desked}`)
    const { composition } = withDesk(() => shows(allTo('cdn-b', paths)))

    const { code, out } = await run(['check', file, '--deep'], composition)

    expect(code).toBe(1)
    expect(asked).toEqual(['POST /hunter2'])
    expect(out.replaceAll(/ {2,}/gu, '  ')).toContain(
      `FAILS  slack slack  127.0.0.1:${port} answered 404: no_service\n  unknown  pagerduty pagerduty  PagerDuty has no way to ask about an integration key without opening an alert`,
    )
    expect(out).toContain("slack: slack (tested against its vendor's documentation")
    expect(out).not.toMatch(/hunter2|a1b2c3/u)
  })
})

describe('changeover plan', () => {
  async function plan(observe: () => ObserveResult, ...more: string[]) {
    const { composition, writes } = withDesk(observe)
    const ran = await run(['plan', written(desked), ...more], composition)
    return { ...ran, writes }
  }

  it('prints the steps towards the preferred path where nothing was applied yet', async () => {
    const { code, out, writes } = await plan(() => shows(allTo('cdn-b', paths)))

    expect(code).toBe(0)
    expect(out).toBe(
      [
        'channel-1/cdn wants cdn-a (preferred; nothing was applied yet)',
        '     serve  asks Changeover, which answers with cdn-a',
        '            nothing to do',
        '     desk   the desk shows  [31msomething',
        '            → put {"cdn-a":100,"cdn-b":0} on the desk',
        '',
      ].join('\n'),
    )
    expect(writes).toEqual([])
  })

  it('has nothing to do where the target serves what is wanted', async () => {
    const { out } = await plan(() => shows(allTo('cdn-a', paths)))

    expect(out.match(/nothing to do/gu)).toHaveLength(2)
  })

  it('says that a record which is not ours stays until somebody adopts it', async () => {
    const { code, out } = await plan(() => shows(allTo('cdn-b', paths), false))

    expect(code).toBe(0)
    expect(out).toContain(
      'not ours: nothing is written until a person says `changeover adopt`; then:',
    )
  })

  it('ends with 3 where an actuator cannot be read, and plans nothing on it', async () => {
    const { code, out } = await plan(() => ({ ok: false, retry: true, says: 'the desk is empty' }))

    expect(code).toBe(3)
    expect(out).toContain('  ✖  desk   the desk is empty\n')
    expect(out).toContain('cannot be read, so nothing would be written')
  })

  it('goes towards what was applied last, where the store remembers it', async () => {
    const file = written(desked)
    const { composition } = withDesk(() => shows(allTo('cdn-a', paths)))
    await rememberApplied(composition, file, allTo('cdn-b', paths))

    const { out } = await run(['plan', file], composition)

    expect(out).toContain('channel-1/cdn wants cdn-b (as it was applied last)')
    expect(out).toContain('→ put {"cdn-a":0,"cdn-b":100} on the desk')
  })

  it('prints JSON, and one group alone', async () => {
    const { out } = await plan(
      () => shows(allTo('cdn-a', paths)),
      '--json',
      '--group',
      'channel-1/cdn',
    )

    expect(JSON.parse(out)).toMatchObject({
      groups: [
        {
          group: 'channel-1/cdn',
          wanted: { 'cdn-a': 100, 'cdn-b': 0 },
          actuators: [
            { type: 'serve', steps: [] },
            { type: 'desk', ours: true, steps: [] },
          ],
        },
      ],
    })
  })

  it('lists the groups where there is none of that name', async () => {
    const file = written(small)

    expect(await run(['plan', file, '--group', 'channel-1/dns'])).toEqual({
      code: 2,
      out: '',
      err: `error: There is no group channel-1/dns in ${file}.\n  There are: channel-1/cdn.\n`,
    })
  })
})

describe('changeover journal verify', () => {
  it('says that a journal is whole, up to its head', async () => {
    const file = written(small)
    const composition = fakeComposition()
    await record(composition, file, 3)

    expect(await run(['journal', 'verify', file], composition)).toEqual({
      code: 0,
      out: 'whole: 3 entries, each as it was written, up to the head that the store keeps apart.\n',
      err: '',
    })
  })

  it('reads page by page', async () => {
    const file = written(small)
    const composition = fakeComposition()
    await record(composition, file, 2_000)

    expect(await run(['journal', 'verify', file, '--json'], composition)).toMatchObject({
      code: 0,
      out: expect.stringContaining('"seq":2000'),
    })
  })

  it.each([
    {
      what: 'edited',
      sql: "update journal set says = 'nothing happened' where seq = 2",
      says: 'entry 2 was edited after it was written',
      from: 2,
    },
    {
      what: 'deleted',
      sql: 'delete from journal where seq = 2',
      says: 'entry 2 is missing: entry 3 follows entry 1',
      from: 2,
    },
    {
      what: 'cut off at the end',
      sql: 'delete from journal where seq = 3',
      says: 'entry 3 is missing: the journal once reached entry 3',
      from: 3,
    },
  ])('finds that an entry was $what', async ({ sql, says, from }) => {
    const file = written(small)
    const composition = fakeComposition()
    await record(composition, file, 3)
    const { DatabaseSync } = await import('node:sqlite')
    const database = new DatabaseSync(join(file, '../changeover.db'))
    database.exec(sql)
    database.close()

    expect(await run(['journal', 'verify', file], composition)).toEqual({
      code: 1,
      out:
        `broken: ${says}.\n` +
        `  Keep a copy of the store, and compare it with a backup from before entry ${from}.\n`,
      err: '',
    })
  })

  it('makes no store where there is none', async () => {
    const file = written(small)
    const store = join(file, '../changeover.db')

    expect(await run(['journal', 'verify', file])).toEqual({
      code: 3,
      out: '',
      err:
        `error: There is no store ${store} yet.\n` +
        '  It is made by the first `changeover run` with this configuration.\n',
    })
  })
})

/** Writes so many entries into the store of a configuration. */
async function record(composition: Composition, file: string, count: number): Promise<void> {
  const store = await openStore(composition, file)
  const entries = Array.from({ length: count }, (_, index) => {
    return { kind: 'config' as const, says: `entry ${index + 1}` }
  })
  await store.commit({ entries })
  await store.close()
}

/** Writes into the store that this allocation was applied. */
async function rememberApplied(
  composition: Composition,
  file: string,
  allocation: Allocation,
): Promise<void> {
  const store = await openStore(composition, file)
  const group = 'channel-1/cdn'
  const lease = await store.lease(group, 'test', 10_000)
  const token = lease?.token ?? 0
  const row = { group, token, revision: 1, state: 'STEADY', version: 1, ledger: [] } as const
  const failback = { relapses: 0 }
  await store.commit({
    entries: [{ kind: 'applied', group, says: 'applied' }],
    row: { ...row, allocation, failback },
    fence: { owner: 'test', token },
  })
  await store.close()
}

async function openStore(composition: Composition, file: string) {
  const { readFileSync } = await import('node:fs')
  const loaded = composition.load(readFileSync(file, 'utf8'), file)
  if (!loaded.ok) throw new Error(loaded.errors.join('\n'))
  return await composition.openStore(loaded.settings, file)
}
