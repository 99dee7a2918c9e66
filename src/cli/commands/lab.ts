import type { Command } from 'commander'
import { action, type Cli } from '../cli.ts'
import { examples } from '../examples.ts'
import { listOption, portOption } from '../option-parsers.ts'
import type { LabCommandOptions } from '../run-lab.ts'

/** `lab`: the live stream that can be broken, alone. */
export function addLab(program: Command, cli: Cli): void {
  program
    .command('lab')
    .summary('a live stream that you can break, alone')
    .description(
      'Starts an origin that makes live HLS streams, edges in front of it, a public name over the edges and a control API that breaks any of them in two dozen ways, all on 127.0.0.1 until Ctrl-C.',
    )
    .option(
      '--streams <names>',
      'names of the streams, with commas (default: channel-1)',
      listOption,
    )
    .option(
      '--edges <names>',
      'names of the edges, with commas (default: edge-a,edge-b)',
      listOption,
    )
    .option('--port <port>', 'port of the control API, 0 is any free one', portOption, 0)
    .option('--json', 'print the addresses as JSON')
    .addHelpText(
      'after',
      examples('changeover lab', 'changeover lab --streams news,sport --edges a,b,c --port 8650'),
    )
    .action(
      action(cli, async (options: LabCommandOptions) => {
        const { runLab } = await import('../run-lab.ts')
        return await runLab(cli, options)
      }),
    )
}
