import type { VantageReport } from '../core/health.ts'
import { formatDuration } from '../core/duration.ts'
import type { Outcome, Sample } from '../core/sample.ts'
import { rulesOf, type RuleSet } from '../engine/rules/rule-set.ts'

/** Looks that are kept: as wide as a line on a phone. */
const LENGTH = 30
/** Measurements that are kept of a path; a probe declares fewer. */
const MOST_COLUMNS = 128
/** Fewer values are no line. */
const LEAST = 3
const bars = '▁▂▃▄▅▆▇█'
const outcomes: Readonly<Record<Outcome, string>> = { pass: '█', fail: '▁', unknown: '·' }

/** A rule's measurements by the rule's name. */
type NeedsOf = (rule: string) => readonly string[]

/**
 * The last looks at one path, for the line of bars in a notice. Every path has one, always: so the
 * values lie in one block of 32-bit floats, at most 15 KB, and not in the samples themselves.
 */
export class PathTrend {
  readonly #columns = new Map<string, number>()
  readonly #looks: { readonly at: number; readonly outcome: Outcome }[] = []
  /** Row after row, each as wide as there are columns; NaN where nothing was measured. */
  #values = new Float32Array(0)
  #width = 0
  #next = 0

  take({ at, outcome, measurements }: Pick<Sample, 'at' | 'outcome' | 'measurements'>): void {
    for (const name of Object.keys(measurements)) {
      if (!this.#columns.has(name) && this.#columns.size < MOST_COLUMNS)
        this.#columns.set(name, this.#columns.size)
    }
    this.#widen()
    const row = this.#next % LENGTH
    for (const [name, column] of this.#columns) {
      this.#values[row * this.#width + column] = measurements[name] ?? Number.NaN
    }
    this.#looks[row] = { at, outcome }
    this.#next += 1
  }

  /**
   * What the rules that are active look at, as `missing_ratio 0 ▁▁▁▂▅█ 0.9 within 58s`: of the first rule
   * that read a measurement that moved, else that read any; where none did, how the looks went.
   * `undefined` where no rule is active, or nothing much was seen.
   */
  line({ active }: Pick<VantageReport, 'active'>, needsOf: NeedsOf): string | undefined {
    if (active.length === 0) return undefined
    const names = [...new Set(active.flatMap(({ rule }) => needsOf(rule)))]
    const lines = names.map((name) => ({ name, ...this.#series(name) }))
    const long = lines.filter(({ values }) => values.length >= LEAST)
    const chosen = long.find(({ values }) => Math.max(...values) > Math.min(...values)) ?? long[0]
    if (chosen !== undefined) {
      const { name, values, forMs } = chosen
      const [first = 0, last = 0] = [values[0], values.at(-1)]
      return `${name} ${short(first)} ${values.map(barIn(values)).join('')} ${short(last)} within ${seconds(forMs)}`
    }
    const looks = this.#rows().map((row) => this.#looks[row])
    const seen = looks.filter((look) => look !== undefined)
    if (seen.length < LEAST) return undefined
    const failed = seen.filter(({ outcome }) => outcome === 'fail').length
    const picture = seen.map(({ outcome }) => outcomes[outcome]).join('')
    return `looks ${picture} ${failed} of ${seen.length} failed within ${seconds(lasted(seen))}`
  }

  #series(name: string): { readonly values: readonly number[]; readonly forMs: number } {
    const column = this.#columns.get(name)
    if (column === undefined) return { values: [], forMs: 0 }
    const found = this.#rows().flatMap((row) => {
      const value = this.#values[row * this.#width + column]
      const look = this.#looks[row]
      if (value === undefined || look === undefined || !Number.isFinite(value)) return []
      return [{ value, at: look.at }]
    })
    return { values: found.map(({ value }) => value), forMs: lasted(found) }
  }

  /** Rows, oldest first. */
  #rows(): number[] {
    const count = Math.min(this.#next, LENGTH)
    return Array.from({ length: count }, (_, index) => (this.#next - count + index) % LENGTH)
  }

  /** Makes room for measurements that were not seen before; what is kept stays. */
  #widen(): void {
    const [before, width] = [this.#width, this.#columns.size]
    if (before === width) return
    const wider = new Float32Array(width * LENGTH).fill(Number.NaN)
    for (let row = 0; row < LENGTH; row += 1) {
      wider.set(this.#values.subarray(row * before, (row + 1) * before), row * width)
    }
    this.#values = wider
    this.#width = width
  }
}

/** The measurements that a rule in force for a path reads; none where there is no such rule. */
export function needsOf(rules: RuleSet, path: string): NeedsOf {
  return (rule) =>
    rulesOf(rules, path).rules.find(({ definition }) => definition.name === rule)?.when.needs ?? []
}

function barIn(values: readonly number[]): (value: number) => string {
  const [least, most] = [Math.min(...values), Math.max(...values)]
  const step = (most - least) / (bars.length - 1)
  return (value) => bars[step === 0 ? 0 : Math.round((value - least) / step)] ?? ''
}

function lasted(points: readonly { readonly at: number }[]): number {
  return (points.at(-1)?.at ?? 0) - (points[0]?.at ?? 0)
}

function seconds(ms: number): string {
  return formatDuration(Math.round(ms / 1_000) * 1_000)
}

/** Four digits tell enough. */
function short(value: number): string {
  return String(Number(value.toPrecision(4)))
}
