/**
 * A transport stream in a file, from the start of the process to its end: our scanner with the
 * indicators of TR 101 290, `ffprobe -show_packets` and `ffmpeg -c copy`. They take turns; seconds
 * are of the wall. Flags: --runs 7 --megabytes 64.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { flags, median, printEnvironment, printTable } from './apparatus/report.ts'
import { transportStream } from './apparatus/transport-stream.ts'

const { runs, megabytes } = flags({ runs: 7, megabytes: 64 })

if (spawnSync('ffprobe', ['-version']).error !== undefined) {
  console.log('skipped: ffprobe is not installed')
} else {
  printEnvironment()
  const folder = mkdtempSync(join(tmpdir(), 'changeover-bench-'))
  try {
    const file = join(folder, 'stream.ts')
    writeFileSync(file, await transportStream(megabytes * 1e6))
    compare(file)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function compare(file: string): void {
  const script = join(import.meta.dirname, 'ts-file.process.ts')
  const quiet = ['-hide_banner', '-loglevel', 'error']
  const contenders = [
    { name: 'ours, with TR 101 290', command: process.execPath, args: [script, file] },
    {
      name: 'ffprobe -show_packets -of compact',
      command: 'ffprobe',
      args: [...quiet, '-show_packets', '-of', 'compact', file],
    },
    {
      name: 'ffmpeg -c copy -f null',
      command: 'ffmpeg',
      args: [...quiet, '-nostdin', '-i', file, '-map', '0', '-c', 'copy', '-f', 'null', '-'],
    },
  ]
  const seconds = new Map<string, number[]>(contenders.map(({ name }) => [name, []]))
  for (let run = 0; run < runs; run += 1) {
    for (const { name, command, args } of contenders) {
      const before = performance.now()
      const { status, stderr } = spawnSync(command, args, { maxBuffer: 2 ** 30 })
      if (status !== 0) throw new Error(`${name} ended with ${status}: ${stderr.toString()}`)
      seconds.get(name)?.push((performance.now() - before) / 1_000)
    }
  }
  const first = seconds.get(contenders[0]?.name ?? '') ?? []
  printTable(
    [`${megabytes} MB in a file, ${runs} runs`, 'seconds (lowest to highest)', 'ours is faster'],
    contenders.map(({ name }) => {
      const values = seconds.get(name) ?? []
      const ratios = values.map((value, run) => value / (first[run] ?? Number.NaN))
      const [low, high] = [Math.min(...values), Math.max(...values)]
      return [
        name,
        `${median(values).toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`,
        `${median(ratios).toFixed(1)} ×`,
      ]
    }),
  )
}
