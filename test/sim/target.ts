import { z } from 'zod'
import { sameAllocation, serving, type Allocation } from '../../src/core/allocation.ts'
import type { Clock, Random } from '../../src/core/clock.ts'
import type { Actuator, ActuatorPlugin, ApplyResult, Step } from '../../src/plugin/actuator.ts'

/** One write that reached the simulated target. */
export interface Write {
  readonly at: number
  readonly by: 'changeover' | 'person'
  readonly process: number
  /** Fencing token of the writing process's lease, by the store. */
  readonly token: number
  readonly from: Allocation
  readonly to: Allocation
  /** The id of the intent that was open on disk, where there was one. */
  readonly intent: string | undefined
  /** Whether what was written leads to what the open intent wants. */
  readonly matchesIntent: boolean
}

/** What the target does wrong, and until when. */
export interface TargetTrouble {
  slowMs: number
  failUntil: number
  readErrorUntil: number
  /** The next calls land or vanish without an answer. */
  silentLands: number
  silentVanishes: number
}

/** A load balancer as far as Changeover can tell: an allocation with a version, compared and set. */
export class SimulatedTarget {
  allocation: Allocation
  version = 1
  readonly writes: Write[] = []
  readonly trouble: TargetTrouble = {
    slowMs: 0,
    failUntil: 0,
    readErrorUntil: 0,
    silentLands: 0,
    silentVanishes: 0,
  }
  readonly #clock: Clock

  constructor(clock: Clock, allocation: Allocation) {
    this.#clock = clock
    this.allocation = allocation
  }

  /** A person edits the record by hand. */
  edit(to: Allocation): void {
    if (sameAllocation(this.allocation, to)) return
    this.writes.push({
      at: this.#clock.now(),
      by: 'person',
      process: -1,
      token: -1,
      from: this.allocation,
      to,
      intent: undefined,
      matchesIntent: false,
    })
    this.allocation = to
    this.version += 1
  }

  write(to: Allocation, meta: Pick<Write, 'process' | 'token' | 'intent' | 'matchesIntent'>): void {
    this.writes.push({
      at: this.#clock.now(),
      by: 'changeover',
      from: this.allocation,
      to,
      ...meta,
    })
    this.allocation = to
    this.version += 1
  }
}

/** How a process reaches the target: what it knows at the moment of a write, and whether it dies around a call. */
export interface ProcessLink {
  readonly clock: Clock
  readonly random: Random
  readonly process: number
  /** Token of the process's lease by the disk, and the intent that is open there. */
  readonly onDisk: (to: Allocation) => Pick<Write, 'token' | 'intent' | 'matchesIntent'>
  /** Ends the process at a point of an external call; never returns if it does. */
  readonly dieAt: (point: 'before-call' | 'after-call') => Promise<void>
}

/** The actuator plug-in by which one process reaches the target. Multi-step on purpose: raise first, then lower. */
export function simulatedActuator(target: SimulatedTarget, link: ProcessLink): ActuatorPlugin {
  return {
    type: 'sim-target',
    summary: 'A simulated load balancer.',
    options: z.strictObject({}),
    mode: 'push',
    capabilities: () => ({
      shape: 'weights',
      mode: 'push',
      reversible: true,
      settleMs: 0,
      compareAndSet: 'atomic',
      permissions: [],
    }),
    create: (): Actuator => ({
      observe: async (signal) => {
        const { clock, random } = link
        await clock.sleep(1 + random.next() * 10 + target.trouble.slowMs, signal)
        if (clock.now() < target.trouble.readErrorUntil) {
          return { ok: false, retry: true, says: 'the target answers 503' }
        }
        return {
          ok: true,
          observed: {
            allocation: target.allocation,
            version: String(target.version),
            ours: true,
            says: `serves ${serving(target.allocation).join(', ')}`,
          },
        }
      },
      plan: (observed, wanted): Step[] => {
        const paths = [...new Set([...Object.keys(wanted), ...Object.keys(observed.allocation)])]
        const moves = paths
          .map((path) => ({
            path,
            now: observed.allocation[path] ?? 0,
            next: wanted[path] ?? 0,
          }))
          .filter((move) => move.now !== move.next)
          .sort((a, b) => b.next - b.now - (a.next - a.now))
        return moves.map((move) => ({
          says: `weight of ${move.path} from ${move.now} to ${move.next}`,
          data: { path: move.path, weight: move.next },
        }))
      },
      apply: async (step, version, signal): Promise<ApplyResult> => {
        const { clock, random } = link
        await link.dieAt('before-call')
        await clock.sleep(1 + random.next() * 20 + target.trouble.slowMs, signal)
        if (signal.aborted) return { result: 'unknown', says: 'aborted' }
        if (clock.now() < target.trouble.failUntil) {
          return { result: 'failed', retry: true, says: 'the target answers 503' }
        }
        if (target.trouble.silentVanishes > 0) {
          target.trouble.silentVanishes -= 1
          return { result: 'unknown', says: 'no answer' }
        }
        if (String(target.version) !== version) {
          return { result: 'conflict', says: 'the version changed' }
        }
        const to = {
          ...target.allocation,
          [String(step.data['path'])]: Number(step.data['weight']),
        }
        target.write(to, { process: link.process, ...link.onDisk(to) })
        const written = String(target.version)
        await link.dieAt('after-call')
        if (target.trouble.silentLands > 0) {
          target.trouble.silentLands -= 1
          return { result: 'unknown', says: 'no answer' }
        }
        await clock.sleep(random.next() * 10, signal)
        return { result: 'applied', version: written }
      },
    }),
  }
}
