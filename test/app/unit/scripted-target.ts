import { describeAllocation, type Allocation } from '../../../src/core/allocation.ts'
import type { BoundActuator } from '../../../src/app/group/bound-actuator.ts'
import type { SimulatedClock } from '../../../src/platform/simulated-clock.ts'
import type { ApplyResult, ObserveResult, Step } from '../../../src/plugin/actuator.ts'

/** What a call does in place of what a well target does. `lands`: it takes effect, then this is answered. */
export interface CallScript {
  readonly lands?: boolean
  readonly answer?: ApplyResult
  /** It is never answered. */
  readonly hangs?: boolean
  readonly throws?: string
  /** What happens at the target just before. */
  readonly before?: () => void
}

/** A balancer of one weight per path, written path by path, that does as it is told by the test. */
export class ScriptedTarget {
  allocation: Record<string, number>
  version = 1
  /** Every call in order: `read`, or the weight that was written, with the version it was based on. */
  readonly calls: string[] = []
  /** Answers of the next reads, in place of what is there. */
  readonly reads: (ObserveResult | 'hangs' | Error)[] = []
  /** What the next writes do. */
  readonly writes: CallScript[] = []
  readonly #clock: SimulatedClock

  constructor(clock: SimulatedClock, allocation: Allocation) {
    this.#clock = clock
    this.allocation = { ...allocation }
  }

  /** Somebody else edits it. */
  edit(allocation: Allocation): void {
    this.allocation = { ...allocation }
    this.version += 1
  }

  bound(required = true): BoundActuator {
    return {
      type: 'balancer',
      required,
      capabilities: {
        shape: 'weights',
        mode: 'push',
        reversible: true,
        settleMs: 0,
        compareAndSet: 'atomic',
        permissions: [],
      },
      target: {
        observe: (signal) => this.#observe(signal),
        plan: ({ allocation }, wanted) => planOf(allocation, wanted),
        apply: (step, version, signal) => this.#apply(step, version, signal),
      },
    }
  }

  async #observe(signal: AbortSignal): Promise<ObserveResult> {
    this.calls.push('read')
    const script = this.reads.shift()
    await this.#clock.sleep(10, signal)
    if (script === 'hangs') return await new Promise<never>(() => {})
    if (script instanceof Error) throw script
    if (script !== undefined) return script
    const { allocation } = this
    const says = `serves ${describeAllocation(allocation)}`
    return { ok: true, observed: { allocation, version: String(this.version), ours: true, says } }
  }

  async #apply({ data }: Step, version: string, signal: AbortSignal): Promise<ApplyResult> {
    const { path, weight } = data as { path: string; weight: number }
    this.calls.push(`${path} ${weight} at ${version}`)
    const script = this.writes.shift() ?? { lands: true }
    script.before?.()
    if (!(await this.#clock.sleep(10, signal))) return { result: 'unknown', says: 'cut off' }
    if (script.throws !== undefined) throw new Error(script.throws)
    if (script.lands === true && version !== String(this.version)) {
      return { result: 'conflict', says: 'the version moved' }
    }
    if (script.lands === true) this.edit({ ...this.allocation, [path]: weight })
    if (script.hangs === true) return await new Promise<never>(() => {})
    return script.answer ?? { result: 'applied', version: String(this.version) }
  }
}

/** Raises first, then lowers, so that the set that serves is never empty. */
function planOf(from: Allocation, to: Allocation): Step[] {
  return Object.keys(to)
    .map((path) => ({ path, was: from[path] ?? 0, weight: to[path] ?? 0 }))
    .filter(({ was, weight }) => was !== weight)
    .toSorted((a, b) => b.weight - b.was - (a.weight - a.was))
    .map(({ path, was, weight }) => ({
      says: `${path} from ${was} to ${weight}`,
      data: { path, weight },
    }))
}
