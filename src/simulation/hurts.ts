import { allTo } from '../core/allocation.ts'
import type { Command } from '../core/command.ts'
import { reloadRefusal } from '../config/reload.ts'
import type { Settings } from '../core/settings.ts'
import type { Dice, PlannedFault } from './faults.ts'
import { rehearsalOf } from './rehearsals.ts'
import type { SimulatedTarget } from './target.ts'
import { groupOf, killProcess, startProcess, type Process, type World } from './world.ts'

type Hurt = Omit<PlannedFault, 'at'>

/** A fault of the machinery around the decision: target, store, process, people, clock, configuration. */
export function hurt(world: World, dice: Dice, group: string): Hurt {
  const { between, pick } = dice
  const lasts = between(1_000, 31_000)
  const kinds = [targetHurts, processHurts, storeHurts, peopleHurts, otherHurts, drillHurts]
  return pick(pick(kinds)(world, dice, group, lasts))
}

function targetHurts(world: World, dice: Dice, group: string, lasts: number): Hurt[] {
  const { between, chance, pick } = dice
  const names = groupOf(world, group).paths.map((path) => path.name)
  const path = pick(names)
  // Half-way states and nonsense are what a person leaves who is interrupted.
  const edit = chance(0.8)
    ? allTo(path, names)
    : Object.fromEntries(names.map((name) => [name, 50]))
  const own = [...world.targets.values()].filter((target) => target.group === group)
  const first = own[0]
  if (first === undefined) return peopleHurts(world, dice, group, lasts)
  const target: SimulatedTarget = pick(own)
  const { trouble, name } = target
  const until = (key: 'failUntil' | 'readErrorUntil' | 'refuseUntil') => (each: World) => {
    trouble[key] = each.clock.now() + lasts
  }
  const slowMs = between(100, 6_000)
  const lateMs = between(4_000, 8_000)
  return [
    { says: `a person sets ${name} to ${JSON.stringify(edit)}`, run: () => target.edit(edit) },
    {
      says: `a person sets ${name} to ${JSON.stringify(edit)} between read and write`,
      run: () => {
        trouble.editAfterRead = edit
      },
    },
    { says: `${name} fails for ${lasts} ms`, run: until('failUntil') },
    { says: `${name} refuses for ${lasts} ms`, run: until('refuseUntil') },
    { says: `${name} cannot be read for ${lasts} ms`, run: until('readErrorUntil') },
    {
      says: `the next write to ${name} lands without an answer`,
      run: () => {
        trouble.silentLands = 1
      },
    },
    {
      says: `the next write to ${name} vanishes without an answer`,
      run: () => {
        trouble.silentVanishes = 1
      },
    },
    {
      says: `the next write to ${name} lands ${lateMs} ms late`,
      run: () => {
        trouble.lateMs = lateMs
      },
    },
    {
      says: `${name} is slow by ${slowMs} ms`,
      run: (each) => {
        trouble.slowMs = slowMs
        void each.clock.sleep(lasts * 4).then(() => (trouble.slowMs = 0))
      },
    },
  ]
}

function living(world: World): Process[] {
  return world.processes.filter((process) => !process.dead)
}

function processHurts(_world: World, dice: Dice, _group: string, lasts: number): Hurt[] {
  const { chance, pick } = dice
  const each = (run: (process: Process) => void) => (world: World) => living(world).forEach(run)
  const point = pick([
    'after-read',
    'after-read',
    'before-call',
    'after-call',
    'before-commit',
    'after-commit',
  ] as const)
  const commits = 1 + Math.floor(dice.random.next() * 5)
  const when = chance(0.5) ? 'before' : 'after'
  const pauseMs = chance(0.5) ? lasts : 16_000 + lasts
  return [
    { says: 'the process dies now', run: each(killProcess) },
    {
      says: 'the process dies before its next external call',
      run: each((process) => (process.dieAt = 'before-call')),
    },
    {
      says: 'the process dies after its next external call',
      run: each((process) => (process.dieAt = 'after-call')),
    },
    {
      says: `the process dies ${when} one of its next commits`,
      run: each((process) => {
        process.store.crash = { at: process.store.commits + commits, when, end: 'silence' }
      }),
    },
    {
      says: `the process is suspended for ${lasts} ms`,
      run: each((process) => process.clock.pause(lasts)),
    },
    {
      says: `the process is suspended for ${pauseMs} ms when it next comes by ${point}`,
      run: each((process) => (process.pauseAt = { point, ms: pauseMs })),
    },
    {
      says: `the process is suspended for ${pauseMs} ms at ${point}, and a second one starts`,
      run: async (world, options) => {
        for (const process of living(world)) process.pauseAt = { point, ms: pauseMs }
        if (living(world).length < 3) await startProcess(world, options)
      },
    },
    {
      says: 'a second process starts on the same store while the first is suspended',
      run: async (world, options) => {
        for (const process of living(world)) process.clock.pause(lasts)
        if (living(world).length < 3) await startProcess(world, options)
      },
    },
    {
      says: 'the process is stopped in good order, and another one starts',
      run: async (world, options) => {
        for (const process of living(world)) {
          process.stopping = true
          void process.watchdog.stop().then(() => killProcess(process))
        }
        await startProcess(world, options)
      },
    },
    {
      says: 'the wall clock jumps while the process restarts',
      run: (world) => {
        jump(world, (dice.random.next() - 0.5) * 7_200_000)
        living(world).forEach(killProcess)
      },
    },
  ]
}

