import { afterEach, describe, expect, it } from 'vitest'
import haproxy from '../../src/actuators/haproxy.ts'
import { createNet, type RealNet } from '../../src/net/create-net.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { realIds } from '../../src/platform/real-ids.ts'
import type { Actuator, ActuatorContext, Observed } from '../../src/plugin/actuator.ts'
import { actuatorContract } from '../contract/actuator-contract.ts'
import { startFakeHaproxy } from './fake-haproxy.ts'

const clock = realClock()
const never = new AbortController().signal
const paths = ['cdn-a', 'cdn-b', 'cdn-c']
const servers = { 'cdn-a': 'a', 'cdn-b': 'b', 'cdn-c': 'c' }

function start(given: object, context: Partial<ActuatorContext> & { net: RealNet }): Actuator {
  if (haproxy.mode !== 'push') throw new Error('not a push actuator')
  const options = haproxy.options.parse({ backend: 'live', servers, ...given })
  return haproxy.create(options, {
    clock,
    ids: realIds(),
    group: 'channel-1/cdn',
    paths,
    callTimeoutMs: 400,
    ...context,
  })
}

for (const method of ['weight', 'drain'] as const) {
  actuatorContract(`haproxy (${method})`, async () => {
    const fake = await startFakeHaproxy(['a', 'b', 'c'])
    if (method === 'drain') {
      for (const [name, server] of fake.servers) {
        server.weight = 1
        server.admin = name === 'a' ? 0 : 8
      }
    }
    const net = createNet({ clock })
    return {
      actuator: start({ socket: fake.address, method }, { net }),
      paths,
      state: () => [...fake.servers],
      async editByHand() {
        const c = fake.servers.get('c')
        if (c !== undefined) Object.assign(c, { weight: 7, admin: 0 })
      },
      fail: (fault) => fake.fail(fault),
      secrets: [],
      async close() {
        if (fake.unexpected.length > 0) throw new Error(`refused: ${fake.unexpected.join(', ')}`)
        await net.close()
        await fake.close()
      },
    }
  })
}

const closing: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function begin(given: object = {}, context: Partial<ActuatorContext> = {}) {
  const fake = await startFakeHaproxy(['a', 'b', 'c'])
  const net = createNet({ clock })
  closing.push(() => net.close(), fake.close)
  const actuator = start({ socket: fake.address, ...given }, { ...context, net })
  const observe = async (): Promise<Observed> => {
    const result = await actuator.observe(never)
    if (!result.ok) throw new Error(result.says)
    return result.observed
  }
  const set = (name: string, change: object) => {
    Object.assign(fake.servers.get(name) ?? {}, change)
  }
  return { fake, actuator, observe, set }
}

