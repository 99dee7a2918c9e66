import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { existsSync } from 'node:fs'
import { chromium, type Browser, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seededRandom } from '../../src/core/seeded-random.ts'
import { LOOP_SECONDS } from '../../src/lab/clip.ts'
import { startLab, type Lab } from '../../src/lab/start-lab.ts'
import { realClock } from '../../src/platform/real-clock.ts'

const executablePath = '/usr/bin/chromium'
const hls = new URL('../../node_modules/hls.js/dist/hls.min.js', import.meta.url)

/** A page with one player; it notes every error and where the picture stands. */
const html = `<!doctype html><title>player</title><video muted autoplay playsinline></video>
<script src="/hls.js"></script>
<script>
  const video = document.querySelector('video')
  let player
  window.play = (url, config) => {
    player?.destroy()
    player = new Hls(config)
    window.seen = { errors: [], levels: [], parts: 0 }
    player.on(Hls.Events.ERROR, (_, { details }) => seen.errors.push(details))
    player.on(Hls.Events.MANIFEST_PARSED, (_, { levels }) => {
      seen.levels = levels.map(({ width, height }) => width + 'x' + height)
    })
    player.on(Hls.Events.FRAG_LOADED, (_, { part }) => { if (part) seen.parts += 1 })
    player.loadSource(url)
    player.attachMedia(video)
  }
  window.media = () => ({
    time: video.currentTime,
    width: video.videoWidth,
    frames: video.getVideoPlaybackQuality().totalVideoFrames,
    dropped: video.getVideoPlaybackQuality().droppedVideoFrames,
    gaps: video.buffered.length - 1,
    date: player.playingDate?.getTime(),
    latency: player.latency,
  })
</script>`

describe.skipIf(!existsSync(executablePath))(
  'a stream of the lab in a real player (skipped where chromium is not installed)',
  () => {
    let lab: Lab
    let pages: Server
    let browser: Browser
    let page: Page

    beforeAll(async () => {
      const script = await readFile(hls)
      pages = createServer((request, response) => {
        const isScript = request.url === '/hls.js'
        response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
        response.end(isScript ? script : html)
      })
      await new Promise<void>((resolve) => pages.listen(0, '127.0.0.1', resolve))
      lab = await startLab({
        clock: realClock(),
        random: seededRandom(1),
        streams: [
          { name: 'news', segmentSeconds: 1 },
          { name: 'fast', segmentSeconds: 2, window: 10, lowLatency: true },
        ],
        edges: [{ name: 'edge-a' }, { name: 'edge-b' }],
        switch: {},
      })
      const args = ['--no-sandbox', '--disable-dev-shm-usage', '--disable-quic', '--no-first-run']
      const quiet = ['--disable-background-networking', '--disable-component-update']
      browser = await chromium.launch({
        executablePath,
        args: [...args, ...quiet, '--disable-sync'],
      })
      page = await browser.newPage()
      await page.goto(`http://127.0.0.1:${(pages.address() as AddressInfo).port}/`)
    })

    afterAll(async () => {
      await browser?.close()
      await lab?.close()
      pages?.close()
    })

    it('plays through the end of the loop without an error or a gap', async () => {
      await page.evaluate(`play('${lab.urls.switch}/news/main.m3u8', { liveSyncDurationCount: 2 })`)
      await page.waitForFunction('media().time > 0 && media().frames > 5')
      const before = (await page.evaluate('media()')) as Media

      const played = 2 * LOOP_SECONDS - 1
      await page.waitForFunction(`media().time > ${before.time + played}`, undefined, {
        timeout: (played + 15) * 1_000,
      })

      const after = (await page.evaluate('media()')) as Media
      const seen = (await page.evaluate('seen')) as Seen
      expect(seen.errors).toEqual([])
      expect(seen.levels).toEqual(['320x180', '640x360'])
      expect(after.gaps).toBe(0)
      expect(after.frames - before.frames).toBeGreaterThan(played * 20)
      expect(Math.abs(Date.now() - after.date)).toBeLessThan(10_000)
    })

    it('with low latency plays from parts, closer to live than a whole segment allows', async () => {
      await page.evaluate(
        `play('${lab.urls.switch}/fast/main.m3u8', { lowLatencyMode: true, backBufferLength: 4 })`,
      )
      await page.waitForFunction('media().time > 0 && seen.parts > 5')
      const before = (await page.evaluate('media()')) as Media

      await page.waitForFunction(`media().time > ${before.time + 8}`, undefined, {
        timeout: 25_000,
      })

      const after = (await page.evaluate('media()')) as Media
      const seen = (await page.evaluate('seen')) as Seen
      expect(seen.errors).toEqual([])
      expect(seen.parts).toBeGreaterThan(25)
      expect(after.gaps).toBe(0)
      expect(after.latency).toBeLessThan(4)
    })
  },
)

interface Media {
  readonly time: number
  readonly frames: number
  readonly gaps: number
  readonly date: number
  readonly latency: number
}

interface Seen {
  readonly errors: readonly string[]
  readonly levels: readonly string[]
  readonly parts: number
}
