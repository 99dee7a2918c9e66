import type { Command } from 'commander'
import { inPath } from '../api-client.ts'
import { action, type Cli } from '../cli.ts'
import { examples } from '../examples.ts'
import { commandOptions, give, openWatchdog, type PersonOptions } from '../give-command.ts'

/** `ack`: a person has looked at a frozen group, or looks after an incident. */
export function addAck(program: Command, cli: Cli): void {
  const command = program
    .command('ack')
    .summary('say that you looked at a frozen group or an incident')
    .description(
      'For a group that is FROZEN: a person has looked, and it decides again. For an incident, by its key as `changeover status` shows it: somebody looks after it, and whoever was paged is told so.',
    )
    .argument('<what>', 'a group, <stream>/<group>, or the key of an incident')
  commandOptions(command)
    .addHelpText(
      'after',
      examples(
        'changeover ack channel-1/cdn --reason "checked both edges by hand"',
        'changeover ack "channel-1/cdn#all-down" --reason "calling the CDN"',
      ),
    )
    .action(
      action(cli, async (what: string, options: PersonOptions) => {
        const { incidents } = await openWatchdog(cli, options).state()
        const isIncident = incidents.some(({ key }) => key === what) || !isGroupName(what)
        if (!isIncident) return await give(cli, options, `groups/${inPath(what)}/ack`, {})
        return await give(cli, options, `incidents/${encodeURIComponent(what)}/ack`, {})
      }),
    )
}

function isGroupName(text: string): boolean {
  return /^[^/\s#]+\/[^/\s#]+$/u.test(text)
}
