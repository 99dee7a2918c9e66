import type { Outcome } from '../simulation/simulate.ts'
import { traceOf } from '../simulation/trace.ts'
import { clean } from './clean.ts'
import type { Io } from './io.ts'
import { painter } from './paint.ts'
import type { BrokenInvariant, GroupSum, SimulationSum } from './simulation-sum.ts'
import { textTable } from './text-table.ts'
import { span } from './times.ts'

/** Broken invariants told one by one; there is no end to the rest. */
const toldAtMost = 10

/** The result of a simulation for people. */
export function simulationText(sum: SimulationSum, io: Io): string {
  const paint = painter(io)
  const { configuration, groups, minutes, seeds, failedSeeds, violations } = sum
  const runs = seeds === 1 ? '1 run' : `${seeds} runs`
  const head = `${runs} of ${minutes} virtual minutes of ${clean(configuration)}\n`
  const tables = groups.map((group) => {
    const rows = groupRows(group, seeds * minutes)
    return `\n${paint('strong', group.group)}\n${textTable(rows, { width: io.width, indent: 2 })}`
  })
  const passed = `${seeds - failedSeeds.length} of ${seeds}`
  const verdict = sum.ok
    ? paint('good', `all invariants held in ${runs}`)
    : paint('bad', `invariants held in ${passed} runs only`)
  return `${head}${tables.join('')}\n${verdict}\n${brokenLines(violations, io)}`
}

function groupRows({ changes, outage, reaction }: GroupSum, minutes: number): string[][] {
  const { seconds, unavoidableSeconds, untouchedSeconds } = outage
  const part = (value: number) =>
    `${span(value * 1_000)} (${((100 * value) / (minutes * 60)).toFixed(2)} % of the time)`
  const made = Object.entries(changes).map(([reason, count]) => `${count} ${reason}`)
  const { count = 0, medianSeconds = 0, worstSeconds = 0 } = reaction ?? {}
  return [
    ['outage, had nobody moved anything', part(untouchedSeconds)],
    ['outage with Changeover', part(seconds)],
    ['every path was bad for', part(unavoidableSeconds)],
    ['changes', made.length === 0 ? 'none' : made.join(', ')],
    [
      'from failure to off the path',
      count === 0
        ? '–'
        : `${medianSeconds} s in the middle, ${worstSeconds} s at worst, of ${count}`,
    ],
  ]
}

function brokenLines(violations: readonly BrokenInvariant[], io: Io): string {
  const rows = violations
    .slice(0, toldAtMost)
    .map(({ atSeconds, invariant, replay, seed, says }) => [
      `invariant ${invariant}`,
      `seed ${seed}, ${atSeconds} s`,
      `${clean(says)}; again with: ${replay}`,
    ])
  const left = violations.length - rows.length
  const rest = left > 0 ? `  and ${left} more; --json has all of them\n` : ''
  return `${textTable(rows, { width: io.width, indent: 2 })}${rest}`
}

/** One run step by step: what went wrong in it, and what the journal says. */
export function storyText({ faults, world }: Outcome, io: Io): string {
  const table = (rows: readonly (readonly string[])[]) =>
    textTable(rows, { width: io.width, indent: 2 })
  const entries = traceOf(world).entries.filter(
    ({ entry }) => entry.kind !== 'health' && entry.kind !== 'notice',
  )
  const steps = entries.map(({ at, entry }) => [
    `${(at / 1_000).toFixed(1)} s`,
    entry.kind,
    clean(`${entry.group ?? ''} ${entry.says}`.trim()),
  ])
  const planned = faults.map((fault) => {
    const colon = fault.indexOf(': ')
    return [fault.slice(0, colon), clean(fault.slice(colon + 2))]
  })
  return `What went wrong\n${table(planned)}\nWhat was done\n${table(steps)}\n`
}
