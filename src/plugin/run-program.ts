import type { Clock } from '../core/clock.ts'
import type { Processes } from './processes.ts'

/** A program that was run to its end, or why it was not. */
export type ProgramRun =
  | {
      readonly ok: true
      /** Its exit status; absent where a signal ended it. */
      readonly status?: number | undefined
      /** What it wrote, at most 16 KiB each. */
      readonly output: string
      readonly errors: string
    }
  /** `began`: it was started, and nobody knows how far it came. */
  | { readonly ok: false; readonly began: boolean; readonly says: string }

const mostOutput = 16_384

/**
 * Runs a program to its end, at most `deadlineMs` milliseconds; one that takes longer is ended. Never
 * rejects. An aborted `signal` before the start means that it is not started; later it ends it.
 */
export async function runProgram(
  processes: Processes,
  clock: Clock,
  request: {
    readonly program: string
    readonly args: readonly string[]
    readonly deadlineMs: number
    readonly signal?: AbortSignal | undefined
  },
): Promise<ProgramRun> {
  const { program, args, deadlineMs, signal } = request
  if (signal?.aborted) return { ok: false, began: false, says: `${program} was not started` }
  let output = ''
  let errors = ''
  const ended = Promise.withResolvers<number | undefined>()
  const over = new AbortController()
  const started = await processes.start({
    program,
    args: () => args,
    onOutput: (chunk) => (output = (output + chunk.toString()).slice(0, mostOutput)),
    onError: (text) => (errors = (errors + text).slice(0, mostOutput)),
    onEnd: (status) => ended.resolve(status),
  })
  if (!started.ok) return { ok: false, began: false, says: started.says }
  const limit = signal === undefined ? over.signal : AbortSignal.any([signal, over.signal])
  const late = clock.sleep(deadlineMs, limit).then(() => 'late' as const)
  const first = await Promise.race([
    ended.promise.then((status) => ({ status, output, errors })),
    late,
  ])
  over.abort()
  if (first !== 'late') return { ok: true, ...first }
  started.stop()
  const says = signal?.aborted
    ? `${program} was not waited for`
    : `${program} did not end within ${deadlineMs} ms`
  return { ok: false, began: true, says }
}
