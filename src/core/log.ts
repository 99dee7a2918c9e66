/** Structured logging as the program uses it; `main.ts` passes pino, tests pass nothing. */
export interface Log {
  info(fields: Readonly<Record<string, unknown>>, message: string): void
  warn(fields: Readonly<Record<string, unknown>>, message: string): void
  error(fields: Readonly<Record<string, unknown>>, message: string): void
}

/** A log that keeps nothing. */
export const silentLog: Log = {
  info() {},
  warn() {},
  error() {},
}
