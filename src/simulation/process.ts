import { z } from 'zod'
import type { Ids } from '../core/clock.ts'
import { silentLog } from '../core/log.ts'
import { seededRandom } from '../core/seeded-random.ts'
import { Watchdog } from '../app/watchdog.ts'
import type { NotifierPlugin } from '../plugin/notifier.ts'
import type { Net } from '../plugin/net.ts'
import type { Store } from '../plugin/store.ts'
import { memoryStore, type MemoryStore } from './memory-store.ts'
import { ProcessClock } from './process-clock.ts'
import { simulatedActuator, simulatedPull, type Point } from './target.ts'
import { netOf, simulatedProbes } from './vantages.ts'
import { beatUrl, type World, type WorldOptions } from './world.ts'

/** What a process's store does wrong. */
export interface StoreTrouble {
  /** Every call takes this much longer. */
  slowMs: number
  /** Calls never answer before this time. */
  hangUntil: number
  /** The next commits of a row land, and answer that nobody knows. */
  lostAnswers: number
}

/** One running Changeover. */
export interface Process {
  readonly id: number
  readonly clock: ProcessClock
  readonly store: MemoryStore
  readonly watchdog: Watchdog
  readonly storeTrouble: StoreTrouble
  readonly startedAt: number
  /** When a group was evaluated last. */
  turnedAt: number
  /** The process ends at its next external call. */
  dieAt: 'before-call' | 'after-call' | undefined
  /** The process is suspended when it next comes by. */
  pauseAt: { readonly point: Point; readonly ms: number } | undefined
  /** Asked to end in good order; it finishes what it began, and evaluates nothing any more. */
  stopping: boolean
  dead: boolean
}

/** The type of the simulated way to people. */
export const pagerType = 'sim-page'

/** Starts a Changeover on the world's disk. */
export async function startProcess(world: World, options: WorldOptions): Promise<Process> {
  const id = world.processes.length
  const random = seededRandom(options.seed * 97 + id)
  const clock = new ProcessClock(world.clock)
  const state = {
    dieAt: undefined as Process['dieAt'],
    pauseAt: undefined as Process['pauseAt'],
    stopping: false,
    dead: false,
  }
  const reach = async (point: Point): Promise<void> => {
    if (state.pauseAt?.point === point) {
      clock.pause(state.pauseAt.ms)
      state.pauseAt = undefined
      await clock.sleep(0)
    }
    if (state.dieAt === point) killProcess(started)
    if (state.dead) await new Promise<never>(() => {})
  }
  const storeTrouble: StoreTrouble = { slowMs: 0, hangUntil: 0, lostAnswers: 0 }
  const store = troubled(memoryStore(world.clock, { disk: world.disk }), {
    clock,
    trouble: storeTrouble,
    reach,
  })
  let count = 0
  const ids: Ids = { next: () => `p${id}-${(count += 1)}` }
  const pager: NotifierPlugin = {
    type: pagerType,
    summary: 'Keeps what it is sent.',
    options: z.strictObject({}),
    send: async (_, notice) => {
      await clock.sleep(20)
      if (world.notifierDown) return { ok: false, retry: true, says: '503' }
      world.notices.push({ at: world.clock.now(), notice })
      return { ok: true }
    },
  }
  const lease = (group: string) => watchdog.controller(group)?.snapshot().situation.lease
  const actuator = simulatedActuator({
    network: world.clock,
    random,
    process: id,
    targets: world.targets,
    calls: world.calls,
    meta: (group, path, weight) => {
      const intent = world.disk.rows.get(group)?.intent
      const wanted = [intent?.to[path] ?? 0, intent?.from[path] ?? 0]
      return {
        process: id,
        token: lease(group)?.token ?? -1,
        intent: intent?.id,
        matchesIntent: intent !== undefined && wanted.includes(weight),
      }
    },
    leaseLeftMs: (group) => lease(group)?.leftMs ?? 0,
    reach,
    resumed: async () => {
      if (clock.isPaused) await clock.sleep(0)
    },
  })
  const vantage = world.settings.vantage.name
  const probes = simulatedProbes(world, vantage, random)
  const watchdog: Watchdog = new Watchdog({
    clock,
    random,
    ids,
    net: listening(netOf(world, vantage), () => {
      world.beats.push({ at: world.clock.now(), process: id })
    }),
    store,
    log: silentLog,
    plugins: { probes, actuators: [actuator, simulatedPull], notifiers: [pager] },
    settings: world.settings,
    rules: world.rules.set,
    drillArchive: {
      save: async (report) => {
        world.reports.push(report)
        return await Promise.resolve(undefined)
      },
      ids: async () => world.reports.map(({ id: report }) => report),
      read: async () => await Promise.resolve(undefined),
    },
    lagMs: () => 0,
    hooks: {
      onTurn: () => {
        started.turnedAt = world.clock.now()
      },
    },
    ...(options.withoutGuards !== undefined && { withoutGuards: options.withoutGuards }),
  })
  const startedAt = world.clock.now()
  const started: Process = Object.assign(state, {
    id,
    clock,
    store,
    watchdog,
    storeTrouble,
    startedAt,
    turnedAt: startedAt,
  })
  world.processes.push(started)
  await watchdog.start()
  return started
}

/** A network on which the heartbeat is heard. */
function listening(net: Net, onBeat: () => void): Net {
  return {
    ...net,
    http: (request) => {
      if (request.url === beatUrl) onBeat()
      return net.http(request)
    },
  }
}

/** Ends a process at once, as `kill -9` does. */
export function killProcess(process: Process): void {
  process.dead = true
  process.clock.kill()
  process.store.crash = { at: process.store.commits + 1, when: 'before', end: 'silence' }
}

/** The store as a process reaches it: slow, hanging, or with answers that are lost on the way. */
function troubled(
  store: MemoryStore,
  link: {
    readonly clock: ProcessClock
    readonly trouble: StoreTrouble
    readonly reach: (point: Point) => Promise<void>
  },
): MemoryStore {
  const { clock, trouble } = link
  const wait = async () => {
    const hangMs = trouble.hangUntil - clock.now()
    const ms = Math.max(trouble.slowMs, hangMs)
    if (ms > 0) await clock.sleep(ms)
  }
  const bare: Pick<Store, 'commit' | 'group' | 'lease' | 'release'> = { ...store }
  const later: Pick<Store, 'commit' | 'group' | 'lease' | 'release'> = {
    commit: async (each) => {
      await wait()
      if (each.row !== undefined) await link.reach('before-commit')
      const result = await bare.commit(each)
      if (each.row !== undefined) await link.reach('after-commit')
      if (each.row !== undefined && result.ok && trouble.lostAnswers > 0) {
        trouble.lostAnswers -= 1
        return { ok: false, cause: 'unavailable', says: 'the connection was lost' }
      }
      return result
    },
    group: async (name) => {
      await wait()
      return await bare.group(name)
    },
    lease: async (name, owner, ttlMs) => {
      await wait()
      return await bare.lease(name, owner, ttlMs)
    },
    release: async (name, owner, token) => {
      await wait()
      await bare.release(name, owner, token)
    },
  }
  return Object.assign(store, later)
}
