import { Counter, Gauge, type Registry } from 'prom-client'
import type { MeasurementDeclaration, Sample } from '../core/sample.ts'
import { pathLabels, type PathLabels } from './labels.ts'

const labelNames = ['stream', 'group', 'path', 'probe', 'vantage'] as const
type LabelName = (typeof labelNames)[number]

const SECONDS_A_DAY = 86_400

interface CheckLabels extends PathLabels {
  readonly probe: string
  readonly vantage: string
}

/** One measurement as a metric. */
interface Exported {
  readonly declaration: MeasurementDeclaration
  set(labels: CheckLabels, value: number): void
  remove(labels: CheckLabels): void
}

/** One probe at one path, and which of its measurements stand in the registry. */
interface Check {
  readonly path: string
  readonly labels: CheckLabels
  readonly present: Set<string>
}

/**
 * The last values of every check. Only gauges and counters: a histogram for each check would make a
 * scrape block the event loop. A measurement that the newest sample lacks vanishes rather than
 * going on with an old value.
 */
export class ProbeMetrics {
  readonly #exported: ReadonlyMap<string, Exported>
  readonly #checks = new Map<string, Check>()
  readonly #samples: Counter<LabelName | 'outcome'>
  readonly #success: Gauge<LabelName>
  readonly #at: Gauge<LabelName>

  constructor(registry: Registry, declarations: readonly MeasurementDeclaration[]) {
    const registers = [registry]
    this.#exported = exportAll(registry, declarations)
    this.#samples = new Counter({
      name: 'changeover_probe_samples_total',
      help: 'Looks at a path by outcome; unknown means that the probe itself could not look.',
      labelNames: [...labelNames, 'outcome'],
      registers,
    })
    this.#success = new Gauge({
      name: 'changeover_probe_success',
      help: '1 where the newest look passed, 0 where it failed, absent where it could not look.',
      labelNames,
      registers,
    })
    this.#at = new Gauge({
      name: 'changeover_probe_last_sample_timestamp_seconds',
      help: 'Wall time of the newest look.',
      labelNames,
      registers,
    })
  }

  /** Takes the newest sample of a check. */
  sample(sample: Sample): void {
    const check = this.#check(sample)
    const { labels, present } = check
    this.#samples.inc({ ...labels, outcome: sample.outcome })
    this.#at.set(labels, sample.wall / 1_000)
    if (sample.outcome === 'unknown') this.#success.remove(labels)
    else this.#success.set(labels, sample.outcome === 'pass' ? 1 : 0)
    for (const [name, value] of Object.entries(sample.measurements)) {
      if (!Number.isFinite(value)) continue
      const exported = this.#exported.get(name)
      if (exported === undefined) continue
      exported.set(labels, value)
      present.add(name)
    }
    for (const name of present) {
      if (Number.isFinite(sample.measurements[name])) continue
      this.#exported.get(name)?.remove(labels)
      present.delete(name)
    }
  }

  /** Takes out everything about a path, by its full name. */
  forget(path: string): void {
    for (const [key, check] of this.#checks) {
      if (check.path !== path) continue
      const { labels, present } = check
      for (const name of present) this.#exported.get(name)?.remove(labels)
      for (const outcome of ['pass', 'fail', 'unknown'])
        this.#samples.remove({ ...labels, outcome })
      this.#success.remove(labels)
      this.#at.remove(labels)
      this.#checks.delete(key)
    }
  }

  #check({ path, probe, vantage }: Sample): Check {
    const key = `${path} ${probe} ${vantage}`
    const known = this.#checks.get(key)
    if (known !== undefined) return known
    const labels = { ...pathLabels(path), probe, vantage }
    const check = { path, labels, present: new Set<string>() }
    this.#checks.set(key, check)
    return check
  }
}

/** The name of the metric for a measurement: base units, and `_total` for what only grows. */
function metricName({ name, kind, unit }: MeasurementDeclaration): string {
  const base = unit === 'days' ? `${name.replace(/_days$/u, '')}_seconds` : name
  const suffix = kind === 'counter' && !base.endsWith('_total') ? '_total' : ''
  return `changeover_probe_${base}${suffix}`
}

function exportAll(
  registry: Registry,
  declarations: readonly MeasurementDeclaration[],
): ReadonlyMap<string, Exported> {
  const exported = new Map<string, Exported>()
  for (const declaration of declarations) {
    const known = exported.get(declaration.name)
    if (known === undefined) {
      exported.set(declaration.name, exportOne(registry, declaration))
      continue
    }
    const { kind, unit } = known.declaration
    if (kind === declaration.kind && unit === declaration.unit) continue
    throw new TypeError(
      `two probes declare ${declaration.name}, one as ${kind} in ${unit} and one as ${declaration.kind} in ${declaration.unit}: give one of them another name`,
    )
  }
  return exported
}

function exportOne(registry: Registry, declaration: MeasurementDeclaration): Exported {
  const options = {
    name: metricName(declaration),
    help: declaration.help,
    labelNames,
    registers: [registry],
  }
  if (declaration.kind === 'counter') {
    const counter = new Counter(options)
    return {
      declaration,
      set(labels, value) {
        // The source counts; we repeat where it stands, also after it began anew.
        counter.remove(labels)
        counter.inc(labels, Math.max(0, value))
      },
      remove: (labels) => counter.remove(labels),
    }
  }
  const gauge = new Gauge(options)
  const factor = declaration.unit === 'days' ? SECONDS_A_DAY : 1
  return {
    declaration,
    set: (labels, value) => gauge.set(labels, value * factor),
    remove: (labels) => gauge.remove(labels),
  }
}
