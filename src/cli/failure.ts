import { ChangeoverError, type ErrorCode } from '../core/errors.ts'
import { redactText } from '../core/redact.ts'
import { clean } from './clean.ts'
import type { ExitCode, Io } from './io.ts'
import { painter } from './paint.ts'

const exitCodes: Readonly<Record<ErrorCode, ExitCode>> = {
  USAGE: 2,
  CONFIG_INVALID: 2,
  RULES_INVALID: 2,
  NOT_FOUND: 2,
  REFUSED: 1,
  LISTEN_FAILED: 2,
  UNREACHABLE: 3,
  STORE_UNAVAILABLE: 3,
  STORE_DAMAGED: 1,
  STORE_TOO_NEW: 2,
}

/** Says on standard error what went wrong and what to do, and gives the exit code for it. */
export function sayFailure(io: Io, error: unknown): ExitCode {
  if (error instanceof ChangeoverError) {
    const cause = error.cause === undefined ? '' : ` (${error.cause})`
    sayError(io, `${error.message}${cause}`, error.todo)
    return exitCodes[error.code]
  }
  // Only the sentence: a stack would say where our own files are, and may hold what a peer sent.
  const says = redactText(error instanceof Error ? error.message : String(error))
  sayError(
    io,
    `Changeover made an error: ${says}`,
    'Please report it with the command that you gave.',
  )
  return 3
}

/** One error: what happened, and in the next line what to do. */
export function sayError(io: Io, says: string, todo: string): void {
  const paint = painter({ color: io.errColor })
  io.err(`${paint('bad', 'error:')} ${clean(says)}\n  ${clean(todo)}\n`)
}

/** Errors that say by themselves where they are; a part of the file may be quoted below. */
export function sayAll(io: Io, errors: readonly string[]): void {
  const paint = painter({ color: io.errColor })
  for (const error of errors) {
    const lines = error.split('\n').map((line) => clean(line))
    io.err(`${paint('bad', 'error:')} ${lines.join('\n')}\n`)
  }
}
