import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import obs from '../../src/actuators/obs.ts'
import { openObs } from '../../src/actuators/obs/session.ts'
import { allTo } from '../../src/core/allocation.ts'
import { createNet, type RealNet } from '../../src/net/create-net.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { realIds } from '../../src/platform/real-ids.ts'
import type { Actuator } from '../../src/plugin/actuator.ts'
import { obsMissing, startObs } from './obs-process.ts'

const note = obsMissing.length > 0 ? ` (skipped, missing: ${obsMissing.join(', ')})` : ''
const never = new AbortController().signal
const paths = ['main', 'backup']

describe.skipIf(obsMissing.length > 0)(`a real OBS Studio between two real ingests${note}`, () => {
  const clock = realClock()
  let studio: Awaited<ReturnType<typeof startObs>> | undefined
  let net: RealNet
  let actuator: Actuator

  beforeAll(async () => {
    net = createNet({ clock })
    studio = await startObs()
    actuator = actuatorWith('password-of-obs')
  })

  afterAll(async () => {
    await net.close()
    await studio?.close()
  })

  const url = () => studio?.url ?? ''

  function actuatorWith(password: string): Actuator {
    if (obs.mode !== 'push') throw new Error('not a push actuator')
    const targets = {
      main: { server: 'rtmp://127.0.0.1:1935/live', key: 'key-of-main' },
      backup: { server: 'rtmp://127.0.0.1:1936/live', key: 'key-of-backup' },
    }
    const options = obs.options.parse({ url: url(), password, targets })
    const context = { clock, ids: realIds(), net, group: 'ch/ingest', paths, callTimeoutMs: 15_000 }
    return obs.create(options, context)
  }

  async function observe() {
    const read = await actuator.observe(never)
    if (!read.ok) throw new Error(read.says)
    return read.observed
  }

  it('is moved to the other one and back, and really publishes there', async () => {
    const before = await observe()
    const results = []
    for (const to of ['backup', 'main']) {
      const observed = await observe()
      const [step] = actuator.plan(observed, allTo(to, paths))
      if (step === undefined) throw new Error('no step')
      results.push(await actuator.apply(step, observed.version, never))
    }
    const after = await observe()

    expect(before.says).toBe('OBS streams to main')
    expect(results.map(({ result }) => result)).toEqual(['applied', 'applied'])
    expect(after).toEqual(before)
    await expect
      .poll(() => studio?.published())
      .toEqual(['1935 key-of-main', '1936 key-of-backup', '1935 key-of-main'])
  })

  it('that a person set to something else meanwhile is left alone', async () => {
    const observed = await observe()
    const [step] = actuator.plan(observed, allTo('backup', paths))
    if (step === undefined) throw new Error('no step')
    const person = await openObs(
      { net, ids: realIds() },
      { url: url(), password: 'password-of-obs', deadlineMs: 5_000 },
      never,
    )
    if ('ok' in person) throw new Error(person.says)
    await person.ask({ requestType: 'StopStream' })
    await expect
      .poll(async () => await person.ask({ requestType: 'GetStreamStatus' }))
      .toMatchObject({ data: { outputActive: false } })
    const streamServiceSettings = { server: 'rtmp://127.0.0.1:1999/live', key: 'by hand' }
    await person.ask({
      requestType: 'SetStreamServiceSettings',
      requestData: { streamServiceType: 'rtmp_custom', streamServiceSettings },
    })
    person.close()

    const result = await actuator.apply(step, observed.version, never)

    expect(result).toEqual({
      result: 'conflict',
      says: 'OBS is set to something that is no path of ch/ingest and does not stream',
    })
    expect((await observe()).ours).toBe(false)
  })

  it('refuses a wrong password, and we say so', async () => {
    const read = await actuatorWith('wrong').observe(never)

    expect(read).toEqual({ ok: false, retry: false, says: 'OBS refuses the password' })
  })
})
