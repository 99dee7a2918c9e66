import { afterAll, beforeAll, expect, test } from 'vitest'
import { seededRandom } from '../../src/core/seeded-random.ts'
import { startLab, type Lab } from '../../src/lab/start-lab.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { install, pause, type Installation } from './installation.ts'

const durations = [1, 2, 4, 6, 8, 10]
const watchMs = 100_000

let lab: Lab
let changeover: Installation

beforeAll(async () => {
  lab = await startLab({
    clock: realClock(),
    random: seededRandom(2),
    streams: durations.map((segmentSeconds) => ({ name: `seg-${segmentSeconds}`, segmentSeconds })),
    edges: [{ name: 'edge-a' }, { name: 'edge-b' }],
  })
  const groups = durations.map(
    (seconds) => `
  seg-${seconds}:
    groups:
      cdn:
        paths:
          cdn-a: { type: hls, url: "${lab.urls.edges['edge-a']}/seg-${seconds}/main.m3u8" }
          cdn-b: { type: hls, url: "${lab.urls.edges['edge-b']}/seg-${seconds}/main.m3u8" }
        actuators: [ { type: serve } ]`,
  )
  changeover = await install(`
mode: armed
profile: broadcast
store: sqlite:./changeover.db
listen: { operator: "127.0.0.1:0" }
streams:${groups.join('')}
`)
})

afterAll(async () => {
  await changeover.stop()
  await lab.close()
})

test(
  'healthy streams with 1, 2, 4, 6, 8 and 10 second segments give no false alarm in 100 s',
  {
    // A false alarm is a false alarm the first time.
    retry: 0,
  },
  async () => {
    await pause(watchMs)

    const { groups, incidents } = await changeover.view()
    const journal = await changeover.journal()

    expect(groups).toHaveLength(durations.length)
    for (const { name, state, active, paths } of groups) {
      expect(`${name} ${state} ${active}`).toBe(`${name} STEADY cdn-a`)
      for (const path of paths) {
        expect(`${name}/${path.name} ${path.health}`).toBe(`${name}/${path.name} up`)
        expect(path.findings.filter(({ severity }) => severity === 'error')).toEqual([])
      }
    }
    expect(incidents).toEqual([])
    const alarms = journal.filter(
      ({ kind, data }) =>
        kind === 'health' && data?.['health'] !== 'up' && data?.['health'] !== 'unknown',
    )
    expect(alarms.map(({ says }) => says)).toEqual([])
    const noise = journal.filter(({ kind }) => kind === 'intent' || kind === 'incident')
    expect(noise.map(({ says }) => says)).toEqual([])
  },
)
