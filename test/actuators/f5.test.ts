import { afterEach, describe, expect, it } from 'vitest'
import f5 from '../../src/actuators/f5.ts'
import { actuatorContract } from '../contract/actuator-contract.ts'
import { password, startFakeBigIp, type FakeMember } from './fake-big-ip.ts'
import { harnessOf, pushScene } from './push-scene.ts'

const never = new AbortController().signal
const paths = ['cdn-a', 'cdn-b', 'cdn-c']
const a = '/Common/192.0.2.10:443'
const b = '/Common/192.0.2.20:443'
const c = '/Common/192.0.2.30:443'
const members = { 'cdn-a': a, 'cdn-b': b, 'cdn-c': c }

function on(ratio: number): FakeMember {
  return { ratio, session: 'monitor-enabled', state: 'up' }
}

function off(ratio = 1): FakeMember {
  return { ratio, session: 'user-disabled', state: 'up' }
}

const atFirst = () => ({ [a]: on(100), [b]: off(), [c]: off() })

const closing: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function begin(held: Readonly<Record<string, FakeMember>>, more: object = {}) {
  const fake = await startFakeBigIp(held)
  const access = { url: fake.url, username: 'changeover', password }
  return pushScene(f5, fake, {
    paths,
    given: { ...access, pool: '/Common/live', members, ...more },
  })
}

async function scene(held: Readonly<Record<string, FakeMember>> = atFirst(), more: object = {}) {
  const begun = await begin(held, more)
  closing.push(begun.close)
  return begun
}

for (const method of ['ratio', 'session'] as const) {
  actuatorContract(`f5 (${method})`, async () => {
    const begun = await begin(atFirst(), { method })
    return harnessOf(begun, {
      edit: () => void Object.assign(begun.fake.members[c] ?? {}, on(7)),
      secrets: [password, 'TOKEN'],
    })
  })
}

async function steer(
  { actuator, observe }: Awaited<ReturnType<typeof scene>>,
  to: Readonly<Record<string, number>>,
): Promise<readonly string[]> {
  const observed = await observe()
  const steps = actuator.plan(observed, to)
  let { version } = observed
  for (const step of steps) {
    const result = await actuator.apply(step, version, never)
    if (result.result !== 'applied') throw new Error(result.says)
    version = result.version ?? ''
  }
  expect((await observe()).version).toBe(version)
  return steps.map(({ says }) => says)
}

