import { describe, expect, it } from 'vitest'
import type { GroupView } from '../../src/core/view.ts'
import {
  headline,
  pathInWords,
  sentence,
  stateInWords,
  subline,
  tally,
  toneOf,
} from '../../src/ui/words.ts'
import { group, path, sampleView } from '../api/sample-view.ts'

const wall = 1_760_000_000_000
const { groups } = sampleView(wall)

function named(name: string): GroupView {
  const found = groups.find((each) => each.name === name)
  if (found === undefined) throw new Error(`no group ${name}`)
  return found
}

describe('the words for a group', () => {
  it.each([
    ['channel-1/cdn', 'calm', 'ON AIR', 'cdn-a', 'Steady'],
    ['channel-2/cdn', 'acting', 'ON AIR', 'cdn-b', 'Verifying'],
    ['channel-3/cdn', 'bad', 'DOWN', 'on cdn-a', 'Every path down'],
    ['channel-4/cdn', 'blind', 'NOT SEEN', 'on cdn-a', 'Cannot see'],
    ['channel-5/cdn', 'notice', 'ON AIR', 'cdn-b', 'Frozen'],
    ['channel-6/cdn', 'notice', 'ON AIR', 'cdn-b', 'Held by maria'],
    ['channel-7/cdn', 'bad', 'DOWN', 'on cdn-a', 'Kept by holddown'],
    ['channel-8/cdn', 'notice', 'ON AIR', 'cdn-a', 'Steady'],
    ['channel-9/ingest', 'notice', 'ON AIR', 'main', 'Steady'],
  ])('of %s: %s, %s %s, %s', (name, tone, says, detail, state) => {
    const one = named(name)

    expect(toneOf(one)).toBe(tone)
    expect(tally(one)).toMatchObject({ says, detail })
    expect(stateInWords(one)).toBe(state)
  })

  it('never say on air where nothing is known', () => {
    const fresh = group(wall, { name: 'a/b', title: 'A', state: 'OBSERVE', paths: [] })

    expect(tally(fresh)).toMatchObject({ kind: 'none', says: 'NOTHING' })
    expect(toneOf(fresh)).toBe('blind')
  })
})

describe('the words for a path', () => {
  it.each([
    [{ health: 'up', weight: 100 }, 'up'],
    [{ health: 'up', weight: 80 }, 'up, 80 %'],
    [{ health: 'down', weight: 100 }, 'down'],
    [{ health: 'up' }, 'ready'],
    [{ health: 'up', suspect: true }, 'suspect'],
    [{ health: 'degraded' }, 'degraded'],
    [{ health: 'unknown' }, 'unknown'],
  ] as const)('%j is "%s"', (sketch, words) => {
    expect(pathInWords(path(wall, { name: 'cdn-a', ...sketch }))).toBe(words)
  })
})

describe('the headline', () => {
  const well = named('channel-1/cdn')

  it.each([
    [[], 'No group is configured.'],
    [[well], 'On air.'],
    [[well, well], 'All 2 on air.'],
    [[well, named('channel-3/cdn')], '1 of 2 on air. Channel Three is down.'],
    [
      groups,
      '7 of 10 on air. Channel Three and Channel Seven are down. Channel Four cannot be seen.',
    ],
  ])('of some groups tells whether everything is on air: %#', (some, says) => {
    expect(headline(some)).toBe(says)
  })

  it('is followed by what acts, waits or lacks a standby', () => {
    expect(subline(groups)).toBe(
      'Acting: Channel Two and Channel Seven. Waits for a person: Channel Five. Held: Channel Six. No standby ready: Channel Two, Channel Three and 3 more.',
    )
    expect(subline([well])).toBe('Nothing is about to move. Every standby is ready.')
  })
})

it.each([
  ['no drill is under way', 'No drill is under way.'],
  ['The budget is used.', 'The budget is used.'],
  ['is it? ', 'Is it?'],
  ['cdn-a serves and is degraded', 'cdn-a serves and is degraded.'],
  ['max-weight: cdn-b would get 80', 'max-weight: cdn-b would get 80.'],
])('what the watchdog says, "%s", is shown as a sentence', (says, shown) => {
  expect(sentence(says)).toBe(shown)
})
