import { describe, expect, it } from 'vitest'
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
      ':1:22: timing.for: for (5s) is shorter than every (6s): one bad look decides',
    ],
    [
      'a path that goes stale between two looks',
      '',
      '',
      'every: 10s',
      `:7:11: ${group}.paths.cdn-a: stale_after (15s) is less than two looks (every 10s): one late look makes health unknown`,
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

  it('name a group with nothing to fail over to', () => {
    const text =
      'streams: { a: { groups: { b: { paths: { p: { type: connect, address: abc } } } } } }'

    expect(warningsOf(text)).toContain(
      'changeover.yaml:1:32: streams.a.groups.b.paths: one path only: there is nothing to fail over to',
    )
  })
})
