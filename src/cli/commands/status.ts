import type { Command } from 'commander'
import type { IncidentView, WatchdogView } from '../../core/view.ts'
import { action, type Cli } from '../cli.ts'
import { examples } from '../examples.ts'
import { repeat } from '../follow.ts'
import { openWatchdog } from '../give-command.ts'
import { groupHeading, pathTable, restraints } from '../group-text.ts'
import type { ExitCode, Io } from '../io.ts'
import { painter } from '../paint.ts'
import { serverOptions, type ServerOptions } from '../server.ts'
import { textTable } from '../text-table.ts'
import { span } from '../times.ts'
import { standingOf, worst } from '../verdict.ts'

interface StatusOptions extends ServerOptions {
  readonly watch?: true
  readonly json?: true
}

/** To the top left corner, and everything below it cleared (ECMA-48 CUP and ED). */
const home = '\u001b[H\u001b[J'
const everyMs = 1_000

/** `status`: every group, its paths, who is active and why. */
export function addStatus(program: Command, cli: Cli): void {
  const command = program
    .command('status')
    .summary('groups, paths, health, who is active and why')
    .description(
      'Shows every group of a running watchdog. Exit code 0: every group is on air; 1: one is not, or waits for a person; 3: for one nobody can tell.',
    )
    .option('--watch', 'show it anew each second until Ctrl-C')
    .option('--json', 'print the whole view as JSON')
  serverOptions(command)
    .addHelpText('after', examples('changeover status', 'changeover status --watch'))
    .action(
      action(cli, (options: StatusOptions) =>
        options.watch === true ? watch(cli, options) : once(cli, options),
      ),
    )
}

async function once(cli: Cli, options: StatusOptions): Promise<ExitCode> {
  const view = await openWatchdog(cli, options).state()
  cli.io.out(shown(view, cli.io, options))
  return worst(view.groups.map(standingOf))
}

async function watch(cli: Cli, options: StatusOptions): Promise<ExitCode> {
  const { io } = cli
  const client = openWatchdog(cli, options)
  let code: ExitCode = 3
  await repeat(cli, everyMs, async () => {
    const view = await client.state()
    code = worst(view.groups.map(standingOf))
    const isScreen = io.isTerminal && options.json !== true
    io.out(`${isScreen ? home : ''}${shown(view, io, options)}`)
  })
  return code
}

function shown(view: WatchdogView, io: Io, options: StatusOptions): string {
  return options.json === true ? `${JSON.stringify(view)}\n` : statusText(view, io)
}

function statusText(view: WatchdogView, io: Io): string {
  const paint = painter(io)
  const { wall, vantage, store } = view
  const state = ({ ok, says }: { ok: boolean; says: string }) =>
    `${ok ? paint('good', 'ok') : paint('bad', 'FAILS')}: ${says}`
  const table = (rows: readonly (readonly string[])[]) =>
    textTable(rows, { width: io.width, indent: 2 })
  const groups = view.groups.map(
    (group) =>
      `\n${groupHeading(group, wall, paint)}${table([[group.says], ...restraints(group, wall).map(([name, says]) => [`${name} ${says}`])])}${pathTable(group, wall, io)}`,
  )
  const incidents = view.incidents.map((incident) => [
    paint(incident.severity === 'critical' ? 'bad' : 'warn', incident.severity),
    incident.key,
    span(wall - incident.since),
    `${sentence(incident.title)} ${incident.did}${lookedAfter(incident)}${incident.quiet === undefined ? '' : ` [${incident.quiet.says}]`}`,
  ])
  return (
    `Changeover ${view.version}, ${paint('strong', view.mode)}, profile ${view.profile}, running for ${span(wall - view.startedAt)}\n` +
    table([
      [`vantage ${vantage.name}`, state(vantage)],
      ['store', state(store)],
    ]) +
    groups.join('') +
    (incidents.length === 0 ? '' : `\n${paint('strong', 'Incidents')}\n${table(incidents)}`)
  )
}

function lookedAfter({ acknowledgedBy, acknowledgedFor }: IncidentView): string {
  if (acknowledgedBy === undefined) return ''
  const why = acknowledgedFor === undefined ? '' : `: ${acknowledgedFor}`
  return ` (${acknowledgedBy} looks after it${why})`
}

/** Titles may quote a sentence with its full stop. */
function sentence(title: string): string {
  return title.endsWith('.') ? title : `${title}.`
}
