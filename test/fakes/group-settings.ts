import type { PathHealth, Health } from '../../src/core/health.ts'
import type { GroupSettings } from '../../src/core/settings.ts'

/** Group settings with the documented defaults, for `channel-1/cdn` with the given paths. */
export function groupSettings(
  overrides: Partial<GroupSettings> = {},
  names: readonly string[] = ['cdn-a', 'cdn-b'],
): GroupSettings {
  return {
    name: 'channel-1/cdn',
    stream: 'channel-1',
    title: 'Channel One',
    strategy: 'standby',
    role: 'delivery',
    paths: names.map((name) => ({
      name,
      type: 'sim',
      options: { path: name },
      shows: `sim://${name}`,
      everyMs: 5_000,
    })),
    vantages: [{ name: 'local', domain: 'local' }],
    priority: 500,
    quorum: { atLeast: 2, fraction: 0.5, domains: 2, minFresh: 2 },
    verify: { forMs: 30_000 },
    holddownMs: 120_000,
    budget: { changes: 3, perMs: 3_600_000 },
    drillBudget: { changes: 4, perMs: 86_400_000 },
    failback: { auto: true, stableForMs: 600_000, maxWaitMs: 7_200_000, window: [] },
    flaps: { halfLifeMs: 900_000, suppress: 2_000, reuse: 750 },
    continuity: {
      checks: ['ladder', 'codecs', 'key', 'behind', 'slate'],
      behindMs: 30_000,
      blocks: ['failback', 'drill', 'irreversible'],
    },
    irreversible: [],
    leaveAfterMs: 0,
    calendar: [],
    pageAfterMs: 30_000,
    actuators: [],
    leaseMs: 15_000,
    renewMs: 5_000,
    callTimeoutMs: 4_000,
    precheckTtlMs: 10_000,
    observeEveryMs: 10_000,
    impliedHoldMs: 1_800_000,
    earnMs: 30_000,
    ...overrides,
  }
}

/** Health of a path since monotonic `since`. */
export function pathHealth(health: Health, since = 0): PathHealth {
  return {
    path: 'channel-1/cdn/any',
    health,
    suspect: false,
    isRecovering: false,
    since,
    says: `it is ${health}`,
    votes: [],
    ...(health === 'down' && { diagnosis: 'playlist-stalled' as const }),
  }
}
