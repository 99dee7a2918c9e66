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
    elapsedMs: 0,
    texts,
  }
}
