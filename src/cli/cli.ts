import type { Composition } from './composition.ts'
import type { ExitCode, Io } from './io.ts'

/** What every command gets. */
export interface Cli {
  readonly composition: Composition
  readonly io: Io
  /** Takes over the exit code of the command that ran. */
  finish(code: ExitCode): void
}

/** Does the work of a command and hands its exit code on. */
export function action<Given extends readonly unknown[]>(
  cli: Cli,
  work: (...given: Given) => Promise<ExitCode>,
): (...given: Given) => Promise<void> {
  return async (...given) => cli.finish(await work(...given))
}
