import type { Clock } from '../../core/clock.ts'

/** One timer that is set anew again and again: only the newest time counts. */
export class Alarm {
  readonly #clock: Clock
  readonly #ring: () => void
  #set: { readonly at: number; readonly cancel: AbortController } | undefined

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock
    this.#ring = ring
  }

  /** Rings at this time of the monotonic clock, in milliseconds; `Infinity`: never. */
  set(at: number): void {
    if (this.#set?.at === at) return
    this.#set?.cancel.abort('set anew')
    this.#set = undefined
    if (at === Infinity) return
    const cancel = new AbortController()
    this.#set = { at, cancel }
    void this.#wait(at, cancel.signal)
  }

  async #wait(at: number, signal: AbortSignal): Promise<void> {
    if (!(await this.#clock.sleep(at - this.#clock.now(), signal))) return
    this.#set = undefined
    this.#ring()
  }
}
