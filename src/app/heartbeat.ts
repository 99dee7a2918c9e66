import type { Clock } from '../core/clock.ts'
import type { Net } from '../plugin/net.ts'

export interface HeartbeatOptions {
  readonly clock: Clock
  readonly net: Pick<Net, 'http'>
  /** A secret: whoever knows it can pretend that we live. */
  readonly url: string
  readonly everyMs: number
  /** A group that missed evaluations; `undefined` while the loop turns. */
  readonly stuck: () => string | undefined
  /** After each call: whether it was taken, and what was said where not. */
  readonly onBeat: (says: string | undefined) => void
}

const lookEveryMs = 1_000
const callMs = 10_000

/**
 * Calls an address outside again and again, only while the loop is alive (invariant 45): when groups
 * miss three evaluations, or the process ends or hangs, the calls stop, and whoever listens there
 * raises the alarm. What is due while the loop stands still is sent once it turns again.
 */
export async function keepBeating(options: HeartbeatOptions, signal: AbortSignal): Promise<void> {
  const { clock, everyMs, stuck } = options
  let due = clock.now()
  do {
    if (clock.now() < due || stuck() !== undefined) continue
    due = clock.now() + everyMs
    await beat(options, signal)
  } while (await clock.sleep(lookEveryMs, signal))
}

/** The next call comes soon enough: nothing is repeated. */
async function beat(
  { net, url, everyMs, onBeat }: HeartbeatOptions,
  signal: AbortSignal,
): Promise<void> {
  const result = await net.http({
    url,
    deadlineMs: Math.min(callMs, everyMs),
    maxBytes: 4_096,
    // The address is a secret: it goes nowhere else.
    maxRedirects: 0,
    fresh: true,
    signal,
  })
  if (signal.aborted) return
  if (!result.ok) onBeat(result.says)
  else if (result.status >= 200 && result.status <= 299) onBeat(undefined)
  else onBeat(`${new URL(url).host} answered ${result.status}`)
}
