/**
 * The lab in a process of its own, for benchmarks: what it costs must not count as ours. Its one
 * argument is JSON with the number of streams, their segment length and the names of its edges; it
 * prints its addresses as one line of JSON.
 */
import { startLab } from '../../src/lab/start-lab.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { realRandom } from '../../src/platform/real-random.ts'
import { streamName, type LabOrder } from './apparatus/lab.ts'

const { streams, segmentSeconds, edges } = JSON.parse(process.argv[2] ?? '{}') as LabOrder
const lab = await startLab({
  clock: realClock(),
  random: realRandom(),
  streams: Array.from({ length: streams }, (_, index) => {
    return { name: streamName(index), segmentSeconds }
  }),
  edges: edges.map((name) => ({ name })),
})
console.log(JSON.stringify(lab.urls))
