import { describe, expect, it } from 'vitest'
import type { ChangeView, EffectView } from '../../src/core/view.ts'
import { effectInShort, effectInWords, inEffectInWords } from '../../src/ui/effect-words.ts'

const noon = new Date(2026, 10, 21, 12, 0, 1).getTime()
const partial: EffectView = {
  intent: 'i1',
  appliedAt: noon,
  settleMs: 30_000,
  behind: [
    { who: '1.1.1.1', kind: 'cache', says: 'still answers A 192.0.2.1' },
    { who: '192.0.2.54', kind: 'server', says: 'gave no answer' },
  ],
}
const kept: EffectView = { ...partial, serversAt: noon + 2_000, behind: [] }
const change: ChangeView = {
  intent: 'i1',
  reason: 'failover',
  from: { a: 100, b: 0 },
  to: { a: 0, b: 100 },
  appliedAt: noon,
}

describe('a change that is on its way', () => {
  it('names who does not follow', () => {
    expect(effectInWords(partial)).toBe(
      'applied 12:00:01, not in effect everywhere yet: resolver 1.1.1.1 still answers A 192.0.2.1; server 192.0.2.54 gave no answer',
    )
    expect(effectInShort(partial)).toBe('partly in effect')
  })

  it('says until when caches may keep the old, counted from the last server', () => {
    expect(effectInWords(kept)).toBe(
      'applied 12:00:01, every server has it since 12:00:03; caches may keep the old until 12:00:33',
    )
    expect(effectInShort(kept)).toBe('caches may keep the old')
    expect(inEffectInWords({ ...change, effect: kept }, 30_000)).toBe(effectInWords(kept))
  })
})

describe('a change that is listed', () => {
  it.each<[string, ChangeView['effective'], string]>([
    [
      'was seen everywhere',
      { at: noon + 30_000, ms: 30_000, asked: 3, late: ['1.1.1.1'] },
      'applied 12:00:01, in effect 12:00:31, 30 s later, seen at all 3 that were asked; late: 1.1.1.1',
    ],
    [
      'waited for caches alone',
      { at: noon + 30_000, ms: 30_000, asked: 0, late: [] },
      'applied 12:00:01, in effect 12:00:31, 30 s later',
    ],
    [
      'was looked at only after everybody followed',
      { at: noon + 30_000, ms: 30_000, isAtMost: true, asked: 1, late: [] },
      'applied 12:00:01, in effect by 12:00:31 at the latest, 30 s later, seen at the one that was asked',
    ],
    ['was not followed to there', undefined, 'applied 12:00:01'],
  ])('and %s', (_, effective, says) => {
    const listed = effective === undefined ? change : { ...change, effective }

    expect(inEffectInWords(listed, undefined)).toBe(says)
  })

  it('and is not measured tells what the actuators declare, and that it is only that', () => {
    expect(inEffectInWords(change, 5_000)).toBe(
      'applied 12:00:01, in effect by 12:00:06 as the actuators declare; not measured',
    )
    expect(inEffectInWords(change, 0)).toBe(
      'applied 12:00:01, in effect at once as the actuators declare; not measured',
    )
  })
})
