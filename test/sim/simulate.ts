import { seededRandom } from '../../src/core/seeded-random.ts'
import { planFaults } from './faults.ts'
import { checkExplained, checkTrace, fingerprint, type Violation } from './invariants.ts'
import { createWorld, killProcess, startProcess, type World, type WorldOptions } from './world.ts'

/** What came of one seed. */
export interface Outcome {
  readonly seed: number
  readonly violations: readonly Violation[]
  readonly faults: readonly string[]
  readonly changes: number
  readonly fingerprint: string
  readonly world: World
}

const restartAfterMs = 4_000

/** Runs one seed for `minutes` of virtual time and checks the invariants on its whole trace. */
export async function simulate(
  seed: number,
  minutes: number,
  overrides: Omit<WorldOptions, 'seed'> = {},
): Promise<Outcome> {
  const random = seededRandom(seed)
  const options: WorldOptions = {
    seed,
    vantages: random.next() < 0.2 ? 1 : 3,
    paths: random.next() < 0.5 ? 2 : 3,
    ...overrides,
  }
  const world = createWorld(options)
  const faults = planFaults(world, random, minutes)
  const violations: Violation[] = []
  await startProcess(world, options)
  const pending = [...faults]
  let deadSince: number | undefined
  const end = minutes * 60_000
  while (world.clock.now() < end) {
    await world.clock.advance(1_000)
    const now = world.clock.now()
    while (pending[0] !== undefined && pending[0].at <= now)
      await pending.shift()?.run(world, options)
    for (const process of world.processes) {
      if (process.store.crashed && !process.dead) killProcess(process)
    }
    violations.push(...checkExplained(world))
    const isDead = world.processes.every((process) => process.dead)
    deadSince = isDead ? (deadSince ?? now) : undefined
    if (deadSince !== undefined && now - deadSince >= restartAfterMs) {
      await startProcess(world, options)
    }
  }
  for (const process of world.processes) killProcess(process)
  violations.push(...checkTrace(world))
  return {
    seed,
    violations,
    faults: faults.map((fault) => `${Math.round(fault.at / 1000)} s: ${fault.says}`),
    changes: world.target.writes.filter((write) => write.by === 'changeover').length,
    fingerprint: fingerprint(world),
    world,
  }
}
