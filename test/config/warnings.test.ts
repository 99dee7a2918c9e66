import { describe, expect, it } from 'vitest'
import { fakePlugins } from './fake-plugins.ts'
import { loadText, smallFile } from './load-text.ts'

const group = 'streams.channel-1.groups.cdn'
const quiet = {
  top: `mode: armed
vantage: { reference: [ "dns:9.9.9.9" ] }
vantages: [ { name: local, domain: a }, { name: far, domain: b } ]
notify: [ { type: pager, routing_key: "12345678" } ]`,
  group: `actuators: [ { type: answer, style: plain } ]
verify: { url: "https://live.example/" }`,
}

/** The first lines of a file's warnings. */
function warningsOf(text: string): string[] {
  const loaded = loadText(text)
  if (!loaded.ok) throw new Error(loaded.errors.join('\n'))
  return loaded.warnings.map((warning) => warning.split('\n')[0] ?? '')
}

describe('warnings', () => {
  it('say of an otherwise quiet file only that other vantages cannot vote yet', () => {
    expect(warningsOf(smallFile(quiet.top, quiet.group))).toEqual([
      'changeover.yaml:3:1: vantages: nothing carries the votes of far to this process yet, so quorum is out of reach, every path stays unknown and nothing is ever moved; list only the own vantage',
    ])
  })

  it('tell the smallest file what it does not do', () => {
    expect(warningsOf(smallFile())).toEqual([
      "changeover.yaml: mode: advise: decisions are explained, nobody's traffic is moved",
      'changeover.yaml: vantages: one vantage only: its own network trouble looks like trouble of a path; a second one in another failure domain would tell them apart',
      'changeover.yaml: vantage.reference: no reference targets: this vantage cannot tell that it is blind itself',
      'changeover.yaml: notify: no routes: nobody is told',
      `changeover.yaml:5:7: ${group}.verify: no verify.url: the viewers' public name is not verified after a change`,
    ])
  })

  it.each([
    ['mode off', 'mode: off', '', '', ':1:1: mode: off: paths are watched, nothing is decided'],
    [
      'a `for` shorter than the cadence',
      'timing: { every: 6s, for: 5s }',
      '',
      '',
      ':1:22: timing.for: for (5s) is shorter than every (6s): it takes two bad looks all the same',
    ],
    [
      'a path that goes stale between two looks',
      '',
      '',
      'every: 10s',
      `:7:11: ${group}.paths.cdn-a: stale_after (15s) is less than two looks (every 10s): one late look makes health unknown`,
    ],
    [
      'a path that is looked at more slowly than timing.for',
      '',
      '',
      'every: 20s',
      `:7:11: ${group}.paths.cdn-a: every (20s) is longer than timing.for (15s): it takes two bad looks all the same`,
    ],
    [
      'a quorum that asks for more vantages than there are',
      '',
      'quorum: { at_least: 3, min_fresh: 4 }',
      '',
      `:9:19: ${group}.quorum.at_least: asks for 3 vantages, configured: 1; 1 counts`,
      `:9:32: ${group}.quorum.min_fresh: asks for 4 vantages, configured: 1; 1 counts`,
    ],
    [
      'two vantages in one failure domain',
      'vantages: [ { name: local, domain: a }, { name: far, domain: a } ]',
      '',
      '',
      `: ${group}.quorum.domains: asks for 2 failure domains, configured: 1; 1 counts`,
    ],
    [
      'an armed group without actuators',
      'mode: armed',
      '',
      '',
      `: ${group}.actuators: armed without actuators: nothing can be moved`,
    ],
  ])('name %s', (_, top, inGroup, path, ...expected) => {
    const found = warningsOf(smallFile(top, inGroup, path))

    const sentences = found.map((line) => line.replace(/^changeover\.yaml/u, ''))
    const sayings = sentences.map((line) => line.replace(/^:\d+:\d+(?=: streams)/u, ''))
    for (const line of expected) expect([...sentences, ...sayings]).toContain(line)
  })

  it('name an actuator that HAProxy would ask at a listener that there is not', () => {
    const own = fakePlugins.actuators.map((each) => ({ ...each, route: 'agent' }))
    const asked = { ...fakePlugins, actuators: own }
    const of = (top: string, plugins: typeof fakePlugins) => {
      const loaded = loadText(smallFile(`${quiet.top}\n${top}`, quiet.group), plugins)
      return loaded.ok ? loaded.warnings.filter((each) => each.includes('listen.agent')) : undefined
    }

    expect(of('', asked)?.map((each) => each.split('\n')[0])).toEqual([
      expect.stringContaining(
        `${group}.actuators[0]: nobody can ask answer: listen.agent is not configured`,
      ),
    ])
    expect(of('listen: { agent: "127.0.0.1:8645" }', asked)).toEqual([])
    expect(of('', fakePlugins)).toEqual([])
  })

  it('name a service that could tell us something and cannot reach us', () => {
    const own = fakePlugins.notifiers.map((each) => ({ ...each, reactions: { isOn: () => true } }))
    const told = { ...fakePlugins, notifiers: own }
    const of = (top: string, plugins: typeof fakePlugins = told) => {
      const loaded = loadText(smallFile(`${quiet.top}\n${top}`, quiet.group), plugins)
      return loaded.ok
        ? loaded.warnings.filter((each) => each.includes('/hooks/notify'))
        : undefined
    }

    expect(of('')?.map((each) => each.split('\n')[0])).toEqual([
      expect.stringMatching(
        /notify\[0\]: nobody outside this machine reaches \/hooks\/notify\/pager: listen\.public is not configured, and no public_url says that a proxy stands before listen\.operator$/u,
      ),
    ])
    expect(of('public_url: https://wall.example/')).toEqual([])
    expect(of('listen: { public: "0.0.0.0:8643" }')).toEqual([])
    expect(of('listen: { operator: "0.0.0.0:8642" }')).toEqual([])
    expect(of('', fakePlugins)).toEqual([])
  })

  it('name a group with nothing to fail over to', () => {
    const text =
      'streams: { a: { groups: { b: { paths: { p: { type: connect, address: abc } } } } } }'

    expect(warningsOf(text)).toContain(
      'changeover.yaml:1:32: streams.a.groups.b.paths: one path only: there is nothing to fail over to',
    )
  })

  describe('of a weighted group name', () => {
    const weighted = (keys: string, paths: readonly string[]) =>
      warningsOf(`${quiet.top}
streams:
  channel-1:
    groups:
      cdn:
        strategy: weighted
        ${keys}
        paths:
${paths.map((each, index) => `          cdn-${index + 1}: { type: pull, url: "https://a.example/1.m3u8", ${each} }`).join('\n')}
${quiet.group.replaceAll(/^/gmu, '        ')}
`)
        .filter((each) => each.includes(group))
        .map((each) => each.replace(/^changeover\.yaml:\d+:\d+: /u, '').replace(`${group}.`, ''))

    it.each<[string, string, string[], string[]]>([
      [
        'nothing where the others can carry all of it',
        'demand: 100Gbps',
        ['capacity: 100Gbps', 'capacity: 100Gbps'],
        [],
      ],
      [
        'paths whose loss the others cannot carry',
        'demand: 100Gbps',
        ['weight: 60, capacity: 80Gbps', 'weight: 40, capacity: 40Gbps'],
        [
          'paths.cdn-1: when it goes, the others can carry 40 % of the demand, less than panic_fraction (50 %): weights are not moved then',
          'paths.cdn-2: when it goes, the others can carry 80 % of the demand',
        ],
      ],
      [
        'no spare among them: what it carries is nothing',
        'demand: 100Gbps',
        ['capacity: 50Gbps', 'weight: 0, capacity: 100Gbps'],
        [],
      ],
      [
        'a path whose capacity is not declared',
        'demand: 100Gbps',
        ['capacity: 100Gbps', 'weight: 1'],
        ['demand: whether the paths can carry it is not known: cdn-2 declares no capacity'],
      ],
      [
        'capacities without a demand',
        '',
        ['capacity: 100Gbps', 'capacity: 100Gbps'],
        ['paths: paths declare their capacity, the group no demand: neither is judged'],
      ],
      [
        'a minimum that keeps traffic on a path that is down',
        'min_serving: 2',
        ['weight: 1', 'weight: 1'],
        [
          'min_serving: asks for all 2 paths: when one goes down, its traffic stays on it until it is back or a person steers',
        ],
      ],
      [
        'maxima that the rest cannot take everything under',
        '',
        ['weight: 60', 'weight: 20, max_weight: 50', 'weight: 20, max_weight: 30'],
        [
          'paths.cdn-1: when it goes, the others may take 80 % together: 20 % stays on it (max_weight)',
        ],
      ],
      [
        'no maximum of the last path: it takes everything',
        '',
        ['weight: 60', 'weight: 40, max_weight: 50'],
        [],
      ],
    ])('%s', (_, keys, paths, expected) => {
      expect(weighted(keys, paths)).toEqual(expected)
    })
  })

  it('name a standby that cannot carry everything', () => {
    const found = warningsOf(
      smallFile(quiet.top, `demand: 100Gbps\n${quiet.group}`, 'capacity: 60Gbps'),
    )

    expect(found.map((line) => line.replace(/^changeover\.yaml:\d+:\d+: /u, ''))).toContain(
      `${group}.paths.cdn-a: can carry 60 % of the demand, and is to carry all of it`,
    )
  })
})
