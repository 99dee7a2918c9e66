import { isatty } from 'node:tty'

/** Where a command writes, and what can be shown there. `main.ts` passes the process's own. */
export interface Io {
  /** Standard output: what was asked for. Takes text with its line breaks. */
  out(text: string): void
  /** Standard error: errors and remarks. */
  err(text: string): void
  /** Whether a person reads standard output in a terminal. */
  readonly isTerminal: boolean
  /** Columns of the terminal; 80 where that is not known. */
  readonly width: number
  /** Whether standard output may be coloured. */
  readonly color: boolean
  /** Whether a person reads standard error in a terminal, as standard output may go to a file. */
  readonly errIsTerminal: boolean
  /** Whether standard error may be coloured. */
  readonly errColor: boolean
}

/** 0 done or healthy, 1 the answer is bad, 2 usage or configuration error, 3 could not tell. */
export type ExitCode = 0 | 1 | 2 | 3

/**
 * The output of this process. Colour follows the terminal, `NO_COLOR` and `FORCE_COLOR`. A reader
 * that goes away (`| head`) ends the process quietly.
 */
export function processIo(): Io {
  const { stdout, stderr } = process
  for (const stream of [stdout, stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0)
    })
  }
  const isTerminal = isatty(stdout.fd)
  const errIsTerminal = isatty(stderr.fd)
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    isTerminal,
    get width() {
      return stdout.columns || 80
    },
    color: isTerminal && stdout.hasColors(),
    errIsTerminal,
    errColor: errIsTerminal && stderr.hasColors(),
  }
}
