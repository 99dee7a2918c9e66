/**
 * What plug-ins may do with programs of this machine. `src/platform` implements it. Every program
 * gets an environment with nothing of ours in it, and ends with us, whatever ends us.
 */
export interface Processes {
  /** Where a program lies; `undefined` where it is not installed. */
  find(program: string): string | undefined
  /** Starts a program. Never rejects and never throws for what the program does. */
  start(request: ProcessRequest): Promise<ProcessResult>
}

export interface ProcessRequest {
  /** A name to look for on the PATH, such as `srt-live-transmit`, or the absolute path of a program. */
  readonly program: string
  /**
   * Other users of this machine may read them while the program runs. `reports` is a file that the
   * program may write to beside its output; what it writes comes to `onReport`.
   */
  readonly args: (reports: string) => readonly string[]
  readonly onOutput: (chunk: Buffer) => void
  /** What the program says on its error output. */
  readonly onError: (text: string) => void
  /** Without it there is no such file, and its name is empty. */
  readonly onReport?: (text: string) => void
  /** Names of our own environment variables that it gets too. Without it, it gets none of them. */
  readonly environment?: readonly string[]
  /** What it reads on its input, to the end. Without it the input is empty. */
  readonly input?: Buffer
  /** What it writes to its descriptor 3, which is open only with this. */
  readonly onSecondOutput?: (chunk: Buffer) => void
  /** The same for its descriptor 4. */
  readonly onThirdOutput?: (chunk: Buffer) => void
  /** It may wait for whatever else this machine has to do. */
  readonly isPatient?: boolean
  /**
   * Called once, when the program has ended and everything it wrote was handed on, with its exit
   * status; without one where a signal ended it. What it left running is not waited for.
   */
  readonly onEnd: (status?: number) => void
}

export type ProcessResult =
  | {
      readonly ok: true
      /** Asks the program and what it started to end, and ends them a second later. Idempotent. */
      stop(): void
    }
  /** It could not be started: a fault of this machine, in one sentence. */
  | { readonly ok: false; readonly says: string }
