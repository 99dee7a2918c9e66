import type { Sample } from '../../core/sample.ts'
import { createFrame } from './scope.ts'
import type { AggregateName, Frame, RuleScope, TextName } from './scope.ts'
import type { CompiledRule } from './rule-set.ts'
import { Window } from './window.ts'

interface Watched {
  readonly slot: number
  readonly window: Window
}

/** The values of one path at one vantage, now and over windows, as its rules read them. */
export class PathWindows {
  readonly frame: Frame
  readonly #measurements: readonly { readonly name: string; readonly slot: number }[]
  readonly #byKey = new Map<string, Watched>()
  readonly #windows: readonly Watched[]
  readonly #aggregates: readonly {
    readonly slot: number
    readonly name: AggregateName
    readonly window: Window
  }[]

  /** Takes over the windows of `before` that are still needed. */
  constructor(
    scope: RuleScope,
    rules: readonly CompiledRule[],
    texts: Readonly<Record<TextName, string>>,
    before?: PathWindows,
  ) {
    this.frame = createFrame(scope, texts)
    const known = before === undefined ? undefined : before.#byKey
    const names = new Set<string>()
    const slots = new Set<number>()
    for (const { when, clearWhen, says } of rules) {
      for (const part of [when, clearWhen, says]) {
        for (const name of part?.needs ?? []) names.add(name)
        for (const slot of part?.aggregates ?? []) slots.add(slot)
      }
    }
    this.#measurements = [...names].map((name) => ({ name, slot: scope.slot(name) }))
    this.#aggregates = [...slots].flatMap((slot) => {
      const reference = scope.aggregates[slot]
      if (reference === undefined) return []
      const { name, measurement, windowMs } = reference
      const key = `${measurement}/${windowMs}`
      const counter = scope.measurements.get(measurement)?.kind === 'counter'
      const window =
        this.#byKey.get(key)?.window ?? known?.get(key)?.window ?? new Window(windowMs, counter)
      this.#byKey.set(key, { slot: scope.slot(measurement), window })
      return [{ slot, name, window }]
    })
    this.#windows = [...this.#byKey.values()]
  }

  /** Puts a sample into the frame and the windows. */
  take(sample: Sample, now: number): Frame {
    const { frame } = this
    const { measurements, at } = sample
    for (const { name, slot } of this.#measurements) {
      const value = measurements[name]
      frame.values[slot] = value !== undefined && Number.isFinite(value) ? value : Number.NaN
    }
    frame.elapsedMs = now - at
    for (const { slot, window } of this.#windows) {
      const value = frame.values[slot] as number
      if (!Number.isNaN(value)) window.add(value, at)
    }
    for (const { slot, name, window } of this.#aggregates) {
      frame.aggregates[slot] = window.aggregate(name, at)
    }
    return frame
  }
}
