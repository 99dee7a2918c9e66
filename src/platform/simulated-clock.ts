import type { Clock } from '../core/clock.ts'

interface Timer {
  readonly at: number
  readonly order: number
  fire: ((elapsed: boolean) => void) | undefined
}

/**
 * A clock that stands still until it is told to go on: it lets all promises settle, jumps to the
 * next timer, fires that one, and so on. Timers of the same time fire in order of creation, so the
 * same program does the same thing each time. Simulated parts must be plain promises: no sockets,
 * no thread pool.
 */
export class SimulatedClock implements Clock {
  #now = 0
  #order = 0
  #wallOffset: number
  readonly #heap: Timer[] = []

  /** `wallStart`: wall milliseconds since the epoch at monotonic 0. */
  constructor(wallStart = 1_700_000_000_000) {
    this.#wallOffset = wallStart
  }

  now(): number {
    return this.#now
  }

  wall(): number {
    return this.#wallOffset + this.#now
  }

  /** The wall clock jumps by `ms`; the monotonic one does not notice. */
  jumpWall(ms: number): void {
    this.#wallOffset += ms
  }

  /** How many sleeps are under way. */
  get pending(): number {
    return this.#heap.filter((timer) => timer.fire !== undefined).length
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<boolean> {
    if (signal?.aborted === true) return false
    return await new Promise((resolve) => {
      const stop = () => {
        timer.fire = undefined
        resolve(false)
      }
      const timer: Timer = {
        at: this.#now + (ms > 0 ? ms : 0),
        order: this.#order++,
        fire: (elapsed) => {
          signal?.removeEventListener('abort', stop)
          resolve(elapsed)
        },
      }
      signal?.addEventListener('abort', stop, { once: true })
      this.#push(timer)
    })
  }

  /** Goes on for `ms` virtual milliseconds; ends with all promises settled. */
  async advance(ms: number): Promise<void> {
    await this.runUntil(this.#now + ms)
  }

  /** Goes on until the monotonic time `until`. */
  async runUntil(until: number): Promise<void> {
    for (;;) {
      await settle()
      const next = this.#heap[0]
      if (next === undefined || next.at > until) break
      this.#pop()
      if (next.fire === undefined) continue
      this.#now = Math.max(this.#now, next.at)
      next.fire(true)
    }
    this.#now = Math.max(this.#now, until)
    await comeRound()
  }

  #push(timer: Timer): void {
    const heap = this.#heap
    let index = heap.length
    heap.push(timer)
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = heap[parent]
      if (above === undefined || !isBefore(timer, above)) break
      heap[index] = above
      index = parent
    }
    heap[index] = timer
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let index = 0
    for (;;) {
      const left = 2 * index + 1
      const right = left + 1
      let child = heap[left]
      let at = left
      const other = heap[right]
      if (child !== undefined && other !== undefined && isBefore(other, child)) {
        child = other
        at = right
      }
      if (child === undefined || !isBefore(child, last)) break
      heap[index] = child
      index = at
    }
    heap[index] = last
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}

/**
 * All promise reactions that are ready, and those that they make ready, have run by the next tick:
 * Node empties the queue of promise reactions before each. Going round the event loop for it made a
 * simulation a sixth slower.
 */
async function settle(): Promise<void> {
  await new Promise<void>((resolve) => {
    process.nextTick(resolve)
  })
}

/** Lets the event loop come round, so that signals and other work of the process have their turn. */
async function comeRound(): Promise<void> {
  await new Promise<void>((resolve) => {
    setImmediate(resolve)
  })
}
