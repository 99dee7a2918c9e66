import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import mediaconnect from '../../src/actuators/mediaconnect.ts'
import { actuatorContract } from '../contract/actuator-contract.ts'
import { stubAwsCredentials } from '../fakes/aws-server.ts'
import { awsKey } from '../fakes/aws-signature.ts'
import { flowArn, startFakeMediaconnect } from './fake-mediaconnect.ts'
import { harnessOf, pushScene } from './push-scene.ts'

const never = new AbortController().signal
const paths = ['main', 'backup']
const sources = { main: 'srt-main', backup: 'srt-backup' }

const closing: (() => Promise<void>)[] = []

beforeAll(async () => {
  await import('@aws-sdk/credential-provider-node')
})

beforeEach(stubAwsCredentials)

afterEach(async () => {
  for (const close of closing.splice(0)) await close()
  vi.unstubAllEnvs()
})

async function begin(more: object = {}) {
  const fake = await startFakeMediaconnect(Object.values(sources))
  const given = { flow: flowArn, sources, endpoint: fake.url, ...more }
  return pushScene(mediaconnect, fake, { paths, given })
}

async function scene(more: object = {}) {
  const begun = await begin(more)
  closing.push(begun.close)
  return begun
}

actuatorContract('mediaconnect', async () => {
  const begun = await begin()
  return harnessOf(begun, {
    edit: () => {
      begun.fake.flow.sourceFailoverConfig = { state: 'ENABLED', failoverMode: 'FAILOVER' }
    },
    secrets: [awsKey.id, awsKey.secret],
  })
})

describe('the mediaconnect actuator', () => {
  it('observes the primary source, and either where there is none', async () => {
    const { fake, observe } = await scene()

    const first = await observe()
    fake.flow.sourceFailoverConfig = { state: 'ENABLED', failoverMode: 'FAILOVER' }
    const none = await observe()

    expect(first.says).toBe('the flow is ACTIVE, its primary source srt-main (main)')
    expect(none.says).toBe('the flow is ACTIVE and has no primary source')
    expect(none.allocation).toEqual({ main: 50, backup: 50 })
  })

  it.each([
    [{ state: 'DISABLED' }, 'source failover is not enabled for the flow'],
    [
      { state: 'ENABLED', failoverMode: 'MERGE', recoveryWindow: 200 },
      'the flow has failover mode MERGE, which has no primary source: set FAILOVER',
    ],
  ])('cannot observe a flow with %j', async (config, says) => {
    const { fake, actuator } = await scene()
    fake.flow.sourceFailoverConfig = config

    expect(await actuator.observe(never)).toEqual({ ok: false, retry: false, says })
  })

  it('cannot observe a source that the flow does not have', async () => {
    const { actuator } = await scene({ sources: { ...sources, backup: 'gone' } })

    expect(await actuator.observe(never)).toEqual({
      ok: false,
      retry: false,
      says: 'the flow has no source "gone"',
    })
  })

  it('changes the priority and nothing else of the failover settings', async () => {
    const { fake, move, observe } = await scene()
    fake.flow.sourceFailoverConfig['recoveryWindow'] = 100

    const result = await move({ backup: 100 })

    expect(fake.writes).toEqual([
      {
        state: 'ENABLED',
        failoverMode: 'FAILOVER',
        recoveryWindow: 100,
        sourcePriority: { primarySource: 'srt-backup' },
      },
    ])
    expect(result).toEqual({ result: 'applied', version: (await observe()).version })
  })

  it('signs with the session token of a role', async () => {
    vi.stubEnv('AWS_SESSION_TOKEN', 'a session token')
    const { observe } = await scene()

    expect((await observe()).allocation).toEqual({ main: 100, backup: 0 })
  })

  it('says that credentials are missing, and sends nothing', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', undefined)
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', undefined)
    const { fake, actuator } = await scene()

    const result = await actuator.observe(never)

    expect(result).toMatchObject({ ok: false, retry: true })
    expect(!result.ok && result.says).toMatch(/^no AWS credentials/u)
    expect(fake.requests).toEqual([])
  })

  it.each([
    [
      400,
      'flow is updating',
      { result: 'failed', retry: false, says: 'MediaConnect answered 400: flow is updating' },
    ],
    [
      403,
      "The Canonical String for this request should have been 'x-amz-security-token:s3cr3t'",
      {
        result: 'failed',
        retry: false,
        says: 'MediaConnect answered 403: the signature is not accepted',
      },
    ],
    [429, 'slow down', { result: 'failed', retry: true }],
    [503, 'later', { result: 'unknown' }],
  ])('takes the answer %i "%s" to a write as %j', async (status, message, expected) => {
    const { fake, move } = await scene()
    fake.scriptWrite({ status, type: 'application/json', body: JSON.stringify({ message }) })

    expect(await move({ backup: 100 })).toMatchObject(expected)
  })

  it('does not believe a write whose answer shows another primary source', async () => {
    const { fake, move } = await scene()
    fake.scriptWrite({ type: 'application/json', body: JSON.stringify({ flow: fake.flow }) })

    expect(await move({ backup: 100 })).toEqual({
      result: 'unknown',
      says: 'MediaConnect answered: the flow is ACTIVE, its primary source srt-main (main)',
    })
  })

  it('is hard to reverse, and takes at most the two sources of a flow', () => {
    const given = mediaconnect.options.parse({ flow: flowArn, sources })
    const three = { a: '1', b: '2', c: '3' }

    expect(mediaconnect.capabilities(given)).toMatchObject({ reversible: false, shape: 'single' })
    expect(mediaconnect.options.safeParse({ flow: flowArn, sources: three }).success).toBe(false)
  })
})
