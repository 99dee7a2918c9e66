import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { accessSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs'
import { Socket } from 'node:net'
import { constants as system, setPriority, tmpdir } from 'node:os'
import { delimiter, isAbsolute, join } from 'node:path'
import type { Clock } from '../core/clock.ts'
import type { Processes, ProcessRequest, ProcessResult } from '../plugin/processes.ts'

/** A program that was asked to end gets so long before it is ended, in milliseconds. */
const graceMs = 1_000

/**
 * A program that has ended and left another one behind, which holds its output open: so long what was
 * written is still read, in milliseconds.
 */
const drainMs = 1_000

/** Programs of this machine. After `close` every one of them ends and no other begins. */
export type RealProcesses = Processes & { close(): Promise<void> }

/** Starts programs as children of this process, and ends every one of them. */
export function realProcesses({ clock }: { readonly clock: Clock }): RealProcesses {
  const running = new Set<Child>()
  let isClosed = false
  // The kernel ends the child when this process dies, also by SIGKILL (prctl(2), PR_SET_PDEATHSIG).
  const guard = process.platform === 'linux' ? find('setpriv') : undefined
  return {
    find,
    async start(request) {
      if (isClosed) return { ok: false, says: 'the program is ending' }
      const program = find(request.program)
      if (program === undefined) return { ok: false, says: `${request.program} is not installed` }
      const reports = await openReports(request)
      if (reports !== undefined && 'says' in reports) return { ok: false, says: reports.says }
      const args = request.args(reports?.path ?? '')
      const child =
        guard === undefined
          ? new Child(clock, program, args, request, reports)
          : new Child(clock, guard, ['--pdeathsig', 'KILL', program, ...args], request, reports)
      running.add(child)
      void child.ended.then(() => running.delete(child))
      if (isClosed) child.stop()
      return await child.started
    },
    async close() {
      isClosed = true
      for (const child of running) child.stop()
      await Promise.all([...running].map(({ ended }) => ended))
    },
  }
}

/** The first executable of that name on the PATH; a program with an absolute path is itself. */
function find(program: string): string | undefined {
  if (isAbsolute(program)) return isExecutable(program) ? program : undefined
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  return folders.map((folder) => join(folder, program)).find(isExecutable)
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** The named pipe of one program, in a folder of its own that nobody else can enter. */
interface Reports {
  readonly path: string
  readonly socket: Socket
  /** Takes the name away; what is open stays open. */
  unlink(): void
}

async function openReports({
  onReport,
}: ProcessRequest): Promise<Reports | undefined | { readonly says: string }> {
  if (onReport === undefined) return undefined
  let folder: string
  try {
    folder = mkdtempSync(join(tmpdir(), 'changeover-'))
  } catch (error) {
    return { says: `this machine has no room for a temporary folder (${codeOf(error)})` }
  }
  const unlink = () => rmSync(folder, { recursive: true, force: true })
  const path = join(folder, 'reports')
  try {
    await new Promise<void>((resolve, reject) => {
      execFile('mkfifo', ['-m', '600', path], (error) => (error ? reject(error) : resolve()))
    })
    // Open for both ways: reading alone would wait for a writer, and end with each of them.
    const descriptor = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
    const socket = new Socket({ fd: descriptor, readable: true, writable: false })
    socket.on('error', () => {})
    socket.on('data', (chunk) => onReport(chunk.toString('latin1')))
    return { path, socket, unlink }
  } catch (error) {
    unlink()
    return { says: `this machine cannot make a named pipe (${codeOf(error)})` }
  }
}

class Child {
  readonly ended: Promise<void>
  readonly started: Promise<ProcessResult>
  readonly #clock: Clock
  readonly #child: ChildProcess
  readonly #over = new AbortController()
  #isStopping = false
  #hasExited = false

  constructor(
    clock: Clock,
    program: string,
    args: readonly string[],
    {
      environment = [],
      input,
      isPatient,
      onOutput,
      onSecondOutput,
      onThirdOutput,
      onError,
      onEnd,
    }: ProcessRequest,
    reports: Reports | undefined,
  ) {
    this.#clock = clock
    const more = [onSecondOutput, onThirdOutput].map((take) => (take ? 'pipe' : 'ignore'))
    const child = spawn(program, args, {
      cwd: tmpdir(),
      // A process group of its own (setsid(2)), so that what it starts ends with it.
      detached: process.platform !== 'win32',
      env: { ...passedOn(environment), PATH: process.env['PATH'] ?? '', LC_ALL: 'C' },
      stdio: [
        input === undefined ? 'ignore' : 'pipe',
        'pipe',
        'pipe',
        ...more.slice(0, more.lastIndexOf('pipe') + 1),
      ],
    })
    this.#child = child
    if (isPatient && child.pid !== undefined) yieldToOthers(child.pid)
    child.stdout?.once('data', () => reports?.unlink())
    child.stdout?.on('data', (chunk: Buffer) => onOutput(chunk))
    child.stderr?.on('data', (chunk: Buffer) => onError(chunk.toString()))
    child.stdio[3]?.on('data', (chunk: Buffer) => onSecondOutput?.(chunk))
    child.stdio[4]?.on('data', (chunk: Buffer) => onThirdOutput?.(chunk))
    // A program that ends before it has read everything is no fault of ours.
    child.stdin?.on('error', () => {})
    child.stdin?.end(input)
    this.started = new Promise((resolve) => {
      child.once('spawn', () => resolve({ ok: true, stop: () => this.stop() }))
      child.once('error', (error) => {
        resolve({ ok: false, says: `the program could not be started (${codeOf(error)})` })
      })
    })
    this.ended = new Promise((resolve) => {
      let isOver = false
      const over = (status?: number | null) => {
        if (isOver) return
        isOver = true
        this.#over.abort()
        reports?.socket.destroy()
        reports?.unlink()
        onEnd(status ?? undefined)
        resolve()
      }
      child.once('close', (status) => over(status))
      child.once('exit', (status) => {
        this.#hasExited = true
        // Whatever it started is to end as well, and has no second to spare.
        if (this.#isStopping) this.#signal('SIGKILL')
        void this.#drained().then(() => {
          for (const stream of child.stdio) stream?.destroy()
          return over(status)
        })
      })
      child.once('error', () => {
        if (child.pid === undefined) over()
      })
    })
  }

  /** Asks the program to end, with whatever it started; one that has ended is left alone. */
  stop(): void {
    if (this.#isStopping || this.#hasExited) return
    this.#isStopping = true
    this.#signal('SIGTERM')
    void this.#clock.sleep(graceMs, this.#over.signal).then((elapsed) => {
      if (elapsed) this.#signal('SIGKILL')
      return undefined
    })
  }

  /** Resolves when what an ended program wrote was read, also where another one keeps its pipe. */
  async #drained(): Promise<void> {
    const elapsed = await this.#clock.sleep(drainMs, this.#over.signal)
    // On a busy machine timers come before what the pipe still holds.
    if (elapsed) await this.#clock.sleep(0, this.#over.signal)
  }

  /** Signals the whole group, which lasts as long as anybody is in it. */
  #signal(name: 'SIGTERM' | 'SIGKILL'): void {
    const { pid } = this.#child
    if (pid === undefined) return
    try {
      if (process.platform === 'win32') this.#child.kill(name)
      else process.kill(-pid, name)
    } catch {
      // Nobody is left.
    }
  }
}

/** The variables of these names that are set. */
function passedOn(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = process.env[name]
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

function yieldToOthers(pid: number): void {
  try {
    setPriority(pid, system.priority.PRIORITY_LOW)
  } catch {
    // It is over already, or may not be lowered: then it runs like any other.
  }
}

function codeOf(error: unknown): string {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : 'no reason given'
}
