import type { Command } from 'commander'
import { action, type Cli } from '../cli.ts'
import { examples } from '../examples.ts'
import type { ReplayCommand } from '../run-replay.ts'

/** `replay`: what other rules would have done with what was recorded. */
export function addReplay(program: Command, cli: Cli): void {
  program
    .command('replay')
    .summary('what other rules would have done with what was recorded')
    .description(
      'Lets the rules and settings of a configuration decide, in virtual time, on what a watchdog recorded (`recording.directory`), and shows their changes beside those that were made: detection, outage, flaps, false moves. Without a configuration: the defaults, with the shipped rules. Exit code 1: they would have done worse; 3: nothing in the recording tells.',
    )
    .argument('<recording>', 'folder of a recording, or one file of it')
    .argument('[config]', 'the configuration to try')
    .option('--against <config>', 'also try this one, and judge it by the first')
    .option('--rules-alone', 'leave out what people did: steer, hold, release, ack, edits')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      examples(
        'changeover replay ./recording',
        'changeover replay ./recording changeover.yaml --against stricter.yaml',
      ),
    )
    .action(
      action(cli, async (recording: string, config: string | undefined, options: ReplayCommand) => {
        const { runReplay } = await import('../run-replay.ts')
        return await runReplay(cli, recording, config, options)
      }),
    )
}
