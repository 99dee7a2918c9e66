import { afterEach, describe, expect, it } from 'vitest'
import cloudflareDns from '../../src/actuators/cloudflare-dns.ts'
import { actuatorContract } from '../contract/actuator-contract.ts'
import { startFakeCloudflare, token, zone, type FakeRecord } from './fake-cloudflare.ts'
import { harnessOf, pushScene } from './push-scene.ts'

const never = new AbortController().signal
const paths = ['cdn-a', 'cdn-b', 'cdn-c']
const contents = { 'cdn-a': 'a.example.net', 'cdn-b': 'b.example.net', 'cdn-c': 'c.example.net' }
const mark = 'heritage=changeover group=ch/cdn'
const live: FakeRecord = {
  id: '372e67954025e0ba6aaa6d586b9e0b59',
  name: 'live.example.com',
  type: 'CNAME',
  content: 'a.example.net',
  ttl: 60,
  proxied: false,
  comment: mark,
  modified_on: '2026-01-01T05:20:00Z',
}

const closing: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function begin(records: readonly FakeRecord[] = [live], more: object = {}) {
  const fake = await startFakeCloudflare({ records })
  const given = {
    zone_id: zone,
    name: 'live.example.com',
    record: 'CNAME',
    contents,
    token,
    url: fake.url,
    ...more,
  }
  return pushScene(cloudflareDns, fake, { paths, given })
}

async function scene(records: readonly FakeRecord[] = [live], more: object = {}) {
  const begun = await begin(records, more)
  closing.push(begun.close)
  return begun
}

actuatorContract('cloudflare-dns', async () => {
  const begun = await begin()
  return harnessOf(begun, {
    edit: () => {
      Object.assign(begun.fake.held.records[0] ?? {}, {
        content: 'c.example.net',
        modified_on: '2026-02-02T00:00:00Z',
      })
    },
    secrets: [token],
  })
})

describe('the cloudflare-dns actuator', () => {
  it.each([
    [live, true, 'live.example.com CNAME at a.example.net (cdn-a), TTL 60 s'],
    [
      { ...live, proxied: true, ttl: 1, comment: null },
      false,
      'live.example.com CNAME at a.example.net (cdn-a), proxied',
    ],
    [
      { ...live, ttl: 1, comment: 'heritage=changeover group=x/y' },
      false,
      'live.example.com CNAME at a.example.net (cdn-a), automatic TTL, marked for group x/y',
    ],
    [
      { ...live, content: 'slate.example.net' },
      true,
      'live.example.com CNAME at slate.example.net (no path of this group), TTL 60 s',
    ],
  ])('observes %j', async (record, ours, says) => {
    const { observe } = await scene([record])

    expect(await observe()).toMatchObject({ ours, says: `Cloudflare has ${says}` })
  })

  it.each<[string, readonly FakeRecord[], string]>([
    ['no record', [], 'Cloudflare has no record live.example.com CNAME: create it first'],
    [
      'two records',
      [live, { ...live, id: 'b', content: 'b.example.net' }],
      'Cloudflare has 2 records live.example.com CNAME, and one can be pointed elsewhere',
    ],
  ])('cannot observe %s', async (_, records, says) => {
    const { actuator } = await scene(records)

    expect(await actuator.observe(never)).toEqual({ ok: false, retry: false, says })
  })

  it('changes the content in place and marks the record, what people wrote kept', async () => {
    const { fake, move, observe } = await scene([{ ...live, comment: 'the live channel' }])

    const result = await move({ 'cdn-b': 100 })

    expect(fake.writes).toEqual([
      {
        type: 'CNAME',
        name: 'live.example.com',
        ttl: 60,
        proxied: false,
        content: 'b.example.net',
        comment: `${mark}; the live channel`,
      },
    ])
    const observed = await observe()
    expect(observed.ours).toBe(true)
    expect(result).toEqual({ result: 'applied', version: observed.version })
  })

  it('takes over the mark of another group, and cuts what is too long for a comment', async () => {
    const { fake, move } = await scene([
      { ...live, comment: `heritage=changeover group=x/y; ${'long '.repeat(30)}` },
    ])

    await move({ 'cdn-b': 100 })

    const comment = fake.held.records[0]?.comment ?? ''
    expect(comment).toMatch(/^heritage=changeover group=ch\/cdn; long long/u)
    expect(comment).toHaveLength(100)
  })

  it('takes an edit of anything in the record as an edit', async () => {
    const { fake, actuator, observe } = await scene()
    const observed = await observe()
    const [step] = actuator.plan(observed, { 'cdn-b': 100 })
    if (step === undefined) throw new Error('no step')

    Object.assign(fake.held.records[0] ?? {}, { ttl: 120, modified_on: '2026-03-03T00:00:00Z' })

    expect(await actuator.apply(step, observed.version, never)).toMatchObject({
      result: 'conflict',
      says: 'Cloudflare now has live.example.com CNAME at a.example.net (cdn-a), TTL 120 s',
    })
  })

  it.each([
    [
      {
        body: {
          success: true,
          errors: [],
          messages: [],
          result: [],
          result_info: { total_pages: 2 },
        },
      },
      false,
      'Cloudflare has more of these than one page shows',
    ],
    [{ body: '<html>' }, true, 'Cloudflare answered 200 with something else than JSON'],
    [{ body: { hello: 1 } }, true, 'Cloudflare answered JSON that is not of its API'],
    [
      { body: { success: true, errors: [], messages: [], result: [{ id: 1 }] } },
      true,
      'Cloudflare answered a result of another shape (0.id)',
    ],
    [
      {
        status: 403,
        body: { success: false, errors: [{ code: 10000, message: 'Authentication error' }] },
      },
      false,
      'Cloudflare answered 403: Authentication error (10000)',
    ],
    [{ status: 429, body: {} }, true, 'Cloudflare answered 429'],
    [{ status: 502, body: 'bad gateway' }, true, 'Cloudflare answered 502'],
  ])('cannot observe with the answer %j', async (reply, retry, says) => {
    const { fake, actuator } = await scene()
    fake.script(reply)

    expect(await actuator.observe(never)).toEqual({ ok: false, retry, says })
  })

  it.each([
    [
      { status: 429, body: {} },
      { result: 'failed', retry: true },
    ],
    [
      { status: 400, body: {} },
      { result: 'failed', retry: false },
    ],
    [{ status: 500, body: {} }, { result: 'unknown' }],
    [{ status: 408, body: {} }, { result: 'unknown' }],
    [{ body: '<html>' }, { result: 'unknown' }],
    [{ body: { success: false, errors: [] } }, { result: 'unknown' }],
    [{ body: { success: true, errors: [], result: live } }, { result: 'unknown' }],
  ])('takes the answer %j to a write as %j', async (reply, expected) => {
    const { fake, move } = await scene()
    fake.scriptWrite(reply)

    expect(await move({ 'cdn-b': 100 })).toMatchObject(expected)
  })

  it('goes after everything else, and says which permission it needs', () => {
    const given = cloudflareDns.options.parse({
      zone_id: zone,
      name: 'live.example.com',
      record: 'CNAME',
      contents,
      token,
    })

    expect(cloudflareDns.capabilities(given)).toMatchObject({
      layer: 'dns',
      shape: 'single',
      settleMs: 300_000,
      permissions: [`an API token with DNS Edit (Zone) on zone ${zone}`],
    })
  })
})
