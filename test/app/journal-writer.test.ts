import { describe, expect, it } from 'vitest'
import { JournalWriter } from '../../src/app/journal-writer.ts'
import type { JournalDraft } from '../../src/core/journal.ts'
import { SimulatedClock } from '../../src/platform/simulated-clock.ts'
import { memoryStore } from '../../src/simulation/memory-store.ts'

function writing() {
  const clock = new SimulatedClock()
  const store = memoryStore(clock)
  const warnings: [string, Readonly<Record<string, unknown>>][] = []
  const log = {
    info() {},
    warn: (fields: Readonly<Record<string, unknown>>, message: string) =>
      warnings.push([message, fields]),
    error() {},
  }
  const sizes: number[] = []
  const commit = store.commit.bind(store)
  store.commit = async (each) => {
    sizes.push(each.entries.length)
    return await commit(each)
  }
  const journal = new JournalWriter({ clock, store, log })
  const written = () => store.disk.journal.map((entry) => entry.says)
  return { clock, store, journal, warnings, written, sizes }
}

function draft(says: string): JournalDraft {
  return { kind: 'health', says }
}

function numbered(from: number, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `entry ${from + index}`)
}

describe('entries that nobody waits for', () => {
  it('are written in order, those that come together in one batch', async () => {
    const { clock, journal, written, sizes } = writing()
    const says = numbered(0, 1_200)

    for (const each of says) journal.add(draft(each))
    await clock.advance(0)

    expect(written()).toEqual(says)
    expect(sizes).toEqual([500, 500, 200])
  })

  it('wait while the store is down and are written in order when it is back, without another entry', async () => {
    const { clock, store, journal, written } = writing()
    store.available = false
    for (const each of numbered(0, 3)) journal.add(draft(each))
    await clock.advance(12_000)
    journal.add(draft('entry 3'))
    await clock.advance(1_000)
    const before = written()

    store.available = true
    await clock.advance(5_000)

    expect(before).toEqual([])
    expect(written()).toEqual(numbered(0, 4))
  })

  it('tell once that they wait, and once that they are written', async () => {
    const { clock, store, journal, warnings } = writing()
    store.available = false
    journal.add(draft('one'))
    await clock.advance(60_000)

    store.available = true
    await clock.advance(5_000)

    expect(warnings.map(([message]) => message)).toEqual([
      'journal entries wait for the store',
      'the store takes journal entries again',
    ])
  })

  it('are dropped, the oldest first, beyond ten thousand that wait', async () => {
    const { clock, store, journal, written, warnings } = writing()
    store.available = false
    for (const each of numbered(0, 10_250)) journal.add(draft(each))
    await clock.advance(1_000)

    store.available = true
    await clock.advance(5_000)

    expect(written()).toEqual(numbered(250, 10_000))
    expect(warnings.at(-1)?.[1]).toMatchObject({ dropped: 250 })
  })

  it('are tried once more at the end, and then no timer is left', async () => {
    const { clock, store, journal, written } = writing()
    store.available = false
    journal.add(draft('one'))
    await clock.advance(1_000)
    store.available = true
    journal.add(draft('two'))

    await journal.close()

    expect(written()).toEqual(['one', 'two'])
    expect(clock.pending).toBe(0)
  })

  it('do not hold up the end while the store is down', async () => {
    const { clock, store, journal } = writing()
    store.available = false
    journal.add(draft('one'))

    await journal.close()

    expect([clock.now(), clock.pending]).toEqual([0, 0])
  })
})
