import type { AggregateName } from './scope.ts'

const defaultCapacity = 4_096

/**
 * The values of one measurement over the last `lengthMs` milliseconds, with their aggregates.
 * Adding is O(log n) comparisons and one move of memory; every aggregate is O(1). Memory is
 * bounded by `capacity` values: beyond it the oldest go early, which shortens the window.
 */
export class Window {
  readonly #lengthMs: number
  readonly #counter: boolean
  readonly #capacity: number
  #times: Float64Array
  #values: Float64Array
  /** The same values, ascending. */
  #sorted: Float64Array
  #first = 0
  #count = 0
  /** Increases between neighbours in the window; a fall of a counter is a restart from 0. */
  #increase = 0
  #sum = 0
  #sinceExact = 0

  /** `counter`: `rate` takes a fall as a restart of the source. */
  constructor(lengthMs: number, counter: boolean, capacity = defaultCapacity) {
    this.#lengthMs = lengthMs
    this.#counter = counter
    this.#capacity = capacity
    const initial = Math.min(capacity, 16)
    this.#times = new Float64Array(initial)
    this.#values = new Float64Array(initial)
    this.#sorted = new Float64Array(initial)
  }

  /** Adds a finite value at a monotonic time that is not before the last one, and forgets old ones. */
  add(value: number, at: number): void {
    this.forget(at)
    if (this.#count === this.#capacity) this.#dropOldest()
    if (this.#count === this.#values.length) this.#grow()
    if (this.#count > 0) this.#increase += this.#step(this.#valueAt(this.#count - 1), value)
    const slot = (this.#first + this.#count) % this.#values.length
    this.#times[slot] = at
    this.#values[slot] = value
    const rank = this.#rank(value)
    this.#sorted.copyWithin(rank + 1, rank, this.#count)
    this.#sorted[rank] = value
    this.#count += 1
    this.#sum += value
    this.#sinceExact += 1
    // Rounding errors of adding and subtracting must not pile up over weeks.
    if (this.#sinceExact > this.#capacity) this.#recount()
  }

  /** Forgets values older than the window; one of exactly its length stays. */
  forget(now: number): void {
    while (this.#count > 0 && now - this.#timeAt(0) > this.#lengthMs) this.#dropOldest()
  }

  /** The aggregate at `now`; NaN where the window holds too little for it. */
  aggregate(name: AggregateName, now: number): number {
    this.forget(now)
    if (name === 'count') return this.#count
    if (this.#count === 0) return Number.NaN
    switch (name) {
      case 'last':
        return this.#valueAt(this.#count - 1)
      case 'min':
        return this.#sorted[0] as number
      case 'max':
        return this.#sorted[this.#count - 1] as number
      case 'mean':
        return this.#sum / this.#count
      case 'p50':
        return this.#quantile(0.5)
      case 'p90':
        return this.#quantile(0.9)
      case 'p95':
        return this.#quantile(0.95)
      case 'p99':
        return this.#quantile(0.99)
      case 'rate':
        return this.#rate()
      case 'age':
        return (now - this.#timeAt(this.#count - 1)) / 1_000
    }
  }

  /** Linear interpolation between closest ranks, as Prometheus' `quantile_over_time` does it. */
  #quantile(q: number): number {
    const rank = q * (this.#count - 1)
    const below = Math.floor(rank)
    const low = this.#sorted[below] as number
    const high = this.#sorted[Math.min(below + 1, this.#count - 1)] as number
    return low + (high - low) * (rank - below)
  }

  /** Per second, between the first and the last value in the window. */
  #rate(): number {
    const seconds = (this.#timeAt(this.#count - 1) - this.#timeAt(0)) / 1_000
    return seconds > 0 ? this.#increase / seconds : Number.NaN
  }

  #step(from: number, to: number): number {
    return this.#counter && to < from ? to : to - from
  }

  #dropOldest(): void {
    const value = this.#valueAt(0)
    if (this.#count > 1) this.#increase -= this.#step(value, this.#valueAt(1))
    const rank = this.#rank(value)
    this.#sorted.copyWithin(rank, rank + 1, this.#count)
    this.#first = (this.#first + 1) % this.#values.length
    this.#count -= 1
    this.#sum -= value
    if (this.#count > 1) return
    this.#increase = 0
    this.#sum = this.#count === 0 ? 0 : this.#valueAt(0)
  }

  /** The position of the first sorted value that is not less than `value`. */
  #rank(value: number): number {
    let low = 0
    let high = this.#count
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#sorted[middle] as number) < value) low = middle + 1
      else high = middle
    }
    return low
  }

  #recount(): void {
    this.#sinceExact = 0
    this.#sum = 0
    this.#increase = 0
    for (let index = 0; index < this.#count; index += 1) {
      const value = this.#valueAt(index)
      this.#sum += value
      if (index > 0) this.#increase += this.#step(this.#valueAt(index - 1), value)
    }
  }

  #grow(): void {
    const size = Math.min(this.#capacity, this.#values.length * 2)
    const [times, values] = [new Float64Array(size), new Float64Array(size)]
    for (let index = 0; index < this.#count; index += 1) {
      times[index] = this.#timeAt(index)
      values[index] = this.#valueAt(index)
    }
    const sorted = new Float64Array(size)
    sorted.set(this.#sorted)
    this.#first = 0
    this.#times = times
    this.#values = values
    this.#sorted = sorted
  }

  #timeAt(index: number): number {
    return this.#times[(this.#first + index) % this.#times.length] as number
  }

  #valueAt(index: number): number {
    return this.#values[(this.#first + index) % this.#values.length] as number
  }
}
