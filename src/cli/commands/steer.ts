import type { Command } from 'commander'
import { inPath } from '../api-client.ts'
import { action, type Cli } from '../cli.ts'
import { examples } from '../examples.ts'
import { commandOptions, give, type PersonOptions } from '../give-command.ts'
import { groupArgument, listOption } from '../option-parsers.ts'

interface SteerOptions extends PersonOptions {
  readonly bypass?: readonly string[]
  readonly apply?: true
}

/** `steer`: a person moves the traffic. */
export function addSteer(program: Command, cli: Cli): void {
  const command = program
    .command('steer')
    .summary('move the traffic of a group to a path')
    .description(
      'Moves the traffic of a group to one of its paths and holds the group for 30 minutes. Every guard is asked; the ones named with --bypass are answered for by you. Waits until the change is applied.',
    )
    .argument('<group>', 'the group, <stream>/<group>', groupArgument)
    .argument('<path>', 'the short name of the path')
    .option('--bypass <guards>', 'guards to bypass, with commas: holddown,budget', listOption)
    .option('--apply', 'really move the traffic where the mode is advise')
  commandOptions(command)
    .addHelpText(
      'after',
      examples('changeover steer channel-1/cdn cdn-b --reason "cdn-a announces maintenance"'),
    )
    .action(
      action(cli, (group: string, path: string, options: SteerOptions) =>
        give(cli, options, `groups/${inPath(group)}/steer`, {
          path,
          apply: options.apply === true,
          bypass: options.bypass ?? [],
        }),
      ),
    )
}
