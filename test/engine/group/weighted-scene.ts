import type { Allocation } from '../../../src/core/allocation.ts'
import type { GroupRow } from '../../../src/core/group.ts'
import type { Health, PathHealth } from '../../../src/core/health.ts'
import type { CapacitySettings, SharingSettings } from '../../../src/core/settings.ts'
import { emptyRow, type GroupMemory } from '../../../src/engine/group/memory.ts'
import type { Situation } from '../../../src/engine/group/situation.ts'
import { groupSettings, pathHealth } from '../../fakes/group-settings.ts'

export const now = 10_000_000

/** One path of a weighted group: what it is configured to, what it carries, and its health. */
export interface WeightedPath {
  readonly weight: number
  readonly carries: number
  readonly health?: Health
  readonly most?: number
  /** Monotonic milliseconds; up for an hour if absent. */
  readonly since?: number
  readonly more?: Partial<PathHealth>
}

/** A situation of a weighted group; weights are those of the paths. */
export function weightedSituation(
  paths: Readonly<Record<string, WeightedPath>>,
  overrides: {
    readonly sharing?: Partial<SharingSettings>
    readonly capacity?: CapacitySettings
    readonly row?: Partial<GroupRow>
    readonly memory?: Partial<GroupMemory>
    readonly situation?: Partial<Situation>
    readonly domains?: Readonly<Record<string, string>>
  } = {},
): Situation {
  const names = Object.keys(paths)
  const of = <T>(take: (path: WeightedPath) => T): Record<string, T> =>
    Object.fromEntries(Object.entries(paths).map(([name, path]) => [name, take(path)]))
  const allocation: Allocation = of(({ carries }) => carries)
  const sharing: SharingSettings = {
    weights: of(({ weight }) => weight),
    maxWeights: of(({ most }) => most ?? 100),
    minServing: 1,
    panic: { fraction: 0.5, answer: 'hold' },
    ...overrides.sharing,
  }
  const settings = groupSettings(
    {
      strategy: 'weighted',
      sharing,
      ...(overrides.capacity !== undefined && { capacity: overrides.capacity }),
    },
    names,
  )
  return {
    settings,
    memory: {
      row: { ...emptyRow(settings.name), allocation, ...overrides.row },
      changes: [],
      holddownUntil: 0,
      rejected: new Map(),
      penalties: new Map(),
      readBack: true,
      observingSince: 0,
      ...overrides.memory,
    },
    paths: new Map(
      Object.entries(paths).map(([name, { health = 'up', since = now - 3_600_000, more }]) => [
        name,
        { ...pathHealth(health, since), ...more },
      ]),
    ),
    mode: 'armed',
    lease: { token: 1, leftMs: 15_000 },
    store: { ok: true, says: 'writable' },
    installation: { pass: true, says: '0 of 1 changes used' },
    now,
    wall: 1_700_000_000_000,
    ...overrides.situation,
  }
}
