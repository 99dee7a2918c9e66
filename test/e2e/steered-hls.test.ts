import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { seededRandom } from '../../src/core/seeded-random.ts'
import { startLab, type Lab } from '../../src/lab/start-lab.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { nginxBinary } from '../real/nginx-process.ts'
import { startNginxProxy } from '../real/nginx-proxy.ts'
import { install, type Installation } from './installation.ts'
import { hasChromium, openPlayer, sessionsOf } from './steered-player.ts'

const group = '/api/v1/groups/news/cdn'

/** The lab's multivariant playlist, each variant once for each pathway; the first is the initial one. */
async function steeredPlaylist(
  lab: Lab,
  pathways: Readonly<Record<string, string>>,
  steering: string,
): Promise<string> {
  const playlist = await (await fetch(`${lab.urls.origin}/news/main.m3u8`)).text()
  const lines = playlist.trim().split('\n')
  const variants = lines.flatMap((line, at) =>
    line.startsWith('#EXT-X-STREAM-INF') ? [[line, lines[at + 1] ?? ''] as const] : [],
  )
  const listed = Object.entries(pathways).flatMap(([edge, url]) =>
    variants.flatMap(([tag, uri]) => [`${tag},PATHWAY-ID="${edge}"`, `${url}/news/${uri}`]),
  )
  return [
    '#EXTM3U',
    '#EXT-X-VERSION:6',
    '#EXT-X-INDEPENDENT-SEGMENTS',
    `#EXT-X-CONTENT-STEERING:SERVER-URI="${steering}",PATHWAY-ID="${Object.keys(pathways)[0]}"`,
    ...listed,
    '',
  ].join('\n')
}

const play = `
  const player = new Hls({ liveSyncDuration: 12, maxBufferLength: 30 })
  player.on(Hls.Events.FRAG_LOADED, (_, { frag }) => served(frag.url))
  player.on(Hls.Events.ERROR, (_, { type, details, fatal, error }) =>
    failed((fatal ? 'fatal ' : '') + type + ' ' + details + ': ' + error.message))
  player.on(Hls.Events.STEERING_MANIFEST_LOADED, (_, { steeringManifest }) => steered(steeringManifest))
  player.loadSource(url)
  player.attachMedia(video)`

// Needs Debian's chromium.
describe.skipIf(!hasChromium)('hls.js', () => {
  let lab: Lab
  let changeover: Installation
  let player: Awaited<ReturnType<typeof openPlayer>>

  beforeAll(async () => {
    lab = await startLab({
      clock: realClock(),
      random: seededRandom(1),
      streams: [{ name: 'news', segmentSeconds: 1, window: 20 }],
      edges: [{ name: 'edge-a' }, { name: 'edge-b' }],
    })
    const path = (edge: string) => `{ type: hls, url: "${lab.urls.edges[edge]}/news/main.m3u8" }`
    changeover = await install(`
mode: armed
profile: demo
store: sqlite:./changeover.db
listen: { operator: "127.0.0.1:0" }
streams:
  news:
    groups:
      cdn:
        paths:
          edge-a: ${path('edge-a')}
          edge-b: ${path('edge-b')}
        holddown: 1s
        actuators: [ { type: steering, ttl: 5s } ]
`)
    await changeover.until('both edges up', 20_000, async () => {
      const { groups } = await changeover.view()
      return groups.every(({ paths }) => paths.every(({ health }) => health === 'up')) || undefined
    })
    player = await openPlayer({
      script: 'hls',
      play,
      manifest: async () => ({
        type: 'application/vnd.apple.mpegurl',
        body: await steeredPlaylist(lab, lab.urls.edges, `${changeover.url}/steering/news/cdn`),
      }),
    })
  })

  afterAll(async () => {
    await player?.close()
    await changeover?.stop()
    await lab?.close()
  })

  it('plays where a person steers it, and leaves an edge that dies, without a stall', async () => {
    const [a, b] = ['edge-a', 'edge-b'].map((edge) => new URL(lab.urls.edges[edge] ?? '').host)
    await player.until('time > 1 && ahead > 8', 30_000)

    const steered = await changeover.post(`${group}/steer`, { path: 'edge-b', reason: 'try it' })
    const moved = await player.until(`servedBy.at(-1) === '${b}'`, 20_000)

    expect(steered.status).toBe(200)
    expect(moved.servedBy).toEqual([a, b])
    // What was under way when it moved may be cut off; nothing failed to come.
    expect(moved.errors.filter((each) => /fatal|networkError/u.test(each))).toEqual([])

    await changeover.post(`${group}/release`, { reason: 'go on' })
    await changeover.until('steady', 10_000, async () => {
      const { groups } = await changeover.view()
      return groups[0]?.state === 'STEADY' || undefined
    })
    await player.until('ahead > 8', 20_000)
    const { time } = await player.viewing()
    await lab.inject('edge-b', 'refuse')
    // So long that what was there when the edge died is played out.
    const after = await player.until(`time > ${time + 14} && servedBy.at(-1) === '${a}'`, 40_000)

    expect(after.steeredTo).toEqual(['edge-a', 'edge-b', 'edge-a'])
    expect(after.servedBy).toEqual([a, b, a])
    expect(after.stalledMs).toBe(0)
    expect(sessionsOf(after).size).toBe(1)
  })

  // Players put the host alone into the place of the host: both edges have one port.
  it.skipIf(nginxBinary === undefined)(
    'plays a pathway that its playlist does not have, made from another one',
    async () => {
      const plain = await startNginxProxy(lab.urls.origin)
      onTestFinished(() => plain.close())
      const copy = await startNginxProxy(lab.urls.origin, {
        address: '127.0.0.2',
        port: plain.port,
      })
      onTestFinished(() => copy.close())
      const cloned = await install(`
mode: armed
profile: demo
store: sqlite:./changeover.db
listen: { operator: "127.0.0.1:0" }
streams:
  news:
    groups:
      cdn:
        paths:
          plain: { type: hls, url: "${plain.url}/news/main.m3u8" }
          copy: { type: hls, url: "${copy.url}/news/main.m3u8" }
        holddown: 1s
        actuators:
          - { type: steering, ttl: 5s, clones: { copy: { of: plain, host: 127.0.0.2, params: { edge: c } } } }
`)
      onTestFinished(() => cloned.stop())
      const viewer = await openPlayer({
        script: 'hls',
        play,
        manifest: async () => ({
          type: 'application/vnd.apple.mpegurl',
          body: await steeredPlaylist(lab, { plain: plain.url }, `${cloned.url}/steering/news/cdn`),
        }),
      })
      onTestFinished(() => viewer.close())
      await viewer.until("time > 1 && ahead > 5 && steeredTo.at(-1) === 'plain'", 30_000)

      const steered = await cloned.post(`${group}/steer`, { path: 'copy', reason: 'try it' })
      const moved = await viewer.until(`servedBy.at(-1) === '${copy.host}'`, 20_000)

      expect(steered.status).toBe(200)
      expect(moved.servedBy).toEqual([plain.host, copy.host])
      expect(moved.stalledMs).toBe(0)
    },
  )
})
