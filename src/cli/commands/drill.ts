import { writeFileSync } from 'node:fs'
import type { Command } from 'commander'
import { ChangeoverError } from '../../core/errors.ts'
import type { DrillOutcome } from '../../core/drill.ts'
import { action, type Cli } from '../cli.ts'
import { drillLines, drillTable } from '../drill-text.ts'
import { examples } from '../examples.ts'
import {
  commandOptions,
  give,
  loginName,
  openWatchdog,
  type PersonOptions,
} from '../give-command.ts'
import type { ExitCode } from '../io.ts'
import { serverOptions, type ServerOptions } from '../server.ts'

interface ListOptions extends ServerOptions {
  readonly json?: true
}

interface ReportOptions extends ServerOptions {
  readonly format: 'html' | 'json' | 'junit'
  readonly out?: string
}

const askEveryMs = 500

/** `drill list`, `drill run`, `drill abort`, `drill report`: rehearsals of a failover. */
export function addDrill(program: Command, cli: Cli): void {
  const drill = program
    .command('drill')
    .helpCommand(false)
    .summary('rehearse a failover: list, run, abort, report')
    .description(
      'Rehearsals of a failover, as the configuration names them: whether everything is ready, whether it would be decided rightly, and how long it really takes.',
    )
    .addHelpText(
      'after',
      examples(
        'changeover drill list',
        'changeover drill run weekly-cdn --reason "before the final"',
        'changeover drill report --out report.html',
      ),
    )
  addList(drill, cli)
  addRun(drill, cli)
  addAbort(drill, cli)
  addReport(drill, cli)
}

function addList(drill: Command, cli: Cli): void {
  const command = drill
    .command('list')
    .summary('what is planned, what runs, and what came of the last ones')
    .description('Prints every drill with its next time, the one that runs, and the last outcomes.')
    .option('--json', 'print it as JSON')
  serverOptions(command)
    .addHelpText('after', examples('changeover drill list'))
    .action(
      action(cli, async (options: ListOptions) => {
        const drills = await openWatchdog(cli, options).drills()
        const { io } = cli
        io.out(options.json === true ? `${JSON.stringify(drills)}\n` : drillTable(drills, io))
        return 0
      }),
    )
}

function addRun(drill: Command, cli: Cli): void {
  const command = drill
    .command('run')
    .summary('run a drill now and wait for its outcome')
    .description(
      'Begins a drill of the configuration and waits for its end. Exit code 0: PASSED; 1: FAILED; 3: SKIPPED, ABORTED or INTERRUPTED, which prove nothing either way.',
    )
    .argument('<name>', 'name of the drill in the configuration')
  commandOptions(command)
    .addHelpText('after', examples('changeover drill run weekly-cdn --reason "before the final"'))
    .action(action(cli, (name: string, options: PersonOptions) => run(cli, name, options)))
}

async function run(cli: Cli, name: string, options: PersonOptions): Promise<ExitCode> {
  const { composition, io } = cli
  const client = openWatchdog(cli, options)
  const actor = options.as ?? loginName()
  const id = await client.beginDrill(name, {
    reason: options.reason,
    ...(actor !== undefined && { actor }),
  })
  let said = ''
  for (;;) {
    const { history, running } = await client.drills()
    const ended = history.find((each) => each.id === id)
    if (ended !== undefined) {
      io.out(options.json === true ? `${JSON.stringify(ended)}\n` : drillLines(ended, io))
      return codeOf(ended.outcome)
    }
    if (running?.id !== id) {
      const says = `The drill ${id} ended without an outcome: the watchdog was restarted.`
      throw new ChangeoverError('UNREACHABLE', says, { todo: 'changeover drill list' })
    }
    if (running.says !== said && options.json !== true) io.err(`${running.says}\n`)
    said = running.says
    await composition.clock.sleep(askEveryMs)
  }
}

function addAbort(drill: Command, cli: Cli): void {
  const command = drill
    .command('abort')
    .summary('end the running drill before its time')
    .description('Ends the running drill; traffic that it moved returns as soon as it may.')
  commandOptions(command)
    .addHelpText('after', examples('changeover drill abort --reason "the match begins early"'))
    .action(action(cli, (options: PersonOptions) => give(cli, options, 'drills/abort', {})))
}

function addReport(drill: Command, cli: Cli): void {
  const command = drill
    .command('report')
    .summary('the report of a drill, as one page, JSON or JUnit')
    .description(
      'Prints or writes the report of a drill that ended, by default of the newest one, as a page that needs nothing else.',
    )
    .argument('[id]', 'id of the drill; the newest one if absent')
    .option('--format <form>', 'html, json or junit', form, 'html')
    .option('--out <file>', 'write it there in place of printing it')
  serverOptions(command)
    .addHelpText(
      'after',
      examples(
        'changeover drill report --out report.html',
        'changeover drill report --format junit',
      ),
    )
    .action(
      action(cli, async (given: string | undefined, options: ReportOptions) => {
        const client = openWatchdog(cli, options)
        const id = given ?? (await client.drills()).history[0]?.id
        if (id === undefined) {
          throw new ChangeoverError('NOT_FOUND', 'No drill was run yet.', {
            todo: 'changeover drill run <name>',
          })
        }
        const text = await client.drillReport(
          id,
          options.format === 'junit' ? 'xml' : options.format,
        )
        if (options.out === undefined) cli.io.out(text)
        else writeFileSync(options.out, text)
        return 0
      }),
    )
}

function form(text: string): string {
  if (text === 'html' || text === 'json' || text === 'junit') return text
  throw new ChangeoverError('USAGE', `There is no form ${text}.`, { todo: 'html, json or junit' })
}

function codeOf(outcome: DrillOutcome): ExitCode {
  if (outcome === 'PASSED') return 0
  return outcome === 'FAILED' ? 1 : 3
}
