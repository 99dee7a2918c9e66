import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { Clock } from '../core/clock.ts'
import type { JournalDraft } from '../core/journal.ts'
import type { MeasurementDeclaration, Sample } from '../core/sample.ts'
import type { WatchdogView } from '../core/view.ts'
import type { Delivery } from '../plugin/notifier.ts'
import { EventMetrics, type ChangePhase, type LoopLagReading } from './event-metrics.ts'
import { ProbeMetrics } from './probe-metrics.ts'
import { StateMetrics } from './state-metrics.ts'

/** What the metrics are made from. */
export interface MetricsOptions {
  readonly clock: Pick<Clock, 'wall' | 'sleep'>
  /** What every probe declares; the same name twice must mean the same. */
  readonly declarations: readonly MeasurementDeclaration[]
  readonly version: string
  /** Also the usual figures of the process: memory, CPU, descriptors, garbage collection. */
  readonly process?: boolean
}

/** The metrics of one process. Label values are names from the configuration and closed sets. */
export interface Metrics {
  /** The newest sample of a check. */
  sample(sample: Sample): void
  /** Takes out what probes measured on a path that is watched no longer, by its full name. */
  forget(path: string): void
  /** Replaces states of groups, paths, actuators, store and vantage; call it before `text`. */
  show(view: WatchdogView): void
  /** Counts decisions, changes and steps as the journal records them. */
  journal(entry: JournalDraft): void
  phase(phase: ChangePhase, ms: number): void
  notification(route: string, delivery: Delivery): void
  /** A heartbeat was sent: whether it was taken. */
  heartbeat(isTaken: boolean): void
  /** Milliseconds by which a look began later than due. */
  lag(ms: number): void
  loopLag(reading: LoopLagReading): void
  /** The loop of the watchdog turned once more. */
  tick(): void
  /** Everything in the text format of Prometheus. Long metrics do not hold up the event loop together. */
  text(): Promise<{ readonly contentType: string; readonly body: string }>
}

/** Metrics with a registry of their own: nothing is shared between two of them, but `process`. */
export function createMetrics(options: MetricsOptions): Metrics {
  const { clock, declarations, version } = options
  const registry = new Registry()
  const registers = [registry]
  const probes = new ProbeMetrics(registry, declarations)
  const states = new StateMetrics(registry)
  const events = new EventMetrics(registry)
  const lastTick = new Gauge({
    name: 'changeover_last_tick_timestamp_seconds',
    help: 'Wall time at which the loop of the watchdog turned last.',
    registers,
  })
  new Gauge({
    name: 'changeover_build_info',
    help: 'Always 1; the version stands in the label.',
    labelNames: ['version'],
    registers,
  }).set({ version }, 1)
  if (options.process === true) collectDefaultMetrics({ register: registry })

  return {
    sample: (sample) => probes.sample(sample),
    forget: (path) => probes.forget(path),
    show: (view) => states.show(view),
    journal: (entry) => events.journal(entry),
    phase: (phase, ms) => events.phase(phase, ms),
    notification: (route, delivery) => events.notification(route, delivery),
    heartbeat: (isTaken) => events.heartbeat(isTaken),
    lag: (ms) => events.lag(ms),
    loopLag: (reading) => events.loopLag(reading),
    tick: () => lastTick.set(clock.wall() / 1_000),
    async text() {
      const parts: string[] = []
      for (const { name } of registry.getMetricsAsArray()) {
        parts.push(await registry.getSingleMetricAsString(name))
        await clock.sleep(0)
      }
      return { contentType: registry.contentType, body: `${parts.join('\n\n')}\n` }
    },
  }
}
