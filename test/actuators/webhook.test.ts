import { createHmac } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { isDeepStrictEqual } from 'node:util'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, it } from 'vitest'
import webhook from '../../src/actuators/webhook.ts'
import { actuatorContract, type TargetFault } from '../contract/actuator-contract.ts'
import { serveHttp } from '../net/servers.ts'
import { harnessOf, pushScene } from './push-scene.ts'

const never = new AbortController().signal
const paths = ['cdn-a', 'cdn-b']
const secret = 'sixteen letters and more'

/** A service of one's own: it checks the signature, compares the version, and does a change once. */
async function startService() {
  const state = { allocation: { 'cdn-a': 100, 'cdn-b': 0 } as object, version: 1 }
  const violations: string[] = []
  const keys: string[] = []
  const scripted: { status?: number; body: unknown }[] = []
  let fault: TargetFault | undefined

  function answer(request: IncomingMessage, body: string): { status?: number; body: unknown } {
    const signed = /^t=(\d+),v1=([0-9a-f]{64})$/u.exec(
      String(request.headers['changeover-signature']),
    )
    const right = createHmac('sha256', secret).update(`${signed?.[1]}.${body}`).digest('hex')
    if (signed?.[2] !== right) return { status: 401, body: { says: 'the signature is wrong' } }
    if (request.url !== '/switch/?key=s3cr3t') violations.push(`asked ${request.url}`)
    if (request.method === 'GET') {
      return { body: { allocation: state.allocation, version: String(state.version) } }
    }
    keys.push(String(request.headers['idempotency-key']))
    const next = scripted.shift()
    if (next !== undefined) return next
    const given = JSON.parse(body) as { allocation: object; expected_version: string }
    if (!isDeepStrictEqual(given.allocation, state.allocation)) {
      if (given.expected_version !== String(state.version)) {
        return { status: 409, body: { says: `it is at version ${state.version}` } }
      }
      state.allocation = given.allocation
      state.version += 1
    }
    return { body: { result: 'applied', version: String(state.version) } }
  }

  async function reply(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { status = 200, body } = answer(request, await text(request))
    if (fault === 'deaf' && request.method === 'POST') return
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }

  const server = await serveHttp((request, response) => {
    if (fault !== 'silent') void reply(request, response)
  })
  return {
    url: server.url,
    violations,
    keys,
    held: state,
    state: () => structuredClone(state),
    script: (next: { status?: number; body: unknown }) => void scripted.push(next),
    async fail(how: TargetFault) {
      fault = how
      if (how === 'refuse') await server.close()
    },
    async close() {
      if (fault !== 'refuse') await server.close()
    },
  }
}

const closing: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function begin(more: object = {}) {
  const fake = await startService()
  const given = { url: `${fake.url}/switch/?key=s3cr3t`, secret, ...more }
  return pushScene(webhook, fake, { paths, given })
}

async function scene(more: object = {}) {
  const begun = await begin(more)
  closing.push(begun.close)
  return begun
}

actuatorContract('webhook', async () => {
  const begun = await begin()
  return harnessOf(begun, {
    edit: () =>
      void Object.assign(begun.fake.held, {
        allocation: { 'cdn-a': 60, 'cdn-b': 40 },
        version: 9,
      }),
    secrets: [secret, 's3cr3t'],
  })
})

describe('the webhook actuator', () => {
  it('gives the same change from the same version the same key, and another one another', async () => {
    const { fake, actuator, observe } = await scene()
    const { version } = await observe()
    const first = { says: 'x', data: { 'cdn-a': 0, 'cdn-b': 100 } }
    const other = { says: 'x', data: { 'cdn-a': 50, 'cdn-b': 50 } }

    await actuator.apply(first, version, never)
    await actuator.apply(first, version, never)
    await actuator.apply(other, version, never)
    await actuator.apply(other, '2', never)

    expect(fake.keys[0]).toMatch(/^[0-9a-f]{32}$/u)
    expect(fake.keys[1]).toBe(fake.keys[0])
    expect(new Set(fake.keys).size).toBe(3)
  })

  it('says why a request was refused', async () => {
    const { actuator } = await scene({ secret: 'another one of 16' })

    expect(await actuator.observe(never)).toEqual({
      ok: false,
      retry: false,
      says: 'the webhook answered 401: the signature is wrong',
    })
  })

  it.each([
    [{ status: 409, body: { says: 'changed' } }, { result: 'conflict' }],
    [
      { status: 422, body: {} },
      { result: 'failed', retry: false },
    ],
    [
      { status: 429, body: {} },
      { result: 'failed', retry: true },
    ],
    [{ status: 500, body: {} }, { result: 'unknown' }],
    [{ body: { hello: 1 } }, { result: 'unknown' }],
    [{ body: { result: 'failed', retry: true } }, { result: 'failed', retry: true }],
    [{ body: { result: 'applied' } }, { result: 'applied' }],
  ])('takes the answer %j to a change as %j', async (answer, expected) => {
    const { fake, move } = await scene()
    fake.script(answer)

    expect(await move({ 'cdn-b': 100 })).toMatchObject(expected)
  })

  it('sends configured headers, and takes none that it gives itself', () => {
    const given = { url: 'https://switch.example', headers: { Authorization: 'Bearer x' } }

    expect(webhook.options.safeParse(given).success).toBe(true)
    expect(
      webhook.options.safeParse({ ...given, headers: { 'Idempotency-Key': '1' } }).success,
    ).toBe(false)
  })
})
