import { expect, it } from 'vitest'
import { tappedStore } from '../../src/app/tapped-store.ts'
import { SimulatedClock } from '../../src/platform/simulated-clock.ts'
import { memoryStore } from '../../src/simulation/memory-store.ts'

function tapped() {
  const clock = new SimulatedClock()
  const inner = memoryStore(clock)
  const heard: string[][] = []
  const store = tappedStore(inner, (entries) => {
    heard.push(entries.map((entry) => `${entry.seq} ${entry.says}`))
  })
  return { inner, store, heard }
}

it('tells what was appended, with its sequence, and only after it is durable', async () => {
  const { store, heard } = tapped()

  await store.commit({
    entries: [
      { kind: 'boot', says: 'one' },
      { kind: 'config', says: 'two' },
    ],
  })
  await store.commit({ entries: [{ kind: 'stop', says: 'three' }] })

  expect(heard).toEqual([['1 one', '2 two'], ['3 three']])
})

it('tells nothing of what was refused, nor of a commit without entries', async () => {
  const { inner, store, heard } = tapped()
  await store.commit({ entries: [] })
  inner.available = false

  const refused = await store.commit({ entries: [{ kind: 'boot', says: 'one' }] })

  expect(refused.ok).toBe(false)
  expect(heard).toEqual([])
})

it('is otherwise the store that it taps', async () => {
  const { inner, store } = tapped()
  const group = 'channel-1/cdn'
  const lease = await store.lease(group, 'me', 15_000)
  await store.commit({ entries: [{ kind: 'boot', says: 'one' }] })

  await store.release(group, 'me', lease?.token ?? 0)

  expect(await inner.lease(group, 'other', 1_000)).toMatchObject({ token: 2 })
  expect(await store.entries({ limit: 10 })).toEqual(await inner.entries({ limit: 10 }))
  expect(await store.head()).toEqual(await inner.head())
  expect(await store.group(group)).toBeUndefined()
  expect([await store.put([]), await store.settle([]), await store.due(0, 10)]).toEqual([
    true,
    true,
    [],
  ])
  await store.close()
  await expect(inner.head()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
})
