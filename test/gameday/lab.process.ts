import { startLab } from '../../src/lab/start-lab.ts'
import { Switch } from '../../src/lab/switch.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { realRandom } from '../../src/platform/real-random.ts'

/**
 * The live stream of a game day: origin and two edges that can be broken, and the public name, which
 * goes to the edges' own processes as the watchdog's `/serve` says. The argument is JSON.
 */
export interface LabOrder {
  readonly control: number
  readonly public: number
  /** Ports of the lab's edges, and of the processes in front of them. */
  readonly edges: Readonly<Record<string, { readonly lab: number; readonly front: number }>>
  /** Address of the watchdog's `/serve/<stream>/<group>`. */
  readonly serve: string
}

const order = JSON.parse(process.argv[2] ?? '{}') as LabOrder
const clock = realClock()
const random = realRandom()
const names = Object.keys(order.edges)
const byName = <Value>(of: (name: string) => Value) =>
  Object.fromEntries(names.map((name) => [name, of(name)]))

await startLab({
  clock,
  random,
  streams: [{ name: 'channel-1' }],
  edges: names.map((name) => ({ name })),
  ports: { control: order.control, edges: byName((name) => order.edges[name]?.lab ?? 0) },
})
const viewers = new Switch({
  clock,
  random,
  edges: byName((name) => `http://127.0.0.1:${order.edges[name]?.front ?? 0}`),
  checks: byName((name) => `${order.serve}/${name}`),
})
await viewers.listen(order.public)
