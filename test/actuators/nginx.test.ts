import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import nginx from '../../src/actuators/nginx.ts'
import {
  parseStatus,
  parseUpstream,
  renderUpstream,
} from '../../src/actuators/nginx/upstream-file.ts'
import { allTo, type Allocation } from '../../src/core/allocation.ts'
import type { Actuator, Observed, Step } from '../../src/plugin/actuator.ts'
import { actuatorContract } from '../contract/actuator-contract.ts'
import { fakeNginx } from './fake-nginx.ts'

const never = new AbortController().signal
const paths = ['cdn-a', 'cdn-b', 'cdn-c']
const servers = { 'cdn-a': '10.0.0.1:80', 'cdn-b': '10.0.0.2:80', 'cdn-c': '[2001:db8::3]:80' }
const given = { file: '/etc/nginx/live.conf', upstream: 'live', servers }

function textOf(weights: Allocation, more: Partial<Parameters<typeof renderUpstream>[0]> = {}) {
  return renderUpstream({
    group: 'channel-1/cdn',
    upstream: 'live',
    context: 'http',
    status: '127.0.0.1:8644',
    settings: [],
    parameters: '',
    servers: Object.entries(servers).map(([path, address]) => ({
      path,
      address,
      weight: weights[path] ?? 0,
    })),
    ...more,
  }).text
}

const ours = textOf(allTo('cdn-a', paths))

function begin(text = ours, more: object = {}) {
  if (nginx.mode !== 'push') throw new Error('not a push actuator')
  const fake = fakeNginx(text)
  const { clock, net, files, processes } = fake
  const inner = nginx.create(nginx.options.parse({ ...given, ...more }), {
    clock,
    ids: { next: () => 'id' },
    net,
    files,
    processes,
    group: 'channel-1/cdn',
    paths,
    callTimeoutMs: 4_000,
  })
  const actuator: Actuator = {
    observe: (signal) => clock.run(inner.observe(signal)),
    plan: (observed, wanted) => inner.plan(observed, wanted),
    apply: (step, version, signal) => clock.run(inner.apply(step, version, signal)),
  }
  async function observe(): Promise<Observed> {
    const result = await actuator.observe(never)
    if (!result.ok) throw new Error(result.says)
    return result.observed
  }
  async function applyAll(steps: readonly Step[], from: string) {
    let version = from
    const results = []
    for (const step of steps) {
      const result = await actuator.apply(step, version, never)
      results.push(result)
      if (result.result !== 'applied') break
      version = result.version ?? version
    }
    return results
  }
  return { fake, actuator, observe, applyAll }
}

actuatorContract(
  'nginx',
  async () => {
    const { fake, actuator } = begin()
    return {
      actuator,
      paths,
      state: () => ({ text: fake.text, served: fake.served }),
      async editByHand() {
        fake.text = fake.text.replace(' down; # cdn-b', ' weight=7; # cdn-b')
      },
      async fail(fault) {
        if (fault === 'refuse') fake.isDown = true
        else fake.isSilent = true
      },
      secrets: [],
      close: async () => {},
    }
  },
  // A program that does not end is ended, and its file taken back: that is no unanswered write.
  ['refuse', 'silent'],
)

