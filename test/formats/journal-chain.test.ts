import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { JournalDraft, JournalEntry } from '../../src/core/journal.ts'
import {
  canonicalJson,
  chain,
  genesis,
  seal,
  verifyChain,
  type ChainLink,
} from '../../src/formats/journal-chain.ts'

const draft: fc.Arbitrary<JournalDraft> = fc.record(
  {
    kind: fc.constantFrom('boot', 'state', 'intent', 'hold'),
    group: fc.string(),
    path: fc.string({ unit: 'binary' }),
    actor: fc.string(),
    says: fc.string({ unit: 'binary' }),
    data: fc.dictionary(fc.string(), fc.jsonValue()),
  },
  { requiredKeys: ['kind', 'says'] },
)

function sealed(drafts: readonly JournalDraft[]): JournalEntry[] {
  const entries: JournalEntry[] = []
  let last: ChainLink = genesis
  for (const [index, one] of drafts.entries()) {
    const entry = seal(one, last, 1_700_000_000_000 + index)
    entries.push(entry)
    last = entry
  }
  return entries
}

describe('canonical JSON', () => {
  test.for<[unknown, string]>([
    [{ b: 1, a: [2, { d: null, c: 'x' }] }, '{"a":[2,{"c":"x","d":null}],"b":1}'],
    // The example of RFC 8785, section 3.2.3: keys are sorted by UTF-16 code units.
    [
      { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\ud83d\ude00': 5, '\u0080': 6, '\u00f6': 7 },
      '{"\\r":2,"1":4,"\u0080":6,"\u00f6":7,"\u20ac":1,"\ud83d\ude00":5,"\ufb33":3}',
    ],
    [[1e21, 0.000001, -0, 4.5], '[1e+21,0.000001,0,4.5]'],
    [{ gone: undefined, nan: NaN }, '{"nan":null}'],
    [undefined, 'null'],
  ])('writes %j as %s', ([value, expected]) => {
    expect(canonicalJson(value)).toBe(expected)
  })

  test('does not depend on the order of keys', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (record) => {
        const turned = Object.fromEntries(Object.entries(record).reverse())

        expect(canonicalJson(turned)).toBe(canonicalJson(record))
        expect(JSON.parse(canonicalJson(record))).toEqual(JSON.parse(JSON.stringify(record)))
      }),
    )
  })
})

describe('the chain of hashes', () => {
  test('hashes an entry as documented, so that other programs can verify a journal', () => {
    const [entry] = sealed([
      { kind: 'hold', group: 's/g', actor: 'alice', says: 'held', data: { b: 1, a: 2 } },
    ])

    // printf '%s\n%s' <64 zeros> '{"actor":"alice","at":1700000000000,…"seq":1}' | sha256sum
    expect(entry?.hash).toBe('0c51fcce75b0c5ea5d67a99505a1452bbed454daba46f5f644eabec1b11ecd04')
  })

  test('verifies whatever was sealed, also after a way through JSON', () => {
    fc.assert(
      fc.property(fc.array(draft, { maxLength: 8 }), (drafts) => {
        const entries = sealed(drafts)
        const read = JSON.parse(JSON.stringify(entries)) as JournalEntry[]

        expect(read).toEqual(entries)
        expect(verifyChain(read).ok).toBe(true)
      }),
    )
  })

  test('notices every edit, removal and exchange of entries', () => {
    const several = fc.array(draft, { minLength: 2, maxLength: 6 })
    fc.assert(
      fc.property(
        several,
        fc.nat(),
        fc.constantFrom('edit', 'remove', 'exchange'),
        (drafts, at, how) => {
          const entries = sealed(drafts)
          const head = entries.at(-1) ?? genesis
          const index = at % entries.length
          const entry = entries[index]
          if (entry === undefined) return
          if (how === 'edit') entries[index] = { ...entry, says: `${entry.says}!` }
          if (how === 'remove') entries.splice(index, 1)
          if (how === 'exchange') entries.push(...entries.splice(index === 0 ? 1 : 0, 1), entry)

          const verdict = verifyChain(entries, { head })

          expect(verdict.ok).toBe(false)
        },
      ),
    )
  })

  test('notices an entry that was rewritten together with its own hash', () => {
    const entries = sealed([
      { kind: 'boot', says: 'one' },
      { kind: 'boot', says: 'two' },
    ])
    const forged = { ...(entries[0] as JournalEntry), says: 'other' }
    entries[0] = { ...forged, hash: chain(genesis.hash, forged) }

    expect(verifyChain(entries)).toEqual({
      ok: false,
      seq: 2,
      says: 'entry 2 does not continue entry 1: one was replaced',
    })
  })

  test('notices a journal rewritten from some entry to its end, by the head', () => {
    const honest = sealed([{ kind: 'boot', says: 'one' }])
    const forged = sealed([{ kind: 'boot', says: 'other' }])

    expect(verifyChain(forged, { head: honest[0] as ChainLink })).toMatchObject({
      ok: false,
      seq: 1,
      says: 'entry 1 is not the one that the store remembers as newest',
    })
  })

  test('notices entries beyond the head', () => {
    const entries = sealed([
      { kind: 'boot', says: 'one' },
      { kind: 'boot', says: 'two' },
    ])

    expect(verifyChain(entries, { head: entries[0] as ChainLink })).toMatchObject({ seq: 2 })
  })

  test('is verified page by page', () => {
    const entries = sealed(['a', 'b', 'c'].map((says) => ({ kind: 'boot', says })))

    const first = verifyChain(entries.slice(0, 2))
    if (!first.ok) throw new Error(first.says)
    const second = verifyChain(entries.slice(2), {
      after: first.last,
      head: entries[2] as ChainLink,
    })

    expect(second).toEqual({ ok: true, last: { seq: 3, hash: entries[2]?.hash } })
  })

  test('of an empty journal is whole', () => {
    expect(verifyChain([], { head: genesis })).toEqual({ ok: true, last: genesis })
  })
})
