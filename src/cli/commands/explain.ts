import type { Command } from 'commander'
import { action, type Cli } from '../cli.ts'
import { examples } from '../examples.ts'
import { openWatchdog } from '../give-command.ts'
import { explanation } from '../group-text.ts'
import { journalText } from '../journal-text.ts'
import { groupArgument } from '../option-parsers.ts'
import { painter } from '../paint.ts'
import { findDecision, pastDecisionText } from '../past-decision.ts'
import { serverOptions, type ServerOptions } from '../server.ts'
import { standingOf } from '../verdict.ts'

interface ExplainOptions extends ServerOptions {
  readonly json?: true
  readonly at?: string
}

const entriesShown = 8

/** `explain`: why a group is acting or not, guard by guard. */
export function addExplain(program: Command, cli: Cli): void {
  const command = program
    .command('explain')
    .summary('why a group is acting or not, guard by guard')
    .description(
      "Everything that bears on a group's decision: state, guards, hold, budget, actuators, every vantage's vote on every path, the rules behind it, what to do, and the newest entries of the journal.",
    )
    .argument('<group>', 'the group, <stream>/<group>', groupArgument)
    .option(
      '--at <entry>',
      'a past decision: the number of its entry in the journal, or its change',
    )
    .option('--json', 'print group and journal as JSON')
  serverOptions(command)
    .addHelpText(
      'after',
      examples('changeover explain channel-1/cdn', 'changeover explain channel-1/cdn --at 4711'),
    )
    .action(
      action(cli, async (name: string, options: ExplainOptions) => {
        const { composition, io } = cli
        const client = openWatchdog(cli, options)
        if (options.at !== undefined) {
          const past = await findDecision(client, name, options.at)
          io.out(options.json === true ? `${JSON.stringify(past)}\n` : pastDecisionText(past, io))
          return past.basis === undefined ? 3 : 0
        }
        const group = await client.group(name)
        const newest = await client.journal({ group: name, limit: entriesShown })
        const entries = newest.toReversed()
        if (options.json === true) {
          io.out(`${JSON.stringify({ group, journal: entries })}\n`)
        } else {
          io.out(explanation(group, composition.clock.wall(), io))
          const title = painter(io)('strong', 'Journal')
          if (entries.length > 0) io.out(`\n${title}\n${journalText(entries, io, 2)}`)
        }
        return standingOf(group)
      }),
    )
}
