import { readRecording, type PlacedLine, type ReadingNotes } from '../app/recording/reader.ts'
import { replay, type ReplayOptions, type ReplayReport } from '../app/recording/replay.ts'
import type { ScoreCard } from '../app/recording/score.ts'
import { ChangeoverError } from '../core/errors.ts'
import { compileRuleSet, type RuleSet } from '../engine/rules/rule-set.ts'
import type { Cli } from './cli.ts'
import { loadConfiguration, warningLines } from './configuration.ts'
import { sayError } from './failure.ts'
import type { ExitCode } from './io.ts'
import { replayText } from './replay-text.ts'
import { loadPacks, shippedFolder } from './rule-folders.ts'

/** The options of `replay`. */
export interface ReplayCommand {
  readonly against?: string
  readonly rulesAlone?: true
  readonly json?: true
}

/** How a replay looks against what it is measured by. */
export interface ReplayVerdict {
  /** Who is judged, and by whom: `recorded`, or the first configuration. */
  readonly judged: string
  readonly by: string
  readonly isWorse: boolean
}

type Side = ReplayOptions['sides'][number]

/** Lines between two remarks on the way. */
const remarkEvery = 1_000_000

/** Replays a recording and prints what came of it. */
export async function runReplay(
  cli: Cli,
  recording: string,
  config: string | undefined,
  { against, rulesAlone, json }: ReplayCommand,
): Promise<ExitCode> {
  const { io } = cli
  const shipped = shippedRules(cli)
  const sides: Side[] = []
  for (const file of [config, against]) {
    if (file === undefined) {
      if (sides.length === 0) sides.push({ name: 'defaults', settings: undefined, rules: shipped })
      continue
    }
    const loaded = loadConfiguration(cli.composition, io, file)
    if (typeof loaded === 'number') return loaded
    sides.push({ name: file, settings: loaded.settings, rules: loaded.rules })
  }
  const notes: ReadingNotes = { files: 0, torn: 0 }
  const report = await replay({
    lines: remarked(cli, readRecording(recording, notes)),
    sides: against === undefined ? sides.slice(0, 1) : sides,
    shipped,
    probes: cli.composition.plugins.probes,
    withPeople: rulesAlone !== true,
  })
  const warnings = [...report.warnings, ...gaps(report, notes)]
  const isTold = report.groups.some((group) => group.samples > 0)
  const verdict = judge(report, sides)
  if (json === true) {
    const { warnings: _warnings, groups, ...rest } = report
    const recorded = { ...rest, ...notes }
    const ok = isTold && !verdict.isWorse
    io.out(`${JSON.stringify({ ok, recording: recorded, groups, verdict, warnings })}\n`)
  } else {
    io.out(replayText(report, notes, verdict, io))
    io.out(warnings.length === 0 ? '' : `\n${warningLines(io, warnings)}`)
  }
  if (!isTold) {
    const todo = 'Record with `recording.directory`, or name a configuration with these groups.'
    sayError(io, 'Nothing in the recording is about a group that could be replayed.', todo)
    return 3
  }
  return verdict.isWorse ? 1 : 0
}

function shippedRules(cli: Cli): RuleSet {
  const packs = loadPacks(cli, shippedFolder())
  const compiled = packs.ok && compileRuleSet(packs.packs, cli.composition.plugins.probes)
  if (compiled !== false && compiled.ok) return compiled.set
  throw new ChangeoverError('RULES_INVALID', 'The shipped rules are damaged.', {
    todo: 'Install Changeover again.',
  })
}

async function* remarked({ io }: Cli, lines: AsyncIterable<PlacedLine>): AsyncIterable<PlacedLine> {
  let count = 0
  for await (const line of lines) {
    yield line
    count += 1
    if (io.errIsTerminal && count % remarkEvery === 0) {
      io.err(`${count / remarkEvery} million lines read\n`)
    }
  }
}

function gaps({ lost }: ReplayReport, { torn }: ReadingNotes): string[] {
  const cut = torn === 1 ? '1 file ends' : `${torn} files end`
  return [
    ...(lost === 0 ? [] : [`${lost} lines could not be recorded: the disk was slow or full`]),
    ...(torn === 0 ? [] : [`${cut} in the middle of a line, as a crash leaves it`]),
  ]
}

/**
 * Worse is more outage, beyond what one look per change can make by chance, or more false moves:
 * the replay against what was recorded, or the second configuration against the first.
 */
function judge(report: ReplayReport, sides: readonly Side[]): ReplayVerdict {
  const isDuel = sides.length > 1
  const judged = sides.at(-1)?.name ?? ''
  const isWorse = report.groups.some(({ recorded, replayed, everyMs }) => {
    const reference = isDuel ? replayed[0] : recorded
    const tried = replayed.at(-1)
    if (reference === undefined || tried === undefined) return false
    return isWorseThan(tried, reference, everyMs)
  })
  return { judged, by: isDuel ? (sides[0]?.name ?? '') : 'recorded', isWorse }
}

function isWorseThan(tried: ScoreCard, reference: ScoreCard, everyMs: number): boolean {
  const chance = everyMs * (1 + reference.moves.length)
  return tried.outageMs > reference.outageMs + chance || tried.falseMoves > reference.falseMoves
}