describe('the haproxy actuator observes', () => {
  it.each([
    [[1, 1, 0], { 'cdn-a': 50, 'cdn-b': 50, 'cdn-c': 0 }],
    [[1, 1, 1], { 'cdn-a': 34, 'cdn-b': 33, 'cdn-c': 33 }],
    [[256, 1, 0], { 'cdn-a': 100, 'cdn-b': 0, 'cdn-c': 0 }],
    [[80, 15, 5], { 'cdn-a': 80, 'cdn-b': 15, 'cdn-c': 5 }],
    [[0, 0, 0], { 'cdn-a': 0, 'cdn-b': 0, 'cdn-c': 0 }],
  ])('weights %j as shares that add up', async (weights, allocation) => {
    const { observe, set } = await begin()
    for (const [index, name] of ['a', 'b', 'c'].entries()) set(name, { weight: weights[index] })

    expect((await observe()).allocation).toEqual(allocation)
  })

  it.each([
    [1, 'put in maintenance'],
    [4, 'put in maintenance'],
    [8, 'drained'],
  ])('a server that a person took out (%i) as weight 0, and says so', async (admin, words) => {
    const { observe, set } = await begin()
    set('b', { weight: 100, admin })

    const observed = await observe()

    expect(observed.allocation).toEqual({ 'cdn-a': 100, 'cdn-b': 0, 'cdn-c': 0 })
    expect(observed.says).toBe(
      `HAProxy has a at weight 100; b at weight 100, ${words}; c at weight 0 in backend live`,
    )
  })

  it('no edit in what the checks of HAProxy do', async () => {
    const { observe, set } = await begin()
    const before = await observe()

    set('a', { operational: 0, admin: 2 | 32 })
    const after = await observe()

    expect(after.version).toBe(before.version)
    expect(after.allocation).toEqual(before.allocation)
    expect(after.says).toContain('a at weight 100, down by its own check')
  })

  it.each<[string, object, Partial<ActuatorContext>, string]>([
    ['a path without a server', { servers: { 'cdn-a': 'a' } }, {}, 'no server for path cdn-b'],
    ['a server for no path', { servers: { ...servers, x: 'x' } }, {}, 'x, which is no path'],
    ['an unknown backend', { backend: 'other' }, {}, "Can't find backend."],
    [
      'an unknown server',
      { servers: { 'cdn-a': 'zz' } },
      { paths: ['cdn-a'] },
      'backend live has no server zz',
    ],
  ])('nothing with %s, and does not try again', async (_, given, context, says) => {
    const { actuator } = await begin(given, context)

    const result = await actuator.observe(never)

    expect(result).toMatchObject({ ok: false, retry: false })
    expect(!result.ok && result.says).toContain(says)
  })

  it('nothing where an agent-check drives the server too', async () => {
    const { actuator, set } = await begin()
    set('b', { agent: 2 | 4 | 16 })

    expect(await actuator.observe(never)).toEqual({
      ok: false,
      retry: false,
      says: 'server b has an agent-check, which would undo what is set here',
    })
  })

  it.each([
    ['Permission denied\n\n', false, 'HAProxy gave no table: Permission denied'],
    ['', true, 'HAProxy gave no table: an empty answer'],
    ['2\n# be_id be_name\n\n', false, 'format 2 of the server table is not known'],
    ['1\n# be_id be_name srv_name\n3 live a', true, 'the server table was cut off'],
    ['1\n# be_id be_name srv_name\n3 live a\n\n', false, 'lacks a column'],
    ['1\n# be_id be_name srv_name\n\n', false, 'backend live has no server a'],
  ])('no table in %j', async (text, retry, says) => {
    const { actuator, fake } = await begin()
    fake.answer('show servers', text)

    const result = await actuator.observe(never)

    expect(result).toMatchObject({ ok: false, retry })
    expect(!result.ok && result.says).toContain(says)
  })
})

describe('the haproxy actuator plans', () => {
  it('to raise before it lowers, and leaves alone what is right already', async () => {
    const { actuator, observe } = await begin()

    const steps = actuator.plan(await observe(), { 'cdn-a': 0, 'cdn-b': 100, 'cdn-c': 0 })

    expect(steps).toEqual([
      {
        says: 'set weight of server b (cdn-b) from 0 to 100, then set weight of server a (cdn-a) from 100 to 0',
        data: { writes: 'b=100 a=0' },
      },
    ])
  })

  it('nothing where the shares are right in other numbers', async () => {
    const { actuator, observe, set } = await begin()
    set('a', { weight: 3 })
    set('b', { weight: 1 })

    expect(actuator.plan(await observe(), { 'cdn-a': 75, 'cdn-b': 25 })).toEqual([])
    expect(actuator.plan(await observe(), { 'cdn-a': 30, 'cdn-b': 10 })).toEqual([])
  })

  it('nothing more where the largest weight is too coarse for the shares', async () => {
    const { actuator, observe, set } = await begin({ max_weight: 10 })
    set('a', { weight: 3 })
    set('b', { weight: 7 })

    expect(actuator.plan(await observe(), { 'cdn-a': 33, 'cdn-b': 67 })).toEqual([])
  })

  it('at least weight 1 for a path that is to serve at all', async () => {
    const { actuator, observe } = await begin({ max_weight: 10 })

    const steps = actuator.plan(await observe(), { 'cdn-a': 98, 'cdn-b': 2 })

    expect(steps.map(({ data }) => data)).toEqual([{ writes: 'b=1 a=10' }])
  })

  it('to drain and to let serve with that method', async () => {
    const { actuator, observe, set } = await begin({ method: 'drain' })
    set('b', { weight: 5, admin: 8 })

    const steps = actuator.plan(await observe(), { 'cdn-b': 100 })

    expect(steps).toEqual([
      {
        says: 'let server b serve cdn-b, then drain server a of cdn-a, then drain server c of cdn-c',
        data: { writes: 'b=ready a=drain c=drain' },
      },
    ])
  })
})

