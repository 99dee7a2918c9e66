import {
  continuityBlocks,
  continuityChecks,
  type ContinuityBlock,
  type ContinuityCheck,
} from '../core/continuity.ts'
import { seededRandom } from '../core/seeded-random.ts'
import type { GroupSettings } from '../core/settings.ts'
import { diceOf } from './faults.ts'
import { pushType } from './target.ts'
import { groupOf, type World } from './world.ts'

interface OddSpell {
  readonly from: number
  readonly until: number
  readonly group: string
  readonly path: string
  readonly oddity: ContinuityCheck
}

/**
 * How hard the groups of a seed are to move. Dice of its own, so that the faults of a seed do not
 * depend on it.
 */
export function drawContinuity(seed: number): Partial<GroupSettings> {
  const { chance, pick } = diceOf(seededRandom(seed * 4_243 + 3))
  const isIrreversible = chance(0.3)
  const blocks: readonly ContinuityBlock[] = chance(0.8)
    ? continuityBlocks
    : continuityBlocks.filter(() => chance(0.5))
  return {
    continuity: { checks: continuityChecks, behindMs: 30_000, blocks },
    irreversible: isIrreversible ? [pushType] : [],
    leaveAfterMs: isIrreversible ? pick([0, 5_000, 15_000]) : chance(0.1) ? 10_000 : 0,
  }
}

/** Now and then a path shows something else than the others. What, as sentences. */
export function letPathsDiffer(world: World, seed: number, minutes: number): readonly string[] {
  const { between, chance, pick } = diceOf(seededRandom(seed * 2_503 + 5))
  const spells: OddSpell[] = []
  for (let left = chance(0.6) ? between(1, 5) : 0; left > 0; left -= 1) {
    const group = pick(world.settings.groups).name
    const path = pick(groupOf(world, group).paths).name
    const from = between(0, minutes * 60_000)
    const until = from + between(20_000, 480_000)
    spells.push({ from, until, group, path, oddity: pick(continuityChecks) })
  }
  world.oddity = (path, group) => {
    const now = world.clock.now()
    return spells.findLast(
      (spell) =>
        spell.group === group && spell.path === path && now >= spell.from && now < spell.until,
    )?.oddity
  }
  return spells.map(
    ({ from, group, oddity, path, until }) =>
      `${Math.round(from / 1_000)} s: ${group}/${path} differs (${oddity}) for ${Math.round((until - from) / 1_000)} s`,
  )
}
