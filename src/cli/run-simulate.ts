import { prepareConfiguration } from '../simulation/prepare.ts'
import { reportOf, type SeedReport } from '../simulation/seed-report.ts'
import { simulate } from '../simulation/simulate.ts'
import type { Cli } from './cli.ts'
import { defaultConfiguration, loadConfiguration, warningLines } from './configuration.ts'
import type { ExitCode } from './io.ts'
import { sumUp } from './simulation-sum.ts'
import { simulationText, storyText } from './simulation-text.ts'

/** The options of `simulate`. */
export interface SimulateCommand {
  readonly seeds: number
  readonly minutes: number
  readonly seed?: number
  readonly json?: true
}

/** Simulates a configuration and prints what came of it. */
export async function runSimulate(
  cli: Cli,
  config: string | undefined,
  { json, minutes, seed, seeds }: SimulateCommand,
): Promise<ExitCode> {
  const { composition, io } = cli
  const file = config ?? defaultConfiguration
  const loaded = loadConfiguration(composition, io, file)
  if (typeof loaded === 'number') return loaded
  const { configuration, notes } = prepareConfiguration(
    loaded.settings,
    loaded.rules,
    composition.plugins,
  )
  const first = seed ?? 1
  const count = seed === undefined ? seeds : 1
  const reports: SeedReport[] = []
  for (let next = first; next < first + count; next += 1) {
    const outcome = await simulate(next, minutes, { configuration })
    reports.push(reportOf(outcome))
    if (seed !== undefined && json !== true) io.out(storyText(outcome, io))
    else if (io.errIsTerminal) io.err(`\r${next - first + 1} of ${count} `)
  }
  if (io.errIsTerminal) io.err('\r')
  const sum = sumUp(reports, { file, minutes })
  if (json === true) io.out(`${JSON.stringify({ ...sum, notes })}\n`)
  else io.out(`${simulationText(sum, io)}${warningLines(io, notes)}`)
  return sum.ok ? 0 : 1
}
