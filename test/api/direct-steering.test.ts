import { afterEach, describe, expect, it } from 'vitest'
import { createPublicApi } from '../../src/api/create-api.ts'
import { directSteering } from '../../src/api/direct-steering.ts'
import { type ServedApi, serveApi } from '../../src/api/serve-api.ts'
import { FakeWatchdog } from './fake-watchdog.ts'
import { ManualClock } from './manual-clock.ts'

const served: ServedApi[] = []

afterEach(async () => {
  await Promise.all(served.splice(0).map((each) => each.close()))
})

/** The same watchdog behind a server that answers players directly, and behind the API alone. */
async function start() {
  const port = new FakeWatchdog(0)
  port.groupAnswer = {
    status: 200,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    body: '{"VERSION":1,"RELOAD-URI":"?session=é"}',
  }
  const api = createPublicApi({ port, clock: new ManualClock() })
  const at = { api, host: '127.0.0.1', port: 0 }
  const direct = await serveApi({ ...at, direct: directSteering(port) })
  const plain = await serveApi(at)
  served.push(direct, plain)
  return { port, direct: direct.url, plain: plain.url }
}

describe('players that are answered directly', () => {
  it.each([
    ['GET', '/steering/channel-1/cdn'],
    ['GET', '/steering/channel-1/cdn?'],
    ['GET', '/steering/channel-1/cdn?session=a%20b+c&_HLS_pathway=x&session=other&flag'],
    ['GET', '/steering/channel-1/cdn?session=%ZZ&_DASH_pathway=%22a,b%22'],
    ['GET', '/steering/channel-1/cdn?constructor=1&__proto__=2'],
    ['GET', '/steering/channel%2D1/cdn?session=1'],
    ['GET', '/steering/channel-9/cdn'],
    ['GET', '/steering/channel-1/cdn/more'],
    ['POST', '/steering/channel-1/cdn'],
    ['OPTIONS', '/steering/channel-1/cdn'],
  ])('hear the same as from the API: %s %s', async (method, path) => {
    const { port, direct, plain } = await start()

    const [a, b] = [await fetch(direct + path, { method }), await fetch(plain + path, { method })]

    expect([a.status, await a.text()]).toEqual([b.status, await b.text()])
    for (const name of ['content-type', 'cache-control', 'access-control-allow-origin']) {
      expect(a.headers.get(name)).toBe(b.headers.get(name))
    }
    const [one, two] = port.asked
    expect({ ...one?.query }).toEqual({ ...two?.query })
  })

  it('hear of an error of ours from the API, and the server goes on', async () => {
    const { port, direct } = await start()
    const pullGroup = port.pullGroup.bind(port)
    port.pullGroup = () => {
      throw new Error('broken')
    }

    const broken = await fetch(`${direct}/steering/channel-1/cdn`)
    port.pullGroup = pullGroup
    const healed = await fetch(`${direct}/steering/channel-1/cdn`)

    expect([broken.status, healed.status]).toEqual([500, 200])
  })
})
