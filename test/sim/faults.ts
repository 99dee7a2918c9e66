import { allTo } from '../../src/core/allocation.ts'
import type { Random } from '../../src/core/clock.ts'
import {
  killProcess,
  startProcess,
  groupName,
  type Sight,
  type World,
  type WorldOptions,
} from './world.ts'

/** Something that goes wrong in the simulated world, as a sentence and as what it does. */
export interface PlannedFault {
  readonly at: number
  readonly says: string
  readonly run: (world: World, options: WorldOptions) => void | Promise<void>
}

interface Spell {
  readonly from: number
  readonly until: number
  readonly path: string | undefined
  readonly vantage: string | undefined
  readonly sight: Sight
  /** With a period, the spell comes and goes. */
  readonly periodMs: number | undefined
}

/**
 * Faults of one seed, biased to what hurts: lies and darkness per path, flapping, half-answered
 * writes, people editing meanwhile, crashes around every write, pauses longer than the lease.
 */
export function planFaults(world: World, random: Random, minutes: number): PlannedFault[] {
  const pick = <T>(items: readonly T[]): T => {
    const item = items[Math.floor(random.next() * items.length)]
    if (item === undefined) throw new Error('nothing to pick from')
    return item
  }
  const between = (low: number, high: number) => Math.round(low + random.next() * (high - low))
  const paths = world.group.paths.map((path) => path.name)
  const vantages = world.group.vantages.map((vantage) => vantage.name)
  const spells: Spell[] = []
  world.sight = (path, vantage) => {
    const now = world.clock.now()
    let sight: Sight = 'good'
    for (const spell of spells) {
      if (now < spell.from || now >= spell.until) continue
      if (spell.path !== undefined && spell.path !== path) continue
      if (spell.vantage !== undefined && spell.vantage !== vantage) continue
      const isOff =
        spell.periodMs !== undefined && Math.floor((now - spell.from) / spell.periodMs) % 2 === 1
      if (!isOff) sight = spell.sight
    }
    return sight
  }
  const endMs = minutes * 60_000
  const faults: PlannedFault[] = []
  const count = between(3, 10)
  for (let index = 0; index < count; index += 1) {
    const at = between(60_000, Math.max(61_000, endMs - 120_000))
    const path = pick(paths)
    const vantage = pick(vantages)
    const lasts = between(5_000, 240_000)
    const spell = (says: string, made: Omit<Spell, 'from' | 'until'>) => {
      spells.push({ from: at, until: at + lasts, ...made })
      faults.push({ at, says: `${says} for ${Math.round(lasts / 1000)} s`, run: () => {} })
    }
    const kind = Math.floor(random.next() * 16)
    if (kind <= 3) {
      spell(`${path} is down`, { path, vantage: undefined, sight: 'bad', periodMs: undefined })
      // What hurts most happens while a change is being made.
      const near = at + between(10_000, 40_000)
      if (random.next() < 0.7) faults.push(hurt(world, random, near))
    } else if (kind === 4) {
      spell(`${vantage} lies that ${path} is down`, {
        path,
        vantage,
        sight: 'bad',
        periodMs: undefined,
      })
    } else if (kind === 5) {
      spell(`${vantage} is dark on ${path}`, { path, vantage, sight: 'dark', periodMs: undefined })
    } else if (kind === 6) {
      spell(`${path} is dark`, { path, vantage: undefined, sight: 'dark', periodMs: undefined })
    } else if (kind === 7) {
      spell('everything is down', {
        path: undefined,
        vantage: undefined,
        sight: 'bad',
        periodMs: undefined,
      })
    } else if (kind === 8) {
      const periodMs = between(5_000, 20_000)
      spell(`${path} flaps`, { path, vantage: undefined, sight: 'bad', periodMs })
    } else {
      faults.push(hurt(world, random, at))
    }
  }
  return faults.sort((a, b) => a.at - b.at)
}

