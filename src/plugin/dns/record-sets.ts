import type { Allocation } from '../../core/allocation.ts'
import { normalTarget, typeOfValue } from '../../formats/dns/value.ts'

/** The types of record that carry traffic. */
export const targetTypes = ['A', 'AAAA', 'CNAME'] as const

export type TargetType = (typeof targetTypes)[number]

/** What one name serves: the values of each type in their normal form, sorted, none twice. */
export type RecordSets = Readonly<Record<TargetType, readonly string[]>>

/** More records than this fit into no answer that every client takes. */
export const mostRecords = 50

/** Brings what was read into the one form in which sets are compared. */
export function recordSets(
  values: Readonly<Partial<Record<TargetType, readonly string[]>>>,
): RecordSets {
  const normal = (type: TargetType) =>
    [...new Set((values[type] ?? []).map((value) => normalTarget(value)))].toSorted()
  return { A: normal('A'), AAAA: normal('AAAA'), CNAME: normal('CNAME') }
}

/** Sets as one line, equal exactly where they are: `A=192.0.2.1,192.0.2.2 AAAA=2001:db8::1`. */
export function textOfSets(sets: RecordSets): string {
  return targetTypes
    .filter((type) => sets[type].length > 0)
    .map((type) => `${type}=${sets[type].join(',')}`)
    .join(' ')
}

/** Reads what `textOfSets` gives; `undefined` for anything else. */
export function parseSets(text: string): RecordSets | undefined {
  const found: Partial<Record<TargetType, readonly string[]>> = {}
  for (const part of text === '' ? [] : text.split(' ')) {
    const type = targetTypes.find((each) => part.startsWith(`${each}=`))
    if (type === undefined || found[type] !== undefined) return undefined
    const values = part.slice(type.length + 1).split(',')
    if (!values.every((value) => typeOfValue(value) === type)) return undefined
    found[type] = values
  }
  const sets = recordSets(found)
  return textOfSets(sets) === text ? sets : undefined
}

/** Sets in words: `A 192.0.2.1 and 192.0.2.2`. */
export function describeSets(sets: RecordSets): string {
  const on = targetTypes.filter((type) => sets[type].length > 0)
  return on.map((type) => `${type} ${sets[type].join(' ')}`).join(', ') || 'no record'
}

/** Whether the paths name aliases (CNAME) and not addresses; `recordsOption` refuses a mixture. */
export function areAliases(records: Readonly<Record<string, readonly string[]>>): boolean {
  return typeOfValue(Object.values(records)[0]?.[0] ?? '') === 'CNAME'
}

/** What sets mean for the paths. */
export interface SetReading {
  readonly allocation: Allocation
  /** Values that no path names. */
  readonly strangers: readonly string[]
  /** Whether a plan of ours makes exactly these sets. */
  readonly isWhole: boolean
}

/**
 * How the paths of a group share the records of one name. A path has as many places as it names
 * values of one address family; its weight is the share of its places that are filled, because
 * resolvers and clients take the records of a set by turns (RFC 1794). So a path with three addresses
 * beside one with a single address can carry three quarters, and nothing in between.
 */
export class RecordPlan {
  readonly #paths: readonly string[]
  readonly #values: ReadonlyMap<string, RecordSets>
  readonly #places: readonly number[]

  /** `records`: the values of each path, checked by `recordsOption`. */
  constructor(paths: readonly string[], records: Readonly<Record<string, readonly string[]>>) {
    this.#paths = paths
    this.#values = new Map(paths.map((path) => [path, setsOf(records[path] ?? [])]))
    this.#places = paths.map((path) => placesOf(this.#values.get(path)))
  }

