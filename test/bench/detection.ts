/**
 * What `changeover check` estimates for detection, beside what it takes: the whole watchdog with the
 * shipped rules in virtual time, three vantages, paths that fail at a random moment of their cadence.
 * Measured from the failure to the path being down by quorum; numbers that stand still are bad from
 * the first look, so the age limit that the estimate names comes on top in life. Flags: --runs 40.
 */
import { loadConfiguration } from '../../src/composition/configuration.ts'
import { detectionOf } from '../../src/cli/detection.ts'
import { seededRandom } from '../../src/core/seeded-random.ts'
import { appliesTo, type ProbeMeasures } from '../../src/engine/rules/rule-set.ts'
import { plugins } from '../../src/plugins.ts'
import { findShape } from '../../src/simulation/find-shape.ts'
import { prepareConfiguration } from '../../src/simulation/prepare.ts'
import { createWorld, startProcess, type Sight } from '../../src/simulation/world.ts'
import { flags, median, printEnvironment, printTable } from './apparatus/report.ts'

const { runs } = flags({ runs: 40 })
const group = 'channel-1/cdn'
const warmUpMs = 120_000
const limitMs = 120_000
const stepMs = 50

printEnvironment()
const rows: string[][] = []
for (const [type, profile] of [
  ['hls', 'default'],
  ['hls', 'broadcast'],
  ['mpegts', 'default'],
  ['tcp', 'default'],
] as const) {
  const { settings, rules, path } = configurationOf(type, profile)
  const { configuration } = prepareConfiguration(settings, rules, plugins)
  const probe = plugins.probes.find((each) => each.type === type)
  if (probe === undefined) throw new Error(`no probe ${type}`)
  const estimates = detectionOf(group, path, settings, rules, plugins)
  for (const [position, rule] of ['unreachable', ...shownRules(probe)].entries()) {
    const estimate = estimates.find((each) => each.rule === rule)
    if (estimate === undefined) continue
    const took: number[] = []
    for (let run = 0; run < runs; run += 1) {
      const seed = (Math.max(0, position - 1) + run * Math.max(1, shownRules(probe).length)) >>> 0
      took.push(await detect(seed, position === 0 ? 'bad' : 'stalled'))
    }
    const says = [estimate.fromMs, estimate.toMs].map(seconds).join(' to ')
    const isWithin = took.every((ms) => ms <= estimate.toMs + stepMs)
    const measured = [Math.min(...took), median(took), Math.max(...took)].map(seconds)
    rows.push([`${type}, ${profile}`, rule, says, ...measured, isWithin ? 'yes' : 'no'])
  }

  async function detect(seed: number, sight: Sight): Promise<number> {
    const world = createWorld({ seed, configuration })
    const process = await startProcess(world, { seed, configuration })
    const failsAt = warmUpMs + seededRandom(seed).next() * path.everyMs
    world.sight = (name) => (name === path.name && world.clock.now() >= failsAt ? sight : 'good')
    await world.clock.runUntil(failsAt)
    const own = configuration.settings.groups[0]
    if (own === undefined) throw new Error('no group')
    while (world.clock.now() < failsAt + limitMs) {
      await world.clock.advance(stepMs)
      const health = process.watchdog.board.health(own).get(path.name)
      if (health?.health === 'down') return health.since - failsAt
    }
    return Number.POSITIVE_INFINITY
  }

  /** Rules of class down that steady numbers can make active, in the order of the shapes. */
  function shownRules({ measures, type: of }: ProbeMeasures): string[] {
    const timing = { ...settings.timing, everyMs: path.everyMs }
    const found = findShape({ measures, type: of }, rules, `${group}/${path.name}`, timing)
    return rules.rules
      .filter((rule) => rule.definition.class === 'down' && appliesTo(rule, { measures, type: of }))
      .map((rule) => rule.definition.name)
      .filter((name) => !found.untouched.includes(name))
  }
}
printTable(['', 'rule', 'check says, s', 'shortest s', 'median s', 'longest s', 'within'], rows)

function configurationOf(type: string, profile: string) {
  const address = { hls: 'url: https://a.example/a.m3u8', tcp: 'url: tcp://a.example:80' }
  const where = type === 'mpegts' ? 'url: https://a.example/a.ts' : address[type as 'hls' | 'tcp']
  const text = `profile: ${profile}
vantage: { name: fra, reference: ["https://reference.example/"] }
vantages: [{ name: fra, domain: a }, { name: lhr, domain: b }, { name: iad, domain: c }]
streams:
  channel-1:
    groups:
      cdn:
        paths: { cdn-a: { type: ${type}, ${where} }, cdn-b: { type: ${type}, ${where} } }
        actuators: [{ type: serve }]
`
  const loaded = loadConfiguration(text, 'bench.yaml', plugins)
  if (!loaded.ok) throw new Error(loaded.errors.join('\n'))
  const path = loaded.settings.groups[0]?.paths[0]
  if (path === undefined) throw new Error('no path')
  return { ...loaded, path }
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(1)
}
