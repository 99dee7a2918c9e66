import { describe, expect, it } from 'vitest'
import { errorsOf, settingsOf, smallFile } from './load-text.ts'

const pager = 'type: pager, routing_key: abcd1234'

function notify(...routes: readonly string[]): string {
  return smallFile(`notify: [ ${routes.map((route) => `{ ${pager}, ${route} }`).join(', ')} ]`)
}

describe('routes of notices', () => {
  it('take everything at once where nothing is said', () => {
    expect(settingsOf(notify('name: a')).notify).toMatchObject([
      { route: 'a', type: 'pager', minSeverity: 'info' },
    ])
    expect(Object.keys(settingsOf(notify('name: a')).notify[0] ?? {})).toEqual([
      'route',
      'type',
      'options',
      'minSeverity',
    ])
  })

  it('say which incidents, when, and who is asked next', () => {
    const rules =
      'name: lead, only: { streams: ["sport-*"], tags: [uhd] }, when: [ { days: [sat], from: "18:00", to: "24:00", timezone: Europe/Berlin } ], after: 10m, repeat: 30m, together: 30s'

    expect(settingsOf(notify('name: a', rules)).notify[1]).toMatchObject({
      only: { streams: ['sport-*'], tags: ['uhd'] },
      when: [
        { repeats: 'weekly', days: ['sat'], from: 1_080, to: 1_440, timeZone: 'Europe/Berlin' },
      ],
      afterMs: 600_000,
      repeatMs: 1_800_000,
      togetherMs: 30_000,
    })
  })

  it.each([
    ['another route that there is not', 'instead_of: b', 'names no route; the routes are a, x'],
    ['itself', 'instead_of: x', 'is this route itself'],
  ])('refuse to stand in for %s', (_, rule, says) => {
    expect(errorsOf(notify('name: a', `name: x, ${rule}`))).toEqual([
      expect.stringContaining(`notify[1].instead_of: ${says}`),
    ])
  })

  it('refuse to stand in for one that stands in itself: both could wait for ever', () => {
    const text = notify('name: a, instead_of: b', 'name: b, instead_of: a')

    expect(errorsOf(text)).toEqual([
      expect.stringContaining('notify[0].instead_of: is told only while a fails: name that one'),
      expect.stringContaining('notify[1].instead_of: is told only while b fails: name that one'),
    ])
  })

  it('refuse a window that begins when it ends', () => {
    const text = notify('name: a, when: [ { from: "08:00", to: "08:00" } ]')

    expect(errorsOf(text)).toEqual([
      expect.stringContaining('notify[0].when[0].to: is when it begins; the whole day is'),
    ])
  })

  it('carry the tags of a stream to its groups', () => {
    const text = smallFile().replace(/^( +)groups:/mu, '$1tags: [sport]\n$1groups:')

    expect(settingsOf(text).groups[0]?.tags).toEqual(['sport'])
  })
})
