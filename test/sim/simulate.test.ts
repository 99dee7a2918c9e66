import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../src/core/seeded-random.ts'
import { checkTrace, fingerprint } from '../../src/simulation/invariants.ts'
import { simulate } from '../../src/simulation/simulate.ts'
import {
  createWorld,
  deliverNow,
  startProcess,
  type World,
  type WorldOptions,
} from '../../src/simulation/world.ts'

const seeds = 240
const minutes = 20

describe('the whole watchdog on a simulated clock, network, targets and store', () => {
  test(
    `keeps the invariants on ${seeds} seeds of ${minutes} virtual minutes`,
    { timeout: 600_000 },
    async () => {
      const failures: string[] = []
      let changes = 0
      for (let seed = 1; seed <= seeds; seed += 1) {
        const outcome = await simulate(seed, minutes)
        changes += outcome.changes
        for (const { invariant, at, says } of outcome.violations) {
          failures.push(
            `seed ${seed}: invariant ${invariant} at ${at} ms: ${says}; replay: npm run sim -- --from ${seed} --seeds 1 --minutes ${minutes} --verbose`,
          )
        }
      }

      expect(failures).toEqual([])
      // A simulation in which nothing ever moves proves nothing.
      expect(changes).toBeGreaterThan(seeds)
    },
  )

  test('gives the same bytes for the same seed (invariant 15)', { timeout: 180_000 }, async () => {
    for (const seed of [3, 77, 101]) {
      const first = await simulate(seed, minutes)
      const second = await simulate(seed, minutes)

      expect(fingerprint(second.world)).toBe(fingerprint(first.world))
    }
  })
})

test.each([[30_115, 'a vantage that fails its own check passed a target that stood still']])(
  'seed %i, on which %s, breaks no invariant',
  { timeout: 120_000 },
  async (seed) => {
    const { violations } = await simulate(seed, minutes)

    expect(violations).toEqual([])
  },
)

/** A run in which paths alone fail, now and then; what was written to the targets, and when. */
async function calmRun(
  seed: number,
  disturb: (world: World) => void,
  overrides: Omit<WorldOptions, 'seed'> = {},
): Promise<string> {
  const random = seededRandom(seed)
  const options: WorldOptions = { seed, paths: 3, ...overrides }
  const world = createWorld(options)
  const spells = Array.from({ length: 6 }, (_, index) => ({
    path: world.group.paths[Math.floor(random.next() * 3)]?.name ?? '',
    from: 60_000 + index * 150_000 + random.next() * 60_000,
    lasts: 20_000 + random.next() * 120_000,
  }))
  world.sight = (path) => {
    const now = world.clock.now()
    const isBad = spells.some(
      (spell) => spell.path === path && now >= spell.from && now < spell.from + spell.lasts,
    )
    return isBad ? 'bad' : 'good'
  }
  disturb(world)
  await startProcess(world, options)
  await world.clock.advance(minutes * 60_000)
  expect(checkTrace(world)).toEqual([])
  return JSON.stringify(world.writes)
}

describe('what makes no difference', () => {
  const runs = [11, 12, 13, 14, 15, 16, 17, 18]

  test('jumps of the wall clock change no write and no time (invariant 16)', async () => {
    for (const seed of runs) {
      const jumping = (world: World) => {
        for (const [index, ms] of [3_600_000, -7_200_000, 86_400_000].entries()) {
          void world.clock.sleep(200_000 + index * 290_000).then(() => world.clock.jumpWall(ms))
        }
      }

      expect(await calmRun(seed, jumping)).toBe(await calmRun(seed, () => {}))
    }
  })

  test('reports that are delivered twice change no write and no time (invariant 30)', async () => {
    for (const seed of runs) {
      const twice = (world: World) => {
        world.deliver = (group, report) => {
          deliverNow(world, group, report)
          deliverNow(world, group, report)
        }
      }

      expect(await calmRun(seed, twice)).toBe(await calmRun(seed, () => {}))
    }
  })

  test('a standby process beside the leader changes no write and no time', async () => {
    for (const seed of runs.slice(0, 3)) {
      const beside = (world: World) => {
        void world.clock.sleep(30_000).then(() => startProcess(world, { seed }))
      }

      expect(await calmRun(seed, beside)).toBe(await calmRun(seed, () => {}))
    }
  })
})

describe('bounded detection (invariant 14)', () => {
  // Up to one cadence until the first bad look, `for`, and up to one more, because `for` ends at a
  // look; then a pre-check and two steps, each read and written once.
  const boundMs = 5_000 + 15_000 + 5_000 + 500

  test('a hard failure that everybody sees is left within the bound, whenever it begins', async () => {
    for (let seed = 1; seed <= 40; seed += 1) {
      const options: WorldOptions = {
        seed,
        paths: 2 + (seed % 2),
        vantages: seed % 5 === 0 ? 1 : 3,
      }
      const world = createWorld(options)
      await startProcess(world, options)
      const failsAt = 60_000 + seededRandom(seed).next() * 30_000
      world.sight = (path) => {
        const isBad = path === 'cdn-a' && world.clock.now() >= failsAt
        return isBad ? (seed % 3 === 0 ? 'stalled' : 'bad') : 'good'
      }
      await world.clock.advance(failsAt + 60_000)

      const [first] = world.writes
      expect(first?.at ?? Number.POSITIVE_INFINITY).toBeLessThan(failsAt + boundMs)
      expect(world.target.allocation).toMatchObject({ 'cdn-b': 100 })
    }
  })
})

describe('the simulation notices when a guard is removed', () => {
  const failback = { auto: true, stableForMs: 10_000, maxWaitMs: 7_200_000, window: [] }
  test.each([
    { guard: 'mode', overrides: { settings: { mode: 'advise' } } },
    { guard: 'hold', overrides: {} },
    // Failback would be quicker than holddown lets it.
    { guard: 'holddown', overrides: { group: { failback, holddownMs: 600_000 } } },
    { guard: 'budget', overrides: { group: { budget: { changes: 1, perMs: 3_600_000 } } } },
    { guard: 'blast-radius', overrides: { groups: 3 } },
    { guard: 'leave-after', overrides: {} },
    { guard: 'continuity', overrides: {} },
    { guard: 'calendar', overrides: {} },
  ] as const)('$guard', { timeout: 240_000 }, async ({ guard, overrides }) => {
    let caught = 0
    for (let seed = 1; seed <= 100 && caught === 0; seed += 1) {
      const { violations } = await simulate(seed, minutes, { ...overrides, withoutGuards: [guard] })
      caught += violations.length
    }

    expect(caught).toBeGreaterThan(0)
  })
})
