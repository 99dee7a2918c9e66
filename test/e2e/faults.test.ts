import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { seededRandom } from '../../src/core/seeded-random.ts'
import type { GroupView, PathView } from '../../src/core/view.ts'
import { startLab, type Lab } from '../../src/lab/start-lab.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { install, pause, type Installation } from './installation.ts'

const streams = Array.from({ length: 12 }, (_, index) => `s${index + 1}`)

/** Twelve streams over two edges, one group each; `bare` watches one media playlist directly. */
function configuration(lab: Lab): string {
  const group = (stream: string, playlist: string, name: string) => `
  ${name}:
    groups:
      cdn:
        paths:
          cdn-a: { type: hls, url: "${lab.urls.edges['edge-a']}/${stream}/${playlist}" }
          cdn-b: { type: hls, url: "${lab.urls.edges['edge-b']}/${stream}/${playlist}" }
        holddown: 2s
        actuators: [ { type: serve } ]`
  return `
mode: armed
profile: demo
store: sqlite:./changeover.db
listen: { operator: "127.0.0.1:0" }
installation: { blast_radius: { groups: 100, fraction: 1, per: 1s } }
streams:${streams.map((stream) => group(stream, 'main.m3u8', stream)).join('')}${group('s1', '360p.m3u8', 'bare')}
`
}

let lab: Lab
let changeover: Installation

beforeAll(async () => {
  lab = await startLab({
    clock: realClock(),
    random: seededRandom(1),
    streams: streams.map((name) => ({ name, segmentSeconds: 1, captions: name === 's12' })),
    edges: [{ name: 'edge-a' }, { name: 'edge-b' }],
  })
  changeover = await install(configuration(lab))
  await changeover.until('every path up', 20_000, async () => {
    const { groups } = await changeover.view()
    return groups.every((group) => group.paths.every((path) => path.health === 'up')) || undefined
  })
})

afterEach(async () => {
  await lab.healAll()
  await changeover.until('every path up again', 30_000, async () => {
    const { groups } = await changeover.view()
    return groups.every((each) => each.paths.every(({ health }) => health === 'up')) || undefined
  })
})

afterAll(async () => {
  await changeover.stop()
  await lab.close()
})

async function group(stream: string): Promise<GroupView> {
  const found = (await changeover.view()).groups.find((each) => each.stream === stream)
  if (found === undefined) throw new Error(`no group of ${stream}`)
  return found
}

async function path(stream: string, name: string): Promise<PathView> {
  const found = (await group(stream)).paths.find((each) => each.name === name)
  if (found === undefined) throw new Error(`no path ${name}`)
  return found
}

/** Streams that nobody broke: all their paths are up and their preferred path serves. */
async function expectUndisturbed(broken: readonly string[]): Promise<void> {
  const { groups } = await changeover.view()
  for (const each of groups.filter(({ stream }) => !broken.includes(stream))) {
    for (const { health } of each.paths) expect(`${each.name} ${health}`).toBe(`${each.name} up`)
  }
  expect((await changeover.get('/healthz')).status).toBe(200)
}

interface FaultCase {
  readonly name: string
  readonly stream: string
  /** The group that is looked at, where it is another than the stream's. */
  readonly watched?: string
  readonly rendition?: string
  readonly fault: string
  readonly health: 'down' | 'degraded'
  readonly diagnosis: string
  readonly says: RegExp
}