describe('the nginx actuator observes', () => {
  it.each<[string, string, Allocation, boolean, string]>([
    [
      'its own file, served',
      textOf({ 'cdn-a': 75, 'cdn-b': 25 }),
      { 'cdn-a': 75, 'cdn-b': 25, 'cdn-c': 0 },
      true,
      'nginx has cdn-a 75, cdn-b 25, cdn-c down in upstream live',
    ],
    [
      'a file of somebody else',
      `# mine\nupstream other { server x; }\nupstream live {\n server 10.0.0.1:80 weight=3; # a\n server 10.0.0.2:80; server 10.0.0.9:80; }`,
      { 'cdn-a': 75, 'cdn-b': 25, 'cdn-c': 0 },
      false,
      'nginx has cdn-a 3, cdn-b 1, cdn-c down in upstream live; /etc/nginx/live.conf is not written by Changeover',
    ],
    [
      'its own file that somebody edited',
      ours.replace('10.0.0.2:80 down', '10.0.0.2:80 backup'),
      allTo('cdn-a', paths),
      false,
      'nginx has cdn-a 100, cdn-b down, cdn-c down in upstream live; /etc/nginx/live.conf was edited by hand',
    ],
    [
      'a file of another group',
      textOf(allTo('cdn-b', paths), { group: 'channel-2/cdn' }),
      allTo('cdn-b', paths),
      false,
      'nginx has cdn-a down, cdn-b 100, cdn-c down in upstream live; /etc/nginx/live.conf is written for channel-2/cdn',
    ],
  ])('%s', async (_, text, allocation, isOurs, says) => {
    const { observe } = begin(text)

    expect(await observe()).toMatchObject({ allocation, ours: isOurs, says })
  })

  it('what the workers serve where the file says something else', async () => {
    const { fake, observe, actuator } = begin()
    fake.text = textOf(allTo('cdn-b', paths))

    const observed = await observe()

    expect(observed.allocation).toEqual(allTo('cdn-a', paths))
    expect(observed.says).toContain('/etc/nginx/live.conf says something else and was not reloaded')
    expect(actuator.plan(observed, allTo('cdn-b', paths))).toEqual([
      {
        says: 'reload nginx with cdn-b',
        data: { do: 'reload', weights: 'cdn-a=0 cdn-b=100 cdn-c=0' },
      },
    ])
    // The next reload of anybody would bring it to life.
    expect(actuator.plan(observed, allTo('cdn-a', paths)).map(({ data }) => data['do'])).toEqual([
      'write',
      'reload',
    ])
  })

  it.each<[string, string, boolean, string]>([
    [
      'no file',
      '',
      false,
      'begin with: upstream live { server 10.0.0.1:80; server 10.0.0.2:80; server [2001:db8::3]:80; }',
    ],
    ['a file without the upstream', 'upstream other { server x; }', false, 'has no upstream live'],
  ])('%s as an error that says what to do', async (_, text, retry, says) => {
    const { actuator } = begin(text)

    const result = await actuator.observe(never)

    expect(result).toMatchObject({ ok: false, retry, says: expect.stringContaining(says) })
  })
})

describe('the nginx actuator applies', () => {
  it('with a test before the reload, and waits until no old worker answers', async () => {
    const { fake, actuator, observe, applyAll } = begin()
    const observed = await observe()
    const steps = actuator.plan(observed, { 'cdn-a': 50, 'cdn-b': 50 })
    const startedAt = fake.clock.now()

    const results = await applyAll(steps, observed.version)

    expect(steps.map(({ says }) => says)).toEqual([
      'write cdn-a 50, cdn-b 50 to /etc/nginx/live.conf and test it',
      'reload nginx with cdn-a 50, cdn-b 50',
    ])
    expect(results.map(({ result }) => result)).toEqual(['applied', 'applied'])
    expect(fake.ran).toEqual(['-t -q', '-s reload'])
    expect(fake.served).toBe(textOf({ 'cdn-a': 50, 'cdn-b': 50 }))
    // Old workers answer beside the new ones for 100 ms, and after that 250 ms must be theirs alone.
    expect(fake.clock.now() - startedAt).toBeGreaterThanOrEqual(350)
  })

  it('a file that nginx refuses not at all: the text before is there again', async () => {
    const { fake, actuator, observe, applyAll } = begin()
    const observed = await observe()
    fake.refusal = 'host not found in upstream "cdn.example" in live.conf:3'

    const results = await applyAll(actuator.plan(observed, allTo('cdn-b', paths)), observed.version)

    expect(results).toEqual([
      {
        result: 'failed',
        retry: false,
        says: 'nginx refuses the file: [emerg] host not found in upstream "cdn.example" in live.conf:3',
      },
    ])
    expect([fake.text, fake.served]).toEqual([ours, ours])
    expect(fake.ran).toEqual(['-t -q'])
  })

  it('nothing where the test does not end, and tries again', async () => {
    const { fake, actuator, observe, applyAll } = begin()
    const observed = await observe()
    fake.hangs = '-t'

    const results = await applyAll(actuator.plan(observed, allTo('cdn-b', paths)), observed.version)

    expect(results).toMatchObject([{ result: 'failed', retry: true }])
    expect(fake.text).toBe(ours)
  })

  it('and does not know, where the text before cannot be put back', async () => {
    const { fake, actuator, observe, applyAll } = begin()
    const observed = await observe()
    Object.assign(fake, { refusal: 'bad', writes: 1 })

    const results = await applyAll(actuator.plan(observed, allTo('cdn-b', paths)), observed.version)

    expect(results).toEqual([
      {
        result: 'unknown',
        says: 'nginx refuses the file: [emerg] bad; the text before could not be put back',
      },
    ])
  })

  it('and does not know, where the workers go on with the file before', async () => {
    const { fake, actuator, observe, applyAll } = begin()
    const observed = await observe()
    fake.ignoresReload = true

    const results = await applyAll(actuator.plan(observed, allTo('cdn-b', paths)), observed.version)
    const after = await observe()

    expect(results.at(-1)).toEqual({
      result: 'unknown',
      says: 'workers of nginx still serve the file before; the error log of nginx tells why',
    })
    // What is left of the same plan: the next try is no foreign edit.
    expect(actuator.plan(after, allTo('cdn-b', paths)).map(({ data }) => data['do'])).toEqual([
      'reload',
    ])
    expect(actuator.plan(after, allTo('cdn-a', paths)).map(({ data }) => data['do'])).toEqual([
      'write',
      'reload',
    ])
  })

  it('over a file of somebody else in one step, which is taken back where it is not served', async () => {
    const foreign = `upstream live { server 10.0.0.1:80; }\n`
    const { fake, actuator, observe, applyAll } = begin(foreign)
    const observed = await observe()
    const steps = actuator.plan(observed, allTo('cdn-b', paths))
    fake.ignoresReload = true

    const refused = await applyAll(steps, observed.version)
    const between = fake.text
    fake.ignoresReload = false
    const taken = await applyAll(steps, observed.version)

    expect(steps.map(({ data }) => data['do'])).toEqual(['take'])
    expect(refused).toMatchObject([{ result: 'failed', retry: false }])
    expect(between).toBe(foreign)
    expect(taken).toMatchObject([{ result: 'applied' }])
    expect(await observe()).toMatchObject({ ours: true, allocation: allTo('cdn-b', paths) })
  })

  it.each([
    [{ do: 'write', weights: 'cdn-a=0 cdn-b=0 cdn-c=0' }, 'no server would be left'],
    [{ do: 'write', weights: 'cdn-a=100' }, 'not one of this actuator'],
    [{ do: 'write', weights: 'cdn-a=100 cdn-b=0 x=0' }, 'not one of this actuator'],
  ])('nothing of the step %j', async (data, says) => {
    const { fake, actuator, observe } = begin()
    const { version } = await observe()

    const result = await actuator.apply({ says: 'a step', data }, version, never)

    expect(result).toMatchObject({ result: 'failed', retry: false })
    expect(result).toHaveProperty('says', expect.stringContaining(says))
    expect(fake.text).toBe(ours)
  })
})

