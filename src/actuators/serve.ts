import { z } from 'zod'
import { serving } from '../core/allocation.ts'
import type { ActuatorPlugin } from '../plugin/actuator.ts'

const options = z.strictObject({}).describe('Answers 200 for a path that is to get traffic.')

/**
 * What a readiness gate or a load balancer's HTTP check asks: 200 gives the path traffic, 503
 * takes it out. It follows the applied allocation and not raw health, so the set that serves is
 * never empty; where nothing is applied that could serve, everything does.
 */
const serve: ActuatorPlugin<typeof options> = {
  type: 'serve',
  summary:
    'HTTP check that a balancer or readiness probe pulls: 200 for a path that carries traffic.',
  options,
  mode: 'pull',
  route: 'serve',
  capabilities: () => ({
    shape: 'weights',
    mode: 'pull',
    reversible: true,
    // The interval at which balancers commonly ask.
    settleMs: 5_000,
    compareAndSet: 'atomic',
    permissions: [],
  }),
  answer(_, { allocation, serveAll }, { path }) {
    const headers = { 'cache-control': 'no-store', 'content-type': 'text/plain; charset=utf-8' }
    if (serveAll || serving(allocation).length === 0) {
      return { status: 200, headers, body: `${path} serves, as every path does now.\n` }
    }
    const weight = Object.hasOwn(allocation, path) ? (allocation[path] ?? 0) : 0
    if (weight > 0) return { status: 200, headers, body: `${path} serves with weight ${weight}.\n` }
    return { status: 503, headers, body: `${path} is out of service.\n` }
  },
}

export default serve
