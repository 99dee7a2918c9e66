import type { Sample } from '../core/sample.ts'
import { createPathWatch, type PathWatch } from '../engine/rules/path-watch.ts'
import type { RuleSet } from '../engine/rules/rule-set.ts'
import type { Due, ProbePlugin } from '../plugin/probe.ts'
import type { Composition } from './composition.ts'

/** One pull of a path for a while. */
export interface ProbeRun {
  readonly plugin: ProbePlugin
  /** Parsed by the plug-in's own schema. */
  readonly options: unknown
  readonly rules: RuleSet
  readonly everyMs: number
  readonly forMs: number
  readonly signal: AbortSignal
  readonly onSample: (sample: Sample, count: number) => void
}

/** What a pull showed: every sample, and the rules that they led to. */
export interface ProbeOutcome {
  readonly samples: readonly Sample[]
  readonly watch: PathWatch
}

const path = 'probe/probe/probe'
const vantage = 'here'

/** Looks at once and then every `everyMs` until `forMs` have passed or `signal` aborts. */
export async function probeFor(
  { clock, random, net, processes }: Composition,
  run: ProbeRun,
): Promise<ProbeOutcome> {
  const { plugin, rules, everyMs, forMs, signal, onSample } = run
  const watch = createPathWatch({
    path,
    vantage,
    probe: plugin,
    rules,
    // A person watches: what is bad now is said now, and rules with a `for` of their own keep it.
    timing: {
      everyMs,
      forMs: 0,
      ratio: { bad: 1, of: 1 },
      clearForMs: 0,
      staleAfterMs: Math.max(60_000, 4 * everyMs),
    },
    now: clock.now(),
  })
  const samples: Sample[] = []
  const end = clock.now() + forMs

  async function* dues(): AsyncIterable<Due> {
    yield { at: clock.now(), purpose: 'once' }
    for (let at = clock.now() + everyMs; at <= end; at += everyMs) {
      if (!(await clock.sleep(at - clock.now(), signal))) return
      yield { at, purpose: 'interval' }
    }
  }

  const observations = plugin.observe(run.options, {
    clock,
    random,
    net,
    processes,
    due: dues(),
    signal,
    everyMs,
  })
  for await (const observation of observations) {
    const at = clock.now()
    const wall = clock.wall()
    const sample: Sample = { ...observation, path, probe: plugin.type, vantage, at, wall }
    samples.push(sample)
    watch.apply(sample, at)
    onSample(sample, samples.length)
  }
  watch.tick(clock.now())
  return { samples, watch }
}
