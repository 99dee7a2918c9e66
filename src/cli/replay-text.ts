import type { GroupResult } from '../app/recording/group-tape.ts'
import type { ReadingNotes } from '../app/recording/reader.ts'
import type { ReplayReport } from '../app/recording/replay.ts'
import type { Move, ScoreCard } from '../app/recording/score.ts'
import { clean } from './clean.ts'
import type { Io } from './io.ts'
import { painter, type Paint } from './paint.ts'
import type { ReplayVerdict } from './run-replay.ts'
import { textTable } from './text-table.ts'
import { span, stamp } from './times.ts'

/** The same move on two sides, no further apart than this, stands in one line. Milliseconds. */
const sameMoveMs = 120_000

/** One move, as each side made it or did not; the first cell is what was recorded. */
interface Row {
  readonly from: string
  readonly to: string
  readonly what: string
  readonly wall: number
  readonly cells: (Move | undefined)[]
}

/** The result of a replay for people. */
export function replayText(
  report: ReplayReport,
  notes: ReadingNotes,
  verdict: ReplayVerdict,
  io: Io,
): string {
  const paint = painter(io)
  const { from, to, samples, runs, vantages } = report
  const processes = runs === 1 ? 'one process' : `${runs} processes`
  const rows = [
    ['from', stamp(from)],
    ['to', `${stamp(to)}, ${span(to - from)}`],
    [
      'holds',
      `${count(samples, 'sample')} from ${vantages.join(', ')} in ${count(notes.files, 'file')} by ${processes}`,
    ],
  ]
  const isOneDay = stamp(from).slice(0, 10) === stamp(to).slice(0, 10)
  const groups = report.groups.map((group) => groupText(group, isOneDay, io, paint))
  return `Recording\n${textTable(rows, { width: io.width, indent: 2 })}${groups.join('')}${verdictText(verdict, report, paint)}`
}

function groupText(group: GroupResult, isOneDay: boolean, io: Io, paint: Paint): string {
  const cards: readonly ScoreCard[] = [group.recorded, ...group.replayed]
  const names = ['recorded', ...group.replayed.map(({ name }) => clean(name))]
  const line = (title: string, tell: (card: ScoreCard) => string) => [title, ...cards.map(tell)]
  const hasUnseen = cards.some((card) => card.unseenMs > 0)
  const ends = group.replayed.map(({ serving, state }) =>
    state === 'FROZEN' ? `${serving}, FROZEN` : serving,
  )
  const scores = [
    ['', ...names],
    line('outage', ({ outageMs }) => lasting(outageMs)),
    ...(hasUnseen ? [line('not seen', ({ unseenMs }) => lasting(unseenMs))] : []),
    line('changes', ({ changes }) => String(changes)),
    line('flaps', ({ flaps }) => String(flaps)),
    line('false moves', ({ falseMoves }) => String(falseMoves)),
    line('detection', detectionText),
    ['serves at the end', group.recorded.serving, ...ends],
  ]
  const table = (rows: readonly (readonly string[])[]) =>
    textTable(rows, { width: io.width, indent: 2 })
  const time = (wall: number) => stamp(wall).slice(isOneDay ? 11 : 5, -1)
  const moves = rowsOf(cards).map(({ from, to, what, cells }) => [
    `${from} → ${to}`,
    what,
    ...cells.map((move) => (move === undefined ? '–' : moveText(move, time(move.wall)))),
    clean(
      (cells.findLast((move) => move !== undefined && move.says !== '') ?? cells[0])?.says ?? '',
    ),
  ])
  const told = group.notes.map(({ wall, what, says }) => [time(wall), what, clean(says)])
  return (
    `\n${paint('strong', group.group)}\n${table(scores)}` +
    (moves.length === 0 ? '' : `\n${table([['move', '', ...names, 'why'], ...moves])}`) +
    (told.length === 0 ? '' : `\n  ${paint('quiet', 'also recorded')}\n${table(told)}`)
  )
}

/** Moves of all sides in order of time; what several did at about the same time is one row. */
function rowsOf(cards: readonly ScoreCard[]): readonly Row[] {
  const rows: Row[] = []
  for (const [side, { moves }] of cards.entries()) {
    for (const move of moves) {
      const what = move.isCompensation ? 'compensation' : move.reason
      const same = rows.find(
        (row) =>
          row.cells[side] === undefined &&
          row.from === move.from &&
          row.to === move.to &&
          row.what === what &&
          Math.abs(row.wall - move.wall) <= sameMoveMs,
      )
      if (same !== undefined) {
        same.cells[side] = move
        continue
      }
      const cells = cards.map((_, index) => (index === side ? move : undefined))
      rows.push({ from: move.from, to: move.to, what, wall: move.wall, cells })
    }
  }
  return rows.toSorted((a, b) => a.wall - b.wall)
}

function moveText({ afterMs, isFlap, isFalse }: Move, at: string): string {
  const marks = [isFlap && 'flap', isFalse && 'false'].filter((mark) => mark !== false)
  const after = afterMs === undefined ? '' : ` after ${lasting(afterMs)}`
  return `${at}${after}${marks.length === 0 ? '' : ` (${marks.join(', ')})`}`
}

function detectionText({ detection, moves }: ScoreCard): string {
  if (detection === undefined) return '–'
  const mean = lasting(detection.meanMs)
  const failovers = moves.filter(({ afterMs }) => afterMs !== undefined).length
  return failovers === 1 ? mean : `${mean} on average, ${lasting(detection.worstMs)} at worst`
}

function verdictText(
  { judged, by, isWorse }: ReplayVerdict,
  { groups }: ReplayReport,
  paint: Paint,
): string {
  if (groups.length === 0) return ''
  const reference = by === 'recorded' ? 'what was recorded' : clean(by)
  const says = isWorse
    ? paint('bad', `${clean(judged)} would have done worse than ${reference}`)
    : paint('good', `${clean(judged)} would have done no worse than ${reference}`)
  return `\n${says}\n`
}

/** `34.2 s`, `12 min 14 s`, `3 h 5 min`. */
function lasting(ms: number): string {
  if (ms < 99_950) return `${(ms / 1_000).toFixed(1)} s`
  const seconds = Math.round(ms / 1_000)
  if (seconds >= 3_600) return span(ms)
  const rest = seconds % 60
  return `${Math.floor(seconds / 60)} min${rest === 0 ? '' : ` ${rest} s`}`
}

function count(amount: number, what: string): string {
  return `${amount.toLocaleString('en')} ${what}${amount === 1 ? '' : 's'}`
}
