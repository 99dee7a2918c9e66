import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { seededRandom } from '../../src/core/seeded-random.ts'
import type { GroupView, PathView } from '../../src/core/view.ts'
import { startLab, type Lab } from '../../src/lab/start-lab.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { startHostileServer } from './hostile-server.ts'
import { install, pause, type Installation } from './installation.ts'

/** What a path says under an attack: it is down, or it goes on with a finding. */
interface Attack {
  readonly name: string
  /** Where the attack comes from: a fault of the lab by the same name, or the hostile server. */
  readonly from: 'lab' | 'server'
  readonly health: 'down' | 'up' | 'degraded'
  readonly diagnosis?: string
  readonly says?: RegExp
  readonly finding?: RegExp
}

const cutOff = /is larger than 8 MiB|was not complete after \d+ bytes within/u

const attacks: readonly Attack[] = [
  { name: 'endless', from: 'lab', health: 'down', says: cutOff },
  { name: 'gzip-bomb', from: 'lab', health: 'down', says: cutOff },
  {
    name: 'redirect-loop',
    from: 'lab',
    health: 'down',
    diagnosis: 'unreachable',
    says: /redirected more than 5 times/u,
  },
  {
    name: 'bad-sequence',
    from: 'lab',
    health: 'up',
    finding: /^EXT-X-MEDIA-SEQUENCE is beyond 2\^53: players lose count\.$/u,
  },
  {
    name: 'slow-loris',
    from: 'lab',
    health: 'down',
    diagnosis: 'unreachable',
    says: /was not complete after \d bytes within/u,
  },
  {
    name: 'stall',
    from: 'lab',
    health: 'down',
    diagnosis: 'unreachable',
    says: /was not complete after \d+ bytes within/u,
  },
  {
    name: 'reset',
    from: 'lab',
    health: 'down',
    diagnosis: 'unreachable',
    says: /closed the connection inside the answer/u,
  },
  {
    name: 'million',
    from: 'server',
    health: 'down',
    diagnosis: 'wrong-content',
    says: /has more than 200000 lines\.$/u,
  },
  {
    name: 'garbage',
    from: 'server',
    health: 'down',
    diagnosis: 'wrong-content',
    says: /is no playlist but looks like binary\.$/u,
  },
  {
    name: 'head',
    from: 'server',
    health: 'down',
    diagnosis: 'playlist-empty',
    says: /lists no segment\.$/u,
  },
  {
    name: 'gzip',
    from: 'server',
    health: 'down',
    diagnosis: 'unreachable',
    says: /cannot be decompressed\.$/u,
  },
  {
    name: 'live',
    from: 'server',
    health: 'down',
    diagnosis: 'segments-missing',
    says: /of the segments tried last cannot be fetched/u,
    finding: /holds neither MPEG-TS, fMP4, packed audio nor WebVTT\.$/u,
  },
  {
    name: 'many',
    from: 'server',
    health: 'down',
    says: /^None of \d+ media playlists can be had; v\d+ /u,
  },
]

const calm = ['calm-1', 'calm-2', 'calm-3']

/*
 * Nothing of an attack is kept; what grows is what the lab and the watchdog keep of streams anyway. At
 * the peak, playlists of up to 8 MiB are under way from several attackers, and the lab runs in this
 * process too.
 */
const mostGrowthMiB = { kept: 40, peak: 200 }

let lab: Lab
let hostile: Awaited<ReturnType<typeof startHostileServer>>
let changeover: Installation
let memory: Awaited<ReturnType<typeof watchMemory>>
let attackedAt: number

beforeAll(async () => {
  const names = [...attacks.map(({ name }) => name), ...calm]
  lab = await startLab({
    clock: realClock(),
    random: seededRandom(3),
    streams: names.map((name) => ({ name, segmentSeconds: 1 })),
    edges: [{ name: 'edge-a' }, { name: 'edge-b' }],
  })
  hostile = await startHostileServer()
  const isServed = (name: string) =>
    attacks.some((each) => each.name === name && each.from === 'server')
  const groups = names.map(
    (name) => `
  ${name}:
    groups:
      cdn:
        paths:
          cdn-a: { type: hls, url: "${isServed(name) ? `${hostile.url}/${name}.m3u8` : `${lab.urls.edges['edge-a']}/${name}/main.m3u8`}" }
          cdn-b: { type: hls, url: "${lab.urls.edges['edge-b']}/${name}/main.m3u8" }
        failback: { auto: false }
        actuators: [ { type: serve } ]`,
  )
  changeover = await install(`
mode: armed
profile: demo
store: sqlite:./changeover.db
listen: { operator: "127.0.0.1:0" }
installation: { blast_radius: { groups: 100, fraction: 1, per: 1s } }
streams:${groups.join('')}
`)
  await changeover.until('every path that nobody attacks yet is up', 30_000, async () => {
    const { groups: seen } = await changeover.view()
    const paths = seen.flatMap((group) =>
      isServed(group.stream) ? group.paths.slice(1) : group.paths,
    )
    return paths.every(({ health }) => health === 'up') || undefined
  })
  attackedAt = Date.now()
  memory = await watchMemory()
  for (const { name, from } of attacks) {
    if (from === 'lab') await lab.inject(`edge-a/${name}`, name)
  }
}, 60_000)

