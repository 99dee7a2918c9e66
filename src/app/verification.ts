import type { Clock, Random } from '../core/clock.ts'
import { formatDuration } from '../core/duration.ts'
import type { Log } from '../core/log.ts'
import type { PathSettings, RuleTiming } from '../core/settings.ts'
import { createPathWatch } from '../engine/rules/path-watch.ts'
import type { RuleSet } from '../engine/rules/rule-set.ts'
import type { Net } from '../plugin/net.ts'
import type { ProbePlugin } from '../plugin/probe.ts'
import type { Processes } from '../plugin/processes.ts'
import { CheckSession } from './check-session.ts'
import type { Verified } from './group/change-deps.ts'

/** What verification through the public name needs. */
export interface VerificationOptions {
  readonly clock: Clock
  readonly random: Random
  readonly net: Net
  readonly processes?: Processes | undefined
  readonly log: Log
  readonly plugin: ProbePlugin
  readonly settings: PathSettings
  readonly rules: RuleSet
  readonly timing: RuleTiming
  readonly vantage: string
  /** `<stream>/<group>/verify` */
  readonly path: string
  /** How long it may take to become good. */
  readonly forMs: number
}

/**
 * Probes the public name afresh until it is good, or `forMs` passed. Good means: every down-class rule has been
 * quiet for its `for`, and the live edge was seen to move, where the probe shows a media sequence.
 * A failure in the beginning is waited out (a switch may take a moment); only the end counts.
 */
export async function verifyPublicName(
  options: VerificationOptions,
  signal: AbortSignal,
): Promise<Verified> {
  const { clock, path, forMs, timing, rules, plugin, vantage } = options
  const watch = createPathWatch({ path, vantage, rules, timing, probe: plugin, now: clock.now() })
  const ended = new AbortController()
  const stop = () => ended.abort()
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  let firstEdge: number | undefined
  let trouble = 'no look was completed'
  let isBlind = true
  let good: Verified | undefined
  const session = new CheckSession({
    ...options,
    purpose: 'verify',
    onSample: (sample) => {
      const report = watch.apply(sample, clock.now())
      const edge = sample.continuity?.mediaSequence
      // Behind what was seen first: it is another source by now, with a count of its own.
      if (firstEdge === undefined || (edge ?? firstEdge) < firstEdge) firstEdge = edge
      const moved = edge === undefined || (firstEdge !== undefined && edge > firstEdge)
      const isWell = report.health === 'up' || report.health === 'degraded'
      // Not seeing is not failing: neither a look that could not be made nor a rule that could not judge.
      isBlind =
        sample.outcome === 'unknown' || (sample.outcome === 'pass' && report.health === 'unknown')
      if (sample.outcome !== 'pass') trouble = sample.reason ?? sample.outcome
      else if (!isWell) trouble = report.says
      else if (!moved) trouble = 'its live edge does not move'
      else {
        good = { ok: true, says: `the public name is ${report.health} and moves` }
        stop()
      }
    },
  })
  const running = session.run(ended.signal)
  await clock.sleep(forMs, ended.signal)
  stop()
  await running
  signal.removeEventListener('abort', stop)
  if (good !== undefined) return good
  const says = `not good within ${formatDuration(forMs)}: ${trouble}`
  return { ok: false, says, ...(isBlind && { isBlind }) }
}
