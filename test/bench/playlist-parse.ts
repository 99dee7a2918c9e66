/**
 * Reading media formats: playlists of 900 segments against the parsers of two players and hls-parser, and the
 * MPEG-TS scanner from memory against `ffmpeg -c copy`. Contenders take turns, so ratios hold
 * whatever else the machine does; rates are per second of CPU time. The others build a model and no
 * findings; ours also lints. Flags: --runs 7 --run-seconds 0.5 --megabytes 256.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import HlsParser from 'hls-parser'
import { M3U8Parser, PlaylistLevelType } from 'hls.js'
import { Parser } from 'm3u8-parser'
import { parsePlaylist } from '../../src/formats/m3u8/parse.ts'
import { TsMonitor } from '../../src/formats/mpegts/monitor.ts'
import { TsScanner } from '../../src/formats/mpegts/scanner.ts'
import { takeTurns } from './apparatus/paced.ts'
import { flags, median, printEnvironment, printTable, whole } from './apparatus/report.ts'
import { transportStream } from './apparatus/transport-stream.ts'

const {
  runs,
  'run-seconds': runSeconds,
  megabytes,
} = flags({
  runs: 7,
  'run-seconds': 0.5,
  megabytes: 256,
})
const segments = 900
const base = 'https://origin.example/live/p.m3u8'

printEnvironment()
comparePlaylists()
console.log('')
await compareTransportStreams()

function comparePlaylists(): void {
  const text = playlist()
  const body = Buffer.from(text)
  const contenders = [
    { name: 'ours, from bytes, with findings', work: () => count(ours(body)) },
    { name: 'hls.js M3U8Parser', work: () => count(hlsJs(text)) },
    { name: 'm3u8-parser', work: () => count(videoJs(text)) },
    { name: 'hls-parser', work: () => count(hlsParser(text)) },
  ]
  const rates = takeTurns(contenders, runs, runSeconds)
  const first = rates.get(contenders[0]?.name ?? '') ?? []
  printTable(
    [`${segments} segments, ${whole(body.length / 1_024)} KiB`, 'parses per CPU s', 'ours is'],
    contenders.map(({ name }) => {
      const values = rates.get(name) ?? []
      const ratios = values.map((rate, run) => (first[run] ?? Number.NaN) / rate)
      return [name, spread(values, whole), `${spread(ratios, (ratio) => ratio.toFixed(1))} ×`]
    }),
  )
}

/** One parse; the segments are counted so that nobody can leave any out. */
function count(found: number): number {
  if (found !== segments) throw new Error(`${found} segments were read`)
  return 1
}

function ours(body: Buffer): number {
  const read = parsePlaylist(body, { url: base })
  return read.kind === 'media' ? read.segments.length : 0
}

function hlsJs(text: string): number {
  const type = PlaylistLevelType.MAIN
  return M3U8Parser.parseLevelPlaylist(text, base, 0, type, 0, null).fragments.length
}

function videoJs(text: string): number {
  const parser = new Parser({ uri: base })
  parser.push(text)
  parser.end()
  return (parser.manifest as { readonly segments: readonly unknown[] }).segments.length
}

function hlsParser(text: string): number {
  const playlist = HlsParser.parse(text)
  return playlist.isMasterPlaylist ? 0 : playlist.segments.length
}

/** An hour and a half of six-second segments, dated, as a live window with rewind has them. */
function playlist(): string {
  const lines = ['#EXTM3U', '#EXT-X-VERSION:6', '#EXT-X-TARGETDURATION:6']
  lines.push('#EXT-X-MEDIA-SEQUENCE:291600')
  for (let index = 0; index < segments; index += 1) {
    const begins = new Date(1_760_000_000_000 + index * 6_000).toISOString()
    lines.push(`#EXT-X-PROGRAM-DATE-TIME:${begins}`, '#EXTINF:6.000,')
    lines.push(`video/1080p/segment-${291_600 + index}.ts`)
  }
  return `${lines.join('\n')}\n`
}

async function compareTransportStreams(): Promise<void> {
  const stream = await transportStream(megabytes * 1e6)
  const gigabytes = stream.length / 1e9
  const scan = (step: number) => () => {
    const scanner = new TsScanner()
    for (let at = 0; at < stream.length; at += step) scanner.push(stream.subarray(at, at + step))
    scanner.end()
    if (scanner.report().packets * 188 !== stream.length) throw new Error('packets are missing')
    return gigabytes
  }
  const watch = () => {
    const monitor = new TsMonitor('pcr')
    for (let at = 0; at < stream.length; at += 65_536) {
      monitor.push(stream.subarray(at, at + 65_536), 0)
    }
    if (monitor.packets * 188 !== stream.length) throw new Error('packets are missing')
    return gigabytes
  }
  const folder = mkdtempSync(join(tmpdir(), 'changeover-bench-'))
  try {
    const file = join(folder, 'stream.ts')
    writeFileSync(file, stream)
    const contenders = [
      { name: 'ours, chunks of 1,316 bytes', work: scan(1_316) },
      { name: 'ours, chunks of 64 KiB', work: scan(65_536) },
      { name: 'ours with TR 101 290, chunks of 64 KiB', work: watch },
    ]
    const rates = new Map(takeTurns(contenders, runs, runSeconds))
    const names = contenders.map(({ name }) => name)
    const version = ffmpegVersion()
    if (version === undefined) {
      console.log('ffmpeg skipped: it is not installed\n')
    } else {
      const name = `ffmpeg ${version} -c copy -f null, of a file in memory`
      names.push(name)
      rates.set(
        name,
        Array.from({ length: runs }, () => gigabytes / ffmpegSeconds(file)),
      )
    }
    printTable(
      [`${megabytes} MB of transport stream`, 'GB per CPU s'],
      names.map((name) => [name, spread(rates.get(name) ?? [], (rate) => rate.toFixed(2))]),
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function ffmpegVersion(): string | undefined {
  if (spawnSync('ffmpeg', ['-version']).error !== undefined) return undefined
  return /version (\d+(?:\.\d+)*)/u.exec(execFileSync('ffmpeg', ['-version']).toString())?.[1]
}

/** User and system seconds of FFmpeg by its own count, its start included. */
function ffmpegSeconds(file: string): number {
  const input = ['-hide_banner', '-nostdin', '-benchmark', '-f', 'mpegts', '-i', file]
  const output = ['-map', '0', '-c', 'copy', '-f', 'null', '-']
  const { stderr } = spawnSync('ffmpeg', [...input, ...output], { maxBuffer: 2 ** 28 })
  const times = /bench: utime=([\d.]+)s stime=([\d.]+)s/u.exec(stderr.toString())
  if (times === null) throw new Error(`ffmpeg did not say what it used:\n${stderr.toString()}`)
  return Number(times[1]) + Number(times[2])
}

/** `median (lowest to highest)`. */
function spread(values: readonly number[], form: (value: number) => string): string {
  return `${form(median(values))} (${form(Math.min(...values))} to ${form(Math.max(...values))})`
}
