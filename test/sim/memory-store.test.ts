import { describe, expect, test } from 'vitest'
import { hastyClock, storeContract } from '../contract/store-contract.ts'
import { memoryDisk, memoryStore, type MemoryStore } from '../../src/simulation/memory-store.ts'

storeContract('the store in memory', async () => {
  let now = 0
  const disk = memoryDisk({ ...hastyClock(), now: () => now })
  const stores: MemoryStore[] = []
  return {
    async open(clock) {
      const store = memoryStore(clock, { disk })
      stores.push(store)
      return store
    },
    passTime: (ms) => {
      now += ms
    },
    breakDown: () => stores.forEach((store) => (store.available = false)),
    mend: () => stores.forEach((store) => (store.available = true)),
    async end() {},
  }
})

describe('a planned crash', () => {
  const entries = [{ kind: 'boot', says: 'started' }] as const

  test.for([
    ['before', 1],
    ['after', 2],
  ] as const)('%s the second commit leaves %i entries on the disk', async ([when, left]) => {
    const sentinel = new Error('the process ended here')
    const clock = hastyClock()
    const store = memoryStore(clock, { crash: { at: 2, when, end: { sentinel } } })
    await store.commit({ entries })

    const crashing = store.commit({ entries })

    await expect(crashing).rejects.toBe(sentinel)
    await expect(store.head()).rejects.toBe(sentinel)
    const next = memoryStore(clock, { disk: store.disk })
    expect(await next.entries({ limit: 10 })).toHaveLength(left)
  })

  test('may also be silent: calls never settle', async () => {
    const store = memoryStore(hastyClock(), { crash: { at: 1, when: 'before', end: 'silence' } })
    let settled = false
    const note = () => {
      settled = true
    }

    void store.commit({ entries }).then(note, note)
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve()

    expect(settled).toBe(false)
    expect(store.crashed).toBe(true)
  })
})
