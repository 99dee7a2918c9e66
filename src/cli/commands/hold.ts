import type { Command } from 'commander'
import { formatDuration } from '../../core/duration.ts'
import { action, type Cli } from '../cli.ts'
import { inPath } from '../api-client.ts'
import { commandOptions, give, type PersonOptions } from '../give-command.ts'
import { durationOption, groupArgument } from '../option-parsers.ts'
import { examples } from '../examples.ts'

interface HoldOptions extends PersonOptions {
  readonly for: number
}

/** `hold`: a person freezes a group. */
export function addHold(program: Command, cli: Cli): void {
  const command = program
    .command('hold')
    .summary('let nothing automatic happen to a group for a while')
    .description(
      'Freezes a group: until the hold ends nothing automatic is written for it. The watchdog goes on watching, explaining and paging.',
    )
    .argument('<group>', 'the group, <stream>/<group>', groupArgument)
    .addOption(durationOption('--for <duration>', 'how long', ['1s', '30d']).makeOptionMandatory())
  commandOptions(command)
    .addHelpText(
      'after',
      examples('changeover hold channel-1/cdn --for 2h --reason "maintenance at cdn-b"'),
    )
    .action(
      action(cli, (group: string, options: HoldOptions) =>
        give(cli, options, `groups/${inPath(group)}/hold`, { for: formatDuration(options.for) }),
      ),
    )
}
