import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import type { JournalEntry } from '../../core/journal.ts'
import { action, type Cli } from '../cli.ts'
import { examples } from '../examples.ts'
import { repeat } from '../follow.ts'
import { openWatchdog } from '../give-command.ts'
import type { ExitCode } from '../io.ts'
import { defaultConfiguration } from '../configuration.ts'
import { journalText } from '../journal-text.ts'
import { groupArgument, wholeOption } from '../option-parsers.ts'
import { serverOptions, type ServerOptions } from '../server.ts'

interface JournalOptions extends ServerOptions {
  readonly group?: string
  readonly limit: number
  readonly follow?: true
  readonly json?: true
}

const followEveryMs = 1_000
const page = 1_000

/** `journal`: reads the journal, and `journal verify`: checks its hash chain. */
export function addJournal(program: Command, cli: Cli): void {
  const command = program
    .command('journal')
    .helpCommand(false)
    .summary('read the journal; `journal verify` checks its hash chain')
    .description(
      'Prints the newest entries of the journal, oldest first: every decision and change, who asked, and why nothing was done.',
    )
    .option('--group <group>', 'only entries of this group', groupArgument)
    .option('--limit <n>', 'how many, 1 to 1000', wholeOption(1, page), 20)
    .option('--follow', 'go on with new entries until Ctrl-C')
    .option('--json', 'print one JSON object per line')
  serverOptions(command)
    .addHelpText(
      'after',
      examples('changeover journal --group channel-1/cdn --limit 50', 'changeover journal verify'),
    )
    .action(action(cli, (options: JournalOptions) => read(cli, options)))
  addVerify(command, cli)
}

function addVerify(journal: Command, cli: Cli): void {
  const command = journal
    .command('verify')
    .summary('check that no entry was deleted or edited')
    .description(
      `Checks the hash chain of the whole journal: in the store of a configuration, by default ${defaultConfiguration}, or with --url through a running watchdog. Exit code 1: an entry is missing or not as it was written.`,
    )
    .argument('[config]', 'configuration whose store is read')
    .option('--json', 'print the verdict as JSON')
  serverOptions(command)
    .addHelpText(
      'after',
      examples('changeover journal verify', 'changeover journal verify --url http://10.0.0.5:8642'),
    )
    .action(
      // The journal itself knows some of these options too, and commander gives them to it first.
      action(cli, async (config: string | undefined, _given: object, verify: Command) => {
        const { verifyJournal } = await import('../verify-journal.ts')
        const options: ServerOptions & { json?: true } = verify.optsWithGlobals()
        const file = config ?? (existsSync(defaultConfiguration) ? defaultConfiguration : undefined)
        const isFile = config !== undefined || (options.url === undefined && file !== undefined)
        return await verifyJournal(cli, options, isFile ? file : undefined)
      }),
    )
}

async function read(cli: Cli, options: JournalOptions): Promise<ExitCode> {
  const client = openWatchdog(cli, options)
  const { limit, group } = options
  const about = group === undefined ? {} : { group }
  const entries = (await client.journal({ limit, ...about })).toReversed()
  print(cli, options, entries)
  if (options.follow !== true) return 0
  let after = entries.at(-1)?.seq ?? 0
  await repeat(cli, followEveryMs, async () => {
    for (;;) {
      const next = await client.journal({ limit: page, after, ...about })
      print(cli, options, next)
      after = next.at(-1)?.seq ?? after
      if (next.length < page) return
    }
  })
  return 0
}

function print({ io }: Cli, { json }: JournalOptions, entries: readonly JournalEntry[]): void {
  if (entries.length === 0) return
  if (json !== true) return io.out(journalText(entries, io))
  io.out(entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''))
}
