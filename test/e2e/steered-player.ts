import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { chromium, type Page } from 'playwright-core'

const executablePath = '/usr/bin/chromium'

/** Whether Debian's Chromium is here. */
export const hasChromium = existsSync(executablePath)

const require = createRequire(import.meta.url)
/** The players as a page loads them. */
const scripts = {
  hls: () => require.resolve('hls.js/dist/hls.min.js'),
  dash: () => require.resolve('dashjs'),
}

/** What a viewer saw, by the browser's own account. */
export interface Viewing {
  /** Seconds of media that were played. */
  readonly time: number
  /** Seconds that could be played without anything more coming. */
  readonly ahead: number
  /** Milliseconds in which the picture stood still because the buffer was empty, since it first played. */
  readonly stalledMs: number
  readonly stalls: number
  /** Hosts that segments came from, in order, without repetitions. */
  readonly servedBy: readonly string[]
  readonly errors: readonly string[]
  /** The first pathway of each steering manifest, in order, without repetitions. */
  readonly steeredTo: readonly string[]
  /** Addresses at which it asked where to play from, in order. */
  readonly asked: readonly string[]
}

/** The sessions under which a player asked, but for its first question. */
export function sessionsOf({ asked }: Pick<Viewing, 'asked'>): Set<string | null> {
  return new Set(asked.slice(1).map((url) => new URL(url).searchParams.get('session')))
}

/** Counts what the media element tells: `waiting` until `playing` is a stall. */
const meter = `
  const video = document.querySelector('video')
  const seen = { stalledMs: 0, stalls: 0, servedBy: [], errors: [], steeredTo: [] }
  let hasPlayed = false
  let waitingSince
  video.addEventListener('playing', () => {
    hasPlayed = true
    if (waitingSince !== undefined) seen.stalledMs += performance.now() - waitingSince
    waitingSince = undefined
  })
  video.addEventListener('waiting', () => {
    if (!hasPlayed || waitingSince !== undefined) return
    waitingSince = performance.now()
    seen.stalls += 1
  })
  const add = (list, value) => { if (list.at(-1) !== value) list.push(value) }
  window.served = (url) => add(seen.servedBy, new URL(url).host)
  window.failed = (what) => seen.errors.push(what)
  window.steered = (manifest) => add(seen.steeredTo, manifest['PATHWAY-PRIORITY'][0])
  window.viewing = () => ({
    ...seen,
    stalledMs: seen.stalledMs + (waitingSince === undefined ? 0 : performance.now() - waitingSince),
    time: video.currentTime,
    ahead: video.buffered.length === 0
      ? 0 : video.buffered.end(video.buffered.length - 1) - video.currentTime,
  })`

/**
 * A page with a real player in a real browser. `manifest` gives what the player is to load, with its
 * media type; `play` starts the player with `url`, `video` and what the meter offers.
 */
export async function openPlayer(options: {
  readonly script: 'hls' | 'dash'
  readonly play: string
  readonly manifest: () => Promise<{ readonly type: string; readonly body: string }>
}) {
  const script = readFileSync(scripts[options.script]())
  const html = `<!doctype html>
<video muted autoplay playsinline></video><script src="/player.js"></script>
<script>${meter}
  const url = location.origin + '/manifest'
  ${options.play}
</script>`
  const server = createServer((request, response) => {
    if (request.url === '/player.js') {
      response.writeHead(200, { 'content-type': 'text/javascript' }).end(script)
    } else if (request.url?.startsWith('/manifest') === true) {
      void options.manifest().then(
        ({ type, body }) =>
          response.writeHead(200, { 'content-type': type, 'cache-control': 'no-store' }).end(body),
        () => response.writeHead(502).end(),
      )
    } else response.writeHead(200, { 'content-type': 'text/html' }).end(html)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const args = ['--no-sandbox', '--disable-dev-shm-usage', '--disable-quic', '--no-first-run']
  const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync']
  const browser = await chromium.launch({ executablePath, args: [...args, ...quiet] })
  const page = await browser.newPage()
  const asked: string[] = []
  page.on('request', (request) => {
    if (request.url().includes('/steering/')) asked.push(request.url())
  })
  const viewing = async (): Promise<Viewing> => ({
    ...((await page.evaluate('viewing()')) as Omit<Viewing, 'asked'>),
    asked,
  })
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  return {
    viewing,
    /** Resolves when an expression about `viewing()` holds; rejects with what was seen. */
    until: async (what: string, withinMs: number) => {
      await until(page, what, withinMs)
      return await viewing()
    },
    close: async () => {
      await browser.close()
      server.close()
      server.closeAllConnections()
    },
  }
}

async function until(page: Page, what: string, withinMs: number): Promise<void> {
  try {
    await page.waitForFunction(
      `(({ time, ahead, servedBy, steeredTo }) => ${what})(viewing())`,
      undefined,
      {
        timeout: withinMs,
        polling: 100,
      },
    )
  } catch {
    const seen = JSON.stringify(await page.evaluate('viewing()'))
    throw new Error(`not seen within ${withinMs} ms: ${what}; it was ${seen}`)
  }
}
