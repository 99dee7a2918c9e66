import { describe, expect, it, onTestFinished } from 'vitest'
import restreamer from '../../src/actuators/restreamer.ts'
import { allTo } from '../../src/core/allocation.ts'
import { createNet } from '../../src/net/create-net.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { realIds } from '../../src/platform/real-ids.ts'
import { actuatorContract, type TargetFault } from '../contract/actuator-contract.ts'
import { startContractServer, type FakeAnswer, type FakeRequest } from '../fakes/vendor-contract.ts'

const clock = realClock()
const never = new AbortController().signal
const paths = ['main', 'backup']
const addresses = {
  main: 'rtmp://a.example/live/key-of-main',
  backup: 'srt://b.example:8890?streamid=publish:live&passphrase=key-of-backup',
}
const id = 'restreamer-ui:egress:rtmp:1'

/** A Core with one process; `forgets` is one that drops metadata with an update. */
function core() {
  return {
    token: 'token-1',
    logins: 0,
    forgets: false,
    config: {
      id,
      type: 'ffmpeg',
      reference: 'channel-1',
      input: [{ id: 'input_0', address: '{memfs}/channel-1.m3u8', options: ['-re'] }],
      output: [
        { id: 'output_0', address: addresses.main, options: ['-codec', 'copy'] },
        { id: 'output_1', address: '{memfs}/preview.jpg', options: [] },
      ],
      options: ['-loglevel', 'level+info'],
      reconnect: true,
      limits: { cpu_usage: 80, memory_mbytes: 512, waitfor_seconds: 5 },
      log_patterns: ['a field of a later version'],
    } as Record<string, unknown>,
    metadata: { 'restreamer-ui': { name: 'channel 1' } } as Record<string, unknown>,
  }
}

function error(status: number, message: string, ...details: string[]): FakeAnswer {
  return { status, body: { code: status, message, details } }
}

