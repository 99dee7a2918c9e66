import { describe, expect, it, onTestFinished } from 'vitest'
import mediamtx from '../../src/actuators/mediamtx.ts'
import { allTo } from '../../src/core/allocation.ts'
import { createNet } from '../../src/net/create-net.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { realIds } from '../../src/platform/real-ids.ts'
import { actuatorContract, type TargetFault } from '../contract/actuator-contract.ts'
import { startContractServer, type FakeAnswer } from '../fakes/vendor-contract.ts'

const clock = realClock()
const never = new AbortController().signal
const paths = ['main', 'backup']
const sources = {
  main: 'rtsp://camera:key-of-main@a.example/live',
  backup: 'srt://b.example:8890?streamid=read:live&passphrase=key-of-backup',
}

async function begin(given: object = {}) {
  if (mediamtx.mode !== 'push') throw new Error('not a push actuator')
  const conf: Record<string, unknown> = { source: sources.main, record: true, maxReaders: 5 }
  let fault: TargetFault | undefined
  const refused: FakeAnswer[] = []
  let isOld = false
  const fake = await startContractServer('mediamtx.openapi.yaml', (request) => {
    if (fault === 'silent') return undefined
    const refusal = request.method === 'patch' ? refused.shift() : undefined
    if (refusal !== undefined) return refusal
    if (request.parameters['name'] !== 'live/channel-1') {
      return { status: 404, body: { status: 'error', error: 'path configuration not found' } }
    }
    if (request.method === 'get') return { body: { name: 'live/channel-1', ...conf } }
    Object.assign(conf, request.body)
    return fault === 'deaf' ? undefined : { body: isOld ? undefined : { status: 'ok' } }
  })
  const net = createNet({ clock })
  const { host } = new URL(fake.url)
  const url = `http://admin:password-of-api@${host}/`
  const options = mediamtx.options.parse({ url, name: 'live/channel-1', sources, ...given })
  const context = { clock, ids: realIds(), net, group: 'channel-1/pull', paths }
  const actuator = mediamtx.create(options, { ...context, callTimeoutMs: 700 })
  return {
    fake,
    conf,
    actuator,
    refuse: (answer: FakeAnswer) => void refused.push(answer),
    answerAsOfOld: () => {
      isOld = true
    },
    fail: async (how: TargetFault) => {
      fault = how
      if (how === 'refuse') await fake.close()
    },
    close: async () => {
      await net.close()
      if (fault !== 'refuse') await fake.close()
      const unexplained = fake.violations.filter(
        (each) => !isOld || !/answer 200 of patch/u.test(each),
      )
      expect(unexplained).toEqual([])
    },
  }
}

async function scene(given: object = {}) {
  const begun = await begin(given)
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

actuatorContract('mediamtx', async () => {
  const { actuator, conf, fail, close } = await begin()
  return {
    actuator,
    paths,
    state: () => conf,
    async editByHand() {
      conf['source'] = 'publisher'
    },
    fail,
    secrets: ['password-of-api', 'key-of-main', 'key-of-backup'],
    close,
  }
})

describe('the mediamtx actuator', () => {
  it('patches the source alone, with the credentials of the API', async () => {
    const { fake, conf, moveTo, observe } = await scene()

    expect(await moveTo('backup')).toMatchObject({ result: 'applied' })

    expect(fake.requests.at(-1)).toMatchObject({
      operation: '/v3/config/paths/patch/{name}',
      body: { source: sources.backup },
      headers: {
        authorization: `Basic ${Buffer.from('admin:password-of-api').toString('base64')}`,
      },
    })
    expect(conf).toMatchObject({ record: true, maxReaders: 5 })
    expect((await observe()).says).toBe('live/channel-1 of MediaMTX pulls from backup')
  })

  it('says that a source which nobody configured here is not ours', async () => {
    const { conf, observe } = await scene()
    conf['source'] = 'rtsp://camera:key-of-main@c.example/live'

    expect(await observe()).toMatchObject({
      allocation: { main: 0, backup: 0 },
      ours: false,
      says: 'live/channel-1 of MediaMTX pulls from something that is no path of channel-1/pull',
    })
  })

  it('leaves alone what others changed besides the source', async () => {
    const { conf, actuator, observe } = await scene()
    const observed = await observe()
    const [step] = actuator.plan(observed, allTo('backup', paths))
    if (step === undefined) throw new Error('nothing to do')
    conf['record'] = false

    const result = await actuator.apply(step, observed.version, never)

    expect(result).toMatchObject({ result: 'applied' })
    expect(conf).toMatchObject({ record: false, source: sources.backup })
  })

  it('does not repeat the source that MediaMTX quotes in a refusal', async () => {
    const { refuse, moveTo } = await scene()
    const error = `'${sources.backup}' is not a valid URL`
    refuse({ status: 400, body: { status: 'error', error } })

    expect(await moveTo('backup')).toEqual({
      result: 'failed',
      retry: false,
      says: "MediaMTX answered 400: '…' is not a valid URL",
    })
  })

  it('does not know what came of a patch that ended in an error of the server', async () => {
    const { refuse, moveTo } = await scene()
    refuse({ status: 500, body: { status: 'error', error: 'terminated' } })

    expect(await moveTo('backup')).toMatchObject({ result: 'unknown' })
  })

  it('takes the empty answer of earlier versions for a patch that was taken', async () => {
    const { answerAsOfOld, moveTo, observe } = await scene()
    answerAsOfOld()

    expect(await moveTo('backup')).toMatchObject({ result: 'applied' })
    expect((await observe()).allocation).toEqual({ main: 0, backup: 100 })
  })

  it('does not try again where MediaMTX has no such path', async () => {
    const { actuator } = await scene({ name: 'live/channel-2' })

    expect(await actuator.observe(never)).toEqual({
      ok: false,
      retry: false,
      says: 'MediaMTX has no path live/channel-2 in its configuration: add it under `paths`',
    })
  })

  it('refuses two paths with the same source, and sources that are no URL to pull from', () => {
    const url = 'http://127.0.0.1:9997'
    const issues = (given: object) =>
      mediamtx.options.safeParse({ url, name: 'x', sources: given }).error?.issues

    expect(issues({ main: sources.main, backup: sources.main })).toMatchObject([
      { message: 'two paths have the same source' },
    ])
    expect(issues({ main: sources.main, backup: 'publisher' })).toMatchObject([
      { path: ['sources', 'backup'] },
    ])
  })
})