  /** The types of record that the paths name. */
  get types(): readonly TargetType[] {
    return targetTypes.filter((type) =>
      [...this.#values.values()].some((own) => own[type].length > 0),
    )
  }

  /**
   * The sets that come nearest to an allocation. A path without weight has no record in them. More
   * records win where two ways are equally near.
   */
  setsFor(wanted: Allocation): RecordSets {
    return this.#setsOf(this.#fill(wanted))
  }

  /** What sets say of the paths. */
  read(sets: RecordSets): SetReading {
    const filled = this.#paths.map((path) => {
      const own = this.#values.get(path)
      const shown = targetTypes.map(
        (type) => sets[type].filter((value) => own?.[type].includes(value)).length,
      )
      return Math.max(...shown)
    })
    const known = [...this.#values.values()]
    const strangers = targetTypes.flatMap((type) =>
      sets[type].filter((value) => !known.some((own) => own[type].includes(value))),
    )
    return {
      allocation: this.#allocation(filled),
      strangers,
      isWhole: textOfSets(this.#setsOf(filled)) === textOfSets(sets),
    }
  }

  /** Whether sets are what an allocation asks for, as near as records can show it. */
  isShown(sets: RecordSets, wanted: Allocation): boolean {
    return textOfSets(sets) === textOfSets(this.setsFor(wanted))
  }

  /** Tries every number of records; for each, one after the other goes where it helps most. */
  #fill(wanted: Allocation): readonly number[] {
    const weights = this.#paths.map((path) => wanted[path] ?? 0)
    const room = this.#places.map((places, index) => ((weights[index] ?? 0) > 0 ? places : 0))
    // A name has one alias at most (RFC 1034 section 3.6.2).
    const most = this.types.includes('CNAME') ? Math.min(1, sum(room)) : sum(room)
    let best: readonly number[] = room.map(() => 0)
    let least = Infinity
    for (let total = 1; total <= most; total += 1) {
      const filled = spread(total, weights, room)
      const shown = this.#allocation(filled)
      const off = sum(
        this.#paths.map((path, index) => Math.abs((shown[path] ?? 0) - (weights[index] ?? 0))),
      )
      if (off > least) continue
      best = filled
      least = off
    }
    return best
  }

  #setsOf(filled: readonly number[]): RecordSets {
    const of = (type: TargetType) =>
      this.#paths.flatMap(
        (path, index) => this.#values.get(path)?.[type].slice(0, filled[index]) ?? [],
      )
    return recordSets({ A: of('A'), AAAA: of('AAAA'), CNAME: of('CNAME') })
  }

  /** Integers that add up to 100; the largest remainders get the rest. All 0 where nothing is filled. */
  #allocation(filled: readonly number[]): Allocation {
    const total = sum(filled)
    const exact = filled.map((count) => (total === 0 ? 0 : (count * 100) / total))
    const floors = exact.map((share) => Math.floor(share))
    const order = exact
      .map((share, index) => ({ index, rest: share % 1 }))
      .toSorted((a, b) => b.rest - a.rest)
    const missing = total === 0 ? 0 : 100 - sum(floors)
    for (const { index } of order.slice(0, missing)) floors[index] = (floors[index] ?? 0) + 1
    return Object.fromEntries(this.#paths.map((path, index) => [path, floors[index] ?? 0]))
  }
}

/** `total` records over paths so that shares are nearest to weights: the cost is convex, so greed is right. */
function spread(total: number, weights: readonly number[], room: readonly number[]): number[] {
  const filled = weights.map(() => 0)
  const all = sum(weights)
  for (let placed = 0; placed < total; placed += 1) {
    let next = -1
    let most = -Infinity
    for (const [index, weight] of weights.entries()) {
      const count = filled[index] ?? 0
      if (count >= (room[index] ?? 0)) continue
      const aim = (weight * total) / all
      const gain = Math.abs(count - aim) - Math.abs(count + 1 - aim)
      if (gain > most) {
        most = gain
        next = index
      }
    }
    filled[next] = (filled[next] ?? 0) + 1
  }
  return filled
}

function setsOf(values: readonly string[]): RecordSets {
  const of = (type: TargetType) => values.filter((value) => typeOfValue(value) === type)
  return recordSetsInOrder({ A: of('A'), AAAA: of('AAAA'), CNAME: of('CNAME') })
}

/** As written: the first places of a path are filled first. */
function recordSetsInOrder(values: RecordSets): RecordSets {
  const normal = (type: TargetType) => values[type].map((value) => normalTarget(value))
  return { A: normal('A'), AAAA: normal('AAAA'), CNAME: normal('CNAME') }
}

function placesOf(sets: RecordSets | undefined): number {
  return sets === undefined ? 0 : Math.max(...targetTypes.map((type) => sets[type].length))
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, each) => all + each, 0)
}