afterAll(async () => {
  memory?.stop()
  await changeover?.stop()
  await hostile?.close()
  await lab?.close()
})

async function attacked(stream: string): Promise<{ group: GroupView; path: PathView }> {
  const group = (await changeover.view()).groups.find((each) => each.stream === stream)
  const path = group?.paths[0]
  if (group === undefined || path === undefined) throw new Error(`no path of ${stream}`)
  return { group, path }
}

/**
 * Memory in MiB since now. The peak is what was resident. What is kept is the least that was in use
 * after any collection of garbage: allocators give pages back when they like, and an answer of 8 MiB
 * that is under way in the moment of one look is gone at another; what leaks never is.
 */
async function watchMemory() {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const resident = () => process.memoryUsage().rss / 2 ** 20
  const leastInUse = async (looks: number) => {
    let least = Infinity
    for (let look = 0; look < looks; look += 1) {
      if (look > 0) await pause(500)
      collect()
      const { heapUsed, external } = process.memoryUsage()
      least = Math.min(least, (heapUsed + external) / 2 ** 20)
    }
    return least
  }
  const usedBefore = await leastInUse(5)
  const before = resident()
  let peak = before
  const timer = setInterval(() => (peak = Math.max(peak, resident())), 50)
  return {
    growth: async (looks: number) => {
      const kept = (await leastInUse(looks)) - usedBefore
      return { peak: peak - before, kept }
    },
    stop: () => clearInterval(timer),
  }
}

test.each(attacks)(
  '$name has its sentence, and traffic is where it can be watched',
  async ({ name, health, diagnosis, says, finding }) => {
    const what = `${name} is ${health} and its neighbour up`
    const { path } = await changeover.until(what, 30_000, async () => {
      const seen = await attacked(name)
      const isFound =
        finding === undefined || seen.path.findings.some((each) => finding.test(each.says))
      const isSaid = says === undefined || says.test(seen.path.says)
      const isAlone = seen.group.paths[1]?.health === 'up'
      return seen.path.health === health && isFound && isSaid && isAlone ? seen : undefined
    })

    if (diagnosis !== undefined) expect(path.diagnosis).toBe(diagnosis)
    const serving = health === 'down' ? 'cdn-b' : 'cdn-a'
    await changeover.until(`traffic on ${serving}`, 15_000, async () => {
      return (await attacked(name)).group.active === serving || undefined
    })
  },
)

test('all attacks at once for a while take little memory and disturb nobody', async () => {
  const { peak, kept } = await memory.growth(30)

  const { vantage, groups } = await changeover.view()
  const quiet = groups.filter(({ stream }) => calm.includes(stream))

  process.stdout.write(
    `under ${attacks.length} attacks: resident memory peaked ${peak.toFixed(0)} MiB higher, ` +
      `${kept.toFixed(0)} MiB more are kept\n`,
  )
  expect(vantage.ok).toBe(true)
  const turned = (await changeover.journal()).filter(
    ({ at, kind, group }) =>
      kind === 'health' && at >= attackedAt && calm.some((name) => group === `${name}/cdn`),
  )
  expect(turned.map(({ says }) => says)).toEqual([])
  expect(quiet.map(({ state, active }) => `${state} ${active}`)).toEqual(
    calm.map(() => 'STEADY cdn-a'),
  )
  for (const path of ['/healthz', '/readyz', '/metrics']) {
    expect(`${path} ${(await changeover.get(path)).status}`).toBe(`${path} 200`)
  }
  expect(kept).toBeLessThan(mostGrowthMiB.kept)
  expect(peak).toBeLessThan(mostGrowthMiB.peak)
})

test('what was attacked by the lab is up again once it is healed', async () => {
  await lab.healAll()

  await changeover.until('attacked paths up', 60_000, async () => {
    const { groups } = await changeover.view()
    const healed = groups.filter(({ stream }) =>
      attacks.some(({ name, from }) => name === stream && from === 'lab'),
    )
    const isUp = healed.every(({ paths }) => paths.every(({ health }) => health === 'up'))
    return isUp || undefined
  })
})
