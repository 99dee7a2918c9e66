import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'

/** The first of these files that exists; `undefined` where the program is not installed. */
export function installed(...places: readonly string[]): string | undefined {
  return places.find((place) => existsSync(place))
}

/** Starts a program that is ended by its process identity. What it complains of is kept. */
export function startChild(binary: string, args: readonly string[], folder: string) {
  const child = spawn(binary, args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-4_000)))
  const ended = once(child, 'exit')
  const isRunning = () => child.exitCode === null && child.signalCode === null
  return {
    pid: child.pid ?? 0,
    isRunning,
    errors: () => errors,
    signal: (name: NodeJS.Signals) => child.kill(name),
    /** Ends it at once, also where it was stopped. */
    async kill(): Promise<void> {
      if (isRunning()) child.kill('SIGKILL')
      await ended
    },
  }
}

/** Polls every 50 ms until `found`; throws with `what` after half a minute. */
export async function eventually(what: () => string, found: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; !(await found()); attempt += 1) {
    if (attempt === 600) throw new Error(what())
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
