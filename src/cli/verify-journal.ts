import { existsSync } from 'node:fs'
import { ChangeoverError } from '../core/errors.ts'
import type { JournalEntry } from '../core/journal.ts'
import type { Settings } from '../core/settings.ts'
import {
  genesis,
  verifyChain,
  type ChainLink,
  type ChainVerdict,
} from '../formats/journal-chain.ts'
import type { Cli } from './cli.ts'
import { loadConfiguration } from './configuration.ts'
import { openWatchdog } from './give-command.ts'
import type { ExitCode } from './io.ts'
import { painter } from './paint.ts'
import type { ServerOptions } from './server.ts'
import { storeFile } from './store-file.ts'

const page = 1_000

/** Checks the whole journal in the store of `config`, or without one through the API, and says the verdict. */
export async function verifyJournal(
  cli: Cli,
  options: ServerOptions & { readonly json?: true },
  config: string | undefined,
): Promise<ExitCode> {
  if (config === undefined) {
    const client = openWatchdog(cli, options)
    const verdict = await verifyPages((after) => client.journal({ after, limit: page }))
    return say(
      cli,
      options,
      verdict,
      'as far as the watchdog shows it; a cut-off end shows only in the store itself',
    )
  }
  const loaded = loadConfiguration(cli.composition, cli.io, config)
  if (typeof loaded === 'number') return loaded
  requireStore(loaded.settings, config)
  const store = await cli.composition.openStore(loaded.settings, config)
  try {
    // Before the entries: a watchdog that runs meanwhile only adds behind it.
    const head = await store.head()
    const verdict = await verifyPages(
      (after) => store.entries({ after, before: head.seq + 1, limit: page }),
      head,
    )
    return say(cli, options, verdict, 'up to the head that the store keeps apart')
  } finally {
    await store.close()
  }
}

/** Opening a store makes one where there is none, and an empty journal is always whole. */
function requireStore(settings: Settings, config: string): void {
  const file = storeFile(settings, config)
  if (existsSync(file)) return
  throw new ChangeoverError('STORE_UNAVAILABLE', `There is no store ${file} yet.`, {
    todo: 'It is made by the first `changeover run` with this configuration.',
  })
}

async function verifyPages(
  read: (after: number) => Promise<readonly JournalEntry[]>,
  head?: ChainLink,
): Promise<ChainVerdict> {
  let last = genesis
  for (;;) {
    const entries = await read(last.seq)
    const isLastPage = entries.length < page
    const verdict = verifyChain(entries, {
      after: last,
      ...(isLastPage && head !== undefined && { head }),
    })
    if (!verdict.ok || isLastPage) return verdict
    last = verdict.last
  }
}

function say(
  { io }: Cli,
  { json }: { readonly json?: true },
  verdict: ChainVerdict,
  reach: string,
): ExitCode {
  const paint = painter(io)
  if (json === true) io.out(`${JSON.stringify(verdict)}\n`)
  else if (verdict.ok) {
    io.out(
      `${paint('good', 'whole:')} ${verdict.last.seq} entries, each as it was written, ${reach}.\n`,
    )
  } else {
    io.out(
      `${paint('bad', 'broken:')} ${verdict.says}.\n  Keep a copy of the store, and compare it with a backup from before entry ${verdict.seq}.\n`,
    )
  }
  return verdict.ok ? 0 : 1
}
