import { heaviest, movedPoints, type Allocation } from '../../core/allocation.ts'
import type { ChangeReason, Hold } from '../../core/group.ts'
import type { PathHealth } from '../../core/health.ts'
import type { GroupSettings } from '../../core/settings.ts'
import { decide, type Decision } from '../../engine/group/decide.ts'
import {
  failbackAfter,
  isQuietSince,
  isRelapse,
  returningPaths,
} from '../../engine/group/failback.ts'
import { emptyRow, type Change, type GroupMemory } from '../../engine/group/memory.ts'
import { countFailures } from '../../engine/group/penalty.ts'
import { initialAllocation } from '../../engine/group/initial-allocation.ts'
import { enteredPaths, type Proposal, type Situation } from '../../engine/group/situation.ts'

/** What the blast radius of an installation says of one more change, and counts. */
export interface BlastRadius {
  ask(
    group: string,
    priority?: number,
  ): { readonly pass: boolean; readonly says: string; readonly freezes?: boolean }
  charge(id: string, group: string): void
}

/** A change as it was made at once. */
export interface PureChange {
  /** Monotonic milliseconds. */
  readonly at: number
  readonly reason: ChangeReason
  readonly from: Allocation
  readonly to: Allocation
  readonly says: string
}

export interface PureGroupOptions {
  readonly settings: GroupSettings
  /** Monotonic milliseconds at which it begins to observe; 0 if absent. */
  readonly now?: number
  /** What serves; as configured if absent. */
  readonly allocation?: Allocation
  readonly installation?: BlastRadius
  /** The wall clock, which calendars go by; the monotonic one if absent. */
  readonly wall?: () => number
  /** Why a target fails its pre-check; every target passes if absent. */
  readonly precheck?: (target: string) => string | undefined
  readonly onChange?: (change: PureChange) => void
}

/**
 * The controller of a group without the world: the same decisions and guards, always armed, where
 * every write is applied and verified at once. What can go wrong with a write is the simulator's
 * business.
 */
export class PureGroup {
  readonly #options: PureGroupOptions
  #settings: GroupSettings
  #memory: GroupMemory
  #changes = 0
  #decision: Decision = { kind: 'stay', state: 'OBSERVE', says: 'not evaluated yet', guards: [] }

