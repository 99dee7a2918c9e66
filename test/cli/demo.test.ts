import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Composition, RunningWatchdog, WatchdogStart } from '../../src/cli/composition.ts'
import { loadConfiguration } from '../../src/composition/configuration.ts'
import type { Settings } from '../../src/core/settings.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { plugins } from '../../src/plugins.ts'
import { fakeComposition, hurriedClock, run } from './harness.ts'

/** What `during` saw of the demo while it ran. */
interface Demo {
  readonly start: WatchdogStart
  readonly settings: Settings
}

/** Runs the demo with a watchdog that does nothing, and ends it after `during`. */
async function demo(
  argv: readonly string[],
  during: (demo: Demo) => Promise<void> | void = () => {},
  parts: Partial<Composition> = {},
) {
  let end = () => {}
  const stopped = new Promise<void>((resolve) => {
    end = resolve
  })
  const events: string[] = []
  let folder = ''
  const composition = fakeComposition({
    clock: realClock(),
    untilStopped: () => stopped,
    async startWatchdog(start): Promise<RunningWatchdog> {
      folder = dirname(start.fileName)
      const loaded = loadConfiguration(start.read(), start.fileName, plugins)
      if (!loaded.ok) throw new Error(loaded.errors.join('\n'))
      const { settings } = loaded
      const { host, port } = settings.listen.operator
      void Promise.resolve(during({ start, settings })).finally(end)
      return {
        url: `http://${host}:${port}`,
        publicUrl: undefined,
        tokenFile: undefined,
        reload: () => Promise.resolve({ ok: true, warnings: [] }),
        async stop() {
          events.push('stop')
        },
      }
    },
    ...parts,
  })
  const ran = await run(['demo', ...argv], composition, { width: 100 })
  return { ...ran, events, folder }
}

describe('changeover demo', () => {
  it('starts a watchdog on a lab, says where everything is, and leaves nothing behind', async () => {
    let settings: Settings | undefined
    const { code, out, err, events, folder } = await demo(['--port', '0'], (running) => {
      settings = running.settings
      expect(existsSync(dirname(running.start.fileName))).toBe(true)
    })

    expect({ code, err, events }).toEqual({ code: 0, err: '', events: ['stop'] })
    expect(existsSync(folder)).toBe(false)
    const { port = 0 } = settings?.listen.operator ?? {}
    expect(settings).toMatchObject({
      mode: 'armed',
      profile: 'demo',
      groups: [
        {
          name: 'channel-1/cdn',
          paths: [{ name: 'edge-a' }, { name: 'edge-b' }],
          actuators: [{ type: 'serve' }],
          verify: { path: { name: 'verify' } },
        },
      ],
    })
    expect(settings?.vantage.reference).toHaveLength(1)
    expect(out).toMatch(/^╭─ Changeover demo ─+╮\n/u)
    expect(out).toContain(`│  Status page  http://127.0.0.1:${port}/`)
    expect(out).toMatch(/Viewer {7}http:\/\/127\.0\.0\.1:\d+\/channel-1\/main\.m3u8/u)
    expect(out).toMatch(/Lab control {2}http:\/\/127\.0\.0\.1:\d+\/lab\/state/u)
    expect(out).toContain(`changeover explain channel-1/cdn --url http://127.0.0.1:${port}`)
    expect(out).toContain('Every 1m the edge that carries the stream breaks for 20s.')
  })

  it('lets the switch of the lab ask the watchdog', async () => {
    const asked = new Set<string>()
    await demo(['--port', '0'], async ({ settings }) => {
      const server = createServer(({ url }, response) => {
        asked.add(url ?? '')
        response.end()
      })
      onTestFinished(() => {
        server.closeAllConnections()
        server.close()
      })
      server.listen(settings.listen.operator.port, '127.0.0.1')
      await expect.poll(() => asked.size).toBe(2)
    })

    expect(asked).toEqual(new Set(['/serve/channel-1/cdn/edge-a', '/serve/channel-1/cdn/edge-b']))
  })

  it('offers faults on the page that really break an edge, and heal', async () => {
    await demo(['--port', '0', '--no-faults'], async ({ start }) => {
      const controls = start.demo
      if (controls === undefined) throw new Error('no controls')
      expect(controls.offers()).toContainEqual({
        target: 'edge-b',
        fault: 'freeze',
        says: 'The media playlist stops moving; what it lists stays fetchable.',
      })

      const says = await controls.inject('edge-a', 'unavailable', 10_000)
      expect(says).toBe('edge-a: Everything is answered with 503.')
      const [fault] = controls.active()
      expect(fault).toMatchObject({ target: 'edge-a', fault: 'unavailable' })
      const edge = await fetch(controls.viewer)
      expect(edge.status).toBe(503)
      expect(await controls.heal(fault?.id ?? '')).toBe(true)
      expect(await controls.heal('f99')).toBe(false)
      expect(controls.active()).toEqual([])
      await expect(controls.inject('edge-a', 'gzip-bomb', 1_000)).rejects.toThrow(
        'No fault gzip-bomb at edge-a is on offer.',
      )
    })
  })

  it('breaks the serving edge again and again, each time in another way, one at a time', async () => {
    const clock = hurriedClock()
    const real = realClock()
    // Waits of the lab are real; those between failures are over at once.
    const sleep: typeof clock.sleep = (ms, signal) =>
      ms === 60_000 ? clock.sleep(ms, signal) : real.sleep(ms, signal)
    const seen: string[] = []
    const { out } = await demo(
      ['--port', '0'],
      async ({ start }) => {
        for (let round = 0; round < 3; round += 1) {
          await expect.poll(() => start.demo?.active().length).toBe(1)
          for (const { id, target, fault } of start.demo?.active() ?? []) {
            seen.push(`${target} ${fault}`)
            await start.demo?.heal(id)
          }
        }
      },
      { clock: { ...real, sleep } },
    )

    expect(seen).toEqual(['edge-a freeze', 'edge-a unavailable', 'edge-a segments-404'])
    expect(out).toContain('warn the demo breaks edge-a  target=edge-a fault=freeze seconds=20')
  })

  it('takes no port that another program has', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve)
    })
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo

    expect(await demo(['--port', String(port)])).toMatchObject({
      code: 2,
      out: '',
      err:
        `error: Port ${port} on 127.0.0.1 is taken.\n` +
        '  End the program that has it, or take another with --port; 0 is any free one.\n',
    })
  })

  it('takes everything down where the watchdog cannot start', async () => {
    let folder = ''
    const { code, err } = await demo(['--port', '0'], undefined, {
      startWatchdog(start) {
        folder = dirname(start.fileName)
        return Promise.reject(new Error('no'))
      },
    })

    expect(code).toBe(3)
    expect(err).toMatch(/^error: Changeover made an error: no\n/u)
    expect(existsSync(folder)).toBe(false)
  })
})