/** A fault of the machinery around the decision: target, store, process, people, clock. */
function hurt(world: World, random: Random, at: number): PlannedFault {
  const paths = world.group.paths.map((path) => path.name)
  const path = paths[Math.floor(random.next() * paths.length)] ?? ''
  const lasts = 1_000 + Math.round(random.next() * 30_000)
  const living = (each: World) => each.processes.filter((process) => !process.dead)
  const kinds: Omit<PlannedFault, 'at'>[] = [
    {
      says: `a person sets the target to ${path}`,
      run: ({ target }) => target.edit(allTo(path, paths)),
    },
    {
      says: `the target fails for ${lasts} ms`,
      run: ({ target }) => {
        target.trouble.failUntil = at + lasts
      },
    },
    {
      says: `the target cannot be read for ${lasts} ms`,
      run: ({ target }) => {
        target.trouble.readErrorUntil = at + lasts
      },
    },
    {
      says: 'the next write lands without an answer',
      run: ({ target }) => {
        target.trouble.silentLands = 1
      },
    },
    {
      says: 'the next write vanishes without an answer',
      run: ({ target }) => {
        target.trouble.silentVanishes = 1
      },
    },
    {
      says: `the target is slow by ${Math.round(lasts / 6)} ms`,
      run: ({ target }) => {
        target.trouble.slowMs = Math.round(lasts / 6)
      },
    },
    {
      says: 'the process dies now',
      run: (each) => living(each).forEach(killProcess),
    },
    {
      says: 'the process dies before its next external call',
      run: (each) => living(each).forEach((process) => (process.dieAt = 'before-call')),
    },
    {
      says: 'the process dies after its next external call',
      run: (each) => living(each).forEach((process) => (process.dieAt = 'after-call')),
    },
    {
      says: 'the process dies around one of its next commits',
      run: (each) =>
        living(each).forEach((process) => {
          const next = process.store.commits + 1 + Math.floor(random.next() * 5)
          const when = random.next() < 0.5 ? 'before' : 'after'
          process.store.crash = { at: next, when, end: 'silence' }
        }),
    },
    {
      says: `the process is suspended for ${lasts} ms`,
      run: (each) => living(each).forEach((process) => process.clock.pause(lasts)),
    },
    {
      says: 'a second process starts on the same store while the first is suspended',
      run: async (each, options) => {
        living(each).forEach((process) => process.clock.pause(lasts))
        await startProcess(each, { ...options, seed: options.seed + 7 })
      },
    },
    {
      says: `the store cannot be written for ${lasts} ms`,
      run: (each) => {
        const hit = living(each)
        for (const process of hit) process.store.available = false
        void each.clock.sleep(lasts).then(() => {
          for (const process of hit) process.store.available = true
        })
      },
    },
    {
      says: 'the wall clock jumps',
      run: ({ clock }) => clock.jumpWall((random.next() - 0.5) * 7_200_000),
    },
    {
      says: `ana steers to ${path}`,
      run: (each) => {
        const command = { group: groupName, path, actor: 'ana', reason: 'simulated' } as const
        const bypass = random.next() < 0.5 ? ['holddown', 'budget', 'hold'] : []
        void living(each)[0]?.watchdog.command({ kind: 'steer', ...command, apply: false, bypass })
      },
    },
    {
      says: 'ana holds the group',
      run: (each) => {
        const command = { group: groupName, actor: 'ana', reason: 'simulated' } as const
        void living(each)[0]?.watchdog.command({ kind: 'hold', ...command, forMs: lasts * 4 })
      },
    },
    {
      says: 'ana acknowledges',
      run: (each) => {
        const command = { group: groupName, actor: 'ana', reason: 'simulated' } as const
        void living(each)[0]?.watchdog.command({ kind: 'ack', ...command })
      },
    },
    {
      says: `the notifier is down for ${lasts} ms`,
      run: (each) => {
        each.notifierDown = true
        void each.clock.sleep(lasts).then(() => (each.notifierDown = false))
      },
    },
  ]
  const chosen = kinds[Math.floor(random.next() * kinds.length)]
  if (chosen === undefined) throw new Error('no such fault')
  return { at, ...chosen }
}
