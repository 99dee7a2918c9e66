import type { Command } from 'commander'
import { action, type Cli } from '../cli.ts'
import { defaultConfiguration, loadConfiguration } from '../configuration.ts'
import { examples } from '../examples.ts'
import { groupArgument } from '../option-parsers.ts'

interface PlanOptions {
  readonly group?: string
  readonly json?: true
}

/** `plan`: what would be written to the actuators, without writing it. */
export function addPlan(program: Command, cli: Cli): void {
  program
    .command('plan')
    .summary('observe the actuators and print what would be written; changes nothing')
    .description(
      'Reads every actuator of a configuration and prints the steps from what it serves now to what was applied last, or to the preferred path where nothing was applied yet. Changes nothing. Exit code 3: an actuator cannot be read.',
    )
    .argument('[config]', 'the configuration', defaultConfiguration)
    .option('--group <group>', 'only this group', groupArgument)
    .option('--json', 'print the plan as JSON')
    .addHelpText(
      'after',
      examples('changeover plan', 'changeover plan site.yaml --group channel-1/cdn'),
    )
    .action(
      action(cli, async (config: string, options: PlanOptions) => {
        const loaded = loadConfiguration(cli.composition, cli.io, config)
        if (typeof loaded === 'number') return loaded
        const { printPlan } = await import('../print-plan.ts')
        return await printPlan(cli, loaded.settings, { ...options, config })
      }),
    )
}
