import { describe, expect, it } from 'vitest'
import { reloadRefusal } from '../../src/config/reload.ts'
import { settingsOf, smallFile } from './load-text.ts'

const both = settingsOf(smallFile())
const onlyB = settingsOf(smallFile().replace(/^.*cdn-a:.*$/mu, ''))
const renamed = settingsOf(smallFile().replace('cdn:', 'web:'))

describe('reloadRefusal', () => {
  it('lets through what keeps every serving path', () => {
    expect(reloadRefusal(both, onlyB, () => ['cdn-b'])).toBeUndefined()
    expect(reloadRefusal(onlyB, both, () => ['cdn-b'])).toBeUndefined()
  })

  it('refuses to remove the serving path', () => {
    expect(reloadRefusal(both, onlyB, () => ['cdn-a'])).toBe(
      'the path channel-1/cdn/cdn-a cannot be removed: it carries traffic; steer away first',
    )
  })

  it('refuses to remove the group of a serving path', () => {
    expect(reloadRefusal(both, renamed, () => ['cdn-a'])).toBe(
      'the group channel-1/cdn cannot be removed: its path cdn-a carries traffic',
    )
  })

  it('lets go of a group of which nothing is known to serve', () => {
    expect(reloadRefusal(both, renamed, () => [])).toBeUndefined()
  })
})
