import { Option, type Command } from 'commander'
import { action, type Cli } from '../cli.ts'
import { examples } from '../examples.ts'
import { wholeOption } from '../option-parsers.ts'
import type { SimulateCommand } from '../run-simulate.ts'

/** `simulate`: the groups of a configuration against generated faults, in virtual time. */
export function addSimulate(program: Command, cli: Cli): void {
  program
    .command('simulate')
    .summary('run the configured groups against generated faults, in virtual time')
    .description(
      'Runs the groups of a configuration in virtual time, as they would run when armed, while paths fail and flap, vantages lie and go dark, targets and store fail half-way, processes die and people interfere. Paths, network, targets, store and people are simulated; rules, quorum, limits and timings are those of the configuration. Reports outage, changes and broken invariants. The same seed gives the same run. Exit code 1: an invariant was broken; each line says how to see it again.',
    )
    .argument('[config]', 'configuration file (default: ./changeover.yaml)')
    .addOption(
      new Option('--seeds <count>', 'how many runs').argParser(wholeOption(1, 100_000)).default(50),
    )
    .addOption(
      new Option('--minutes <minutes>', 'virtual minutes of each run')
        .argParser(wholeOption(10, 1_440))
        .default(60),
    )
    .addOption(
      new Option('--seed <seed>', 'this run alone, told step by step').argParser(
        wholeOption(0, 4_294_967_295),
      ),
    )
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      examples('changeover simulate', 'changeover simulate changeover.yaml --seed 17'),
    )
    .action(
      action(cli, async (config: string | undefined, options: SimulateCommand) => {
        const { runSimulate } = await import('../run-simulate.ts')
        return await runSimulate(cli, config, options)
      }),
    )
}
