import { withDeadline, type Clock } from '../../core/clock.ts'
import type { Store } from '../../plugin/store.ts'

/**
 * Takes and renews the lease of one group. The time left is counted from before the store was
 * asked, on the monotonic clock, so that it is never longer than what the store believes. A store
 * that does not answer in time counts as one that refused: what is left of the lease runs out.
 */
export class LeaseKeeper {
  readonly #clock: Clock
  readonly #store: Store
  readonly #group: string
  readonly #owner: string
  readonly #ttlMs: number
  readonly #callTimeoutMs: number
  #held: { token: number; until: number } | undefined

  constructor(options: {
    clock: Clock
    store: Store
    group: string
    owner: string
    ttlMs: number
    callTimeoutMs: number
  }) {
    this.#clock = options.clock
    this.#store = options.store
    this.#group = options.group
    this.#owner = options.owner
    this.#ttlMs = options.ttlMs
    this.#callTimeoutMs = options.callTimeoutMs
  }

  /** The lease as it stands, or `undefined` where it is not ours or ran out. */
  current(): { readonly token: number; readonly leftMs: number } | undefined {
    if (this.#held === undefined) return undefined
    const leftMs = this.#held.until - this.#clock.now()
    return leftMs > 0 ? { token: this.#held.token, leftMs } : undefined
  }

  /** Takes or renews it now. False where another owner holds it or the store is down; what is left then runs out. */
  async renew(): Promise<boolean> {
    const askedAt = this.#clock.now()
    const lease = await withDeadline(this.#clock, this.#callTimeoutMs, undefined, () =>
      this.#store.lease(this.#group, this.#owner, this.#ttlMs),
    )
    if (lease === undefined) return false
    this.#held = { token: lease.token, until: askedAt + lease.leftMs }
    return true
  }

  /**
   * Asks the store right before an external call: still the same leadership, with more left than
   * the call may take (invariant 34)?
   */
  async confirm(token: number, callTimeoutMs: number): Promise<boolean> {
    await this.renew()
    const lease = this.current()
    return lease !== undefined && lease.token === token && lease.leftMs > callTimeoutMs
  }

  /** Renews what is held, again and again; `onLost` where that did not work. */
  async keep(
    { everyMs, onLost }: { everyMs: () => number; onLost: () => Promise<void> },
    signal: AbortSignal,
  ): Promise<void> {
    while (await this.#clock.sleep(everyMs(), signal)) {
      if (this.current() === undefined || (await this.renew())) continue
      await onLost()
    }
  }

  async release(): Promise<void> {
    if (this.#held === undefined) return
    const { token } = this.#held
    this.#held = undefined
    await withDeadline(this.#clock, this.#callTimeoutMs, undefined, () =>
      this.#store.release(this.#group, this.#owner, token),
    )
  }
}
