import { onTestFinished } from 'vitest'
import type { z } from 'zod'
import type { Observation } from '../../src/core/sample.ts'
import { seededRandom } from '../../src/core/seeded-random.ts'
import { createNet } from '../../src/net/create-net.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import type { Due, ProbeContext, ProbePlugin } from '../../src/plugin/probe.ts'
import { eventually } from './child.ts'

/** A session in real time, looked at every 500 ms; ends with the test. */
export function watchReal<Schema extends z.ZodType>(
  plugin: ProbePlugin<Schema>,
  options: z.input<Schema>,
  more: Partial<ProbeContext> = {},
) {
  const everyMs = 500
  const clock = realClock()
  const net = createNet({ clock })
  const controller = new AbortController()
  const { signal } = controller
  const seen: { readonly at: number; readonly observation: Observation }[] = []
  async function* due(): AsyncGenerator<Due> {
    for (let at = clock.now(); ; at += everyMs) {
      if (!(await clock.sleep(at - clock.now(), signal))) return
      yield { at, purpose: 'interval' }
    }
  }
  const declared = new Set(plugin.measures.map(({ name }) => name))
  const running = (async () => {
    const context = { clock, random: seededRandom(1), net, due: due(), signal, everyMs, ...more }
    for await (const observation of plugin.observe(plugin.options.parse(options), context)) {
      const undeclared = Object.keys(observation.measurements).filter((name) => !declared.has(name))
      if (undeclared.length > 0) throw new Error(`undeclared: ${undeclared.join(', ')}`)
      seen.push({ at: clock.now(), observation })
    }
  })()
  const stop = async () => {
    controller.abort()
    await running
    await net.close()
  }
  onTestFinished(stop)
  return {
    seen,
    stop,
    now: () => clock.now(),
    /** The first observation that is as wanted, from now on or from `since`. */
    async until(
      wanted: (observation: Observation) => boolean,
      since = seen.length,
    ): Promise<{ readonly at: number; readonly observation: Observation }> {
      const found = () => seen.slice(since).find(({ observation }) => wanted(observation))
      const newest = () => JSON.stringify(seen.at(-1)?.observation)
      await eventually(
        () => `what was waited for did not come; the newest was ${newest()}`,
        async () => found() !== undefined,
      )
      return (
        found() ?? { at: 0, observation: { outcome: 'unknown', measurements: {}, findings: [] } }
      )
    },
  }
}