function storeHurts(_world: World, dice: Dice, _group: string, lasts: number): Hurt[] {
  const slowMs = dice.between(50, 3_000)
  return [
    {
      says: `the store cannot be written for ${lasts} ms`,
      run: (world) => {
        const hit = living(world)
        for (const process of hit) process.store.available = false
        void world.clock
          .sleep(lasts)
          .then(() => hit.forEach((process) => (process.store.available = true)))
      },
    },
    {
      says: `the store does not answer for ${lasts} ms`,
      run: (world) => {
        for (const { storeTrouble } of living(world)) {
          storeTrouble.hangUntil = world.clock.now() + lasts
        }
      },
    },
    {
      says: `the store is slow by ${slowMs} ms`,
      run: (world) => {
        const hit = living(world)
        for (const { storeTrouble } of hit) storeTrouble.slowMs = slowMs
        void world.clock
          .sleep(lasts * 3)
          .then(() => hit.forEach(({ storeTrouble }) => (storeTrouble.slowMs = 0)))
      },
    },
    {
      says: 'the answer to the next commit is lost',
      run: (world) => {
        for (const { storeTrouble } of living(world)) storeTrouble.lostAnswers = 1
      },
    },
  ]
}

function peopleHurts(world: World, dice: Dice, group: string, lasts: number): Hurt[] {
  const { chance, pick } = dice
  const path = pick(groupOf(world, group).paths).name
  const bypass = chance(0.5) ? ['holddown', 'budget', 'hold', 'blast-radius'] : []
  const apply = chance(0.3)
  const person = { group, actor: 'ana', reason: 'simulated' } as const
  const say = (command: Command) => (each: World) => {
    for (const process of living(each).slice(0, 2)) void process.watchdog.command(command)
  }
  return [
    {
      says: `ana steers ${group} to ${path}, bypassing ${bypass.join(', ') || 'nothing'}`,
      run: say({ ...person, kind: 'steer', path, apply, bypass }),
    },
    {
      says: `ana holds ${group} for ${lasts * 4} ms`,
      run: say({ ...person, kind: 'hold', forMs: lasts * 4 }),
    },
    { says: `ana releases ${group}`, run: say({ ...person, kind: 'release' }) },
    { says: `ana acknowledges ${group}`, run: say({ ...person, kind: 'ack' }) },
  ]
}

/** A rehearsal is asked for, or ended before its time. */
export function drillHurts(world: World, dice: Dice, group: string, lasts: number): Hurt[] {
  const { between, chance, pick } = dice
  const away = pick(groupOf(world, group).paths).name
  const kind = chance(0.85) ? 'switch' : 'fault'
  const stayMs = chance(0.3) ? between(1_000, 20_000) : lasts * 4
  const maxMs = stayMs + between(10_000, 60_000)
  const plan = { plan: 'rehearsal', kind, stayMs, maxMs, ...(chance(0.3) && { away }) } as const
  const person = { group, actor: 'schedule', reason: 'simulated' } as const
  const say = (command: (each: World) => Command) => (each: World) => {
    for (const process of living(each).slice(0, 2)) void process.watchdog.command(command(each))
  }
  const number = between(0, 1_000_000_000)
  const id = `drill-${number}`
  // With everything around it, so that it is judged, where the world has a plan; else the move alone.
  const isWhole = number % 4 > 0 && kind === 'switch' && rehearsalOf(world, group) !== undefined
  return [
    {
      says: isWhole
        ? `the drill of ${group} is run`
        : `a drill (${kind}) of ${group} away for ${stayMs} ms`,
      run: isWhole
        ? (each) => rehearse(each, group)
        : say(() => ({ ...person, kind: 'drill', drill: { id, ...plan } })),
    },
    {
      says: `the drill of ${group} is ended`,
      run: say((each) => ({
        ...person,
        kind: 'end-drill',
        drill: each.disk.rows.get(group)?.drill?.id ?? '',
      })),
    },
  ]
}

