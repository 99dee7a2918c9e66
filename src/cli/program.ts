import { styleText } from 'node:util'
import { Command, type Argument } from 'commander'
import type { Cli } from './cli.ts'
import { addAck } from './commands/ack.ts'
import { addAdopt } from './commands/adopt.ts'
import { addCheck } from './commands/check.ts'
import { addDemo } from './commands/demo.ts'
import { addDrill } from './commands/drill.ts'
import { addEncode } from './commands/encode.ts'
import { addExplain } from './commands/explain.ts'
import { addHold } from './commands/hold.ts'
import { addJournal } from './commands/journal.ts'
import { addLab } from './commands/lab.ts'
import { addPlan } from './commands/plan.ts'
import { addProbe } from './commands/probe.ts'
import { addRelease } from './commands/release.ts'
import { addReplay } from './commands/replay.ts'
import { addSilence } from './commands/silence.ts'
import { addSimulate } from './commands/simulate.ts'
import { addRules } from './commands/rules.ts'
import { addRun } from './commands/run.ts'
import { addStatus } from './commands/status.ts'
import { addSteer } from './commands/steer.ts'

const groups = [
  ['Watching:', [addRun, addCheck, addProbe, addEncode]],
  ['Looking:', [addStatus, addExplain, addJournal, addPlan]],
  ['Acting:', [addSteer, addHold, addRelease, addAck, addAdopt, addSilence]],
  ['Rehearsing:', [addDrill]],
  ['Trying out:', [addDemo, addLab, addRules, addReplay, addSimulate]],
] as const

/** The command line with all its commands; nothing runs yet. */
export function buildProgram(cli: Cli): Command {
  const { io, composition } = cli
  const program = new Command('changeover')
  program
    .description('Keeps live streams on air: watches every path, decides, moves, explains.')
    .version(composition.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.out(text),
      writeErr: (text) => io.err(text),
      // Errors are told in one place, in our own form.
      outputError: () => undefined,
      getOutHelpWidth: () => Math.min(io.width, 100),
      getErrHelpWidth: () => Math.min(io.width, 100),
      getOutHasColors: () => io.color,
      getErrHasColors: () => io.errColor,
    })
    .configureHelp({
      styleTitle: (title) => styleText('bold', title, { validateStream: false }),
      subcommandTerm: (command) =>
        [command.name(), ...command.registeredArguments.map(usage)].join(' '),
    })
    .addHelpText(
      'after',
      '\nExit codes: 0 done or healthy, 1 the answer is bad, 2 usage or configuration error,\n' +
        '3 could not tell. A group is called <stream>/<group>, a duration needs a unit (30s, 2h).\n' +
        '\nExample:\n  changeover demo',
    )
  for (const [heading, adders] of groups) {
    program.commandsGroup(heading)
    for (const add of adders) add(program, cli)
  }
  return program
}

/** `changeover journal verify` for the command that these arguments name, as far as they name one. */
export function commandPath(program: Command, argv: readonly string[]): string {
  let command = program
  let path = program.name()
  for (const word of argv) {
    const next = command.commands.find((each) => each.name() === word)
    if (next === undefined) break
    command = next
    path += ` ${word}`
  }
  return path
}

function usage(argument: Argument): string {
  return argument.required ? `<${argument.name()}>` : `[${argument.name()}]`
}