describe('the haproxy actuator applies', () => {
  it('nothing to a server that a person took out', async () => {
    const { actuator, observe, set, fake } = await begin()
    set('b', { weight: 100, admin: 1 })
    const observed = await observe()
    const [step] = actuator.plan(observed, { 'cdn-b': 100 })
    if (step === undefined) throw new Error('no step')

    const result = await actuator.apply(step, observed.version, never)

    expect(step.says).toContain(
      'set weight of server b (cdn-b) from 100 to 100, which is put in maintenance',
    )
    expect(result).toEqual({
      result: 'failed',
      retry: false,
      says: 'server b was put in maintenance by hand; it stays so',
    })
    expect(fake.writes()).toBe(0)
  })

  it('no step that leaves only servers which HAProxy itself sees down', async () => {
    const { actuator, observe, set, fake } = await begin()
    set('b', { weight: 100, operational: 0 })
    const { version } = await observe()

    const step = { says: 'lower a', data: { writes: 'a=0' } }
    const result = await actuator.apply(step, version, never)

    expect(result).toEqual({
      result: 'failed',
      retry: true,
      says: 'without a no server would be left that HAProxy sees running',
    })
    expect(fake.writes()).toBe(0)
  })

  it('and tells what HAProxy said where the table does not show the write', async () => {
    const { actuator, observe, fake } = await begin()
    fake.answer('set weight', 'Backend is using a static LB algorithm\n\n')
    const { version } = await observe()

    const step = { says: 'raise b', data: { writes: 'b=50' } }
    const result = await actuator.apply(step, version, never)

    expect(result).toEqual({
      result: 'failed',
      retry: false,
      says: 'HAProxy did not take it: Backend is using a static LB algorithm',
    })
  })

  it('the weights of several servers in one line, so that no moment lies between them', async () => {
    const { actuator, observe, fake } = await begin()
    const observed = await observe()
    const [step, ...more] = actuator.plan(observed, { 'cdn-a': 50, 'cdn-b': 30, 'cdn-c': 20 })
    if (step === undefined) throw new Error('no step')

    const result = await actuator.apply(step, observed.version, never)

    expect(more).toEqual([])
    expect(result).toEqual({ result: 'applied', version: 'a=50/0 b=30/0 c=20/0' })
    expect(fake.writeLines()).toEqual([
      'set weight live/b 30; set weight live/c 20; set weight live/a 50; show servers state live',
    ])
  })

  it('and asks for a read-back where HAProxy took only a part of a line', async () => {
    const { actuator, observe, fake } = await begin()
    fake.answer('set weight live/c', 'No such server.\n\n')
    const { version } = await observe()

    const step = { says: 'share', data: { writes: 'b=30 c=20 a=50' } }
    const result = await actuator.apply(step, version, never)

    expect(result).toEqual({
      result: 'unknown',
      says: 'HAProxy took all but c: No such server.',
    })
  })

  it('the same step with its old version again without another write', async () => {
    const { actuator, observe, fake } = await begin()
    const { version } = await observe()
    const step = { says: 'raise b', data: { writes: 'b=50' } }

    const first = await actuator.apply(step, version, never)
    const again = await actuator.apply(step, version, never)

    expect([first, again]).toEqual([
      { result: 'applied', version: 'a=100/0 b=50/0 c=0/0' },
      { result: 'applied', version: 'a=100/0 b=50/0 c=0/0' },
    ])
    expect(fake.writes()).toBe(1)
  })
})

describe('the options of the haproxy actuator', () => {
  it.each([
    [{ socket: '/run/h.sock', backend: 'live', servers: { a: 'a' } }, true],
    [{ socket: '[::1]:9999', backend: 'live', servers: { a: 'a' } }, true],
    [{ socket: 'h.sock', backend: 'live', servers: { a: 'a' } }, false],
    [{ socket: 'h:70000', backend: 'live', servers: { a: 'a' } }, false],
    [{ socket: '/s', backend: 'live; shutdown', servers: { a: 'a' } }, false],
    [{ socket: '/s', backend: 'live', servers: { a: 'x y' } }, false],
    [{ socket: '/s', backend: 'live', servers: { a: 'x', b: 'x' } }, false],
    [{ socket: '/s', backend: 'live', servers: { a: 'x' }, max_weight: 300 }, false],
    [{ socket: '/s', backend: 'live', servers: { a: 'x' }, weight: 3 }, false],
  ])('%j are accepted: %j', (given, accepted) => {
    expect(haproxy.options.safeParse(given).success).toBe(accepted)
  })
})
