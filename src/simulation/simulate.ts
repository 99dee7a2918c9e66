import { seededRandom } from '../core/seeded-random.ts'
import { SimulatedClock } from '../platform/simulated-clock.ts'
import type { GroupSettings } from '../core/settings.ts'
import { drawContinuity, letPathsDiffer } from './continuity.ts'
import { diceOf, planFaults } from './faults.ts'
import { checkTrace, type Violation } from './invariants.ts'
import { OutageMeter, type GroupOutage } from './outage-meter.ts'
import { rehearsals } from './rehearsals.ts'
import { drawSharing } from './shared-groups.ts'
import { drawSurroundings, letWitnessesSee } from './surroundings.ts'
import { Witness } from './witness.ts'
import {
  createWorld,
  killProcess,
  startProcess,
  type Layout,
  type World,
  type WorldOptions,
} from './world.ts'

/** What came of one seed. */
export interface Outcome {
  readonly seed: number
  readonly violations: readonly Violation[]
  readonly faults: readonly string[]
  /** Writes to targets. */
  readonly changes: number
  readonly outages: readonly GroupOutage[]
  readonly world: World
}

const restartAfterMs = 4_000
/** At the end the world is left alone for this long and one verification, so that what is open can come to an end. */
const restMs = 120_000

const layouts: readonly Layout[] = [
  ['push'],
  ['push'],
  ['push', 'push'],
  ['pull', 'push'],
  ['push', 'pull', 'push'],
  ['push', 'best-effort'],
  ['pull', 'best-effort'],
  ['pull'],
]

const busy: Partial<GroupSettings> = {
  budget: { changes: 20, perMs: 1_800_000 },
  holddownMs: 60_000,
  failback: { auto: true, stableForMs: 90_000, maxWaitMs: 600_000, window: [] },
}

/** Runs one seed for `minutes` of virtual time and checks the invariants on its whole trace. */
export async function simulate(
  seed: number,
  minutes: number,
  overrides: Omit<WorldOptions, 'seed'> = {},
): Promise<Outcome> {
  const random = seededRandom(seed)
  const { chance, pick } = diceOf(random)
  const vantages = chance(0.2) ? 1 : 3
  const paths = chance(0.5) ? 2 : 3
  const around = drawSurroundings(seed, new SimulatedClock().wall(), minutes)
  const options: WorldOptions = {
    seed,
    vantages,
    paths,
    groups: chance(0.85) ? 1 : pick([2, 3]),
    layout: pick(layouts),
    // Room for many changes, so that machinery breaks around more of them.
    witnesses: around.witnesses,
    group: {
      ...(chance(0.5) ? busy : {}),
      ...drawSharing(seed, overrides.paths ?? paths),
      ...drawContinuity(seed),
      calendar: around.calendar,
    },
    ...overrides,
  }
  const world = createWorld(options)
  const drills = [...world.settings.drills, ...rehearsals(world)]
  world.settings = { ...world.settings, drills }
  const calmMs = restMs + Math.max(...world.initial.map((group) => group.verify.forMs))
  const faults = planFaults(world, random, minutes - calmMs / 60_000)
  const differing = letPathsDiffer(world, seed, minutes - calmMs / 60_000)
  if (options.witnesses === true) letWitnessesSee(world, around.stubborn)
  const witness = new Witness(world)
  const meter = new OutageMeter(world)
  await startProcess(world, options)
  const pending = [...faults]
  let deadSince: number | undefined
  const end = minutes * 60_000
  while (world.clock.now() < end) {
    await world.clock.advance(1_000)
    const now = world.clock.now()
    if (now >= end - calmMs) heal(world)
    while (pending[0] !== undefined && pending[0].at <= now)
      await pending.shift()?.run(world, options)
    for (const process of world.processes) {
      if (process.store.crashed && !process.dead) killProcess(process)
    }
    witness.look()
    meter.look()
    const isDead = world.processes.every((process) => process.dead)
    deadSince = isDead ? (deadSince ?? now) : undefined
    if (deadSince !== undefined && now - deadSince >= restartAfterMs) {
      await startProcess(world, options)
    }
  }
  for (const process of world.processes) killProcess(process)
  return {
    seed,
    violations: [...witness.violations, ...checkTrace(world)],
    outages: meter.groups,
    faults: [
      ...faults.map((fault) => `${Math.round(fault.at / 1000)} s: ${fault.says}`),
      ...differing,
    ],
    changes: world.writes.filter((write) => write.by === 'changeover').length,
    world,
  }
}

/** Nothing new goes wrong any more: targets and stores work, nothing waits to strike. */
function heal(world: World): void {
  world.triggers.splice(0)
  for (const { trouble } of world.targets.values()) {
    Object.assign(trouble, { slowMs: 0, failUntil: 0, refuseUntil: 0, readErrorUntil: 0 })
    Object.assign(trouble, { silentLands: 0, silentVanishes: 0 })
    trouble.lateMs = undefined
    trouble.editAfterRead = undefined
  }
  for (const process of world.processes) {
    process.dieAt = undefined
    process.pauseAt = undefined
    process.storeTrouble.lostAnswers = 0
  }
}
