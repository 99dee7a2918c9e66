/**
 * Time as the program sees it. Built once in `main.ts`; a simulation passes another one.
 *
 * Wall time stamps what people read; monotonic time runs every timer. A wall-clock jump
 * therefore changes no timer outcome (invariant 16).
 */
export interface Clock {
  /** Wall time in milliseconds since the Unix epoch. Only for stamps and calendars. */
  wall(): number
  /** Monotonic time in milliseconds from an arbitrary origin. For every duration and timer. */
  now(): number
  /**
   * Waits `ms` milliseconds (0 and less: until the next turn). Resolves `true` after the wait and
   * `false`, at once, when `signal` aborts. It never rejects.
   */
  sleep(ms: number, signal?: AbortSignal): Promise<boolean>
}

/** A seeded or real source of chance. */
export interface Random {
  /** A number in [0, 1). */
  next(): number
}

/** A source of identities that are unique within an installation. */
export interface Ids {
  next(): string
}

/**
 * Runs `work` with a signal that aborts after `ms` milliseconds or with `parent`.
 * The work must honour its signal; the result of the race is `undefined` where the deadline came first.
 */
export async function withDeadline<T>(
  clock: Clock,
  ms: number,
  parent: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T | undefined> {
  const controller = new AbortController()
  const stop = () => controller.abort(parent?.reason)
  if (parent?.aborted) stop()
  else parent?.addEventListener('abort', stop, { once: true })
  const finished = new AbortController()
  const limit = clock.sleep(ms, finished.signal).then((elapsed) => {
    if (elapsed) controller.abort(new Error(`deadline of ${ms} ms passed`))
    return undefined
  })
  try {
    return await Promise.race([work(controller.signal), limit.then(() => undefined)])
  } finally {
    finished.abort(finishedReason)
    parent?.removeEventListener('abort', stop)
  }
}

/** Given once: building an exception for every call that ends in time would cost more than the call's timer. */
const finishedReason = 'finished in time'
