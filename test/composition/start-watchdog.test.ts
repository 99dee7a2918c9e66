import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { loadConfiguration } from '../../src/composition/configuration.ts'
import { startWatchdog, storeFile } from '../../src/composition/start-watchdog.ts'
import type { DemoControls, RunningWatchdog } from '../../src/cli/composition.ts'
import { silentLog } from '../../src/core/log.ts'
import type { WatchdogView } from '../../src/core/view.ts'
import { createNet } from '../../src/net/create-net.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { realIds } from '../../src/platform/real-ids.ts'
import { realRandom } from '../../src/platform/real-random.ts'
import type { Store } from '../../src/plugin/store.ts'
import { plugins } from '../../src/plugins.ts'
import { openSqliteStore } from '../../src/stores/sqlite.ts'
import { folderWith } from './folder.ts'

const clock = realClock()

/** A configuration whose one path answers nothing; what is given stands before it. */
function configuration(more = '', names: readonly string[] = ['cdn-a', 'cdn-b']): string {
  const paths = names.map(
    (name) => `          ${name}: { type: hls, url: "http://127.0.0.1:9/${name}.m3u8" }`,
  )
  return `${more.includes('listen:') ? '' : 'listen: { operator: "127.0.0.1:0" }\n'}${more}
streams:
  channel-1:
    groups:
      cdn:
        actuators: [{ type: serve }]
        paths:
${paths.join('\n')}
`
}

interface Started {
  readonly running: RunningWatchdog
  readonly file: string
  readonly folder: string
  /** Writes another text and reloads. */
  readonly change: (text: string) => ReturnType<RunningWatchdog['reload']>
  readonly view: () => Promise<WatchdogView>
}

/** Starts a watchdog in a folder of its own; it ends with the test. */
async function start(
  text: string,
  { demo, folder = folderWith() }: { demo?: DemoControls; folder?: string } = {},
): Promise<Started> {
  const file = join(folder, 'changeover.yaml')
  writeFileSync(file, text)
  const running = await startWatchdog(parts(file), {
    read: () => readFileSync(file, 'utf8'),
    fileName: file,
    log: silentLog,
    ...(demo !== undefined && { demo }),
  })
  let stopped: Promise<void> | undefined
  const stop = async () => await (stopped ??= running.stop())
  onTestFinished(stop)
  return {
    running: { ...running, stop },
    file,
    folder,
    change: async (next) => {
      writeFileSync(file, next)
      return await running.reload()
    },
    view: async () => (await (await fetch(`${running.url}/api/v1/state`)).json()) as WatchdogView,
  }
}

function parts(file: string, onStore: (store: Store) => void = () => {}) {
  const net = createNet({ clock })
  onTestFinished(() => net.close())
  return {
    version: '1.2.3',
    clock,
    random: realRandom(),
    ids: realIds(),
    net,
    plugins,
    environment: () => undefined,
    load: (text: string, fileName: string) => loadConfiguration(text, fileName, plugins),
    openStore: async (settings: Parameters<typeof storeFile>[0]) => {
      const store = await openSqliteStore({ file: storeFile(settings, file), clock })
      onStore(store)
      return store
    },
    loopLag: { read: () => ({ p50Ms: 0, p99Ms: 0, maxMs: 0 }), close() {} },
  }
}

async function occupied(): Promise<{ readonly server: Server; readonly address: string }> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return { server, address: `127.0.0.1:${(server.address() as AddressInfo).port}` }
}

