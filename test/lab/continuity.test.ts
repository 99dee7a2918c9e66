import { afterEach, beforeEach, expect, it } from 'vitest'
import dash from '../../probes/dash.ts'
import hls from '../../probes/hls.ts'
import { compareContinuity, continuityChecks, type Continuity } from '../../src/core/continuity.ts'
import { seededRandom } from '../../src/core/seeded-random.ts'
import { startLab, type Lab } from '../../src/lab/start-lab.ts'
import { createNet } from '../../src/net/create-net.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import type { HttpRequest, Net } from '../../src/plugin/net.ts'
import { session } from '../probes/look-once.ts'

let lab: Lab
let net: Net & { close(): Promise<void> }

beforeEach(async () => {
  net = createNet({ clock: realClock() })
  lab = await startLab({
    clock: realClock(),
    random: seededRandom(1),
    streams: [{ name: 'news' }],
    edges: [{ name: 'edge-a' }, { name: 'edge-b' }],
  })
})

afterEach(async () => {
  await lab.close()
  await net.close()
})

const address = (edge: string, manifest = 'main.m3u8') => `${lab.urls.edges[edge]}/news/${manifest}`

function differences(from: Continuity | undefined, to: Continuity | undefined): string[] {
  const limits = { checks: continuityChecks, behindMs: 30_000 }
  const [left, entered] = [
    { name: 'edge-a', seen: from },
    { name: 'edge-b', seen: to },
  ]
  return compareContinuity(left, entered, limits).map(({ says }) => says)
}

async function seen(edge: string, more: Partial<Net> = {}, options: object = {}) {
  return (await session(hls, { url: address(edge), ...options }, more)()).continuity
}

/** The network, but for one rendition that the multivariant playlist does not name any more. */
function without(rendition: string): Partial<Net> {
  return {
    http: async (request: HttpRequest) => {
      const answer = await net.http(request)
      if (!answer.ok || !request.url.endsWith('main.m3u8')) return answer
      const text = answer.body.toString()
      const left = text.replace(
        new RegExp(`#EXT-X-STREAM-INF[^\n]*\n${rendition}[^\n]*\n`, 'u'),
        '',
      )
      return { ...answer, body: Buffer.from(left) }
    },
  }
}

it('two edges of one origin continue each other, by HLS and by DASH', async () => {
  const [a, b] = [await seen('edge-a'), await seen('edge-b')]
  const c = (await session(dash, { url: address('edge-a', 'main.mpd') })()).continuity
  const d = (await session(dash, { url: address('edge-b', 'main.mpd') })()).continuity

  expect(a?.ladder).toHaveLength(2)
  expect(c?.ladder?.length).toBeGreaterThanOrEqual(2)
  expect(a).toMatchObject({ keys: [], edgeAgeMs: expect.any(Number) })
  expect([differences(a, b), differences(b, a)]).toEqual([[], []])
  expect([differences(c, d), differences(d, c)]).toEqual([[], []])
})

it('an edge that offers a rendition less does not, and one that offers more does', async () => {
  const [whole, less] = [await seen('edge-a'), await seen('edge-b', without('360p'))]

  expect(less?.ladder).toHaveLength(1)
  expect(differences(whole, less)).toEqual([expect.stringMatching(/^edge-b offers no 360p /u)])
  expect(differences(less, whole)).toEqual([])
})

it('an edge that shows a slate does not', async () => {
  const programme = await seen('edge-a', {}, { slate: { uri: '/slate/' } })
  const slate = await seen('edge-b', {}, { slate: { uri: '.ts' } })

  expect(differences(programme, slate)).toEqual(['edge-b shows a slate'])
})

it('an edge whose programme time is a minute behind does not', async () => {
  await lab.inject('edge-b', 'clock-skew', { value: -60_000 })
  const [a, b] = [await seen('edge-a'), await seen('edge-b')]

  expect(differences(a, b)).toEqual([
    expect.stringMatching(/^edge-b is \d+ s behind edge-a by its programme time$/u),
  ])
  expect(differences(b, a)).toEqual([])
})
