import { array, assert, constantFrom, property, record, boolean } from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Diagnosis } from '../../src/core/diagnosis.ts'
import type { Health } from '../../src/core/health.ts'
import { locateFault, type SeenPath } from '../../src/engine/locate-fault.ts'

type Given = readonly [name: string, health: Health, diagnosis?: Diagnosis]

/** Paths of the stream ch1; the first of a group serves. */
function paths(...given: readonly Given[]): SeenPath[] {
  return given.map(([name, health, diagnosis]) => ({
    name: `ch1/${name}`,
    role: name.startsWith('ingest/') ? 'ingest' : 'delivery',
    health,
    isServing: given.find(([other]) => other.split('/')[0] === name.split('/')[0])?.[0] === name,
    ...(diagnosis !== undefined && { diagnosis }),
  }))
}

const stale = (name: string): Given => [name, 'down', 'playlist-stalled']
const lost = (name: string): Given => [name, 'down', 'ingest-lost']

describe('the place of a fault', () => {
  it.each<readonly [string, readonly Given[], string, string]>([
    [
      'one CDN is stale while another is fresh',
      [stale('cdn/a'), ['cdn/b', 'up']],
      'edge',
      'cdn/a is playlist-stalled, while cdn/b carries the stream: the fault lies at cdn/a, not before it',
    ],
    [
      'one CDN refuses while another is fresh, and an ingest is down',
      [['cdn/a', 'down', 'unreachable'], ['cdn/b', 'up'], lost('ingest/a'), ['ingest/b', 'up']],
      'edge',
      'cdn/a is unreachable, while cdn/b carries the stream: the fault lies at cdn/a, not before it',
    ],
    [
      'one CDN is stale and an ingest is lost, which may feed it',
      [stale('cdn/a'), ['cdn/b', 'up'], lost('ingest/a'), ['ingest/b', 'up']],
      'ingest',
      'cdn/a is playlist-stalled, and ingest/a is ingest-lost: the ingest, if cdn/a is fed by it; cdn/b carries the stream',
    ],
    [
      'every CDN is stale while the ingest on air receives',
      [stale('cdn/a'), stale('cdn/b'), ['ingest/a', 'up'], ['ingest/b', 'up']],
      'origin',
      'cdn/a is playlist-stalled, cdn/b is playlist-stalled, while the stream arrives at ingest/a: the fault lies between that ingest and the edges (packager, origin)',
    ],
    [
      'every CDN is stale, the ingest on air is lost and the other receives',
      [stale('cdn/a'), stale('cdn/b'), lost('ingest/a'), ['ingest/b', 'up']],
      'ingest',
      'cdn/a is playlist-stalled, cdn/b is playlist-stalled, and ingest/a is ingest-lost, while the stream arrives at ingest/b: the fault lies at ingest/a or on the way to it',
    ],
    [
      'every CDN is stale and nothing arrives anywhere',
      [stale('cdn/a'), lost('ingest/a'), lost('ingest/b')],
      'encoder',
      'cdn/a is playlist-stalled; ingest/a is ingest-lost, ingest/b is ingest-lost: ingests that stand apart do not fail together, so look at the encoder and its uplink',
    ],
    [
      'every CDN is stale and the only ingest is lost',
      [stale('cdn/a'), lost('ingest/a')],
      'ingest',
      'cdn/a is playlist-stalled; ingest/a is ingest-lost, and it is the only ingest that is watched: that ingest, the uplink or the encoder',
    ],
    [
      'every CDN is stale and no ingest is watched',
      [stale('cdn/a'), stale('cdn/b')],
      'unconfirmed',
      'cdn/a is playlist-stalled, cdn/b is playlist-stalled: the encoder, the ingest or the origin; no ingest is watched, so the place is unconfirmed',
    ],
    [
      'every CDN is stale and nothing is known of the ingest',
      [stale('cdn/a'), ['ingest/a', 'unknown']],
      'unconfirmed',
      'cdn/a is playlist-stalled; nothing is known of ingest/a, so the place is unconfirmed',
    ],
    [
      'one CDN is stale and nothing is known of the other',
      [stale('cdn/a'), ['cdn/b', 'unknown'], ['ingest/a', 'up']],
      'unconfirmed',
      'cdn/a is playlist-stalled; nothing is known of cdn/b, so the place is unconfirmed',
    ],
    [
      'every CDN answers alike that nothing is there',
      [
        ['cdn/a', 'down', 'not-found'],
        ['cdn/b', 'down', 'not-found'],
        ['ingest/a', 'up'],
      ],
      'origin',
      'cdn/a is not-found, cdn/b is not-found: several edges rarely fail alike, so look at the origin that they share; the stream arrives at ingest/a',
    ],
    [
      'the only CDN refuses',
      [['cdn/a', 'down', 'unreachable']],
      'unconfirmed',
      'cdn/a is unreachable: origin or edge, the place is unconfirmed',
    ],
    [
      'an ingest is lost while the other receives',
      [['cdn/a', 'up'], lost('ingest/a'), ['ingest/b', 'up']],
      'ingest',
      'ingest/a is ingest-lost, while the stream arrives at ingest/b: the fault lies at ingest/a or on the way to it',
    ],
    [
      'the ingest is lost and viewers still get media',
      [['cdn/a', 'up'], lost('ingest/a')],
      'unconfirmed',
      'ingest/a is ingest-lost, and cdn/a carries the stream all the same, so the place is unconfirmed',
    ],
    [
      'both ingests are lost, with no CDN watched',
      [lost('ingest/a'), lost('ingest/b')],
      'encoder',
      'ingest/a is ingest-lost, ingest/b is ingest-lost: ingests that stand apart do not fail together, so look at the encoder and its uplink',
    ],
    [
      'every picture is black while something arrives',
      [
        ['cdn/a', 'degraded', 'picture-black'],
        ['cdn/b', 'degraded', 'picture-black'],
        ['ingest/a', 'degraded', 'picture-black'],
        ['ingest/b', 'degraded', 'picture-black'],
      ],
      'encoder',
      'cdn/a is picture-black, cdn/b is picture-black; ingest/a is picture-black, ingest/b is picture-black: ingests that stand apart do not fail together, so look at the encoder and its uplink',
    ],
  ])('is told where %s', (_, given, place, says) => {
    expect(locateFault('ch1', paths(...given))).toMatchObject({ stream: 'ch1', place, says })
  })

  it('is not asked for while nothing is wrong', () => {
    const given = paths(['cdn/a', 'up'], ['cdn/b', 'unknown'], ['ingest/a', 'contested'])

    expect(locateFault('ch1', given)).toBeUndefined()
  })

  it('names the paths that show it, and of a path that is down beside a degraded one the first', () => {
    const fault = locateFault('ch1', paths(stale('cdn/a'), ['cdn/b', 'degraded', 'bitrate-low']))

    expect(fault).toMatchObject({ place: 'edge', paths: ['ch1/cdn/a'] })
  })

  it('never blames an edge where no other way out carries the stream', () => {
    const path = record({
      name: constantFrom('ch1/cdn/a', 'ch1/cdn/b', 'ch1/ingest/a', 'ch1/ingest/b'),
      role: constantFrom('ingest' as const, 'delivery' as const),
      health: constantFrom<Health>('up', 'down', 'degraded', 'contested', 'unknown'),
      diagnosis: constantFrom<Diagnosis>('unreachable', 'playlist-stalled', 'ingest-lost'),
      isServing: boolean(),
    })
    assert(
      property(array(path, { maxLength: 6 }), (given) => {
        const fault = locateFault('ch1', given)
        const carriers = given.filter(
          ({ role, health }) => role === 'delivery' && (health === 'up' || health === 'degraded'),
        )

        if (fault?.place === 'edge') expect(carriers).not.toEqual([])
        if (fault?.place === 'origin' || fault?.place === 'encoder') expect(given).not.toEqual([])
        expect(fault === undefined).toBe(
          !given.some(({ health }) => health === 'down' || health === 'degraded'),
        )
      }),
    )
  })
})
