import { expect, it } from 'vitest'
import { tappedStore } from '../../src/app/tapped-store.ts'
import type { OutboxItem } from '../../src/plugin/store.ts'
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

it('brings the notices of entries into the outbox with them, and sends them once they are there', async () => {
  const { inner } = tapped()
  const story: string[] = []
  const store = tappedStore(inner, (entries) => story.push(...entries.map(({ says }) => says)), {
    of: (entries) => entries.filter(({ kind }) => kind === 'applied').map(({ says }) => item(says)),
    send: (items) => {
      story.push(...items.map(({ id }) => `${id}: ${inner.disk.outbox.has(id)}`))
    },
  })

  await store.commit({ entries: [{ kind: 'boot', says: 'start' }] })
  await store.commit({ entries: [{ kind: 'applied', says: 'move' }] })
  inner.available = false
  await store.commit({ entries: [{ kind: 'applied', says: 'lost' }] })

  expect(story).toEqual(['start', 'move', 'notice of move: true'])
  expect([...inner.disk.outbox.keys()]).toEqual(['notice of move'])
})

function item(says: string): OutboxItem {
  const notice = {
    id: says,
    key: 'change:i1',
    action: 'change',
    severity: 'info',
    group: 'channel-1/cdn',
    title: says,
    did: says,
    todo: 'Nothing.',
    since: 0,
    wall: 0,
    details: {},
  } as const
  return { id: `notice of ${says}`, route: 'pager', notice, attempts: 0, dueAt: 0 }
}

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
