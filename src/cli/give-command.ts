import { userInfo } from 'node:os'
import type { Command } from 'commander'
import { createApiClient, type ApiClient } from './api-client.ts'
import type { Cli } from './cli.ts'
import type { ExitCode } from './io.ts'
import { lineOption } from './option-parsers.ts'
import { painter } from './paint.ts'
import { findServer, serverOptions, type ServerOptions } from './server.ts'

/** What every command of a person takes. */
export interface PersonOptions extends ServerOptions {
  readonly reason: string
  readonly as?: string
  readonly json?: true
}

/** Adds what every command of a person takes: why, who, where. */
export function commandOptions(command: Command): Command {
  command
    .requiredOption('--reason <text>', 'why; it goes into the journal', lineOption(500))
    .option('--as <name>', 'who you are, for the journal (else your login name)', lineOption(80))
    .option('--json', 'print the answer as JSON')
  return serverOptions(command)
}

/** A client of the watchdog that these options name. */
export function openWatchdog({ composition }: Cli, options: ServerOptions): ApiClient {
  return createApiClient(composition.net, findServer(options, composition))
}

/**
 * Sends a person's command and prints the sentence that answers it. `what` is its path below
 * `/api/v1/`.
 */
export async function give(
  cli: Cli,
  options: PersonOptions,
  what: string,
  body: Readonly<Record<string, unknown>>,
): Promise<ExitCode> {
  const actor = options.as ?? loginName()
  const says = await openWatchdog(cli, options).change(what, {
    ...body,
    reason: options.reason,
    ...(actor !== undefined && { actor }),
  })
  const { io } = cli
  if (options.json === true) io.out(`${JSON.stringify({ ok: true, says })}\n`)
  else io.out(`${painter(io)('good', 'done:')} ${says}\n`)
  return 0
}

/** Containers often run under a user that has no name. */
export function loginName(): string | undefined {
  try {
    return userInfo().username
  } catch {
    return undefined
  }
}
