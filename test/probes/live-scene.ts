import { onTestFinished } from 'vitest'
import type { z } from 'zod'
import type { Observation } from '../../src/core/sample.ts'
import { seededRandom } from '../../src/core/seeded-random.ts'
import type { Net } from '../../src/plugin/net.ts'
import type { Due, ProbeContext, ProbePlugin } from '../../src/plugin/probe.ts'
import { FakeClock } from '../fakes/fake-clock.ts'

/** A session of a probe that yields by itself too, in time that the test lets pass. Looks are due when asked for. */
export function liveSession<Schema extends z.ZodType>(
  plugin: ProbePlugin<Schema>,
  options: z.input<Schema>,
  net: (clock: FakeClock) => Net,
  more: Partial<ProbeContext> = {},
) {
  const clock = new FakeClock()
  const controller = new AbortController()
  const seen: { readonly at: number; readonly observation: Observation }[] = []
  const startedAt = clock.now()
  const wanted: true[] = []
  let wake = () => {}
  async function* due(): AsyncGenerator<Due> {
    for (;;) {
      while (wanted.length === 0 && !controller.signal.aborted) {
        await new Promise<void>((resolve) => (wake = resolve))
      }
      if (controller.signal.aborted) return
      wanted.pop()
      yield { at: clock.now(), purpose: 'interval' }
    }
  }
  const declared = new Set(plugin.measures.map(({ name }) => name))
  const session = plugin.observe(plugin.options.parse(options), {
    clock,
    random: seededRandom(1),
    net: net(clock),
    due: due(),
    signal: controller.signal,
    everyMs: 2_000,
    ...more,
  })
  const state = { ended: false }
  const running = (async () => {
    for await (const observation of session) {
      const undeclared = Object.keys(observation.measurements).filter((name) => !declared.has(name))
      if (undeclared.length > 0) throw new Error(`undeclared: ${undeclared.join(', ')}`)
      seen.push({ at: clock.now() - startedAt, observation })
    }
    state.ended = true
  })()
  const stop = async () => {
    controller.abort()
    wake()
    await clock.advance(10)
    await running
  }
  onTestFinished(stop)
  return {
    clock,
    /** Every observation so far with its time since the beginning, in milliseconds. */
    seen,
    stop,
    isOver: () => state.ended,
    /** Lets time pass. */
    advance: (ms: number) => clock.advance(ms),
    /** One look is due now; what it shows comes into `seen`. */
    async ask(): Promise<void> {
      wanted.push(true)
      wake()
      await clock.advance(0)
    },
    /** One look is due now; gives what it shows within `ms`. */
    async look(ms = 10): Promise<Observation> {
      const before = seen.length
      wanted.push(true)
      wake()
      await clock.advance(ms)
      const entry = seen[before]
      if (entry === undefined) throw new Error(`the look did not end within ${ms} ms`)
      return entry.observation
    },
  }
}
