import { ChangeoverError } from '../core/errors.ts'
import type { Cli } from './cli.ts'
import type { Composition } from './composition.ts'
import { sayFailure } from './failure.ts'

/** A signal that aborts when the process is asked to end. */
export function stopSignal(composition: Composition): AbortSignal {
  const stop = new AbortController()
  void composition.untilStopped().then(() => stop.abort())
  return stop.signal
}

/**
 * Does `work` at once and then every `everyMs` until the process is asked to end. What goes wrong at
 * the first time is thrown; later it is said once and tried again, for a watchdog that restarts.
 */
export async function repeat(
  { composition, io }: Cli,
  everyMs: number,
  work: () => Promise<void>,
): Promise<void> {
  const signal = stopSignal(composition)
  await work()
  let isWorking = true
  while (await composition.clock.sleep(everyMs, signal)) {
    try {
      await work()
      isWorking = true
    } catch (error) {
      if (!(error instanceof ChangeoverError && error.retry)) throw error
      if (isWorking) sayFailure(io, error)
      isWorking = false
    }
  }
}
