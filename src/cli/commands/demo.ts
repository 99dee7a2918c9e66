import type { Command } from 'commander'
import { action, type Cli } from '../cli.ts'
import { examples } from '../examples.ts'
import { durationOption, portOption } from '../option-parsers.ts'
import type { DemoOptions } from '../run-demo.ts'

/** `demo`: lab, watchdog and status page on this machine, with a failure every minute. */
export function addDemo(program: Command, cli: Cli): void {
  program
    .command('demo')
    .summary('a live stream, two edges and the watchdog here, with a failure every minute')
    .description(
      'Starts a live stream with two edges and a public name in front of them, and the watchdog with its status page, all on this machine. Every minute the edge that carries the stream breaks in another way for a while. Nothing is left behind at the end.',
    )
    .option('--port <port>', 'port of the status page, 0 is any free one; default 8642', portOption)
    .addOption(durationOption('--every <duration>', 'time between failures', ['25s', '1h'], '60s'))
    .option('--no-faults', 'break nothing by itself; the status page has buttons for that')
    .addHelpText('after', examples('changeover demo', 'changeover demo --port 0 --every 30s'))
    .action(
      action(cli, async (options: DemoOptions) => {
        const { runDemo } = await import('../run-demo.ts')
        return await runDemo(cli, options)
      }),
    )
}
