/**
 * What happens to an error that nothing caught, which is a defect: one line, and the end of the
 * process with code 70 (sysexits: internal software error). Nothing fails over because we stopped;
 * a supervisor starts us again, and the next start judges what was open.
 */
export function onDefect(tell: (says: string) => void): void {
  const end = (error: unknown) => {
    tell(error instanceof Error ? error.message : String(error))
    process.exit(70)
  }
  process.on('uncaughtException', end)
  process.on('unhandledRejection', end)
}
