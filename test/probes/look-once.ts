import { onTestFinished } from 'vitest'
import type { z } from 'zod'
import type { Observation } from '../../src/core/sample.ts'
import { createNet } from '../../src/net/create-net.ts'
import { seededRandom } from '../../src/core/seeded-random.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import type { Net } from '../../src/plugin/net.ts'
import type { Due, ProbeContext, ProbePlugin, Purpose } from '../../src/plugin/probe.ts'

/** A session of a probe on the real network; each call is one look. Ends with the test. */
export function session<Schema extends z.ZodType>(
  plugin: ProbePlugin<Schema>,
  options: z.input<Schema>,
  more: Partial<Net> = {},
  programs: Pick<ProbeContext, 'processes'> = {},
): (purpose?: Purpose) => Promise<Observation> {
  const clock = realClock()
  const net = createNet({ clock })
  const controller = new AbortController()
  onTestFinished(async () => {
    controller.abort()
    await net.close()
  })
  let purpose: Purpose = 'once'
  async function* due(): AsyncGenerator<Due> {
    for (;;) yield { at: clock.now(), purpose }
  }
  const context = {
    clock,
    random: seededRandom(1),
    net: { ...net, ...more },
    due: due(),
    signal: controller.signal,
    everyMs: 2_000,
    ...programs,
  }
  const looks = plugin.observe(plugin.options.parse(options), context)[Symbol.asyncIterator]()
  return async (given = 'interval') => {
    purpose = given
    const look = await looks.next()
    if (look.done === true) throw new Error('the session has ended')
    const declared = new Set(plugin.measures.map(({ name }) => name))
    const undeclared = Object.keys(look.value.measurements).filter((name) => !declared.has(name))
    if (undeclared.length > 0) throw new Error(`undeclared: ${undeclared.join(', ')}`)
    return look.value
  }
}
