import type { Command } from 'commander'
import { inPath } from '../api-client.ts'
import { action, type Cli } from '../cli.ts'
import { examples } from '../examples.ts'
import { commandOptions, give, type PersonOptions } from '../give-command.ts'
import { groupArgument, listOption, steerTarget, type SteerTarget } from '../option-parsers.ts'

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
      'Moves the traffic of a group to one of its paths, or in a weighted group to weights that add up to 100, and holds the group for 30 minutes. Every guard is asked; the ones named with --bypass are answered for by you. Waits until the change is applied.',
    )
    .argument('<group>', 'the group, <stream>/<group>', groupArgument)
    .argument('<path>', 'the short name of the path, or weights: cdn-a=70,cdn-b=30', steerTarget)
    .option('--bypass <guards>', 'guards to bypass, with commas: holddown,budget', listOption)
    .option('--apply', 'really move the traffic where the mode is advise')
  commandOptions(command)
    .addHelpText(
      'after',
      examples(
        'changeover steer channel-1/cdn cdn-b --reason "cdn-a announces maintenance"',
        'changeover steer channel-1/cdn cdn-a=70,cdn-b=30 --reason "cdn-b is expensive"',
      ),
    )
    .action(
      action(cli, (group: string, target: SteerTarget, options: SteerOptions) =>
        give(cli, options, `groups/${inPath(group)}/steer`, {
          ...target,
          apply: options.apply === true,
          bypass: options.bypass ?? [],
        }),
      ),
    )
}
