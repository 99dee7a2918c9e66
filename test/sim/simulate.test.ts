import { describe, expect, test } from 'vitest'
import { checkTrace } from './invariants.ts'
import { simulate } from './simulate.ts'

const seeds = 240
const minutes = 20

describe('the whole watchdog on a simulated clock, network, target and store', () => {
  test(
    `keeps the invariants on ${seeds} seeds of ${minutes} virtual minutes`,
    { timeout: 240_000 },
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
      expect(changes).toBeGreaterThan(seeds / 2)
    },
  )

  test('gives the same bytes for the same seed (invariant 15)', async () => {
    for (const seed of [3, 77, 101]) {
      const first = await simulate(seed, minutes)
      const second = await simulate(seed, minutes)

      expect(second.fingerprint).toBe(first.fingerprint)
    }
  })
})

describe('the simulation notices when a guard is removed', () => {
  const failback = { auto: true, stableForMs: 10_000, maxWaitMs: 7_200_000 }
  test.each([
    // Failback would be quicker than holddown lets it.
    { guard: 'holddown', group: { failback, holddownMs: 600_000 } },
    { guard: 'budget', group: { budget: { changes: 1, perMs: 3_600_000 } } },
  ])('$guard', { timeout: 120_000 }, async ({ guard, group }) => {
    let caught = 0
    for (let seed = 1; seed <= 100 && caught === 0; seed += 1) {
      const { world } = await simulate(seed, minutes, { group, withoutGuards: [guard] })
      caught += checkTrace(world).length
    }

    expect(caught).toBeGreaterThan(0)
  })
})