describe('a watchdog with everything around it', () => {
  it('answers on a free port, and leaves nothing open at its end', async () => {
    const { running, view, folder } = await start(configuration())
    const seen = await view()

    await running.stop()

    expect(seen).toMatchObject({ version: '1.2.3', mode: 'advise', profile: 'default' })
    expect(running.publicUrl).toBeUndefined()
    expect(running.tokenFile).toBe(join(folder, 'changeover.token'))
    await expect(fetch(`${running.url}/readyz`)).rejects.toThrow('fetch failed')
  })

  it('keeps its store beside the configuration, and writes its start and end', async () => {
    const { running, folder } = await start(configuration())
    await running.stop()

    const store = await openSqliteStore({ file: join(folder, 'changeover.db'), clock })
    const entries = await store.entries({ limit: 10_000 })
    await store.close()

    expect(entries[0]).toMatchObject({ kind: 'boot' })
    expect(entries.at(-1)).toMatchObject({ kind: 'stop' })
  })

  it('lets who reads the token file change things, and nobody else', async () => {
    const { running } = await start(configuration())
    const token = readFileSync(running.tokenFile ?? '', 'utf8').trim()
    const hold = async (authorization?: string) => {
      const response = await fetch(`${running.url}/api/v1/groups/channel-1/cdn/hold`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(authorization !== undefined && { authorization }),
        },
        body: JSON.stringify({ actor: 'ana', reason: 'test', for: '10m' }),
      })
      return response.status
    }

    const statuses = [await hold(), await hold('Bearer wrong'), await hold(`Bearer ${token}`)]

    expect(statuses).toEqual([403, 401, 200])
  })

  it('serves what balancers ask on its public address, and nothing else there', async () => {
    const { running } = await start(
      configuration('listen: { operator: "127.0.0.1:0", public: "127.0.0.1:0" }'),
    )

    const asked = await fetch(`${running.publicUrl}/serve/channel-1/cdn/cdn-b`)
    const state = await fetch(`${running.publicUrl}/api/v1/state`)

    expect(asked.status).toBe(200)
    expect(state.status).toBe(404)
  })

  it('answers agent-checks of HAProxy over TCP, with everything in service while it advises', async () => {
    const { running } = await start(
      configuration('listen: { operator: "127.0.0.1:0", agent: "127.0.0.1:0" }').replace(
        '{ type: serve }',
        '{ type: haproxy-agent }',
      ),
    )
    const net = createNet({ clock })
    onTestFinished(() => net.close())
    const ask = async (path: string) => {
      const to = { host: '127.0.0.1', port: running.agent?.port ?? 0 }
      const line = { to, payload: `channel-1/cdn/${path}\n`, deadlineMs: 10_000, maxBytes: 100 }
      const answer = await net.exchange(line)
      return answer.ok ? answer.body.toString() : answer.says
    }

    const answers = [await ask('cdn-a'), await ask('cdn-b'), await ask('cdn-x')]
    await running.stop()

    expect(answers).toEqual(['up 100%\n', 'up 100%\n', ''])
    expect(await ask('cdn-a')).toContain('refused')
  })

  it('shows metrics of its groups and paths', async () => {
    const { running } = await start(configuration())

    const text = await (await fetch(`${running.url}/metrics`)).text()

    expect(text).toContain('changeover_build_info{version="1.2.3"} 1')
    expect(text).toMatch(/changeover_path_health\{[^}]*path="cdn-a"/u)
  })
})

describe('a start that fails', () => {
  it('says every error of the configuration', async () => {
    await expect(start('mode: armd\nstreams: {}\n')).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('changeover.yaml:1:'),
    })
  })

  it('says which address cannot be had', async () => {
    const { address } = await occupied()

    await expect(start(configuration(`listen: { operator: "${address}" }`))).rejects.toMatchObject({
      code: 'LISTEN_FAILED',
      message: expect.stringContaining(`cannot listen on ${address}`),
    })
  })

  it('takes everything down again where the second address cannot be had', async () => {
    const folder = folderWith()
    const { address, server } = await occupied()
    const free = await occupied()
    free.server.close()
    await once(free.server, 'close')
    const text = configuration(`listen: { operator: "${free.address}", public: "${address}" }`)

    await expect(start(text, { folder })).rejects.toMatchObject({ code: 'LISTEN_FAILED' })
    server.close()
    await once(server, 'close')
    const { running } = await start(text, { folder })

    // Both addresses and the store are free again for the next one.
    expect(running.url).toBe(`http://${free.address}`)
    expect((await fetch(`${running.url}/healthz`)).status).toBe(200)
  })

  it('closes its store where an address cannot be had', async () => {
    const { address } = await occupied()
    const folder = folderWith()
    const file = join(folder, 'changeover.yaml')
    let opened: Store | undefined
    const started = startWatchdog(
      parts(file, (store) => {
        opened = store
      }),
      {
        read: () => configuration(`listen: { operator: "${address}" }`),
        fileName: file,
        log: silentLog,
      },
    )

    await expect(started).rejects.toMatchObject({ code: 'LISTEN_FAILED' })

    await expect(opened?.head()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  })
})