describe('the f5 actuator', () => {
  it('observes ratios of enabled members as shares', async () => {
    const { observe } = await scene({
      [a]: { ...on(3), state: 'down' },
      [b]: on(1),
      [c]: { ratio: 9, session: 'user-disabled', state: 'user-down' },
    })

    const observed = await observe()

    expect(observed.allocation).toEqual({ 'cdn-a': 75, 'cdn-b': 25, 'cdn-c': 0 })
    expect(observed.says).toBe(
      'BIG-IP has cdn-a at ratio 3, down by its own monitor, cdn-b at ratio 1, cdn-c forced offline in pool /Common/live',
    )
  })

  it('takes no health that BIG-IP sees for an edit', async () => {
    const { fake, observe } = await scene()
    const before = await observe()

    Object.assign(fake.members[a] ?? {}, { state: 'down' })

    expect((await observe()).version).toBe(before.version)
  })

  it('raises before it lowers, and sets members that keep their share beside others too', async () => {
    const begun = await scene({ [a]: on(2), [b]: on(1), [c]: on(1) })

    const says = await steer(begun, { 'cdn-a': 20, 'cdn-b': 55, 'cdn-c': 25 })

    expect(says).toEqual([
      `set the ratio of member ${b} (cdn-b) to 55 and enable it`,
      `set the ratio of member ${a} (cdn-a) to 20 and enable it`,
      `set the ratio of member ${c} (cdn-c) to 25 and enable it`,
    ])
    expect((await begun.observe()).allocation).toEqual({ 'cdn-a': 20, 'cdn-b': 55, 'cdn-c': 25 })
  })

  it('disables what is to get nothing, since a ratio of 0 does not exist', async () => {
    const begun = await scene()

    await steer(begun, { 'cdn-b': 100 })

    expect(begun.fake.writes).toEqual([
      `${b} {"ratio":100,"session":"user-enabled"}`,
      `${a} {"session":"user-disabled"}`,
    ])
  })

  it('leaves ratios alone with method session', async () => {
    const begun = await scene(atFirst(), { method: 'session' })
    begun.fake.balanceBy('round-robin')

    await steer(begun, { 'cdn-b': 100 })

    expect(begun.fake.writes).toEqual([
      `${b} {"session":"user-enabled"}`,
      `${a} {"session":"user-disabled"}`,
    ])
  })

  it('signs in once, and again when the token has run out', async () => {
    const { fake, actuator, observe } = await scene()
    const observed = await observe()
    await observe()
    const before = fake.logins()
    const [step] = actuator.plan(observed, { 'cdn-b': 100 })
    if (step === undefined) throw new Error('no step')

    fake.expire()
    const result = await actuator.apply(step, observed.version, never)

    expect(before).toBe(1)
    expect(result.result).toBe('applied')
    expect(fake.logins()).toBe(2)
  })

  it('says what a wrong password is, and does not try again', async () => {
    const { fake, actuator } = await scene(atFirst(), { password: 'wrong' })

    expect(await actuator.observe(never)).toEqual({
      ok: false,
      retry: false,
      says: 'cannot sign in: BIG-IP answered 401: Authentication failed.',
    })
    expect(fake.logins()).toBe(0)
  })

  it.each<[string, object, string, string]>([
    [
      'a pool that balances without ratios',
      {},
      'round-robin',
      'pool /Common/live balances by round-robin, which no ratio changes: set ratio-member there, or method: session here',
    ],
    [
      'a member that is not there',
      { members: { ...members, 'cdn-c': '/Common/192.0.2.99:443' } },
      'ratio-member',
      'pool /Common/live has no member /Common/192.0.2.99:443',
    ],
  ])('cannot observe %s', async (_, more, mode, says) => {
    const { fake, actuator } = await scene(atFirst(), more)
    fake.balanceBy(mode)

    expect(await actuator.observe(never)).toEqual({ ok: false, retry: false, says })
  })

  it.each([
    [
      'a member that a person forced offline',
      { ...atFirst(), [b]: { ratio: 1, session: 'user-disabled', state: 'user-down' } },
      { path: 'cdn-b', value: 100 },
      { retry: false, says: `member ${b} was forced offline by hand; it stays so` },
    ],
    [
      'a step that leaves only members which BIG-IP sees down',
      { [a]: on(100), [b]: { ...on(100), state: 'down' }, [c]: off() },
      { path: 'cdn-a', value: 0 },
      { retry: true, says: `without ${a} no member would be left that BIG-IP sees up` },
    ],
  ])('leaves alone %s', async (_, held, data, expected) => {
    const { fake, actuator, observe } = await scene(held)
    const { version } = await observe()

    const result = await actuator.apply({ says: 'x', data }, version, never)

    expect(result).toEqual({ result: 'failed', ...expected })
    expect(fake.writes).toEqual([])
  })

  it.each([
    [
      { status: 400, body: { code: 400, message: 'no' } },
      { result: 'failed', retry: false },
    ],
    [{ status: 503, body: 'restarting' }, { result: 'unknown' }],
    [{ body: '' }, { result: 'unknown' }],
    [{ body: { hello: 1 } }, { result: 'unknown' }],
    [
      { body: { fullPath: b, ratio: 1, session: 'user-disabled', state: 'up' } },
      {
        result: 'unknown',
        says: 'BIG-IP answered cdn-a at ratio 100, cdn-b disabled, cdn-c disabled',
      },
    ],
  ])('takes the answer %j to a write as %j', async (reply, expected) => {
    const { fake, actuator, observe } = await scene()
    const observed = await observe()
    const [step] = actuator.plan(observed, { 'cdn-b': 100 })
    if (step === undefined) throw new Error('no step')
    fake.scriptWrite(reply)

    expect(await actuator.apply(step, observed.version, never)).toMatchObject(expected)
  })

  it.each([
    [{ members: { 'cdn-a': 'a b' } }, 'expected a full path'],
    [{ pool: 'live' }, 'expected a full path'],
    [{ members: { x: a, y: a } }, 'two paths name the same member'],
  ])('does not take the options %j', (more, says) => {
    const access = { url: 'https://bigip.example', username: 'u', password: 'p' }
    const result = f5.options.safeParse({ ...access, pool: '/Common/live', members, ...more })

    expect(result.error?.message).toContain(says)
  })
})
