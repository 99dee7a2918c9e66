import { z } from 'zod'
import { sameAllocation, serving, type Allocation } from '../core/allocation.ts'
import type { Clock, Random } from '../core/clock.ts'
import type {
  Actuator,
  Behind,
  ActuatorPlugin,
  ApplyResult,
  Spread,
  Step,
} from '../plugin/actuator.ts'

/** What a process knew when it wrote: its own lease, and the intent that was open on disk. */
export interface WriteMeta {
  readonly process: number
  /** Fencing token of the lease that the writing process itself believed in. */
  readonly token: number
  readonly intent: string | undefined
  /** Whether the weight is one that the open intent wants, or leaves. */
  readonly matchesIntent: boolean
}

/** One write that reached a simulated target. */
export interface Write extends WriteMeta {
  readonly at: number
  readonly group: string
  readonly target: string
  readonly by: 'changeover' | 'person'
  readonly from: Allocation
  readonly to: Allocation
  /** When it left its process: later than its call began where the process was suspended in between. */
  readonly sentAt: number
}

/** One external call that began: what the process believed of its lease, and how its last read of the target ended. */
export interface Call {
  readonly at: number
  readonly group: string
  readonly target: string
  readonly process: number
  readonly leftMs: number
  readonly isReadBefore: boolean
}

/** What the target does wrong, and until when. */
export interface TargetTrouble {
  slowMs: number
  failUntil: number
  /** The target refuses for good: not worth trying again. */
  refuseUntil: number
  readErrorUntil: number
  /** The next calls land or vanish without an answer. */
  silentLands: number
  silentVanishes: number
  /** The next call lands this much later, after its caller gave up. */
  lateMs: number | undefined
  /** A person edits right after the next read by Changeover, before anything is written on it. */
  editAfterRead: Allocation | undefined
}

/** A load balancer as far as Changeover can tell: an allocation with a version, compared and set. */
export class SimulatedTarget {
  readonly name: string
  readonly group: string
  readonly isRequired: boolean
  allocation: Allocation
  version = 1
  /** Every write in order of landing; shared with the whole world. */
  readonly writes: Write[] = []
  /** Those who pass on what it says and do not yet; `undefined` where nobody passes it on. */
  behind: readonly Behind[] | undefined
  /** Those who pass it on and say it, where they are known by name. */
  follow: Spread['follow']
  /** How long caches keep what it said. */
  settleMs = 0
  readonly trouble: TargetTrouble = {
    slowMs: 0,
    failUntil: 0,
    refuseUntil: 0,
    readErrorUntil: 0,
    silentLands: 0,
    silentVanishes: 0,
    lateMs: undefined,
    editAfterRead: undefined,
  }
  readonly #clock: Clock
  readonly #log: Write[]

  constructor(options: {
    clock: Clock
    log: Write[]
    name: string
    group: string
    isRequired: boolean
    allocation: Allocation
  }) {
    this.#clock = options.clock
    this.#log = options.log
    this.name = options.name
    this.group = options.group
    this.isRequired = options.isRequired
    this.allocation = options.allocation
  }

  /** A person edits the record by hand. */
  edit(to: Allocation): void {
    if (sameAllocation(this.allocation, to)) return
    const meta = { process: -1, token: -1, intent: undefined, matchesIntent: false }
    this.#take('person', to, meta, this.#clock.now())
  }

  write(to: Allocation, meta: WriteMeta, sentAt: number): void {
    this.#take('changeover', to, meta, sentAt)
  }

  #take(by: Write['by'], to: Allocation, meta: WriteMeta, sentAt: number): void {
    const { name: target, group, allocation: from } = this
    const write = { at: this.#clock.now(), group, target, by, from, to, sentAt, ...meta }
    this.writes.push(write)
    this.#log.push(write)
    this.allocation = to
    this.version += 1
  }
}

/** Where a process may be suspended or killed around a call. */
export type Point = 'after-read' | 'before-call' | 'after-call' | 'before-commit' | 'after-commit'

/** How a process reaches its targets. */
export interface ProcessLink {
  /** The network: goes on while the process is suspended. */
  readonly network: Clock
  readonly random: Random
  readonly process: number
  readonly targets: ReadonlyMap<string, SimulatedTarget>
  readonly calls: Call[]
  /** What the process knows now, for a write of one weight. */
  readonly meta: (group: string, path: string, weight: number) => WriteMeta
  readonly leaseLeftMs: (group: string) => number
  /** Ends or suspends the process at a point of an external call; never returns if it ends. */
  readonly reach: (point: Point) => Promise<void>
  /** Returns once the process is not suspended: an answer waits for that in its socket. */
  readonly resumed: () => Promise<void>
}

/** The type under which the simulated targets join. */
export const pushType = 'sim-target'
/** The type of the pulled actuator: its target is the publication in the row. */
export const pullType = 'sim-pull'

/** A pulled answer; the simulation reads what is published from the disk. */
export const simulatedPull: ActuatorPlugin = {
  type: pullType,
  summary: 'A simulated pulled answer.',
  options: z.strictObject({}),
  mode: 'pull',
  route: 'sim',
  capabilities: () => ({
    shape: 'weights',
    mode: 'pull',
    reversible: true,
    settleMs: 0,
    compareAndSet: 'atomic',
    permissions: [],
  }),
  answer: () => ({ status: 200, body: '' }),
}

