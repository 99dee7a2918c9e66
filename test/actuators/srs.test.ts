import { describe, expect, it, onTestFinished } from 'vitest'
import srs from '../../src/actuators/srs.ts'
import { allTo } from '../../src/core/allocation.ts'
import { createNet } from '../../src/net/create-net.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { realIds } from '../../src/platform/real-ids.ts'
import { actuatorContract } from '../contract/actuator-contract.ts'
import { startFakeSrs } from './fake-srs.ts'

const clock = realClock()
const never = new AbortController().signal
const paths = ['main', 'backup', 'spare']

async function begin(given: object = {}, callTimeoutMs = 700) {
  if (srs.mode !== 'push') throw new Error('not a push actuator')
  const fake = await startFakeSrs(paths)
  const net = createNet({ clock })
  const options = srs.options.parse({ servers: fake.urls, app: 'live', stream: 'key', ...given })
  const context = { clock, ids: realIds(), net, group: 'channel-1/ingest', paths, callTimeoutMs }
  const actuator = srs.create(options, context)
  const close = async () => {
    await net.close()
    await fake.close()
    expect(fake.violations).toEqual([])
  }
  return { fake, actuator, close, options }
}

async function scene(callTimeoutMs?: number) {
  const begun = await begin({}, callTimeoutMs)
  onTestFinished(begun.close)
  const observe = async () => {
    const result = await begun.actuator.observe(never)
    if (!result.ok) throw new Error(result.says)
    return result.observed
  }
  const leave = async (to: string) => {
    const observed = await observe()
    const [step] = begun.actuator.plan(observed, allTo(to, paths))
    if (step === undefined) throw new Error('nothing to do')
    return await begun.actuator.apply(step, observed.version, never)
  }
  return { ...begun, observe, leave }
}

actuatorContract('srs', async () => {
  const { actuator, fake, close } = await begin()
  return {
    actuator,
    paths,
    state: () => fake.state(),
    editByHand: async () => fake.publish('spare'),
    fail: async (fault) => await fake.fail(fault),
    secrets: ['password-of-srs'],
    close,
  }
})

describe('the srs actuator', () => {
  it('disconnects the encoder from the SRS that it should leave, and sees it arrive', async () => {
    const { actuator, fake, leave, observe } = await scene()
    const observed = await observe()
    const says = actuator.plan(observed, allTo('backup', paths)).map((step) => step.says)

    const result = await leave('backup')

    expect(observed.says).toBe('the stream is published to SRS at main')
    expect(says).toEqual([
      'disconnect the encoder from the SRS of main, so that it comes back to backup',
    ])
    expect(result).toEqual({ result: 'applied', version: 'published at backup' })
    expect(fake.kicked).toEqual(['main'])
  })

  it('leaves alone whoever publishes where it should, and other streams and apps', async () => {
    const { actuator, fake, observe } = await scene()
    fake.publish()
    const nowhere = await observe()
    fake.publish('backup')
    const there = await observe()

    expect(nowhere.says).toBe('the stream is published to SRS nowhere')
    expect(nowhere.allocation).toEqual({ main: 0, backup: 0, spare: 0 })
    expect(actuator.plan(nowhere, allTo('main', paths))).toEqual([])
    expect(actuator.plan(there, allTo('backup', paths))).toEqual([])
  })

  it('has it leave every SRS but one, where several have it', async () => {
    const { actuator, fake, observe } = await scene()
    fake.publish('main', 'spare')

    const steps = actuator.plan(await observe(), allTo('backup', paths))

    expect(steps.map(({ data }) => data)).toEqual([
      { leave: 'main', to: 'backup' },
      { leave: 'spare', to: 'backup' },
    ])
  })

  it('gives up where the encoder is let in again where it was, and disconnects it once', async () => {
    const { fake, leave } = await scene()
    fake.letIn('main')

    expect(await leave('backup')).toEqual({
      result: 'failed',
      retry: false,
      says: 'the encoder was disconnected from the SRS of main and let in there again: its publish hook has to refuse it',
    })
    expect(fake.kicked).toEqual(['main'])
  })

  it('does not know what came of it where the encoder does not come back in time', async () => {
    const { actuator, fake, leave, observe } = await scene()
    fake.letIn()

    const result = await leave('backup')

    expect(result).toMatchObject({
      result: 'unknown',
      says: expect.stringMatching(/; the stream is published to SRS nowhere$/u),
    })
    // There is nothing more to do: it comes when it comes, and verification sees it.
    expect(actuator.plan(await observe(), allTo('backup', paths))).toEqual([])
  })

  it('finds the stream behind a thousand others', async () => {
    const { fake, observe } = await scene(3_000)
    fake.carry(1_200)

    expect((await observe()).allocation).toEqual(allTo('main', paths))
  })

  it('cannot say where the encoder is while one of the servers does not answer', async () => {
    const { actuator, fake } = await scene()
    await fake.stop('spare')

    expect(await actuator.observe(never)).toMatchObject({
      ok: false,
      retry: true,
      says: expect.stringMatching(/^connection refused by 127\.0\.0\.1:\d+$/u),
    })
  })

  it.each<[number, string, object]>([
    [
      401,
      '{"code":100}',
      { result: 'failed', retry: false, says: 'the SRS of main answered 401: error code 100' },
    ],
    [500, '', { result: 'unknown', says: 'the SRS of main answered 500' }],
    [429, '{}', { result: 'failed', retry: true, says: 'the SRS of main answered 429' }],
    [
      200,
      '{"code":1061}',
      { result: 'failed', retry: false, says: 'the SRS of main refuses with error code 1061' },
    ],
    [
      200,
      'ok',
      { result: 'unknown', says: 'the SRS of main answered 200 with something else than JSON' },
    ],
    [200, '{}', { result: 'unknown', says: 'the SRS of main does not say what came of it' }],
  ])('takes the answer %i %s for what it is', async (status, body, expected) => {
    const { fake, leave } = await scene()
    fake.answerKick(status, body)

    expect(await leave('backup')).toEqual(expected)
  })

  it('names what it must be allowed, without a password', async () => {
    const { options, close } = await begin()
    onTestFinished(close)

    const { permissions, reversible } = srs.capabilities(options)

    expect(reversible).toBe(false)
    expect(permissions.join()).toMatch(
      /^GET \/api\/v1\/streams and DELETE \/api\/v1\/clients at http/u,
    )
    expect(permissions.join()).not.toContain('password-of-srs')
  })
})
