import { describe, expect, it } from 'vitest'
import { faultOf, withPlace, type SeenGroup } from '../../src/app/fault-places.ts'
import type { Condition } from '../../src/core/condition.ts'
import type { Health } from '../../src/core/health.ts'
import { groupSettings, pathHealth } from '../fakes/group-settings.ts'

function group(
  name: string,
  role: 'ingest' | 'delivery',
  health: Readonly<Record<string, Health>>,
): SeenGroup {
  const paths = Object.keys(health)
  return {
    settings: groupSettings({ name: `channel-1/${name}`, role }, paths),
    health: new Map(Object.entries(health).map(([path, is]) => [path, pathHealth(is)])),
    serving: paths.slice(0, 1),
  }
}

const condition: Condition = {
  key: 'channel-1/cdn/cdn-a',
  severity: 'critical',
  group: 'channel-1/cdn',
  path: 'cdn-a',
  title: 'cdn-a is down',
  did: 'moving',
  todo: 'Check the encoder.',
  since: 0,
  details: { state: 'EVALUATE' },
}

describe('the place of a fault over all groups of a stream', () => {
  it('is the origin while the ingest on air receives', () => {
    const fault = faultOf('channel-1', [
      group('cdn', 'delivery', { 'cdn-a': 'down', 'cdn-b': 'down' }),
      group('in', 'ingest', { main: 'up', backup: 'unknown' }),
    ])

    expect(fault).toMatchObject({
      place: 'origin',
      paths: ['channel-1/cdn/cdn-a', 'channel-1/cdn/cdn-b'],
    })
  })

  it('does not look at other streams', () => {
    const other = group('cdn', 'delivery', { 'cdn-a': 'down' })
    const settings = { ...other.settings, stream: 'channel-2', name: 'channel-2/cdn' }

    expect(faultOf('channel-1', [{ ...other, settings }])).toBeUndefined()
  })

  it('takes a path that nobody reported on for unknown', () => {
    const { settings } = group('in', 'ingest', { main: 'up' })

    const fault = faultOf('channel-1', [
      group('cdn', 'delivery', { 'cdn-a': 'down' }),
      { settings, health: new Map(), serving: [] },
    ])

    expect(fault).toMatchObject({ place: 'unconfirmed' })
  })
})

describe('what people are told', () => {
  const fault = faultOf('channel-1', [group('cdn', 'delivery', { 'cdn-a': 'down', 'cdn-b': 'up' })])

  it('names the place where the path shows the fault', () => {
    const [told] = withPlace([condition], fault)

    expect(told?.todo).toBe(
      'Check the encoder. Where: edge: cdn/cdn-a is playlist-stalled, while cdn/cdn-b carries the stream: the fault lies at cdn/cdn-a, not before it.',
    )
    expect(told?.details).toEqual({ state: 'EVALUATE', place: 'edge' })
  })

  it('is left alone where it is of another path, or of the group', () => {
    const { path: _, ...ofGroup } = condition
    const conditions = [{ ...condition, path: 'cdn-b' }, ofGroup]

    expect(withPlace(conditions, fault)).toEqual(conditions)
    expect(withPlace([condition], undefined)).toEqual([condition])
  })
})
