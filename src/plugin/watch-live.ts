import type { Observation } from '../core/sample.ts'
import type { LivePull } from './live-pull.ts'
import type { Due, ProbeContext, Purpose } from './probe.ts'

/** A pull with what can be said of it. */
export interface WatchedPull {
  readonly pull: LivePull
  /** What the pull shows now, and why it is looked at; without a purpose it has broken. */
  observe(purpose?: Purpose): Observation
}

/**
 * Watches a stream that has no end: one observation for each due look, and one at once when the
 * stream breaks. A pull that broke is begun again at once where it had lasted for a whole cadence,
 * else at the next look, so that a peer which drops every connection is not hammered.
 */
export async function* watchLive(
  { due, signal, clock, everyMs }: ProbeContext,
  begin: () => WatchedPull,
): AsyncGenerator<Observation> {
  const dues = due[Symbol.asyncIterator]()
  let watched: WatchedPull | undefined
  let asked: Promise<void> | undefined
  let given: IteratorResult<Due> | undefined
  let wake = () => {}
  const start = () => {
    const fresh = begin()
    fresh.pull.onEnd(() => wake())
    return fresh
  }
  const stop = () => watched?.pull.end(stopped)
  signal.addEventListener('abort', stop, { once: true })
  try {
    for (;;) {
      // One question at a time: a look that waits for the next due must not take it away.
      asked ??= dues.next().then((result) => {
        given = result
        wake()
        return undefined
      })
      if (given === undefined && !hasBroken(watched)) {
        await new Promise<void>((resolve) => (wake = resolve))
      }
      if (signal.aborted) return
      if (watched !== undefined && hasBroken(watched)) {
        const lasted = clock.now() - watched.pull.startedAt >= everyMs
        yield watched.observe()
        if (signal.aborted) return
        watched = lasted ? start() : undefined
        continue
      }
      if (given === undefined) continue
      if (given.done === true) return
      watched ??= start()
      await watched.pull.settled
      if (signal.aborted) return
      const observation = watched.observe(given.value.purpose)
      if (watched.pull.ended !== undefined) watched = undefined
      asked = undefined
      given = undefined
      yield observation
    }
  } finally {
    signal.removeEventListener('abort', stop)
    stop()
  }
}

const stopped = { outcome: 'unknown', reason: 'the session has ended' } as const

/** Media had come, and the pull is over. */
function hasBroken(watched: WatchedPull | undefined): boolean {
  return watched?.pull.ended !== undefined
}
