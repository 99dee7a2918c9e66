import { z } from 'zod'
import { serving } from '../core/allocation.ts'
import type { ActuatorPlugin } from '../plugin/actuator.ts'
import { duration } from '../plugin/option-types.ts'

const options = z
  .strictObject({
    interval: duration('100ms', '60s')
      .default(2_000)
      .describe('What `agent-inter` of the servers is: so long a change takes to reach HAProxy.'),
    out: z
      .enum(['weight', 'down'])
      .default('weight')
      .describe(
        'How a path is taken out. weight: `up 0%`, for no new clients but those that a cookie binds. down: `down`, as if its check had failed.',
      ),
  })
  .describe('Answers agent-checks of HAProxy with the share of a path.')

/**
 * What HAProxy asks with `agent-check`, over TCP at `listen.agent` (HAProxy configuration manual,
 * "agent-check"). A percentage is of the weight that the server is configured with. It says neither
 * `drain` nor `ready`: `up` does not end a drain, and the `ready` that would ends what a person
 * drained as well. Without an answer HAProxy leaves everything as it is.
 */
const haproxyAgent: ActuatorPlugin<typeof options> = {
  type: 'haproxy-agent',
  summary: 'Tells HAProxy the share of each path when its agent-check asks, over TCP.',
  tested: 'real',
  options,
  mode: 'pull',
  route: 'agent',
  capabilities: ({ interval }) => ({
    shape: 'weights',
    mode: 'pull',
    reversible: true,
    settleMs: interval,
    compareAndSet: 'atomic',
    permissions: [],
  }),
  answer({ out }, { allocation, serveAll }, { path }) {
    if (serveAll || serving(allocation).length === 0) return { status: 200, body: 'up 100%\n' }
    // Nothing is said of a path that is not known, and so nothing is changed.
    if (!Object.hasOwn(allocation, path)) return { status: 404, body: '' }
    const weight = allocation[path] ?? 0
    const none = out === 'down' ? 'down\n' : 'up 0%\n'
    return { status: 200, body: weight > 0 ? `up ${weight}%\n` : none }
  },
}

export default haproxyAgent
