/**
 * A whole Changeover that steers, in a process of its own, or with the argument `bare` a server of
 * Node alone that answers every question with the same manifest. The other argument is the address
 * that its probes look at. Prints its own address.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { install } from '../e2e/installation.ts'

const [kind = '', origin = ''] = process.argv.slice(2)

if (kind === 'bare') {
  const body = JSON.stringify({
    VERSION: 1,
    TTL: 30,
    'RELOAD-URI': '?session=9f0e4c1a-5a40-4a44-9d19-6ea2cf8a4a6e',
    'PATHWAY-PRIORITY': ['cdn-a', 'cdn-b', 'cdn-c'],
  })
  const headers = {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    'content-length': body.length,
  }
  const server = createServer((_, response) => response.writeHead(200, headers).end(body))
  server.listen(0, '127.0.0.1', () => {
    console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  })
} else {
  const path = (weight: number) => `{ type: http, url: "${origin}", weight: ${weight} }`
  const changeover = await install(`
mode: armed
store: sqlite:./changeover.db
listen: { operator: "127.0.0.1:0" }
streams:
  channel-1:
    groups:
      cdn:
        strategy: weighted
        paths: { cdn-a: ${path(50)}, cdn-b: ${path(30)}, cdn-c: ${path(20)} }
        actuators: [ { type: steering } ]
`)
  process.once('SIGTERM', () => void changeover.stop().then(() => process.exit(0)))
  await changeover.until('an answer', 20_000, async () => {
    return (await changeover.get('/steering/channel-1/cdn')).ok || undefined
  })
  console.log(changeover.url)
}