const cases: FaultCase[] = [
  {
    name: 'whole stream frozen',
    stream: 's2',
    fault: 'freeze',
    health: 'down',
    diagnosis: 'playlist-stalled',
    says: /^no new segment for \d+\.\ds \(target duration 1\.0s\)/u,
  },
  {
    name: 'one of two variants frozen',
    stream: 's3',
    rendition: '360p',
    fault: 'freeze',
    health: 'down',
    diagnosis: 'rendition-stalled',
    says: /^one rendition shows no new segment for \d+\.\ds/u,
  },
  {
    name: 'bare media playlist frozen',
    stream: 's1',
    watched: 'bare',
    fault: 'freeze',
    health: 'down',
    diagnosis: 'playlist-stalled',
    says: /^no new segment for \d+\.\ds/u,
  },
  {
    name: 'multivariant playlist 404',
    stream: 's4',
    fault: 'multivariant-404',
    health: 'down',
    diagnosis: 'not-found',
    says: /404/u,
  },
  {
    name: 'variant playlist 404',
    stream: 's5',
    rendition: '360p',
    fault: 'playlist-404',
    health: 'degraded',
    diagnosis: 'rendition-missing',
    says: /^1 of 2 media playlists cannot be fetched/u,
  },
  {
    name: 'HTTP 200 with an HTML error page',
    stream: 's6',
    fault: 'html',
    health: 'down',
    diagnosis: 'wrong-content',
    says: /looks like html/u,
  },
  {
    name: 'playlist without segments',
    stream: 's7',
    fault: 'empty',
    health: 'down',
    diagnosis: 'playlist-empty',
    says: /segment/u,
  },
  {
    name: 'origin accepts and never answers',
    stream: 's8',
    fault: 'hang',
    health: 'down',
    diagnosis: 'unreachable',
    says: /no (answer|first byte|response)|not answer|timed? ?out|within/iu,
  },
  {
    name: 'every segment 404',
    stream: 's9',
    fault: 'segments-404',
    health: 'down',
    diagnosis: 'segments-missing',
    says: /of the segments tried last cannot be fetched/u,
  },
]

describe('one path breaks, the others go on', () => {
  test.each(cases)('$name', async ({ stream, watched = stream, rendition, ...expected }) => {
    const target = ['edge-a', stream, ...(rendition === undefined ? [] : [rendition])].join('/')
    await lab.inject(target, expected.fault)

    const broken = await changeover.until(expected.diagnosis, 20_000, async () => {
      const seen = await path(watched, 'cdn-a')
      return seen.health === expected.health && seen.diagnosis === expected.diagnosis
        ? seen
        : undefined
    })

    expect(broken.says).toMatch(expected.says)
    expect(broken.remedy).not.toBe('')
    if (expected.health === 'down') {
      const moved = await changeover.until('traffic on cdn-b', 10_000, async () => {
        const seen = await group(watched)
        return seen.active === 'cdn-b' ? seen : undefined
      })
      expect(moved.lastChange).toMatchObject({ reason: 'failover', leaving: ['cdn-a'] })
      const serve = (name: string) => changeover.get(`/serve/${watched}/cdn/${name}`)
      expect((await serve('cdn-a')).status).toBe(503)
      expect((await serve('cdn-b')).status).toBe(200)
    } else {
      await pause(2_000)
      expect((await group(watched)).active).toBe('cdn-a')
    }
    expect((await path(watched, 'cdn-b')).health).toBe('up')
    await expectUndisturbed([stream, watched])
  })
})

test('EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS without a URI leads to no request and no finding', async () => {
  const playlist = await (await fetch(`${lab.urls.edges['edge-a']}/s12/main.m3u8`)).text()
  expect(playlist).toContain('TYPE=CLOSED-CAPTIONS')

  const seen = await path('s12', 'cdn-a')

  expect(seen.health).toBe('up')
  expect(seen.findings).toEqual([])
  expect(seen.measurements).toContainEqual(
    expect.objectContaining({ name: 'renditions', value: 2 }) as unknown,
  )
})

test('twelve streams failing while /metrics is scraped every second', async () => {
  const faults = ['freeze', 'html', 'empty', 'hang', 'multivariant-404', 'segments-404']
  await Promise.all(
    streams.map((stream, index) =>
      lab.inject(`edge-a/${stream}`, faults[index % faults.length] ?? 'freeze'),
    ),
  )
  const scrapes: { readonly status: number; readonly ms: number; readonly body: string }[] = []
  const clock = realClock()
  for (let second = 0; second < 12; second += 1) {
    const at = clock.now()
    const answer = await changeover.get('/metrics')
    scrapes.push({ status: answer.status, body: await answer.text(), ms: clock.now() - at })
    await pause(1_000)
  }

  const moved = await changeover.until('all twelve on cdn-b', 20_000, async () => {
    const { groups } = await changeover.view()
    const all = groups.filter(({ stream }) => stream !== 'bare')
    return all.every(({ active }) => active === 'cdn-b') ? all : undefined
  })

  expect(moved).toHaveLength(12)
  expect(scrapes.every(({ status }) => status === 200)).toBe(true)
  expect(scrapes.at(-1)?.body).toContain('changeover_path_health')
  const chain = await changeover.journal()
  expect(chain.filter(({ kind }) => kind === 'verify-failed')).toEqual([])
})
