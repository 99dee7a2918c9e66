/**
 * Reading DASH: a live manifest with an hour of timeline against the parser of a player, the same by
 * number of a stream that began in 1970 (which the other parser would write out whole), and the
 * scanner of fragmented MP4 from memory. Contenders take turns, so ratios hold whatever else the
 * machine does; rates are per second of CPU time. Flags: --runs 7 --run-seconds 0.5.
 */
import { parse } from 'mpd-parser'
import { readFmp4 } from '../../src/formats/fmp4/scanner.ts'
import { liveWindow, segmentAt } from '../../src/formats/mpd/live-edge.ts'
import { parseMpd } from '../../src/formats/mpd/parse.ts'
import { fragment, initSegment } from '../formats/fmp4/box-writer.ts'
import { takeTurns } from './apparatus/paced.ts'
import { flags, median, printEnvironment, printTable, whole } from './apparatus/report.ts'

const { runs, 'run-seconds': runSeconds } = flags({ runs: 7, 'run-seconds': 0.5 })
const url = 'https://origin.example/live/main.mpd'
const start = Date.UTC(2026, 0, 1)
const now = start + 3_600_000
const representations = 6

printEnvironment()
const listed = manifest(timeline(), '2026-01-01T00:00:00Z')
const counted = manifest(template('', 'duration="180000"'), '1970-01-01T00:00:00Z')
const hour = `1,800 listed segments, ${representations} representations, ${whole(listed.length / 1_024)} KiB`
compare(hour, [
  { name: 'ours, from bytes, with findings and the live edge', work: () => ours(listed, now) },
  { name: 'mpd-parser', work: () => theirs(listed) },
])
console.log('')
compare(`by number since 1970, ${whole(counted.length / 1_024)} KiB`, [
  { name: 'ours, from bytes, with findings and the live edge', work: () => ours(counted, now) },
])
console.log('')
scan()

interface Contest {
  readonly name: string
  readonly work: () => number
}

function compare(what: string, contenders: readonly Contest[]): void {
  const rates = takeTurns(contenders, runs, runSeconds)
  const first = rates.get(contenders[0]?.name ?? '') ?? []
  printTable(
    [what, 'parses per CPU s', 'ours is'],
    contenders.map(({ name }) => {
      const values = rates.get(name) ?? []
      const ratios = values.map((rate, run) => (first[run] ?? Number.NaN) / rate)
      return [name, spread(values, whole), `${spread(ratios, (ratio) => ratio.toFixed(1))} ×`]
    }),
  )
}

function ours(body: Buffer, wall: number): number {
  const mpd = parseMpd(body, { url })
  const period = mpd.kind === 'mpd' ? mpd.periods.at(-1) : undefined
  if (mpd.kind !== 'mpd' || period === undefined) throw new Error('it could not be read')
  const edges = period.representations.filter((each) => {
    const window = liveWindow(mpd, period, each, wall)
    return window !== undefined && segmentAt(mpd, period, each, window.newest) !== undefined
  })
  if (edges.length !== representations) throw new Error(`${edges.length} live edges were found`)
  return 1
}

function theirs(body: Buffer): number {
  const { playlists } = parse(body.toString(), { manifestUri: url, NOW: now })
  if (playlists[0]?.segments.length !== 1_800) throw new Error('segments were left out')
  return 1
}

/** An hour of two-second segments whose durations alternate, as those of sound do. */
function timeline(): string {
  const entries = Array.from({ length: 900 }, (_, at) =>
    at === 0 ? '<S t="0" d="181000"/><S d="179000"/>' : '<S d="181000"/><S d="179000"/>',
  )
  return template(`<SegmentTimeline>${entries.join('\n')}</SegmentTimeline>`, '')
}

function template(inner: string, attributes: string): string {
  return `<SegmentTemplate timescale="90000" startNumber="1" ${attributes} media="$RepresentationID$/$Number$.m4s" initialization="$RepresentationID$/init.mp4">${inner}</SegmentTemplate>`
}

function manifest(segments: string, since: string): Buffer {
  const ladder = Array.from(
    { length: representations },
    (_, at) =>
      `<Representation id="v${at}" bandwidth="${(at + 1) * 1_000_000}" width="${(at + 1) * 320}" height="${(at + 1) * 180}" codecs="avc1.64001f"/>`,
  )
  return Buffer.from(
    `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="dynamic" availabilityStartTime="${since}" publishTime="2026-01-01T01:00:00Z" minimumUpdatePeriod="PT2S" timeShiftBufferDepth="PT1H" minBufferTime="PT2S" profiles="urn:mpeg:dash:profile:isoff-live:2011"><Period id="p" start="PT0S"><AdaptationSet id="1" contentType="video" mimeType="video/mp4">${segments}${ladder.join('')}</AdaptationSet></Period></MPD>`,
  )
}

/** A segment of forty fragments and 1.6 MB, as low-latency packagers write them. */
function scan(): void {
  const { init } = readFmp4(initSegment())
  const bytes = Buffer.concat(
    Array.from({ length: 40 }, (_, at) =>
      fragment({ sequence: at + 1, decodeTime: at * 18_000, samples: 5, bytes: 40_000 }),
    ),
  )
  const work = () => {
    if (readFmp4(bytes, init).tracks[0]?.samples !== 200) throw new Error('samples were left out')
    return bytes.length / 1e9
  }
  const values = takeTurns([{ name: 'ours', work }], runs, runSeconds).get('ours') ?? []
  printTable(
    ['fragmented MP4, 40 fragments of 40 kB', 'GB per CPU s'],
    [['ours', spread(values, (value) => value.toFixed(1))]],
  )
}

function spread(values: readonly number[], print: (value: number) => string): string {
  return `${print(median(values))} (${print(Math.min(...values))} to ${print(Math.max(...values))})`
}