async function begin(given: object = {}) {
  if (restreamer.mode !== 'push') throw new Error('not a push actuator')
  const state = core()
  let fault: TargetFault | undefined
  const refused = new Map<string, FakeAnswer>()

  function update({ operation, parameters, body }: FakeRequest): FakeAnswer {
    if (operation.endsWith('/metadata/{key}')) {
      state.metadata[parameters['key'] ?? ''] = body
      return { body }
    }
    state.config = body as Record<string, unknown>
    if (state.forgets) state.metadata = {}
    return { body: state.config }
  }

  function answer(request: FakeRequest): FakeAnswer {
    const { operation, method, parameters } = request
    if (operation === '/api/login') {
      const { username, password } = request.body as { username: string; password: string }
      if (username !== 'admin' || password !== 'hunter2') return error(403, 'Forbidden')
      state.logins += 1
      return { body: { access_token: state.token, refresh_token: 'r' } }
    }
    if (request.headers.authorization !== `Bearer ${state.token}`) return error(401, 'Unauthorized')
    const refusal = refused.get(`${method} ${operation}`)
    if (refusal !== undefined) return refusal
    if (parameters['id'] !== id) return error(404, 'Unknown process ID')
    if (method === 'put') return update(request)
    expect(request.query.get('filter')).toBe('config,metadata')
    return { body: { id, type: 'ffmpeg', config: state.config, metadata: state.metadata } }
  }

  const fake = await startContractServer('datarhei-core.swagger.json', (request) => {
    if (fault === 'silent') return undefined
    const given = answer(request)
    const isWrite = request.method === 'put'
    return fault === 'deaf' && isWrite ? undefined : given
  })
  const net = createNet({ clock })
  const options = restreamer.options.parse({
    url: `${fake.url}/`,
    username: 'admin',
    password: 'hunter2',
    process: id,
    end: 'output',
    id: 'output_0',
    addresses,
    ...given,
  })
  const context = { clock, ids: realIds(), net, group: 'channel-1/egress', paths }
  return {
    fake,
    state,
    actuator: restreamer.create(options, { ...context, callTimeoutMs: 900 }),
    /** Every call of this operation is answered so from now on. */
    refuse: (what: string, refusal: FakeAnswer) => void refused.set(what, refusal),
    allow: (what: string) => void refused.delete(what),
    fail: async (how: TargetFault) => {
      fault = how
      if (how === 'refuse') await fake.close()
    },
    close: async () => {
      await net.close()
      if (fault !== 'refuse') await fake.close()
      // The document of this version leaves the answer to a missing token out.
      const unexplained = fake.violations.filter((each) => !each.endsWith('never answers 401'))
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
  /** One step to `to`, as it was planned now; `meanwhile` comes between the two. */
  const moveTo = async (to: string, meanwhile?: () => void) => {
    const observed = await observe()
    const [step] = begun.actuator.plan(observed, allTo(to, paths))
    if (step === undefined) throw new Error('nothing to do')
    meanwhile?.()
    return await begun.actuator.apply(step, observed.version, never)
  }
  return { ...begun, observe, moveTo }
}

actuatorContract('restreamer', async () => {
  const { actuator, state, fail, close } = await begin()
  return {
    actuator,
    paths,
    state: () => ({ config: state.config, metadata: state.metadata }),
    async editByHand() {
      state.config = { ...state.config, options: ['-loglevel', 'debug'] }
    },
    fail,
    secrets: ['hunter2', 'token-1', 'key-of-main', 'key-of-backup'],
    close,
  }
})

describe('the restreamer actuator', () => {
  it('changes one address and keeps everything else of the process', async () => {
    const { state, moveTo, observe } = await scene()
    const before = structuredClone(state.config)

    expect(await moveTo('backup')).toMatchObject({ result: 'applied' })

    const [first, second] = before['output'] as object[]
    expect(state.config).toEqual({
      ...before,
      output: [{ ...first, address: addresses.backup }, second],
    })
    expect((await observe()).says).toBe(`output output_0 of ${id} is at backup`)
  })

  it('moves an input where it is told so', async () => {
    const input = { main: '{memfs}/channel-1.m3u8', backup: '{rtmp,name=channel-1}' }
    const { state, moveTo } = await scene({ end: 'input', id: 'input_0', addresses: input })

    expect(await moveTo('backup')).toMatchObject({ result: 'applied' })

    expect(state.config['input']).toEqual([
      { id: 'input_0', address: '{rtmp,name=channel-1}', options: ['-re'] },
    ])
  })

  it('says that an address which nobody configured here is not ours', async () => {
    const { state, observe } = await scene()
    state.config['output'] = [{ id: 'output_0', address: 'rtmp://c.example/live/key-of-main' }]

    expect(await observe()).toMatchObject({
      allocation: { main: 0, backup: 0 },
      ours: false,
      says: `output output_0 of ${id} is at something that is no path of channel-1/egress`,
    })
  })

  it('writes back the metadata that a Core drops with an update', async () => {
    const { state, moveTo } = await scene()
    state.forgets = true

    expect(await moveTo('backup')).toMatchObject({ result: 'applied' })

    expect(state.metadata).toEqual({ 'restreamer-ui': { name: 'channel 1' } })
  })

  it('writes the metadata back even where the answer to the update never comes', async () => {
    const { state, fail, moveTo } = await scene()
    state.forgets = true

    const result = await moveTo('backup', () => void fail('deaf'))

    expect(result).toMatchObject({ result: 'unknown' })
    expect(state.metadata).toEqual({ 'restreamer-ui': { name: 'channel 1' } })
  })

  it('tells where the metadata could not be written back, until an update that keeps it', async () => {
    const { refuse, allow, moveTo, observe } = await scene()
    const operation = 'put /api/v3/process/{id}/metadata/{key}'
    refuse(operation, error(400, 'Invalid JSON'))

    expect(await moveTo('backup')).toMatchObject({ result: 'applied' })

    expect((await observe()).says).toBe(
      `output output_0 of ${id} is at backup; the metadata of the process may be lost: Restreamer answered 400: Invalid JSON`,
    )
    allow(operation)
    expect(await moveTo('main')).toMatchObject({ result: 'applied' })
    expect((await observe()).says).toBe(`output output_0 of ${id} is at main`)
  })

  it('logs in once, and again where the token has expired before the update', async () => {
    const { state, actuator, observe } = await scene()
    const observed = await observe()
    const [step] = actuator.plan(observed, allTo('backup', paths))
    if (step === undefined) throw new Error('nothing to do')
    await observe()
    expect(state.logins).toBe(1)
    state.token = 'token-2'

    expect(await actuator.apply(step, observed.version, never)).toMatchObject({ result: 'applied' })

    expect(state.logins).toBe(2)
  })

  it('does not try again with a password that is refused', async () => {
    const { actuator } = await scene({ password: 'wrong' })

    expect(await actuator.observe(never)).toEqual({
      ok: false,
      retry: false,
      says: 'Restreamer refuses our login',
    })
  })

  it('asks for a login where it has none', async () => {
    const { actuator } = await scene({ username: undefined, password: undefined })

    expect(await actuator.observe(never)).toEqual({
      ok: false,
      retry: false,
      says: 'Restreamer refuses our login: set username and password',
    })
  })

  it('does not repeat the address that Core quotes in a refusal', async () => {
    const { state, refuse, moveTo } = await scene()
    const quoted = `the output address '${addresses.backup}' is not allowed`
    refuse('put /api/v3/process/{id}', error(400, "Process can't be updated", quoted))

    expect(await moveTo('backup')).toEqual({
      result: 'failed',
      retry: false,
      says: "Restreamer answered 400: Process can't be updated: the output address '…' is not allowed",
    })
    expect(state.metadata).toEqual({ 'restreamer-ui': { name: 'channel 1' } })
  })

  it.each([
    [{ process: 'x' }, 'Restreamer has no process x'],
    [
      { id: 'output_7' },
      `the process ${id} of Restreamer has no output output_7; it has output_0, output_1`,
    ],
  ])('does not try again with %j', async (given, says) => {
    const { actuator } = await scene(given)

    expect(await actuator.observe(never)).toEqual({ ok: false, retry: false, says })
  })

  it('does not choose between two outputs of the same id', async () => {
    const { state, actuator } = await scene()
    const output = { id: 'output_0', address: addresses.main }
    state.config['output'] = [output, output]

    expect(await actuator.observe(never)).toMatchObject({ ok: false, retry: false })
  })

  it('refuses two paths with the same address, and a user without a password', () => {
    const given = { url: 'http://127.0.0.1:8080', process: id, id: 'output_0', addresses }
    const messages = (more: object) =>
      restreamer.options
        .safeParse({ ...given, ...more })
        .error?.issues.map(({ message }) => message)

    expect(messages({ addresses: { main: 'a', backup: 'a' } })).toEqual([
      'two paths have the same address',
    ])
    expect(messages({ username: 'admin' })).toEqual([
      'expected username and password together, or neither',
    ])
  })
})
