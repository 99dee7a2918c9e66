import { breakages, breakIt, type Recovery } from './breakages.ts'
import { startGameDay } from './gameday.ts'

/** Breaks a fresh demo installation in eight ways and prints how long each took to recover. */

const day = await startGameDay()
const done: Recovery[] = []
try {
  for (const breakage of breakages) {
    process.stderr.write(`${breakage.name} …\n`)
    done.push(await breakIt(day, breakage))
  }
} finally {
  await day.stop()
}
const seconds = (ms: number | undefined) =>
  ms === undefined ? '–' : `${(ms / 1_000).toFixed(1)} s`
const rows = [
  ['What broke', 'Noticed', 'Moved', 'Recovered', 'Viewer gap'],
  ...done.map(({ gap, moved, name, noticed, recovered }) => [
    name,
    seconds(noticed),
    seconds(moved),
    seconds(recovered),
    seconds(gap),
  ]),
]
const widths = (rows[0] ?? []).map((_, column) =>
  Math.max(...rows.map((row) => row[column]?.length ?? 0)),
)
for (const row of rows) {
  process.stdout.write(
    `${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  ')}\n`,
  )
}
const stuck = done.filter(({ recovered }) => recovered === undefined).map(({ name }) => name)
process.stdout.write(
  stuck.length === 0
    ? `All ${done.length} recovered by themselves. Noticed, moved and recovered: since it was broken.\n`
    : `Not recovered: ${stuck.join('; ')}\n`,
)
process.exitCode = stuck.length === 0 ? 0 : 1
