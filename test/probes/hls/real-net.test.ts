import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import hls from '../../../probes/hls.ts'
import type { Observation } from '../../../src/core/sample.ts'
import { createNet, type RealNet } from '../../../src/net/create-net.ts'
import { realClock } from '../../../src/platform/real-clock.ts'
import { TsWriter } from '../../formats/mpegts/ts-writer.ts'

const clock = realClock()
let server: Server
let net: RealNet
let port: number

const segment = new TsWriter().segment(0, 2)
const media =
  '#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:7\n#EXTINF:2.000,\nseven.ts\n'

beforeEach(async () => {
  net = createNet({ clock })
  server = createServer(({ url }, answer) => {
    if (url === '/main.m3u8') {
      answer.end(
        '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\na/v.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=1\nhang.m3u8\n',
      )
    } else if (url === '/a/v.m3u8') {
      answer.writeHead(302, { location: '/b/v.m3u8?signed=1' }).end()
    } else if (url === '/b/v.m3u8?signed=1') answer.end(media)
    else if (url === '/b/seven.ts') answer.end(segment)
    else if (url !== '/hang.m3u8') answer.writeHead(404).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
})

afterEach(async () => {
  await net.close()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

async function once(url: string): Promise<Observation> {
  const context = {
    clock,
    random: { next: () => 0.5 },
    net,
    due: (async function* () {
      yield { at: clock.now(), purpose: 'once' as const }
    })(),
    signal: new AbortController().signal,
    everyMs: 2_000,
  }
  const options = hls.options.parse({ url, timeout: '2s' })
  for await (const seen of hls.observe(options, context)) return seen
  throw new Error('no observation')
}

describe('the probe on real sockets', () => {
  it('follows redirects to relative segments while another rendition hangs, within its deadline', async () => {
    const startedAt = clock.now()

    const seen = await once(`http://127.0.0.1:${port}/main.m3u8`)

    expect(seen.outcome).toBe('pass')
    expect(seen.measurements).toMatchObject({
      renditions: 2,
      renditions_missing: 1,
      segments_missing_ratio: 0,
      continuity_errors: 0,
    })
    expect(clock.now() - startedAt).toBeLessThan(4_000)
  })

  it('names the phase in which an unreachable server failed', async () => {
    await new Promise((resolve) => server.close(resolve))

    const seen = await once(`http://127.0.0.1:${port}/main.m3u8`)

    expect(seen).toMatchObject({ outcome: 'fail', diagnosis: 'unreachable' })
    expect(seen.reason).toContain('(connect)')
    expect(seen.reason).toContain('refused')
  })
})
