import type { MeasurementDeclaration } from '../../core/sample.ts'

/** What a window can say of the values in it. */
export type AggregateName =
  | 'last'
  | 'min'
  | 'max'
  | 'mean'
  | 'p50'
  | 'p90'
  | 'p95'
  | 'p99'
  | 'rate'
  | 'count'
  | 'age'

export const aggregateNames: readonly AggregateName[] = [
  'last',
  'min',
  'max',
  'mean',
  'p50',
  'p90',
  'p95',
  'p99',
  'rate',
  'count',
  'age',
]

/** One aggregate of one measurement over one window length, shared by every rule that names it. */
export interface AggregateReference {
  readonly name: AggregateName
  readonly measurement: string
  readonly windowMs: number
}

/** How the values of the other paths of a group become one. */
export const othersNames = ['min', 'max', 'mean', 'count'] as const
export type OthersName = (typeof othersNames)[number]

/** One value of the other paths: a measurement, or an aggregate of it, taken together. */
export interface OthersReference {
  readonly name: OthersName
  readonly measurement: string
  /** Slot of the aggregate; absent: the measurement itself. */
  readonly aggregate?: number
}

/** Facts of a path and vantage that expressions may name beside measurements. */
export const textNames = ['path', 'probe', 'vantage'] as const
export type TextName = (typeof textNames)[number]

/**
 * The values that compiled expressions read: slots in place of names, so that evaluating needs no
 * look-up. NaN is absent. Reused from sample to sample; expressions never write to it.
 */
export interface Frame {
  /** By measurement slot, as the newest sample gave them. */
  readonly values: Float64Array
  /** By aggregate slot, as they were at the newest sample. */
  readonly aggregates: Float64Array
  /** By slot, what the other paths of the group show; NaN at a vantage, which sees each path alone. */
  readonly others: Float64Array
  /** Milliseconds since the newest sample; ages have grown by as much. 0 while judging the sample. */
  elapsedMs: number
  readonly texts: Readonly<Record<TextName, string>>
}

/**
 * The names that the expressions of one rule set may use: slots of measurements (fixed) and of
 * aggregates (added as expressions that need them are compiled).
 */
export class RuleScope {
  readonly measurements: ReadonlyMap<string, MeasurementDeclaration>
  readonly #slots = new Map<string, number>()
  readonly #aggregates: AggregateReference[] = []
  readonly #aggregateSlots = new Map<string, number>()
  readonly #others: OthersReference[] = []

  /** Where two declarations share a name the first one counts. */
  constructor(declarations: Iterable<MeasurementDeclaration>) {
    const measurements = new Map<string, MeasurementDeclaration>()
    for (const declaration of declarations) {
      if (measurements.has(declaration.name)) continue
      this.#slots.set(declaration.name, measurements.size)
      measurements.set(declaration.name, declaration)
    }
    this.measurements = measurements
  }

  get aggregates(): readonly AggregateReference[] {
    return this.#aggregates
  }

  get others(): readonly OthersReference[] {
    return this.#others
  }

  /** The slot of what other paths show, in `Frame.others`; the same reference has one slot. */
  othersSlot(reference: OthersReference): number {
    const same = this.#others.findIndex(
      ({ name, measurement, aggregate }) =>
        name === reference.name &&
        measurement === reference.measurement &&
        aggregate === reference.aggregate,
    )
    return same >= 0 ? same : this.#others.push(reference) - 1
  }

  /** The name under which a value travels from vantage to controller: the same in every process. */
  termOf({ measurement, aggregate }: Pick<OthersReference, 'measurement' | 'aggregate'>): string {
    const reference = aggregate === undefined ? undefined : this.#aggregates[aggregate]
    return reference === undefined ? measurement : aggregateKey(reference)
  }

  /** The slot of a measurement in `Frame.values`; -1 where nobody declares it. */
  slot(measurement: string): number {
    return this.#slots.get(measurement) ?? -1
  }

  /** The slot of an aggregate in `Frame.aggregates`; the same reference has one slot. */
  aggregateSlot(reference: AggregateReference): number {
    const key = aggregateKey(reference)
    const known = this.#aggregateSlots.get(key)
    if (known !== undefined) return known
    const slot = this.#aggregates.length
    this.#aggregates.push(reference)
    this.#aggregateSlots.set(key, slot)
    return slot
  }
}

/** A name for an aggregate that stays the same across reloads. */
export function aggregateKey(reference: AggregateReference): string {
  return `${reference.name}(${reference.measurement}, ${reference.windowMs})`
}

/** A frame for `scope` in which everything is absent. Made after all expressions are compiled. */
export function createFrame(scope: RuleScope, texts: Readonly<Record<TextName, string>>): Frame {
  return {
    values: new Float64Array(scope.measurements.size).fill(Number.NaN),
    aggregates: new Float64Array(scope.aggregates.length).fill(Number.NaN),
    others: new Float64Array(scope.others.length).fill(Number.NaN),
    elapsedMs: 0,
    texts,
  }
}
