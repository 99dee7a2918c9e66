import { describe, expect, it } from 'vitest'
import type { SilenceMatch } from '../../src/core/silence.ts'
import {
  coverInWords,
  covered,
  coversOf,
  firstSilence,
  matchOf,
  namesOf,
  type SilenceAbout,
  silenceBody,
  silenceFault,
  silencesOn,
} from '../../src/ui/silence-choice.ts'
import { sampleView } from '../api/sample-view.ts'

const wall = 1_760_000_000_000
const view = sampleView(wall)
const { groups } = view

function incident(key: string) {
  const found = view.incidents.find((each) => each.key === key)
  if (found === undefined) throw new Error(`no incident ${key}`)
  return found
}

function keysOf(match: SilenceMatch): string[] {
  return covered(match, view).map(({ key }) => key)
}

describe('a silence begins with the least that covers where the person was', () => {
  const stalled = incident('channel-2/cdn/cdn-a')

  it.each<[string, SilenceAbout, SilenceMatch]>([
    ['an incident', { incident: stalled }, { key: 'channel-2/cdn/cdn-a' }],
    [
      'a path',
      { group: 'channel-8/cdn', path: 'cdn-c' },
      { group: 'channel-8/cdn', path: 'cdn-c' },
    ],
    ['a group', { group: 'channel-8/cdn' }, { group: 'channel-8/cdn' }],
    ['the overview', {}, { group: 'channel-1/cdn' }],
  ])('from %s', (_, about, match) => {
    const choice = firstSilence(about, groups)

    expect(matchOf(choice, about)).toEqual(match)
    expect(silenceBody(choice, about)).toEqual({ ...match, for: '1h' })
  })

  it('and widens from an incident to its path, group, stream and everything', () => {
    const about = { incident: stalled }
    const choice = firstSilence(about, groups)

    const matches = coversOf(about, groups).map((cover) => matchOf({ ...choice, cover }, about))

    expect(matches).toEqual([
      { key: 'channel-2/cdn/cdn-a' },
      { group: 'channel-2/cdn', path: 'cdn-a' },
      { group: 'channel-2/cdn' },
      { stream: 'channel-2' },
      { stream: '*' },
    ])
  })

  it('and offers nothing but its key for an incident of Changeover itself, which no wide one hides', () => {
    const own = incident('channel-4/cdn/blind')

    expect(coversOf({ incident: own }, groups)).toEqual(['incident'])
    expect(keysOf({ group: 'channel-4/cdn' })).toEqual([])
    expect(keysOf({ key: own.key })).toEqual([own.key])
  })
})

describe('the length of a silence', () => {
  const own = (text: string) => ({ ...firstSilence({}, groups), period: 'own', own: text })

  it.each(['90m', '2h30m', '2h 30m', '1m', '30d'])('may be %s', (text) => {
    expect(silenceFault(own(text))).toBeUndefined()
  })

  it.each(['', '90', '59s', '31d', 'soon'])('is asked for again where it is "%s"', (text) => {
    expect(silenceFault(own(text))).toBe(
      'Write how long with a unit, from 1m to 30d: 90m, or 2h30m.',
    )
  })

  it('is sent in the form that the API takes', () => {
    expect(silenceBody(own('2h 30m'), {})).toEqual({ group: 'channel-1/cdn', for: '2h30m' })
  })
})

describe('what a silence covers', () => {
  it.each<[SilenceMatch, string]>([
    [{ stream: '*' }, 'everything'],
    [{ stream: '*', tag: 'sport' }, 'stream * of streams with the tag sport'],
    [{ key: 'a/b#all-down' }, 'the incident a/b#all-down'],
    [{ group: 'a/b', path: 'cdn-a' }, 'path cdn-a of group a/b'],
    [{ stream: 'a' }, 'stream a'],
  ])('%j is %s', (match, words) => {
    expect(coverInWords(match)).toBe(words)
  })

  it('is told by the open incidents of which nobody would be told', () => {
    expect(keysOf({ stream: '*' })).toEqual([
      'channel-3/cdn/all-down',
      'channel-5/cdn/frozen',
      'channel-2/cdn/cdn-a',
    ])
    expect(keysOf({ group: 'channel-2/cdn', path: 'cdn-b' })).toEqual([])
  })

  it('is shown at the group, and at the path where it is of the path alone', () => {
    const times = { owner: 'ana', reason: 'r', from: wall - 1, until: wall + 1 }
    const whole = { id: '1', match: { group: 'channel-1/*' }, ...times }
    const part = { id: '2', match: { path: 'cdn-a' }, ...times }
    const tagged = { id: '3', match: { tag: 'sport' }, ...times }
    const over = { ...whole, id: '4', until: wall }
    const later = { ...whole, id: '5', from: wall + 1 }
    const key = { id: '6', match: { key: 'channel-1/cdn/cdn-a' }, ...times }
    const all = [whole, part, tagged, over, later, key]
    const ids = (path?: string, tags: readonly string[] = []) =>
      silencesOn(all, { name: 'channel-1/cdn', tags }, path, wall).map(({ id }) => id)

    expect(ids()).toEqual(['1'])
    expect(ids('cdn-a')).toEqual(['2'])
    expect(ids('cdn-b')).toEqual([])
    expect(ids(undefined, ['sport'])).toEqual(['1', '3'])
  })

  it('can be of each path, group and stream', () => {
    expect(namesOf('path', groups.slice(0, 2))).toEqual([
      'channel-1/cdn/cdn-a',
      'channel-1/cdn/cdn-b',
      'channel-2/cdn/cdn-a',
      'channel-2/cdn/cdn-b',
    ])
    expect(namesOf('group', groups.slice(0, 2))).toEqual(['channel-1/cdn', 'channel-2/cdn'])
    expect(namesOf('stream', groups).slice(0, 2)).toEqual(['channel-1', 'channel-2'])
  })
})
