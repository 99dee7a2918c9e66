import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { JournalDraft, JournalKind } from '../core/journal.ts'
import type { Delivery } from '../plugin/notifier.ts'
import { groupLabels, labelWord } from './labels.ts'

/** A part of a change whose duration is measured. */
export type ChangePhase = 'detect' | 'decide' | 'apply' | 'verify' | 'effective'

/** How late the event loop ran, in milliseconds. */
export interface LoopLagReading {
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}

/** How a change ended, by the kind of the entry that says so. */
const endings: Partial<Readonly<Record<JournalKind, string>>> = {
  applied: 'applied',
  verified: 'verified',
  'verify-failed': 'verify-failed',
  'rolled-back': 'rolled-back',
  aborted: 'aborted',
  frozen: 'frozen',
}

const changeBuckets = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300]
const lagBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]

/** What happened, counted since the start. */
export class EventMetrics {
  readonly #decisions: Counter
  readonly #changes: Counter
  readonly #steps: Counter
  readonly #entries: Counter
  readonly #durations: Histogram
  readonly #notifications: Counter
  readonly #heartbeats: Counter
  readonly #drills: Counter
  readonly #schedulerLag: Histogram
  readonly #loopLag: Gauge
  /** Why each group changes or changed last; entries after the intent do not repeat it. */
  readonly #reasons = new Map<string, string>()

  constructor(registry: Registry) {
    const registers = [registry]
    const counter = (name: string, help: string, labelNames: readonly string[]) =>
      new Counter({ name: `changeover_${name}_total`, help, labelNames, registers })
    this.#decisions = counter(
      'decisions',
      'Decisions to change, by why, and decisions to leave things as they are, by the guard that says so.',
      ['result', 'reason'],
    )
    this.#changes = counter('changes', 'Changes by what came of them.', ['result', 'reason'])
    this.#steps = counter('actuator_steps', 'Parts of changes by actuator.', ['type', 'result'])
    this.#entries = counter('journal_entries', 'Entries of the journal.', ['kind'])
    this.#drills = counter('drill_runs', 'Drills by what came of them.', [
      'stream',
      'group',
      'kind',
      'outcome',
    ])
    this.#notifications = counter('notifications', 'Attempts to tell people.', ['route', 'result'])
    this.#heartbeats = counter(
      'heartbeats',
      'Calls of the address outside that hears that we live.',
      ['result'],
    )
    this.#durations = new Histogram({
      name: 'changeover_change_duration_seconds',
      help: 'Duration of the parts of a change, from the first sign to the proof.',
      labelNames: ['phase'],
      buckets: changeBuckets,
      registers,
    })
    this.#schedulerLag = new Histogram({
      name: 'changeover_scheduler_lag_seconds',
      help: 'How much later than due a look began.',
      buckets: lagBuckets,
      registers,
    })
    this.#loopLag = new Gauge({
      name: 'changeover_event_loop_lag_seconds',
      help: 'How late the event loop ran since the last reading: median, 99th percentile and worst.',
      labelNames: ['stat'],
      registers,
    })
  }

  /** Counts an entry of the journal, and the decision, change or step that it records. */
  journal({ kind, group = '', data }: JournalDraft): void {
    this.#entries.inc({ kind })
    if (kind === 'intent') {
      const reason = labelWord(data?.reason)
      this.#reasons.set(group, reason)
      this.#decisions.inc({ result: 'change', reason })
    } else if (kind === 'decision') {
      this.#decisions.inc({ result: 'nothing', reason: vetoIn(data?.guards) })
    } else if (kind === 'step') {
      this.#steps.inc({ type: labelWord(data?.type), result: labelWord(data?.result) })
    }
    if (kind === 'drill' && data?.event === 'outcome') {
      const outcome = labelWord(String(data.outcome).toLowerCase())
      this.#drills.inc({ ...groupLabels(group), kind: labelWord(data.kind), outcome })
    }
    const ending = endings[kind]
    if (ending !== undefined) {
      this.#changes.inc({ result: ending, reason: this.#reasons.get(group) ?? 'other' })
    }
  }

  phase(phase: ChangePhase, ms: number): void {
    this.#durations.observe({ phase }, ms / 1_000)
  }

  notification(route: string, delivery: Delivery): void {
    const result = delivery.ok ? 'delivered' : delivery.retry ? 'retry' : 'failed'
    this.#notifications.inc({ route, result })
  }

  heartbeat(isTaken: boolean): void {
    this.#heartbeats.inc({ result: isTaken ? 'taken' : 'failed' })
  }

  lag(ms: number): void {
    this.#schedulerLag.observe(ms / 1_000)
  }

  loopLag({ p50Ms, p99Ms, maxMs }: LoopLagReading): void {
    this.#loopLag.set({ stat: 'p50' }, p50Ms / 1_000)
    this.#loopLag.set({ stat: 'p99' }, p99Ms / 1_000)
    this.#loopLag.set({ stat: 'max' }, maxMs / 1_000)
  }
}

/** The first guard that vetoes, in the order in which guards are asked. */
function vetoIn(guards: unknown): string {
  if (!Array.isArray(guards)) return 'other'
  const veto: unknown = guards.find(isVeto)
  return isVeto(veto) ? labelWord(veto.guard) : 'other'
}

function isVeto(answer: unknown): answer is { readonly guard: unknown } {
  return (
    typeof answer === 'object' &&
    answer !== null &&
    'guard' in answer &&
    'pass' in answer &&
    answer.pass === false
  )
}
