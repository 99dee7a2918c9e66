import { seededRandom } from '../core/seeded-random.ts'
import type { GroupSettings, SharingSettings } from '../core/settings.ts'
import { diceOf } from './faults.ts'

/**
 * How the groups of a seed share their traffic; nothing for three of four seeds, which have standby
 * groups. Dice of its own, so that the faults of a seed do not depend on it.
 */
export function drawSharing(seed: number, paths: number): Partial<GroupSettings> {
  const { chance, pick } = diceOf(seededRandom(seed * 6_151 + 7))
  if (!chance(0.25)) return {}
  const names = ['cdn-a', 'cdn-b', 'cdn-c'].slice(0, paths)
  const shares = pick(
    paths === 2
      ? [
          [80, 20],
          [50, 50],
          [100, 0],
        ]
      : [
          [50, 30, 20],
          [34, 33, 33],
          [60, 40, 0],
        ],
  )
  const of = (numbers: readonly number[]) =>
    Object.fromEntries(names.map((name, index) => [name, numbers[index] ?? 0]))
  const most = chance(0.5) ? 100 : 60
  const sharing: SharingSettings = {
    weights: of(shares),
    maxWeights: of(shares.map((share) => Math.max(share, most))),
    minServing: 1,
    panic: { fraction: 0.5, answer: chance(0.3) ? 'spread' : 'hold' },
    ...(chance(0.3) && { velocity: { points: 30, perMs: 60_000 } }),
    ...(chance(0.6) && {
      ramp: { steps: [20, 60, 100], everyMs: 30_000, ...(chance(0.7) && { gate: 'blurred' }) },
    }),
  }
  return { strategy: 'weighted', sharing }
}
