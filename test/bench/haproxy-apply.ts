/**
 * How long a decision takes to be in effect at a real HAProxy: observe, plan, apply every step and
 * read back until the plan is empty. Prints one table row in milliseconds; the goal is a 99th
 * percentile of at most 50 ms. Flags: --runs 200.
 */
import haproxy from '../../src/actuators/haproxy.ts'
import { allTo } from '../../src/core/allocation.ts'
import { createNet } from '../../src/net/create-net.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { realIds } from '../../src/platform/real-ids.ts'
import { haproxyVersion, startHaproxy } from '../real/haproxy-process.ts'
import { flags, printEnvironment, printTable, quantile } from './apparatus/report.ts'

const { runs } = flags({ runs: 200 })
const version = haproxyVersion()

printEnvironment()
if (version === undefined) {
  console.log('skipped: haproxy is not installed')
} else {
  const times = await measure(runs)
  const cells = [0.5, 0.99, 1].map((share) => quantile(times, share).toFixed(2))
  printTable(
    ['decision to effect', 'runs', 'p50 ms', 'p99 ms', 'max ms', 'goal p99'],
    [[`HAProxy ${version}`, String(times.length), ...cells, '50']],
  )
}

async function measure(count: number): Promise<number[]> {
  if (haproxy.mode !== 'push') throw new Error('not a push actuator')
  const clock = realClock()
  const net = createNet({ clock })
  const real = await startHaproxy(net, { servers: ['a', 'b'] })
  const paths = ['cdn-a', 'cdn-b']
  const servers = { 'cdn-a': 'a', 'cdn-b': 'b' }
  const options = haproxy.options.parse({ socket: real.socket, backend: 'live', servers })
  const context = { clock, ids: realIds(), net, group: 'bench/cdn', paths, callTimeoutMs: 4_000 }
  const actuator = haproxy.create(options, context)
  const { signal } = new AbortController()
  const observe = async () => {
    const result = await actuator.observe(signal)
    if (!result.ok) throw new Error(result.says)
    return result.observed
  }

  const times: number[] = []
  try {
    for (let run = 0; run < count; run += 1) {
      const wanted = allTo(paths[(run + 1) % 2] ?? '', paths)
      const decided = clock.now()
      const observed = await observe()
      let current = observed.version
      for (const step of actuator.plan(observed, wanted)) {
        const result = await actuator.apply(step, current, signal)
        if (result.result !== 'applied') throw new Error(result.says)
        current = result.version ?? current
      }
      if (actuator.plan(await observe(), wanted).length > 0) throw new Error('not applied')
      times.push(clock.now() - decided)
    }
  } finally {
    await real.close()
    await net.close()
  }
  return times
}