/** The actuator plug-in by which one process reaches its targets. Multi-step on purpose: raise first, then lower. */
export function simulatedActuator(link: ProcessLink): ActuatorPlugin {
  return {
    type: pushType,
    summary: 'A simulated load balancer.',
    options: z.strictObject({ target: z.string() }),
    mode: 'push',
    capabilities: (options) => ({
      shape: 'weights',
      mode: 'push',
      reversible: true,
      settleMs: link.targets.get((options as { target: string }).target)?.settleMs ?? 0,
      compareAndSet: 'atomic',
      permissions: [],
    }),
    create: (options): Actuator => {
      const target = link.targets.get((options as { target: string }).target)
      if (target === undefined) throw new Error('no such simulated target')
      return actuatorOf(target, link)
    },
  }
}

function actuatorOf(target: SimulatedTarget, link: ProcessLink): Actuator {
  const bare = bareActuator(target, link)
  return {
    plan: (observed, wanted) => bare.plan(observed, wanted),
    observe: async (signal) => {
      const result = await bare.observe(signal)
      await link.resumed()
      return result
    },
    apply: async (step, version, signal) => {
      const result = await bare.apply(step, version, signal)
      await link.resumed()
      return result
    },
    ...(target.behind !== undefined && {
      spread: async () => ({
        asked: 2,
        behind: target.behind ?? [],
        ...(target.follow !== undefined && { follow: target.follow }),
      }),
    }),
  }
}

function bareActuator(target: SimulatedTarget, link: ProcessLink): Actuator {
  const { network, random } = link
  const { trouble } = target
  let isReadBefore = false
  return {
    observe: async (signal) => {
      isReadBefore = false
      await network.sleep(1 + random.next() * 10 + trouble.slowMs, signal)
      if (signal.aborted) return { ok: false, retry: true, says: 'aborted' }
      if (network.now() < trouble.readErrorUntil) {
        return { ok: false, retry: true, says: 'the target answers 503' }
      }
      const observed = {
        allocation: target.allocation,
        version: String(target.version),
        ours: true,
        says: `serves ${serving(target.allocation).join(', ')}`,
      }
      if (trouble.editAfterRead !== undefined) {
        const to = trouble.editAfterRead
        trouble.editAfterRead = undefined
        target.edit(to)
      }
      await link.reach('after-read')
      isReadBefore = true
      return { ok: true, observed }
    },
    plan: (observed, wanted) => stepsBetween(observed.allocation, wanted),
    apply: async (step, version, signal): Promise<ApplyResult> => {
      const path = String(step.data['path'])
      const weight = Number(step.data['weight'])
      const change = { [path]: weight }
      const meta = link.meta(target.group, path, weight)
      link.calls.push({
        at: network.now(),
        group: target.group,
        target: target.name,
        process: link.process,
        leftMs: link.leaseLeftMs(target.group),
        isReadBefore,
      })
      await link.reach('before-call')
      const sentAt = network.now()
      const land = (): ApplyResult => {
        if (String(target.version) !== version) {
          return { result: 'conflict', says: 'the version changed' }
        }
        target.write({ ...target.allocation, ...change }, meta, sentAt)
        return { result: 'applied', version: String(target.version) }
      }
      if (trouble.lateMs !== undefined) {
        const lateMs = trouble.lateMs
        trouble.lateMs = undefined
        void network.sleep(lateMs).then(land)
        await network.sleep(60_000, signal)
        return { result: 'unknown', says: 'no answer' }
      }
      await network.sleep(1 + random.next() * 20 + trouble.slowMs, signal)
      if (signal.aborted) return { result: 'unknown', says: 'aborted' }
      if (network.now() < trouble.refuseUntil) {
        return { result: 'failed', retry: false, says: 'the target answers 403' }
      }
      if (network.now() < trouble.failUntil) {
        return { result: 'failed', retry: true, says: 'the target answers 503' }
      }
      if (trouble.silentVanishes > 0) {
        trouble.silentVanishes -= 1
        return { result: 'unknown', says: 'no answer' }
      }
      const landed = land()
      await link.reach('after-call')
      if (trouble.silentLands > 0) {
        trouble.silentLands -= 1
        return { result: 'unknown', says: 'no answer' }
      }
      await network.sleep(random.next() * 10, signal)
      return landed
    },
  }
}

function stepsBetween(now: Allocation, wanted: Allocation): Step[] {
  const paths = [...new Set([...Object.keys(wanted), ...Object.keys(now)])]
  return paths
    .map((path) => ({ path, now: now[path] ?? 0, next: wanted[path] ?? 0 }))
    .filter((move) => move.now !== move.next)
    .sort((a, b) => b.next - b.now - (a.next - a.now))
    .map((move) => ({
      says: `weight of ${move.path} from ${move.now} to ${move.next}`,
      data: { path: move.path, weight: move.next },
    }))
}