describe('a reload of the configuration', () => {
  it('takes a new path over', async () => {
    const { change, view } = await start(configuration())

    const result = await change(configuration('', ['cdn-a', 'cdn-b', 'cdn-c']))

    expect(result.ok).toBe(true)
    expect((await view()).groups[0]?.paths.map((path) => path.name)).toEqual([
      'cdn-a',
      'cdn-b',
      'cdn-c',
    ])
  })

  it('takes the mode over, and gives the warnings of the new text', async () => {
    const { change, view } = await start(configuration())

    const result = await change(configuration('mode: "off"'))

    expect(result).toMatchObject({ ok: true, warnings: expect.any(Array) })
    expect((await view()).mode).toBe('off')
  })

  it.each([
    ['store', 'store: "sqlite:./other.db"', 'store: a change needs a restart'],
    ['listen', 'listen: { operator: "127.0.0.1:1" }', 'listen: a change needs a restart'],
    [
      'tokens',
      'tokens: [{ name: me, role: operator, token: "0123456789abcdef0123" }]',
      'tokens: a change needs a restart',
    ],
    ['the name of the vantage', 'vantage: { name: fra }', 'vantage.name: a change needs a restart'],
    [
      'the host people use',
      'public_url: "https://changeover.example/"',
      'public_url: a change of its host needs a restart',
    ],
  ])('is refused where it changes %s', async (_, line, says) => {
    const { change, view } = await start(configuration())

    const result = await change(configuration(line))

    expect(result).toEqual({ ok: false, errors: [says] })
    expect((await view()).groups).toHaveLength(1)
  })

  it('is refused where it would take away the path that serves', async () => {
    const { change, view } = await start(configuration())
    await expect.poll(async () => (await view()).groups[0]?.active).toBe('cdn-a')

    const result = await change(configuration('', ['cdn-b', 'cdn-c']))

    expect(result).toEqual({
      ok: false,
      errors: [
        'the path channel-1/cdn/cdn-a cannot be removed: it carries traffic; steer away first',
      ],
    })
  })

  it('keeps the running configuration where the new text has an error', async () => {
    const { change, view } = await start(configuration())

    const result = await change(configuration('mode: armd'))

    expect(result).toMatchObject({ ok: false, errors: [expect.stringContaining('armd')] })
    expect((await view()).mode).toBe('advise')
  })

  it('keeps the running configuration where the file is gone for a moment', async () => {
    const { running, file, view } = await start(configuration())
    rmSync(file)

    const result = await running.reload()

    expect(result).toMatchObject({
      ok: false,
      errors: [expect.stringContaining('no such file')],
    })
    expect((await view()).groups).toHaveLength(1)
  })
})

describe('the demo', () => {
  function controls(): DemoControls {
    return {
      lab: 'http://127.0.0.1:1/',
      viewer: 'http://127.0.0.1:2/',
      offers: () => [{ target: 'edge-a', fault: 'freeze', says: 'The picture stands still.' }],
      active: () => [],
      inject: async (target, fault) => {
        if (fault !== 'freeze') throw new Error(`no fault ${fault}`)
        return `${target} stands still`
      },
      heal: async (id) => id === '1',
    }
  }

  /** Asks as the status page does, which has no token. */
  async function asked(method: string, url: string, body: unknown = {}) {
    const response = await fetch(url, {
      method,
      headers: { 'content-type': 'application/json', origin: new URL(url).origin },
      body: JSON.stringify(body),
    })
    return { status: response.status, text: await response.text() }
  }

  it('shows its links, and breaks and heals things without a token', async () => {
    const { running, view } = await start(configuration(), { demo: controls() })
    const faults = `${running.url}/api/v1/demo/faults`

    const broken = await asked('POST', faults, { target: 'edge-a', fault: 'freeze', for: '10s' })
    const unknown = await asked('POST', faults, { target: 'edge-a', fault: 'explode', for: '10s' })
    const healed = await asked('DELETE', `${faults}/1`)
    const notThere = await asked('DELETE', `${faults}/2`)

    expect((await view()).demo).toEqual({
      lab: 'http://127.0.0.1:1/',
      viewer: 'http://127.0.0.1:2/',
    })
    expect([broken.status, broken.text]).toEqual([
      200,
      expect.stringContaining('edge-a stands still'),
    ])
    expect([unknown.status, unknown.text]).toEqual([
      422,
      expect.stringContaining('no fault explode'),
    ])
    expect([healed.status, notThere.status]).toEqual([200, 404])
  })
})