  constructor(options: PureGroupOptions) {
    const { settings, now = 0 } = options
    this.#options = options
    this.#settings = settings
    const allocation = options.allocation ?? initialAllocation(settings)
    this.#memory = {
      row: { ...emptyRow(settings.name), allocation },
      changes: [],
      holddownUntil: now,
      rejected: new Map(),
      penalties: new Map(),
      readBack: true,
      observingSince: now,
    }
  }

  get decision(): Decision {
    return this.#decision
  }

  get allocation(): Allocation {
    return this.#memory.row.allocation ?? {}
  }

  /** How many changes were made. */
  get changes(): number {
    return this.#changes
  }

  /** Decides at monotonic `now`, and makes the change that is decided on. */
  evaluate(now: number, paths: ReadonlyMap<string, PathHealth>): void {
    const { flaps } = this.#settings
    const penalties = countFailures(this.#memory.penalties, paths, flaps, now)
    this.#memory = { ...this.#memory, penalties }
    this.#decision = decide(this.#situation(now, paths))
    // A target that fails its pre-check is rejected for a while, so this ends after the last one.
    while (this.#decision.kind === 'change') {
      const { proposal } = this.#decision
      const refused = this.#refusals(proposal)
      if (refused.length === 0) this.#apply(proposal, now)
      for (const { name, says } of refused) this.#reject(name, says, now)
      this.#decision = decide(this.#situation(now, paths))
    }
    if (this.#decision.kind !== 'freeze') return
    const frozen = { since: now, says: this.#decision.says }
    this.#memory = { ...this.#memory, row: { ...this.#memory.row, frozen } }
  }

  /** A person moves the traffic; it counts as a change and holds the group. */
  steer(to: Allocation, hold: Hold, now: number): void {
    const target = heaviest(to) ?? ''
    this.#apply({ reason: 'steer', from: this.allocation, to, target, leaving: [], charge: 1 }, now)
    this.hold(hold)
  }

  /** What serves was changed by somebody else; no change of ours. */
  overrule(allocation: Allocation): void {
    this.#memory = { ...this.#memory, row: { ...this.#memory.row, allocation } }
  }

  hold(hold: Hold): void {
    const row = { ...this.#memory.row, hold }
    this.#memory = { ...this.#memory, row, holdUntil: hold.until }
  }

  release(now: number): void {
    const { holdUntil: _until, ...memory } = this.#memory
    const { hold: _hold, ...row } = memory.row
    this.#memory = { ...memory, row, observingSince: now }
  }

  /** A person looked: the group thaws, and what was spent is forgiven. */
  acknowledge(now: number): void {
    const { frozen: _frozen, ...row } = this.#memory.row
    const changes = this.#memory.changes.map((change) => ({ ...change, charge: 0 }))
    this.#memory = { ...this.#memory, row, changes, observingSince: now }
  }

  /** Another process took over, perhaps with other settings: holddown starts in full, rejections are forgotten. */
  restart(settings: GroupSettings, now: number): void {
    this.#settings = settings
    this.#memory = {
      ...this.#memory,
      holddownUntil: this.#changes > 0 ? now + this.#settings.holddownMs : now,
      rejected: new Map(),
      observingSince: now,
    }
  }

  #situation(now: number, paths: ReadonlyMap<string, PathHealth>): Situation {
    return {
      settings: this.#settings,
      memory: this.#memory,
      paths,
      mode: 'armed',
      lease: { token: 1, leftMs: Number.POSITIVE_INFINITY },
      store: { ok: true, says: 'nothing is stored' },
      installation:
        this.#options.installation?.ask(this.#settings.name, this.#settings.priority) ?? alone,
      now,
      wall: this.#options.wall?.() ?? now,
    }
  }

  /** Every path that would get more is looked at, but for a last resort. */
  #refusals(proposal: Proposal): { readonly name: string; readonly says: string }[] {
    if (proposal.reason === 'spread') return []
    return enteredPaths(proposal).flatMap((name) => {
      const says = this.#options.precheck?.(name)
      return says === undefined ? [] : [{ name, says }]
    })
  }

  #reject(target: string, says: string, now: number): void {
    const until = now + this.#settings.precheckTtlMs
    const rejected = new Map([...this.#memory.rejected, [target, { until, says }]])
    this.#memory = { ...this.#memory, rejected }
  }

  #apply(proposal: Omit<Proposal, 'says'> & Partial<Proposal>, now: number): void {
    this.#changes += 1
    const { reason, charge, leaving, target, from, to, says = '' } = proposal
    const intent = String(this.#changes)
    const { row } = this.#memory
    const before = this.#memory.changes.filter((change) => now - change.at < this.#keepMs)
    const change = { reason, leaving, compensating: false }
    const relapsed = isRelapse(this.#memory, change, this.#settings, now, now)
    const failback = failbackAfter(row.failback, change, this.#settings, {
      wall: now,
      relapsed,
      isQuiet: isQuietSince(this.#memory, this.#settings, now, now),
    })
    const returning = returningPaths(proposal)
    const made: Change = {
      intent,
      reason,
      at: now,
      charge,
      leaving,
      target,
      moved: movedPoints(from, to),
      ...(returning !== undefined && { returning }),
    }
    const { ramp: _, ...rest } = row
    this.#memory = {
      ...this.#memory,
      row: {
        ...rest,
        allocation: to,
        version: this.#changes,
        failback,
        ...(proposal.ramp !== undefined && { ramp: proposal.ramp }),
      },
      changes: [...before, made],
      holddownUntil: now + this.#settings.holddownMs,
      ...(relapsed && { failbackBlockedUntil: now + this.#settings.budget.perMs }),
    }
    this.#options.installation?.charge(`${this.#settings.name} ${intent}`, this.#settings.name)
    this.#options.onChange?.({ at: now, reason, from, to, says })
  }

  /** How long some budget, holddown or failback can still need a change. */
  get #keepMs(): number {
    const { budget, holddownMs, failback } = this.#settings
    return Math.max(budget.perMs, holddownMs, failback.maxWaitMs)
  }
}

const alone = { pass: true, says: 'there is no other group' }
