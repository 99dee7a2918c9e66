import { z } from 'zod'
import type { Allocation } from '../../core/allocation.ts'
import type { ActuatorContext, ApplyResult, Observed, ObserveResult, Step } from '../actuator.ts'
import { markName, parseVersion, versionOf, type NameState } from './mark.ts'
import { describeSets, parseSets, RecordPlan, textOfSets } from './record-sets.ts'

interface NameOptions {
  readonly name: string
  readonly records: Readonly<Record<string, readonly string[]>>
  /** Milliseconds. */
  readonly ttl: number
}

/** A step that was checked: what the name must have now, and what it is to have. TTL in seconds. */
export interface NameStep {
  readonly from: NameState
  readonly wanted: NameState
  readonly ttl: number
}

const stepData = z.strictObject({ name: z.string(), to: z.string(), ttl: z.int().min(1) })

/**
 * What every actuator that writes the records of one name has in common: what they mean for the paths,
 * the one step that moves them, and what may never be written. Pure.
 */
export class NamePlan {
  readonly #name: string
  readonly #ttl: number
  readonly #plan: RecordPlan

  constructor({ name, records, ttl }: NameOptions, { paths }: Pick<ActuatorContext, 'paths'>) {
    this.#name = name
    this.#ttl = Math.ceil(ttl / 1_000)
    this.#plan = new RecordPlan(paths, records)
  }

  /** What was read, for the controller. `ttl` in seconds; absent where the target has none. */
  observed(state: NameState, ttl?: number): ObserveResult {
    const { allocation, strangers } = this.#plan.read(state.sets)
    if (Object.values(allocation).every((weight) => weight === 0)) {
      const says = `${this.#name} has ${strangers.join(', ') || 'no record'}, which no path names`
      return { ok: false, retry: false, says }
    }
    const stray = strangers.length === 0 ? '' : `, of which no path names ${strangers.join(', ')},`
    const age = ttl === undefined ? '' : ` (TTL ${ttl} s)`
    const says = `${this.#name} has ${describeSets(state.sets)}${stray}${age}${markSays(state, this.#name)}`
    const version = versionOf(state)
    return { ok: true, observed: { allocation, version, ours: state.mark === 'ours', says } }
  }

  /**
   * The one step to an allocation, or none where records show it as near as they can and `isPending`
   * does not ask for it all the same.
   */
  plan(observed: Observed, wanted: Allocation, isPending = false): readonly Step[] {
    const state = parseVersion(observed.version)
    if (state === undefined) return []
    if (this.#plan.isShown(state.sets, wanted) && !isPending) return []
    const to = this.#plan.setsFor(wanted)
    const says = `set ${this.#name} to ${describeSets(to)} (TTL ${this.#ttl} s) in place of ${describeSets(state.sets)}`
    return [{ says, data: { name: this.#name, to: textOfSets(to), ttl: this.#ttl } }]
  }

  /** Reads a step back, and refuses what would touch more than ours or leave the name empty. */
  parseStep(
    step: Step,
    version: string,
  ): ({ readonly ok: true } & NameStep) | { readonly ok: false; readonly says: string } {
    const parsed = stepData.safeParse(step.data)
    const to = parsed.success ? parseSets(parsed.data.to) : undefined
    const from = parseVersion(version)
    const isOurs =
      parsed.data?.name === this.#name && to !== undefined && this.#plan.read(to).isWhole
    if (!isOurs || from === undefined) {
      return { ok: false, says: 'the step is not one of this actuator' }
    }
    if (textOfSets(to) === '') {
      return { ok: false, says: `${this.#name} would be left without any record` }
    }
    const { strangers } = this.#plan.read(from.sets)
    if (strangers.length > 0) {
      const says = `${this.#name} also has ${strangers.join(', ')}, which no path names: take it out, or name it`
      return { ok: false, says }
    }
    if (from.mark === 'other') {
      const says = `${this.#name} belongs to somebody else, as ${markName(this.#name)} says: delete that TXT record to let this group have it`
      return { ok: false, says }
    }
    const wanted: NameState = { sets: to, mark: 'ours' }
    return { ok: true, from, wanted, ttl: parsed.data?.ttl ?? this.#ttl }
  }

  /** Compares what the name has now with a step: `undefined` where the step may be made. */
  compare(now: NameState, { from, wanted }: NameStep): ApplyResult | undefined {
    if (versionOf(now) === versionOf(wanted)) {
      return { result: 'applied', version: versionOf(wanted) }
    }
    return versionOf(now) === versionOf(from) ? undefined : this.conflict(now)
  }

  /** Somebody else changed the name. */
  conflict(now?: NameState): ApplyResult {
    const has = now === undefined ? '' : `: it has ${describeSets(now.sets)}`
    return { result: 'conflict', says: `${this.#name} was changed since it was read${has}` }
  }

  /** What others are asked for, to see whether they follow. */
  about(wanted: Allocation) {
    return { name: this.#name, types: this.#plan.types, wanted: this.#plan.setsFor(wanted) }
  }
}

function markSays({ mark }: NameState, name: string): string {
  if (mark === 'ours') return ''
  return mark === 'none'
    ? `, without our mark at ${markName(name)}`
    : `, with the mark of somebody else at ${markName(name)}`
}
