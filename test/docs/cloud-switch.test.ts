import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { createNet } from '../../src/net/create-net.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { realIds } from '../../src/platform/real-ids.ts'
import { actuatorContract, type TargetFault } from '../contract/actuator-contract.ts'
import { serveHttp } from '../net/servers.ts'
import { plugin } from './cloud-switch.ts'

/** The switch: one document with an ETag of its content, and refusals as the real one gives them. */
async function startSwitch() {
  let weights: object = { a: 100, b: 0 }
  let fault: TargetFault | undefined
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const etag = etagOf(weights)
    if (request.headers.authorization !== 'Bearer s3cr3t') return void response.writeHead(401).end()
    if (request.method === 'GET') {
      return void response.writeHead(200, { etag }).end(JSON.stringify({ weights }))
    }
    const body = await text(request)
    if (request.headers['if-match'] !== etag) return void response.writeHead(412).end()
    weights = (JSON.parse(body) as { weights: object }).weights
    if (fault !== 'deaf') response.writeHead(204, { etag: etagOf(weights) }).end()
  }
  const server = await serveHttp((request, response) => {
    if (fault !== 'silent') void answer(request, response)
  })
  return {
    url: server.url,
    state: () => weights,
    edit: () => void (weights = { a: 50, b: 50 }),
    fail: async (how: TargetFault) => {
      fault = how
      if (how === 'refuse') await server.close()
    },
    close: async () => {
      if (fault !== 'refuse') await server.close()
    },
  }
}

function etagOf(weights: object): string {
  return `"${Buffer.from(JSON.stringify(weights)).toString('base64url')}"`
}

actuatorContract('cloud-switch', async () => {
  if (plugin.mode !== 'push') throw new Error('not a push actuator')
  const target = await startSwitch()
  const clock = realClock()
  const net = createNet({ clock })
  const paths = ['cdn-a', 'cdn-b']
  const origins = { 'cdn-a': 'a', 'cdn-b': 'b' }
  const given = plugin.options.parse({ url: target.url, token: 's3cr3t', origins })
  return {
    actuator: plugin.create(given, {
      clock,
      ids: realIds(),
      net,
      group: 'ch/cdn',
      paths,
      callTimeoutMs: 300,
    }),
    paths,
    state: target.state,
    editByHand: async () => target.edit(),
    fail: target.fail,
    secrets: ['s3cr3t'],
    close: async () => {
      await net.close()
      await target.close()
    },
  }
})