describe('options of the nginx actuator', () => {
  it.each([
    [{ servers: { ...servers, 'cdn-b': '10.0.0.2:80; } evil {' } }],
    [{ servers: { 'cdn-a': 'x', 'cdn-b': 'x' } }],
    [{ upstream: 'live {' }],
    [{ settings: ['keepalive 2; server x'] }],
    [{ settings: ['$remote'] }],
    [{ parameters: 'weight=7' }],
    [{ parameters: 'down' }],
    [{ status: 'example.org:80' }],
    [{ status: '127.0.0.1:70000' }],
    [{ file: 'live.conf' }],
  ])('refuse %j', (bad) => {
    expect(nginx.options.safeParse({ ...given, ...bad }).success).toBe(false)
  })
})

const someWeights = fc.record({
  'cdn-a': fc.integer({ min: 0, max: 100 }),
  'cdn-b': fc.integer({ min: 0, max: 100 }),
  'cdn-c': fc.integer({ min: 0, max: 100 }),
})

describe('an upstream file', () => {
  it('is read as it was written, and its workers say the same', () => {
    fc.assert(
      fc.property(someWeights, fc.constantFrom('http', 'stream'), (weights, context) => {
        const text = textOf(weights, { context: context === 'http' ? 'http' : 'stream' })

        const file = parseUpstream(text, 'live')
        const said = /"(changeover .*)\\n"/u.exec(text)?.[1]?.replace('$pid', '7')
        const served = parseStatus(`${said}\n`)

        expect(file.mark).toEqual({ group: 'channel-1/cdn', digest: served?.digest })
        expect([...(file.weights?.values() ?? [])]).toEqual(Object.values(weights))
        expect(Object.fromEntries(served?.weights ?? [])).toEqual(weights)
      }),
    )
  })

  it('loses its mark by any edit', () => {
    fc.assert(
      fc.property(fc.nat(ours.length - 1), fc.constantFrom('', 'x', ' '), (at, put) => {
        const edited = ours.slice(0, at) + put + ours.slice(at + 1)
        fc.pre(edited !== ours)

        expect(parseUpstream(edited, 'live').mark).toBeUndefined()
      }),
    )
  })
})
