import type { Clock } from '../../core/clock.ts'
import type { Condition } from '../../core/condition.ts'
import { incidentOf, type Incident, type IncidentRecord } from './incident.ts'

/**
 * The incidents that this process knows as open, by key. Those of a group that another process judges
 * meanwhile are aside: they are shown, and nothing is done about them.
 */
export class Incidents {
  readonly #clock: Clock
  readonly #byKey = new Map<string, Incident>()
  /** Groups that another process judges. */
  readonly #aside = new Set<string>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get(key: string): Incident | undefined {
    return this.#byKey.get(key)
  }

  all(): Iterable<Incident> {
    return this.#byKey.values()
  }

  /** Those that are for this process to tell of. */
  own(): Incident[] {
    return [...this.#byKey.values()].filter(({ now }) => !this.#aside.has(now.group))
  }

  open(condition: Condition): void {
    const record = { condition, routes: [] }
    this.#byKey.set(condition.key, incidentOf(record, this.#clock, false))
  }

  /** Keeps an incident of another process; false where it is known. It is gone only once its group was heard to be well. */
  resume(record: IncidentRecord): boolean {
    const { key } = record.condition
    if (this.#byKey.has(key)) return false
    this.#byKey.set(key, incidentOf(record, this.#clock, true))
    return true
  }

  delete(key: string): void {
    this.#byKey.delete(key)
  }

  get isAnyAside(): boolean {
    return this.#aside.size > 0
  }

  isAside(group: string): boolean {
    return this.#aside.has(group)
  }

  /** Another process judges the group from now on: what goes on, and when it is over, is for that one to tell. */
  putAside(group: string): void {
    this.#aside.add(group)
    for (const incident of this.#byKey.values()) {
      if (incident.now.group !== group) continue
      incident.now = incident.record.condition
      incident.goneAt = undefined
      incident.ending?.abort()
    }
  }

  takeBack(group: string): void {
    this.#aside.delete(group)
  }

  /**
   * Of what is aside the journal knows better what is open, looked after and over, once everything
   * that this process had to say of it `isWritten` there.
   */
  forgetAside(isWritten: (key: string) => boolean): void {
    for (const [key, { ending, now }] of this.#byKey) {
      if (!this.#aside.has(now.group) || ending !== undefined || !isWritten(key)) continue
      this.#byKey.delete(key)
    }
  }
}
