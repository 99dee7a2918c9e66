import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { readRecording } from '../../src/app/recording/reader.ts'
import type { RecordedLine } from '../../src/app/recording/recording-format.ts'
import { loadConfiguration } from '../../src/composition/configuration.ts'
import { startWatchdog, storeFile } from '../../src/composition/start-watchdog.ts'
import { silentLog } from '../../src/core/log.ts'
import { createNet } from '../../src/net/create-net.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { realIds } from '../../src/platform/real-ids.ts'
import { realRandom } from '../../src/platform/real-random.ts'
import { plugins } from '../../src/plugins.ts'
import { openSqliteStore } from '../../src/stores/sqlite.ts'
import { folderWith } from './folder.ts'

const clock = realClock()

function configuration(recording: string, paths = ['cdn-a', 'cdn-b']): string {
  const listed = paths.map(
    (name) =>
      `          ${name}: { type: hls, every: 200ms, url: "http://user:secret@127.0.0.1:9/${name}.m3u8?token=secret" }`,
  )
  return `listen: { operator: "127.0.0.1:0" }
${recording}
streams:
  channel-1:
    groups:
      cdn:
        paths:
${listed.join('\n')}
`
}

async function start(folder: string, text: string) {
  const file = join(folder, 'changeover.yaml')
  writeFileSync(file, text)
  const net = createNet({ clock })
  onTestFinished(() => net.close())
  const running = await startWatchdog(
    {
      version: '1.2.3',
      clock,
      random: realRandom(),
      ids: realIds(),
      net,
      plugins,
      environment: () => undefined,
      load: (content, fileName) => loadConfiguration(content, fileName, plugins),
      openStore: (settings) => openSqliteStore({ file: storeFile(settings, file), clock }),
      loopLag: { read: () => ({ p50Ms: 0, p99Ms: 0, maxMs: 0 }), close() {} },
    },
    { read: () => readFileSync(file, 'utf8'), fileName: file, log: silentLog },
  )
  onTestFinished(() => running.stop())
  return {
    running,
    change: async (next: string) => {
      writeFileSync(file, next)
      return await running.reload()
    },
  }
}

async function linesOf(folder: string): Promise<RecordedLine[]> {
  const lines: RecordedLine[] = []
  const place = join(folder, 'recording')
  for await (const { line } of readRecording(place, { files: 0, torn: 0 })) lines.push(line)
  return lines
}

async function untilSampled(folder: string, path: string): Promise<RecordedLine[]> {
  for (;;) {
    const file = join(folder, 'recording', 'recording-000001.jsonl')
    const lines = existsSync(file) ? await linesOf(folder) : []
    if (lines.some((line) => line.kind === 'sample' && line.path.endsWith(path))) return lines
    await clock.sleep(50)
  }
}

describe('a watchdog that records', () => {
  it('keeps what it sees in a folder beside the configuration, without a secret', async () => {
    const folder = folderWith()
    const { running } = await start(folder, configuration('recording: { directory: ./recording }'))
    await untilSampled(folder, 'cdn-b')
    await running.stop()

    const lines = await linesOf(folder)

    expect(lines[0]).toMatchObject({
      kind: 'header',
      version: '1.2.3',
      vantages: [{ name: 'local' }],
    })
    expect(lines).toContainEqual(expect.objectContaining({ kind: 'event', what: 'adopted' }))
    const sample = lines.find((line) => line.kind === 'sample')
    expect(sample).toMatchObject({ vantage: 'local', probe: 'hls', outcome: 'fail' })
    const text = readFileSync(join(folder, 'recording', 'recording-000001.jsonl'), 'utf8')
    expect(text).not.toContain('secret')
  })

  it('begins anew after a restart, with what serves by the store', async () => {
    const folder = folderWith()
    const text = configuration('recording: { directory: ./recording }')
    const first = await start(folder, text)
    await untilSampled(folder, 'cdn-a')
    await first.running.stop()
    const second = await start(folder, text)
    await second.running.stop()

    const headers = (await linesOf(folder)).filter((line) => line.kind === 'header')

    expect(headers.map(({ groups }) => groups[0]?.allocation)).toEqual([
      undefined,
      { 'cdn-a': 100, 'cdn-b': 0 },
    ])
    expect(new Set(headers.map(({ run }) => run)).size).toBe(2)
  })

  it('records the paths that a reload brings, and takes another folder only at a start', async () => {
    const folder = folderWith()
    const recording = 'recording: { directory: ./recording }'
    const { running, change } = await start(folder, configuration(recording))

    const more = await change(configuration(recording, ['cdn-a', 'cdn-b', 'cdn-c']))
    const other = await change(configuration('recording: { directory: ./elsewhere }'))
    await untilSampled(folder, 'cdn-c')
    await running.stop()

    expect(more).toMatchObject({ ok: true })
    expect(other).toEqual({ ok: false, errors: ['recording: a change needs a restart'] })
    const lines = await linesOf(folder)
    const groups = lines.find((line) => line.kind === 'groups')
    expect(groups?.groups[0]?.paths.map(({ name }) => name)).toEqual(['cdn-a', 'cdn-b', 'cdn-c'])
  })

  it('leaves no folder behind where nothing is to be recorded', async () => {
    const folder = folderWith()
    const { running } = await start(folder, configuration(''))
    await running.stop()

    expect(existsSync(join(folder, 'recording'))).toBe(false)
  })
})
