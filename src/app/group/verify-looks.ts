import { withDeadline, type Clock } from '../../core/clock.ts'
import type { GroupSettings } from '../../core/settings.ts'
import type { Verified } from './change-deps.ts'

/** Between two looks of a verification, and what a look may take beyond its time. */
const verifyPauseMs = 1_000
const verifyMarginMs = 5_000

/** What the looks of a verification need. */
export interface VerifyLooksDeps {
  readonly clock: Clock
  readonly settings: GroupSettings
  /** One fresh look through the public name, or at a path where there is none. */
  readonly verify: (target: string, signal: AbortSignal) => Promise<Verified>
  readonly serveHolds: () => Promise<void>
}

/**
 * Fresh looks at what was applied, until all of it is good or the time is up: one bad look in the
 * beginning is no verdict. Holds that come meanwhile are in force before anything else is written.
 */
export async function verifyLooks(
  deps: VerifyLooksDeps,
  targets: readonly string[],
  signal: AbortSignal,
): Promise<Verified> {
  const { clock, settings, serveHolds } = deps
  const until = clock.now() + settings.verify.forMs
  // The public name shows everything at once; without one, every path that got more is looked at.
  const looked = settings.verify.path === undefined ? targets : targets.slice(0, 1)
  const ended = new AbortController()
  const holds = serveHoldsUntil(deps, ended.signal)
  let seen: Verified | undefined
  do {
    const leftMs = Math.max(until - clock.now(), 0) + verifyMarginMs
    seen = await withDeadline(clock, leftMs, signal, (inner) => lookAtAll(deps, looked, inner))
    if (seen?.ok === true) break
  } while (clock.now() + verifyPauseMs < until && (await clock.sleep(verifyPauseMs, signal)))
  ended.abort()
  await holds
  await serveHolds()
  return seen ?? { ok: false, says: `no look was completed in time`, isBlind: true }
}

/** Good where all are; bad where one was seen to be; else nothing could be seen. */
async function lookAtAll(
  { verify }: VerifyLooksDeps,
  targets: readonly string[],
  signal: AbortSignal,
): Promise<Verified> {
  const all = await Promise.all(targets.map((target) => verify(target, signal)))
  const bad = all.filter((each) => !each.ok)
  return (
    bad.find((each) => each.isBlind !== true) ??
    bad[0] ??
    all[0] ?? { ok: false, says: 'there was nothing to look at', isBlind: true }
  )
}

async function serveHoldsUntil(
  { clock, serveHolds }: VerifyLooksDeps,
  signal: AbortSignal,
): Promise<void> {
  while (await clock.sleep(verifyPauseMs, signal)) await serveHolds()
}
