import { describe, expect, onTestFinished, test } from 'vitest'
import type { RequestListener } from 'node:http'
import type { Observation } from '../../src/core/sample.ts'
import { createNet } from '../../src/net/create-net.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import type { Due } from '../../src/plugin/probe.ts'
import { serveHttp } from '../net/servers.ts'
import { plugin } from './encoder-status.ts'

const clock = realClock()

/** What one look says of an encoder that answers in this way. */
async function look(listener: RequestListener): Promise<Observation> {
  const encoder = await serveHttp(listener)
  const net = createNet({ clock })
  onTestFinished(async () => {
    await net.close()
    await encoder.close()
  })
  async function* once(): AsyncGenerator<Due> {
    yield { at: clock.now(), purpose: 'once' }
  }
  const session = plugin.observe(plugin.options.parse({ url: encoder.url, timeout: '300ms' }), {
    clock,
    random: { next: () => 0.5 },
    net,
    due: once(),
    signal: new AbortController().signal,
    everyMs: 1_000,
  })
  for await (const observation of session) return observation
  throw new Error('the session ended without an observation')
}

function says(document: unknown): RequestListener {
  return (_request, response) => void response.end(JSON.stringify(document))
}

describe('the probe of an encoder', () => {
  test('passes while the encoder is live, with the bitrate', async () => {
    expect(await look(says({ live: true, kbps: 4_500, uptime: 7 }))).toEqual({
      outcome: 'pass',
      measurements: { encoder_bits_per_second: 4_500_000 },
      findings: [],
    })
  })

  test('fails with a diagnosis when the encoder is not live, and keeps what it measured', async () => {
    expect(await look(says({ live: false, kbps: 0 }))).toMatchObject({
      outcome: 'fail',
      reason: 'The encoder says that it is not live.',
      diagnosis: 'ingest-lost',
      measurements: { encoder_bits_per_second: 0 },
    })
  })

  test.each<[string, RequestListener, string]>([
    ['answers HTML', (_, response) => void response.end('<html>'), 'wrong-content'],
    ['answers 503', (_, response) => void response.writeHead(503).end(), 'unreachable'],
    ['never answers', () => {}, 'unreachable'],
  ])('fails where the encoder %s', async (_, listener, diagnosis) => {
    expect(await look(listener)).toMatchObject({ outcome: 'fail', diagnosis, measurements: {} })
  })
})
