import type { Command } from 'commander'
import { inPath } from '../api-client.ts'
import { action, type Cli } from '../cli.ts'
import { examples } from '../examples.ts'
import { commandOptions, give, type PersonOptions } from '../give-command.ts'
import { groupArgument } from '../option-parsers.ts'

/** `adopt`: a person lets Changeover take over a record that was not its own. */
export function addAdopt(program: Command, cli: Cli): void {
  const command = program
    .command('adopt')
    .summary('take over a record that was not ours')
    .description(
      'Lets Changeover take over what the actuators of a group point to and did not write itself. Until then such a record stays untouched. `changeover plan` shows what would be written.',
    )
    .argument('<group>', 'the group, <stream>/<group>', groupArgument)
  commandOptions(command)
    .addHelpText('after', examples('changeover adopt channel-1/cdn --reason "moved from scripts"'))
    .action(
      action(cli, (group: string, options: PersonOptions) =>
        give(cli, options, `groups/${inPath(group)}/adopt`, {}),
      ),
    )
}
