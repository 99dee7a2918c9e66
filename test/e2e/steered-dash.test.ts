import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startDashEncoder } from '../real/dash-encoder.ts'
import { ffmpegBinary } from '../real/encoder.ts'
import { nginxBinary, startNginx } from '../real/nginx-process.ts'
import { startNginxProxy } from '../real/nginx-proxy.ts'
import { install, type Installation } from './installation.ts'
import { hasChromium, openPlayer, sessionsOf } from './steered-player.ts'

const group = '/api/v1/groups/news/cdn'

const play = `
  const player = dashjs.MediaPlayer().create()
  const { events } = dashjs.MediaPlayer
  player.updateSettings({
    debug: { logLevel: 0 },
    streaming: {
      delay: { liveDelay: 8 },
      utcSynchronization: { enabled: false },
      liveCatchup: { enabled: false },
    },
  })
  player.on(events.FRAGMENT_LOADING_COMPLETED, ({ request, error }) => {
    if (!error) served(request.url)
  })
  player.on(events.ERROR, ({ error }) => failed(String(error.code)))
  player.on(events.CONTENT_STEERING_REQUEST_COMPLETED, ({ currentSteeringResponseData }) =>
    steered({ 'PATHWAY-PRIORITY': currentSteeringResponseData.pathwayPriority }))
  player.initialize(video, url, true)`

// Needs Debian's chromium, nginx and ffmpeg.
describe.skipIf(!hasChromium || nginxBinary === undefined || ffmpegBinary === undefined)(
  'dash.js',
  () => {
    let origin: Awaited<ReturnType<typeof startNginx>>
    let a: Awaited<ReturnType<typeof startNginxProxy>>
    let b: Awaited<ReturnType<typeof startNginxProxy>>
    let encoder: ReturnType<typeof startDashEncoder>
    let changeover: Installation
    let player: Awaited<ReturnType<typeof openPlayer>>

    beforeAll(async () => {
      origin = await startNginx('origin')
      encoder = startDashEncoder(origin.url, 'timeline')
      a = await startNginxProxy(origin.url)
      b = await startNginxProxy(origin.url)
      await encoder.published(10)
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
          edge-a: { type: dash, url: "${a.url}/live/main.mpd" }
          edge-b: { type: dash, url: "${b.url}/live/main.mpd" }
        holddown: 1s
        actuators: [ { type: steering, ttl: 5s } ]
`)
      await changeover.until('both edges up', 20_000, async () => {
        const { groups } = await changeover.view()
        return (
          groups.every(({ paths }) => paths.every(({ health }) => health === 'up')) || undefined
        )
      })
      player = await openPlayer({ script: 'dash', play, manifest })
    })

    afterAll(async () => {
      await player?.close()
      await changeover?.stop()
      await encoder?.kill()
      await Promise.all([a?.close(), b?.close(), origin?.close()])
    })

    /** The encoder's manifest with both edges and the steering server in it. */
    async function manifest() {
      const mpd = await (await fetch(`${origin.url}/live/main.mpd`)).text()
      const locations = [
        `<BaseURL serviceLocation="edge-a">${a.url}/live/</BaseURL>`,
        `<BaseURL serviceLocation="edge-b">${b.url}/live/</BaseURL>`,
        '<ContentSteering defaultServiceLocation="edge-a" queryBeforeStart="true">',
        `${changeover.url}/steering/news/cdn</ContentSteering>`,
      ]
      return {
        type: 'application/dash+xml',
        body: mpd.replace('<Period', `${locations.join('')}<Period`),
      }
    }

    it('plays where a person steers it, and leaves an edge that dies, without a stall', async () => {
      await player.until('time > 1 && ahead > 5', 40_000)

      const steered = await changeover.post(`${group}/steer`, { path: 'edge-b', reason: 'try it' })
      const moved = await player.until(`servedBy.at(-1) === '${b.host}'`, 20_000)

      expect(steered.status).toBe(200)
      expect(moved.servedBy[0]).toBe(a.host)
      expect(moved.errors).toEqual([])

      await changeover.post(`${group}/release`, { reason: 'go on' })
      await changeover.until('steady', 10_000, async () => {
        const { groups } = await changeover.view()
        return groups[0]?.state === 'STEADY' || undefined
      })
      await player.until('ahead > 5', 20_000)
      const { time } = await player.viewing()
      await b.kill()
      // So long that what was there when the edge died is played out.
      const after = await player.until(
        `time > ${time + 12} && servedBy.at(-1) === '${a.host}'`,
        40_000,
      )

      expect(after.steeredTo).toEqual(['edge-a', 'edge-b', 'edge-a'])
      expect(after.stalledMs).toBe(0)
      expect(sessionsOf(after).size).toBe(1)
    })
  },
)
