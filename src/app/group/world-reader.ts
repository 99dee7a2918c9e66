import type { Clock } from '../../core/clock.ts'
import type { Mode } from '../../core/group.ts'
import type { ChangeDeps } from './change-deps.ts'
import { freeze } from './give-up.ts'
import {
  acceptEdit,
  acceptSplit,
  adoptWorld,
  readBack,
  type ActuatorReading,
  type ReadBack,
} from './read-back.ts'

/** Reads the world back now and then, and takes into the row what it shows. */
export class WorldReader {
  readonly #clock: Clock
  #readings: readonly ActuatorReading[] = []
  #foreign: ReadBack | undefined
  #observedAt = Number.NEGATIVE_INFINITY
  #isSplit = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** What the actuators showed last. */
  get readings(): readonly ActuatorReading[] {
    return this.#readings
  }

  /** A target that is not ours, and waits for `adopt`. */
  get foreign(): ReadBack | undefined {
    return this.#foreign
  }

  isDue(now: number, everyMs: number): boolean {
    return now - this.#observedAt >= everyMs
  }

  /** The world is known as of now. */
  seen(): void {
    this.#observedAt = this.#clock.now()
  }

  /** Reads the world back where that is due; why nothing can be decided now, or `undefined` where it can. */
  async observe(
    about: { readonly change: ChangeDeps; readonly mode: Mode; readonly everyMs: number },
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const { change, mode, everyMs } = about
    const { record } = change
    if (record.memory.readBack && !this.isDue(this.#clock.now(), everyMs)) return undefined
    const found = await readBack(change, signal)
    if (signal.aborted) return 'stopped'
    this.seen()
    this.#readings = found.readings
    this.#foreign = found.result === 'foreign' ? found : undefined
    if (found.result === 'unreadable') return record.memory.readBack ? undefined : found.says
    if (found.result === 'foreign') return found.says
    if (mode === 'off' && found.result === 'first') return 'mode is off'
    if (!(await this.#believe(change, found))) return 'the world is not recorded'
    record.remember((memory) => ({ ...memory, readBack: true }))
    change.onChange()
    return undefined
  }

  /** Takes into the row what was read back; false where that could not be recorded. */
  async #believe(change: ChangeDeps, found: ReadBack): Promise<boolean> {
    const { frozen, hold } = change.record.memory.row
    if (found.result === 'first') return await adoptWorld(change, found.observed, undefined)
    const wasSplit = this.#isSplit
    this.#isSplit = found.result === 'split'
    // While frozen the world is known to differ, and an `ack` takes it over as it is.
    if (frozen !== undefined) return true
    if (found.result === 'edited') return await acceptEdit(change, found.observed, found.says)
    if (found.result !== 'split' || (wasSplit && hold !== undefined)) return true
    if (!wasSplit) return await acceptSplit(change, found.says)
    const says = `the targets disagree, and nobody brought them in line: ${found.says}`
    await freeze(change, undefined, says, [])
    return true
  }
}
