import { CommanderError } from 'commander'
import { redactText } from '../core/redact.ts'
import type { Composition } from './composition.ts'
import { sayError, sayFailure } from './failure.ts'
import type { ExitCode, Io } from './io.ts'
import { buildProgram, commandPath } from './program.ts'

/**
 * Runs one command line (`argv` without the program and its file) and resolves to the exit code:
 * 0 done or healthy, 1 the answer is bad, 2 usage or configuration error, 3 could not tell. Never
 * rejects; whatever goes wrong is said in a sentence on standard error.
 */
export async function runCli(
  argv: readonly string[],
  composition: Composition,
  io: Io,
): Promise<ExitCode> {
  let code: ExitCode = 0
  const program = buildProgram({
    composition,
    io,
    finish(done) {
      code = done
    },
  })
  try {
    await program.parseAsync([...argv], { from: 'user' })
    return code
  } catch (error) {
    if (!(error instanceof CommanderError)) return sayFailure(io, error)
    if (error.exitCode === 0) return 0
    if (error.code !== 'commander.help') {
      sayError(io, sentenceOf(error), `See ${commandPath(program, argv)} --help.`)
    }
    return 2
  }
}

/** Commander's message in our words, its suggestion in the same line. It may repeat a URL. */
function sentenceOf({ message }: CommanderError): string {
  return redactText(
    message
      .replace(/^error: /u, '')
      .replace(
        /^command-argument value '(.*?)' is invalid for argument '(.*?)'\./u,
        '"$1" is no $2.',
      )
      .replaceAll('\n', ' ')
      .trim(),
  )
}