describe('changeover lab', () => {
  it('prints addresses that answer, and how to break things', async () => {
    const pages: number[] = []
    let out = ''
    const composition = fakeComposition({
      clock: realClock(),
      async untilStopped() {
        for (const url of out.match(/http:\S+main\.m3u8/gu) ?? []) {
          pages.push((await fetch(url)).status)
        }
      },
    })
    const { runCli } = await import('../../src/cli/run-cli.ts')
    const io = {
      out: (text: string) => void (out += text),
      err() {},
      isTerminal: false,
      width: 120,
      color: false,
      errIsTerminal: false,
      errColor: false,
    }

    const code = await runCli(
      ['lab', '--streams', 'news,sport', '--edges', 'a,b,c'],
      composition,
      io,
    )

    expect(code).toBe(0)
    expect(pages).toEqual([200, 200, 200, 200, 200])
    expect(out).toMatch(/^The lab runs\.\n {2}viewer {3}http/u)
    expect(out).toContain('further streams: sport')
    expect(out).toMatch(/-d '\{ "target": "a", "fault": "freeze", "for": "20s" \}'/u)
  })

  it('prints addresses as JSON', async () => {
    const stopped = { clock: realClock(), untilStopped: () => Promise.resolve() }

    const { out, code } = await run(['lab', '--json'], fakeComposition(stopped))

    expect(code).toBe(0)
    expect(JSON.parse(out)).toEqual({
      origin: expect.any(String),
      control: expect.any(String),
      switch: expect.any(String),
      rtmp: expect.any(String),
      edges: { 'edge-a': expect.any(String), 'edge-b': expect.any(String) },
    })
  })

  it('refuses names that cannot be part of an address', async () => {
    expect(await run(['lab', '--edges', 'Edge A'])).toMatchObject({
      code: 2,
      err: 'error: The name "Edge A" cannot be used.\n  Give at least one edge; names are lower-case letters, digits and hyphens, each used once.\n',
    })
  })
})
