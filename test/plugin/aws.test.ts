import { describe, expect, it } from 'vitest'
import { AwsApi, type AwsClientConfig } from '../../src/plugin/aws.ts'
import { unwritten } from '../../src/plugin/call-failure.ts'
import { FakeClock } from '../fakes/fake-clock.ts'
import { ScriptedNet, type Script } from '../fakes/scripted-net.ts'

const never = new AbortController().signal
const url = 'https://api.example/things/a%3Ab'
const request = {
  method: 'POST',
  protocol: 'https:',
  hostname: 'api.example',
  path: '/things/a%3Ab',
  headers: { host: 'api.example', 'content-length': '2', 'x-amz-date': 'now' },
  body: '{}',
}

/** What an SDK client does with its configuration, without the SDK. */
function scene(script: Script, open?: (config: AwsClientConfig) => Promise<AwsClientConfig>) {
  const clock = new FakeClock()
  const net = new ScriptedNet(clock).on(url, script)
  const service = {
    name: 'Things',
    needs: '@aws-sdk/client-things',
    open: open ?? ((config: AwsClientConfig) => Promise.resolve(config)),
  }
  const api = new AwsApi(service, { clock, net }, { profile: 'live' })
  const call = (more: object = {}, ms = 1_000, signal: AbortSignal = never) =>
    api.call(ms, signal, async ({ requestHandler }, how) => {
      const { response } = await requestHandler.handle({ ...request, ...more }, how)
      return response
    })
  return { clock, net, call }
}

describe('a call to AWS', () => {
  it('goes over our own network, with the deadline of the call and the bytes that were signed', async () => {
    const { clock, net, call } = scene({ body: '{}', headers: { 'x-amzn-requestid': 'r' } })

    const calling = call({ query: { name: "it's", tag: ['b', 'c'], flag: null } })
    await clock.advance(100)
    const answer = await calling

    expect(answer).toMatchObject({
      ok: true,
      value: { statusCode: 200, headers: { 'x-amzn-requestid': 'r' } },
    })
    expect(net.requests[0]?.request).toMatchObject({
      url: `${url}?flag&name=it%27s&tag=b&tag=c`,
      method: 'POST',
      body: '{}',
      deadlineMs: 1_000,
      maxRedirects: 0,
      headers: { 'x-amz-date': 'now' },
    })
    expect(net.requests[0]?.request.headers).not.toHaveProperty('content-length')
  })

  it('says which package is missing, and how to get it', async () => {
    const { call } = scene({}, () =>
      Promise.reject(
        Object.assign(new Error("Cannot find package '@aws-sdk/client-things' imported from x"), {
          code: 'ERR_MODULE_NOT_FOUND',
        }),
      ),
    )

    expect(await call()).toEqual({
      ok: false,
      sent: false,
      status: undefined,
      code: 'ERR_MODULE_NOT_FOUND',
      retry: false,
      says: 'the package @aws-sdk/client-things is missing: install it beside Changeover with "npm install @aws-sdk/client-things"',
    })
  })

  it('sends nothing any more once it is given up, however long signing in takes', async () => {
    const opening = Promise.withResolvers<void>()
    const { clock, net, call } = scene({}, async (config) => {
      await opening.promise
      return config
    })

    const calling = call()
    await clock.advance(1_000)
    const answer = await calling
    opening.resolve()
    await clock.advance(1_000)

    expect(answer).toMatchObject({
      ok: false,
      sent: false,
      says: 'Things did not answer within 1000 ms',
    })
    expect(net.urls).toEqual([])
  })

  it('is not sent where its signal has aborted', async () => {
    const { net, call } = scene({})

    const answer = await call({}, 1_000, AbortSignal.abort())

    expect(answer).toMatchObject({ ok: false, sent: false })
    expect(net.urls).toEqual([])
  })

  it.each([
    ['connect', { result: 'failed', retry: true }],
    ['tls', { result: 'failed', retry: true }],
    ['request', { result: 'unknown' }],
    ['first-byte', { result: 'unknown' }],
    ['body', { result: 'unknown' }],
  ] as const)('that breaks in phase %s is, as a write, %j', async (phase, expected) => {
    const { clock, call } = scene({ fault: 'reset', phase })

    const calling = call()
    await clock.advance(100)
    const answer = await calling

    if (answer.ok) throw new Error('it did not break')
    expect(unwritten(answer)).toMatchObject(expected)
  })
})
