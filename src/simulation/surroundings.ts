import type { CalendarEntry } from '../core/calendar.ts'
import { seededRandom } from '../core/seeded-random.ts'
import { diceOf } from './faults.ts'
import type { World } from './world.ts'

/** What stands around the groups of a seed. */
export interface Surroundings {
  /** Freezes within the run; none for four of five seeds. */
  readonly calendar: readonly CalendarEntry[]
  /** Every path is seen by a second kind of check too. */
  readonly witnesses: boolean
  /** The path whose witness calls it good whatever happens. */
  readonly stubborn: string | undefined
}

/** Drawn with dice of its own, so that the faults of a seed do not depend on it; `wall` is when it begins. */
export function drawSurroundings(seed: number, wall: number, minutes: number): Surroundings {
  const { between, chance, pick } = diceOf(seededRandom(seed * 7_919 + 11))
  const calendar: CalendarEntry[] = []
  if (chance(0.2)) {
    for (let count = between(1, 3); count > 0; count -= 1) {
      const from = between(1, Math.max(2, minutes - 5))
      calendar.push({
        name: `freeze-${count}`,
        kind: 'freeze',
        stops: pick(['all', 'failback-only']),
        period: {
          repeats: 'once',
          from: localMinute(wall + from * 60_000),
          to: localMinute(wall + (from + between(2, 6)) * 60_000),
          timeZone: 'UTC',
        },
      })
    }
  }
  const witnesses = chance(0.2)
  const stubborn = witnesses && chance(0.5) ? pick(['cdn-a', 'cdn-b']) : undefined
  return { calendar, witnesses, stubborn }
}

/** Witnesses see what is true of their path, but for the stubborn one. */
export function letWitnessesSee(world: World, stubborn: string | undefined): void {
  const { sight } = world
  world.sight = (name, vantage, group) => {
    const [path = name, witness] = name.split('@')
    if (witness !== undefined && path === stubborn) return 'good'
    return sight(path, vantage, group)
  }
}

/** `YYYY-MM-DD HH:MM` in UTC. */
function localMinute(wall: number): string {
  return new Date(wall).toISOString().slice(0, 16).replace('T', ' ')
}
