import { describe, expect, it, onTestFinished } from 'vitest'
import obs from '../../src/actuators/obs.ts'
import { allTo } from '../../src/core/allocation.ts'
import { createNet } from '../../src/net/create-net.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { realIds } from '../../src/platform/real-ids.ts'
import { actuatorContract } from '../contract/actuator-contract.ts'
import { obsPassword, startFakeObs } from './fake-obs.ts'

const clock = realClock()
const never = new AbortController().signal
const paths = ['main', 'backup']
const targets = {
  main: { server: 'rtmp://a.example/live', key: 'key-of-main' },
  backup: { server: 'rtmp://b.example/live', key: 'key-of-backup' },
}

async function begin(given: object = {}, callTimeoutMs = 700) {
  if (obs.mode !== 'push') throw new Error('not a push actuator')
  const fake = await startFakeObs(targets.main)
  const net = createNet({ clock })
  const options = obs.options.parse({ url: fake.url, password: obsPassword, targets, ...given })
  const context = { clock, ids: realIds(), net, group: 'channel-1/ingest', paths, callTimeoutMs }
  const actuator = obs.create(options, context)
  async function close(): Promise<void> {
    await net.close()
    await fake.close()
    if (fake.unexpected.length > 0) throw new Error(`refused: ${fake.unexpected.join(', ')}`)
  }
  return { fake, actuator, close }
}

async function scene(given: object = {}, callTimeoutMs?: number) {
  const begun = await begin(given, callTimeoutMs)
  onTestFinished(begun.close)
  const observe = async () => {
    const result = await begun.actuator.observe(never)
    if (!result.ok) throw new Error(result.says)
    return result.observed
  }
  /** One step to `to`, as it was planned now. */
  const moveTo = async (to: string) => {
    const observed = await observe()
    const [step] = begun.actuator.plan(observed, allTo(to, paths))
    if (step === undefined) throw new Error('nothing to do')
    return await begun.actuator.apply(step, observed.version, never)
  }
  return { ...begun, observe, moveTo }
}

actuatorContract('obs', async () => {
  const { fake, actuator, close } = await begin()
  return {
    actuator,
    paths,
    state: () => ({ ...fake.state, log: undefined }),
    async editByHand() {
      fake.state.server = 'rtmp://c.example/live'
    },
    fail: (fault) => fake.fail(fault),
    secrets: [obsPassword, 'key-of-main', 'key-of-backup'],
    close,
  }
})

describe('the obs actuator', () => {
  it('stops the stream, sets the target and starts it, in this order', async () => {
    const { fake, moveTo, observe } = await scene()

    expect(await moveTo('backup')).toMatchObject({ result: 'applied' })

    expect(fake.state.log).toEqual(['stop', 'start rtmp://b.example/live'])
    expect(fake.state.key).toBe('key-of-backup')
    expect(fake.state.slots).toEqual({ changeover_is_moving: false })
    expect((await observe()).says).toBe('OBS streams to backup')
  })

  it('leaves an OBS stopped that a person stopped, with the new target', async () => {
    const { fake, moveTo, observe } = await scene()
    fake.state.streaming = false

    expect(await moveTo('backup')).toMatchObject({ result: 'applied' })

    expect(fake.state.log).toEqual([])
    expect((await observe()).says).toBe('OBS is set to backup and does not stream')
  })

  it('starts an OBS that an unfinished move of ours has stopped', async () => {
    const { fake, moveTo, observe } = await scene()
    // As a process leaves it that ends between stop and start.
    fake.state.streaming = false
    fake.state.slots['changeover_is_moving'] = true
    expect((await observe()).says).toMatch(/a move of ours stopped it and was not finished/)

    expect(await moveTo('backup')).toMatchObject({ result: 'applied' })

    expect(fake.state.log).toEqual(['start rtmp://b.example/live'])
  })

  it('does not know what comes of an OBS that takes longer to stop than a call may', async () => {
    const { fake, moveTo, observe } = await scene({}, 300)
    fake.stopsWithin(400)

    const first = await moveTo('backup')
    await clock.sleep(300)
    fake.stopsWithin(10)
    const second = await moveTo('backup')

    expect(first).toMatchObject({ result: 'unknown' })
    expect(second).toMatchObject({ result: 'applied' })
    expect(fake.state.log).toEqual(['stop', 'start rtmp://b.example/live'])
    expect((await observe()).allocation).toEqual({ main: 0, backup: 100 })
  })

  it('says that a target which nobody configured here is not ours', async () => {
    const { fake, observe } = await scene()
    fake.state.key = 'another key'

    expect(await observe()).toMatchObject({
      allocation: { main: 0, backup: 0 },
      ours: false,
      says: 'OBS streams to something that is no path of channel-1/ingest',
    })
  })

  it.each([
    [{ password: 'wrong' }, 'OBS refuses the password'],
    [{ password: undefined }, 'OBS asks for a password: set `password`'],
  ])('does not try again with %j', async (given, says) => {
    const { actuator } = await scene(given)

    expect(await actuator.observe(never)).toEqual({ ok: false, retry: false, says })
  })

  it('refuses two paths with the same target', () => {
    const same = { main: targets.main, backup: targets.main }

    const parsed = obs.options.safeParse({ url: 'ws://127.0.0.1:4455', targets: same })

    expect(parsed.error?.issues.map(({ message }) => message)).toEqual([
      'two paths name the same server and key',
    ])
  })
})
