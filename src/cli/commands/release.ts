import type { Command } from 'commander'
import { inPath } from '../api-client.ts'
import { action, type Cli } from '../cli.ts'
import { examples } from '../examples.ts'
import { commandOptions, give, type PersonOptions } from '../give-command.ts'
import { groupArgument } from '../option-parsers.ts'

/** `release`: a person ends a hold. */
export function addRelease(program: Command, cli: Cli): void {
  const command = program
    .command('release')
    .summary('end a hold')
    .description(
      'Ends a hold before its time. The group reads the world back and then decides again.',
    )
    .argument('<group>', 'the group, <stream>/<group>', groupArgument)
  commandOptions(command)
    .addHelpText('after', examples('changeover release channel-1/cdn --reason "cdn-b is back"'))
    .action(
      action(cli, (group: string, options: PersonOptions) =>
        give(cli, options, `groups/${inPath(group)}/release`, {}),
      ),
    )
}
