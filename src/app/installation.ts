import type { Clock } from '../core/clock.ts'
import { formatDuration } from '../core/duration.ts'
import type { InstallationSettings } from '../core/settings.ts'

/**
 * The blast radius: at most max(groups, fraction × all groups) groups of the whole installation
 * change per window (invariant 19). A group that changed already takes no second place: its own
 * holddown and budget limit it. Groups that are refused ask again at each tick, so they go in waves.
 */
export class Installation {
  readonly #clock: Clock
  #settings: InstallationSettings['blastRadius']
  #groups: number
  #charges: { readonly id: string; readonly group: string; readonly at: number }[] = []

  constructor(clock: Clock, settings: InstallationSettings, groups: number) {
    this.#clock = clock
    this.#settings = settings.blastRadius
    this.#groups = groups
  }

  /** After a reload: new limits, the same charges. */
  configure(settings: InstallationSettings, groups: number): void {
    this.#settings = settings.blastRadius
    this.#groups = groups
  }

  get limit(): number {
    return Math.max(this.#settings.groups, Math.floor(this.#settings.fraction * this.#groups))
  }

  ask(group: string): { readonly pass: boolean; readonly says: string } {
    this.#charges = this.#charges.filter(
      (charge) => this.#clock.now() - charge.at < this.#settings.perMs,
    )
    const changed = new Set(this.#charges.map((charge) => charge.group))
    const per = formatDuration(this.#settings.perMs)
    const says = `${changed.size} of ${this.limit} groups of the whole installation changed in the last ${per}`
    return { pass: changed.has(group) || changed.size < this.limit, says }
  }

  /** Counts a change, before its intent is written; `at` is monotonic, for changes known from an earlier process. */
  charge(id: string, group: string, at: number = this.#clock.now()): void {
    if (!this.#charges.some((charge) => charge.id === id)) this.#charges.push({ id, group, at })
  }

  /** Takes a charge back whose change was not applied. */
  refund(id: string): void {
    this.#charges = this.#charges.filter((charge) => charge.id !== id)
  }
}
