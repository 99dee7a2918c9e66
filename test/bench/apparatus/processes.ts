import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'

/** A process that was started for a benchmark. */
export interface Started {
  readonly pid: number
  /** Ends it, and waits until it has ended; by force after five seconds. */
  stop(): Promise<void>
}

const patienceMs = 5_000

/**
 * Starts a process and resolves with the first line of its output that `isReady` accepts. Rejects
 * with its last error output when it ends before that.
 */
export async function start(
  command: string,
  args: readonly string[],
  isReady: (line: string) => boolean,
): Promise<Started & { readonly line: string }> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = once(child, 'exit')
  let errors = ''
  const line = await new Promise<string>((resolve, reject) => {
    const hear = (said: string) => {
      if (isReady(said)) resolve(said)
    }
    createInterface(child.stdout).on('line', hear)
    createInterface(child.stderr).on('line', (said) => {
      errors = `${errors}${said}\n`.slice(-4_000)
      hear(said)
    })
    child.on('error', reject)
    child.on('exit', (code) => reject(new Error(`${command} ended with ${code}:\n${errors}`)))
  })
  return { pid: child.pid ?? 0, line, stop: () => stop(child, ended) }
}

async function stop(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  const force = setTimeout(() => child.kill('SIGKILL'), patienceMs)
  child.kill('SIGTERM')
  if (child.exitCode === null && child.signalCode === null) await ended
  clearTimeout(force)
}

/** A port of 127.0.0.1 that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const closed = once(server, 'close')
  server.close()
  await closed
  return port
}

/** What a process used so far. */
export interface Usage {
  /** User and system time of all of its threads. */
  readonly cpuSeconds: number
  readonly residentMiB: number
  readonly peakMiB: number
}

/** `USER_HZ`, the unit of /proc/<pid>/stat, is 100 on every Linux that Node runs on. */
const ticksPerSecond = 100

/** Reads /proc, so Linux alone; see proc(5). */
export function usageOf(pid: number): Usage {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name of the program may hold spaces and parentheses: fields begin after the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const kilobytes = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'mu').exec(status)?.[1] ?? Number.NaN)
  return {
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond,
    residentMiB: kilobytes('VmRSS') / 1_024,
    peakMiB: kilobytes('VmHWM') / 1_024,
  }
}
