interface Entry<Item> {
  readonly at: number
  readonly order: number
  readonly item: Item
}

/**
 * What happens by itself at which instant: each item stands in it once, with the instant that was
 * set last. Of the same instant, the item that was put in first comes first.
 */
export class Agenda<Item extends object> {
  readonly #wanted = new Map<Item, number>()
  /** The earliest entry of each item in the heap; an item that moved later is put back when it comes up. */
  readonly #queued = new Map<Item, number>()
  #heap: Entry<Item>[] = []
  #order = 0

  /** Sets or moves the instant of an item; `undefined` takes it out. */
  set(item: Item, at: number | undefined): void {
    if (at === undefined) {
      this.#wanted.delete(item)
      return
    }
    this.#wanted.set(item, at)
    const queued = this.#queued.get(item)
    if (queued === undefined || at < queued) this.#push(item, at)
  }

  /** Takes the next item out that is due at `until` or before; `undefined` without one. */
  take(until: number): { readonly item: Item; readonly at: number } | undefined {
    for (;;) {
      const first = this.#heap[0]
      if (first === undefined || first.at > until) return undefined
      this.#pop()
      const { item, at } = first
      if (this.#queued.get(item) !== at) continue
      this.#queued.delete(item)
      const wanted = this.#wanted.get(item)
      if (wanted === undefined) continue
      if (wanted > at) {
        this.#push(item, wanted)
        continue
      }
      this.#wanted.delete(item)
      return { item, at }
    }
  }

  clear(): void {
    this.#wanted.clear()
    this.#queued.clear()
    this.#heap = []
  }

  #push(item: Item, at: number): void {
    this.#queued.set(item, at)
    const heap = this.#heap
    const entry = { at, order: this.#order++, item }
    let index = heap.length
    heap.push(entry)
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = heap[parent]
      if (above === undefined || !isBefore(entry, above)) break
      heap[index] = above
      index = parent
    }
    heap[index] = entry
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let index = 0
    for (;;) {
      let at = 2 * index + 1
      const right = heap[at + 1]
      let child = heap[at]
      if (child !== undefined && right !== undefined && isBefore(right, child)) {
        child = right
        at += 1
      }
      if (child === undefined || !isBefore(child, last)) break
      heap[index] = child
      index = at
    }
    heap[index] = last
  }
}

function isBefore<Item>(a: Entry<Item>, b: Entry<Item>): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
