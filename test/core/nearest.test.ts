import { expect, it } from 'vitest'
import { nearest } from '../../src/core/nearest.ts'

const known = ['playlist_age_seconds', 'target_duration_seconds', 'slow', 'fast']

it.each([
  ['plalist_age_seconds', 'playlist_age_seconds'],
  ['Playlist_Age_Seconds', 'playlist_age_seconds'],
  ['slwo', 'slow'],
  ['playlist_age', undefined],
  ['zzz', undefined],
])('for %s it suggests %s', (name, expected) => {
  expect(nearest(name, known)).toBe(expected)
})
