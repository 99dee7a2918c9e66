import type { Clock } from '../../core/clock.ts'
import { ChangeoverError } from '../../core/errors.ts'
import type { Wanted } from '../wanted.ts'
import { touches } from './fault-kind.ts'
import { faultKind, faultNames, isFault, type FaultName } from './faults.ts'
import { quoted, readTarget, strikes, type Target, type TargetNames } from './target.ts'

/** What is to be broken. */
export interface FaultOrder {
  /** `<server>`, `<server>/<stream>` or `<server>/<stream>/<rendition>`; the server is `origin` or an edge. */
  readonly target: string
  /** A name of the closed list. */
  readonly fault: string
  /** Its number, in the unit of the fault; the fault's own default unless told. */
  readonly value?: number | undefined
  /** Milliseconds until it heals by itself; it stays until healed when absent. */
  readonly forMs?: number | undefined
}

/** A fault in force. Times are wall time in milliseconds since the epoch. */
export interface ActiveFault {
  readonly id: string
  readonly target: string
  readonly fault: FaultName
  readonly value?: number
  readonly since: number
  readonly until?: number
}

interface Entry {
  readonly shown: ActiveFault
  readonly target: Target
  readonly stop: AbortController
}

/** A fault that strikes a request. */
export interface Strike {
  readonly fault: FaultName
  readonly value: number
  readonly since: number
}

const nothing: readonly Strike[] = []

/** The faults in force in one lab. Calls `onChange` after each change. */
export class FaultBoard {
  readonly #clock: Clock
  readonly #names: TargetNames
  readonly #onChange: () => void
  #entries: readonly Entry[] = []
  #count = 0

  constructor(clock: Clock, names: TargetNames, onChange: () => void) {
    this.#clock = clock
    this.#names = names
    this.#onChange = onChange
  }

  /** The faults in force, oldest first. */
  active(): readonly ActiveFault[] {
    return this.#entries.map(({ shown }) => shown)
  }

  /** Throws a usage error when `inject` would refuse this order. */
  check(order: FaultOrder): void {
    this.#read(order)
  }

  /** Puts a fault in force. Throws a usage error about the first thing wrong with the order. */
  inject(order: FaultOrder): ActiveFault {
    const { target, fault, value } = this.#read(order)
    const since = this.#clock.wall()
    this.#count += 1
    const shown: ActiveFault = {
      id: `f${this.#count}`,
      target: order.target,
      fault,
      ...(value === undefined ? {} : { value }),
      since,
      ...(order.forMs === undefined ? {} : { until: since + order.forMs }),
    }
    const stop = new AbortController()
    this.#entries = [...this.#entries, { shown, target, stop }]
    if (order.forMs !== undefined) void this.#healAfter(shown.id, order.forMs, stop.signal)
    this.#onChange()
    return shown
  }

  /** Ends one fault; `false` when it is not in force. */
  heal(id: string): boolean {
    const entry = this.#entries.find(({ shown }) => shown.id === id)
    if (!entry) return false
    entry.stop.abort()
    this.#entries = this.#entries.filter((other) => other !== entry)
    this.#onChange()
    return true
  }

  /** Ends all faults and returns how many there were. */
  healAll(): number {
    const count = this.#entries.length
    for (const { stop } of this.#entries) stop.abort()
    this.#entries = []
    if (count > 0) this.#onChange()
    return count
  }

  /** The faults that strike a request to `server`, oldest first. */
  striking(server: string, wanted: Wanted | undefined): readonly Strike[] {
    if (this.#entries.length === 0) return nothing
    return this.#entries
      .filter(({ target, shown }) => {
        if (target.server !== server || !strikes(target, wanted)) return false
        const kind = faultKind(shown.fault)
        return wanted ? touches(kind, wanted) : kind.deliver !== undefined
      })
      .map(({ shown: { fault, value = 0, since } }) => ({ fault, value, since }))
  }

  /** Whether the port of `server` is to be closed. */
  isRefusing(server: string): boolean {
    return this.#entries.some(
      ({ target, shown }) =>
        shown.fault === 'refuse' && target.server === server && target.stream === undefined,
    )
  }

  #read({ target, fault, value, forMs }: FaultOrder) {
    const read = readTarget(target, this.#names)
    if (!isFault(fault)) {
      throw new ChangeoverError('USAGE', `There is no fault ${quoted(fault)}.`, {
        todo: `Use one of: ${faultNames.join(', ')}.`,
      })
    }
    if (forMs !== undefined && !(forMs > 0 && Number.isSafeInteger(forMs))) {
      throw new ChangeoverError('USAGE', `A fault cannot last ${forMs} ms.`, {
        todo: 'Use a duration above 0, such as 20s.',
      })
    }
    return { target: read, fault, value: readValue(fault, value) }
  }

  async #healAfter(id: string, ms: number, signal: AbortSignal): Promise<void> {
    if (await this.#clock.sleep(ms, signal)) this.heal(id)
  }
}

function readValue(fault: FaultName, value: number | undefined): number | undefined {
  const { value: takes } = faultKind(fault)
  if (!takes) {
    if (value === undefined) return undefined
    throw new ChangeoverError('USAGE', `The fault ${fault} takes no value.`, {
      todo: 'Leave the value out.',
    })
  }
  const { min, max, unit } = takes
  const given = value ?? takes.default
  if (Number.isSafeInteger(given) && given >= min && given <= max) return given
  throw new ChangeoverError('USAGE', `The fault ${fault} cannot take the value ${given}.`, {
    todo: `Use a whole number of ${unit} from ${min} to ${max}.`,
  })
}
