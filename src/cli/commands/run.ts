import { Option, type Command } from 'commander'
import { action, type Cli } from '../cli.ts'
import { defaultConfiguration } from '../configuration.ts'
import { examples } from '../examples.ts'
import type { LogForm } from '../logger.ts'

/** `run`: the watchdog. */
export function addRun(program: Command, cli: Cli): void {
  program
    .command('run')
    .summary('the watchdog')
    .description(
      'Watches every path of a configuration, decides, and in the mode armed moves traffic. Reads the configuration again on SIGHUP or when the file changes, and keeps the old one where the new one has an error. Logs go to standard output, as JSON where that is no terminal. Ctrl-C or SIGTERM stops it; traffic stays as it is.',
    )
    .argument('[config]', 'the configuration', defaultConfiguration)
    .addOption(
      new Option(
        '--log <form>',
        'form of the log; default: lines in a terminal, else json',
      ).choices(['json', 'lines']),
    )
    .addHelpText('after', examples('changeover run', 'changeover run /etc/changeover/site.yaml'))
    .action(
      action(cli, async (config: string, options: { readonly log?: LogForm }) => {
        const { runWatchdog } = await import('../run-watchdog.ts')
        return await runWatchdog(cli, config, options.log)
      }),
    )
}
