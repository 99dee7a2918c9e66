import type { Command } from 'commander'
import { formatDuration } from '../../core/duration.ts'
import { describeMatch, type Silence } from '../../core/silence.ts'
import { timeText } from '../../core/time-text.ts'
import { action, type Cli } from '../cli.ts'
import { examples } from '../examples.ts'
import { commandOptions, give, openWatchdog, type PersonOptions } from '../give-command.ts'
import type { ExitCode } from '../io.ts'
import { durationOption, lineOption } from '../option-parsers.ts'
import { serverOptions, type ServerOptions } from '../server.ts'
import { textTable } from '../text-table.ts'

interface AddOptions extends PersonOptions {
  readonly stream?: string
  readonly group?: string
  readonly path?: string
  readonly tag?: string
  readonly key?: string
  readonly for: number
  readonly in: number
}

interface ListOptions extends ServerOptions {
  readonly json?: true
}

/** `silence`: people are not told of some incidents for a while; decisions go on. */
export function addSilence(program: Command, cli: Cli): void {
  const command = program
    .command('silence')
    .summary('tell nobody of some incidents for a while; decisions go on')
    .description(
      'A silence keeps people from being told, never Changeover from acting. That Changeover itself cannot see, act or tell is silenced only by the key of that incident.',
    )
    .addHelpText(
      'after',
      examples('changeover silence add --group "channel-1/*" --for 2h --reason "new encoder"'),
    )
  addAdd(command, cli)
  serverOptions(
    command
      .command('list')
      .summary('silences that last or are to come')
      .description('Prints silences with who made them, why, and until when.')
      .option('--json', 'print them as JSON'),
  )
    .addHelpText('after', examples('changeover silence list'))
    .action(action(cli, (options: ListOptions) => list(cli, options)))
  const end = command
    .command('end')
    .summary('end a silence before its time')
    .description('Ends a silence: people are told at once of what is still wrong.')
    .argument('<id>', 'its identity, as `changeover silence list` shows it', lineOption(100))
  commandOptions(end)
    .addHelpText(
      'after',
      examples('changeover silence end 01932f3e-0000-7000-8000-000000000001 --reason "done early"'),
    )
    .action(
      action(cli, (id: string, options: PersonOptions) =>
        give(cli, options, `silences/${encodeURIComponent(id)}/end`, {}),
      ),
    )
}

function addAdd(silence: Command, cli: Cli): void {
  const command = silence
    .command('add')
    .summary('begin a silence, or plan one for later')
    .description(
      'Everything that is given must match; `*` stands for any characters. With `--in` it is a maintenance window that begins later.',
    )
    .option('--stream <pattern>', 'streams by name', lineOption(200))
    .option('--group <pattern>', 'groups by full name', lineOption(200))
    .option('--path <pattern>', 'paths by short name', lineOption(200))
    .option('--tag <pattern>', 'streams by tag', lineOption(200))
    .option('--key <key>', 'one incident, by its key exactly', lineOption(500))
    .addOption(durationOption('--for <duration>', 'how long', ['1m', '30d']).makeOptionMandatory())
    .addOption(durationOption('--in <duration>', 'begin so much later', ['0s', '30d'], '0s'))
  commandOptions(command)
    .addHelpText(
      'after',
      examples(
        'changeover silence add --group "channel-1/*" --for 2h --reason "new encoder is fitted"',
        'changeover silence add --tag sport --in 10h --for 3h --reason "maintenance at the CDN"',
      ),
    )
    .action(
      action(cli, (options: AddOptions) => {
        const { stream, group, path, tag, key } = options
        return give(cli, options, 'silences', {
          ...(stream !== undefined && { stream }),
          ...(group !== undefined && { group }),
          ...(path !== undefined && { path }),
          ...(tag !== undefined && { tag }),
          ...(key !== undefined && { key }),
          for: formatDuration(options.for),
          in: formatDuration(options.in),
        })
      }),
    )
}

async function list(cli: Cli, options: ListOptions): Promise<ExitCode> {
  const { io } = cli
  const { silences, wall } = await openWatchdog(cli, options).state()
  if (options.json === true) io.out(`${JSON.stringify(silences)}\n`)
  else io.out(silencesText(silences, wall, io.width))
  return 0
}

/** Silences as a table for people. */
function silencesText(silences: readonly Silence[], wall: number, width: number): string {
  if (silences.length === 0) return 'No silence lasts or is to come.\n'
  const rows = silences.map(({ id, match, owner, reason, from, until }) => [
    id,
    describeMatch(match),
    from <= wall ? `until ${timeText(until)} UTC` : `${timeText(from)} to ${timeText(until)} UTC`,
    `${owner}: ${reason}`,
  ])
  return textTable(rows, { width })
}
