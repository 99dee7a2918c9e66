import type { Command } from 'commander'
import { ChangeoverError } from '../../core/errors.ts'
import { action, type Cli } from '../cli.ts'
import { examples } from '../examples.ts'
import { durationOption } from '../option-parsers.ts'
import type { ProbeOptions } from '../run-probe.ts'

/** `probe`: pulls one path now. */
export function addProbe(program: Command, cli: Cli): void {
  program
    .command('probe')
    .summary('pull one path now and say what is wrong with it')
    .description(
      'Pulls one path as a viewer would and prints what was measured, how bitrate and download time went, what was found, what to do about it, and a verdict by the shipped rules. The protocol is guessed from the address. Exit code 0: it plays; 1: it does not; 3: nobody can tell.',
    )
    .argument('<url>', 'what to pull')
    .addOption(durationOption('--for <duration>', 'how long to watch', ['0s', '1h'], '10s'))
    .addOption(durationOption('--every <duration>', 'time between looks', ['200ms', '5m'], '1s'))
    .option('--type <probe>', 'the probe, where the guess would be wrong')
    .option('--header <line>', 'a request header, "Name: value"; may be repeated', headerOption)
    .option('--address <ip>', 'connect to this address in place of what DNS says')
    .option('--json', 'print samples and verdict as JSON')
    .addHelpText(
      'after',
      examples(
        'changeover probe https://live.example/ch1/main.m3u8',
        'changeover probe https://live.example/ch1/main.m3u8 --address 192.0.2.7 --for 30s',
        'changeover probe srt://contribution.example:9000?streamid=ch1 --for 1m',
      ),
    )
    .action(
      action(cli, async (url: string, options: ProbeOptions) => {
        const { runProbe } = await import('../run-probe.ts')
        return await runProbe(cli, url, options)
      }),
    )
}

type Headers = Readonly<Record<string, string>>

/** The value may be a credential; commander would repeat it in its own error. */
function headerOption(line: string, before: Headers = {}): Headers {
  const [, name, value] = /^([!#$%&'*+.^_`|~\w-]+):[ \t]*([^\r\n]*)$/u.exec(line) ?? []
  if (name === undefined || value === undefined) {
    throw new ChangeoverError('USAGE', 'A --header is not a header line.', {
      todo: 'Write it as --header "Name: value".',
    })
  }
  return { ...before, [name]: value.trim() }
}