/** Whoever is asked, and leads, runs the drill of a group from its beginning to its verdict. */
function rehearse(world: World, group: string): void {
  const plan = rehearsalOf(world, group)
  if (plan === undefined) return
  for (const process of living(world).slice(0, 2)) {
    const isLeader = process.watchdog.controller(group)?.snapshot().situation.lease !== undefined
    if (isLeader) void process.watchdog.drills.run(plan.name, 'ana', 'simulated')
  }
}

function otherHurts(_world: World, dice: Dice, _group: string, lasts: number): Hurt[] {
  const ms = (dice.random.next() - 0.5) * 7_200_000
  const mode = dice.pick(['advise', 'armed', 'off'] as const)
  const forMs = dice.between(3_000, 40_000)
  return [
    { says: `the wall clock jumps by ${Math.round(ms)} ms`, run: (world) => jump(world, ms) },
    {
      says: `the notifier is down for ${lasts} ms`,
      run: (world) => {
        world.notifierDown = true
        void world.clock.sleep(lasts).then(() => (world.notifierDown = false))
      },
    },
    {
      says: `a reload to mode ${mode}, and back after ${lasts * 4} ms`,
      run: (world) => {
        reload(world, (settings) => ({ ...settings, mode }))
        void world.clock
          .sleep(lasts * 4)
          .then(() => reload(world, (settings) => ({ ...settings, mode: 'armed' })))
      },
    },
    {
      says: `a reload without the last path, and with it after ${lasts * 4} ms`,
      run: (world) => {
        const before = world.settings
        reload(world, withoutLastPath)
        void world.clock
          .sleep(lasts * 4)
          .then(() => reload(world, (settings) => ({ ...settings, groups: before.groups })))
      },
    },
    {
      says: `a reload that makes every rule ${Math.round(forMs / 1_000)} s long, and back after ${lasts * 4} ms`,
      run: (world) => {
        const before = world.settings.timing.forMs
        reload(world, (settings) => retimed(settings, forMs))
        void world.clock
          .sleep(lasts * 4)
          .then(() => reload(world, (settings) => retimed(settings, before)))
      },
    },
    {
      says: 'a reload that changes nothing but a title',
      run: (world) =>
        reload(world, (settings) => ({
          ...settings,
          groups: settings.groups.map((group) => ({ ...group, title: `${group.title}.` })),
        })),
    },
  ]
}

function retimed(settings: Settings, forMs: number): Settings {
  return { ...settings, timing: { ...settings.timing, forMs } }
}

function withoutLastPath(settings: Settings): Settings {
  return {
    ...settings,
    groups: settings.groups.map((group) => ({
      ...group,
      paths: group.paths.length > 2 ? group.paths.slice(0, -1) : group.paths,
    })),
  }
}

/** As the composition root does it: refused where it would remove what serves. */
function reload(world: World, change: (settings: Settings) => Settings): void {
  const next = change(world.settings)
  const mayReload = (process: Process) =>
    reloadRefusal(process.watchdog.settings, next, (group) => process.watchdog.serving(group)) ===
    undefined
  const hit = living(world).filter((process) => !process.clock.isPaused)
  if (hit.length === 0 || !hit.every(mayReload)) return
  const { timing } = world.settings
  world.settings = next
  if (timing.forMs !== next.timing.forMs) {
    world.reloads.push({ at: world.clock.now(), forMs: next.timing.forMs })
    world.retime(next.timing)
  }
  world.modes.push({ at: world.clock.now(), mode: next.mode })
  for (const process of hit) void process.watchdog.reload(next, world.rules.set)
}

function jump(world: World, ms: number): void {
  world.jumps.push({ at: world.clock.now(), ms })
  world.clock.jumpWall(ms)
}
