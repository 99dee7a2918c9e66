import { z } from 'zod'
import { serving } from '../core/allocation.ts'
import type { ActuatorPlugin } from '../plugin/actuator.ts'

const options = z.strictObject({}).describe('Answers 200 for a path that is to be taken out.')

/**
 * The opposite of `serve`, for inverted health checks (Route 53): 200 takes the path out, anything
 * else leaves it in. So Changeover being down, unreachable or asked for an unknown path changes
 * nothing.
 */
const evict: ActuatorPlugin<typeof options> = {
  type: 'evict',
  summary:
    'Inverted HTTP check: 200 for a path that is to be taken out, so silence changes nothing.',
  options,
  mode: 'pull',
  route: 'evict',
  capabilities: () => ({
    shape: 'weights',
    mode: 'pull',
    reversible: true,
    // Three failed checks at the fast interval of Route 53.
    settleMs: 30_000,
    compareAndSet: 'atomic',
    permissions: [],
  }),
  answer(_, { allocation, serveAll }, { path }) {
    const headers = { 'cache-control': 'no-store', 'content-type': 'text/plain; charset=utf-8' }
    if (serveAll || serving(allocation).length === 0) {
      return { status: 503, headers, body: `${path} stays, as every path does now.\n` }
    }
    if (!Object.hasOwn(allocation, path)) {
      return { status: 503, headers, body: `${path} is not known, so nothing is taken out.\n` }
    }
    const weight = allocation[path] ?? 0
    if (weight > 0) return { status: 503, headers, body: `${path} stays with weight ${weight}.\n` }
    return { status: 200, headers, body: `${path} is to be taken out.\n` }
  },
}

export default evict
