import { createHash } from 'node:crypto'
import type { ChangeReason } from '../core/group.ts'
import { fingerprint, type Violation } from './invariants.ts'
import type { GroupOutage } from './outage-meter.ts'
import { simulate, type Outcome } from './simulate.ts'
import { traceOf } from './trace.ts'
import type { Configuration } from './world.ts'

/** What came of one seed, in plain data. */
export interface SeedReport {
  readonly seed: number
  readonly violations: readonly Violation[]
  /** What went wrong in it, as sentences with their times. */
  readonly faults: readonly string[]
  /** Writes to targets and publications. */
  readonly writes: number
  /** Applied changes by their reason. */
  readonly changes: readonly { readonly group: string; readonly reason: ChangeReason }[]
  readonly outages: readonly GroupOutage[]
  /** SHA-256 over journal, writes and rows: equal wherever the same seed runs (invariant 15). */
  readonly digest: string
}

/** Runs one seed of so many virtual minutes, of a generated world unless a configuration is given. */
export async function reportSeed(
  seed: number,
  minutes: number,
  configuration?: Configuration,
): Promise<SeedReport> {
  return reportOf(await simulate(seed, minutes, configuration && { configuration }))
}

/** What came of a run, without its world. */
export function reportOf(outcome: Outcome): SeedReport {
  const { seed, world } = outcome
  return {
    seed,
    violations: outcome.violations,
    faults: outcome.faults,
    writes: outcome.changes,
    changes: traceOf(world)
      .applied.filter((each) => each.isFirst)
      .map(({ group, intent }) => ({ group, reason: intent.reason })),
    outages: outcome.outages,
    digest: createHash('sha256').update(fingerprint(world)).digest('hex'),
  }
}
