import { describe, expect, it } from 'vitest'
import { GroupRecord, without } from '../../../src/app/group/group-record.ts'
import { LeaseKeeper } from '../../../src/app/group/lease-keeper.ts'
import type { GroupRow } from '../../../src/core/group.ts'
import { SimulatedClock } from '../../../src/platform/simulated-clock.ts'
import { groupSettings } from '../../fakes/group-settings.ts'
import { memoryDisk, memoryStore, type MemoryDisk } from '../../../src/simulation/memory-store.ts'

const settings = groupSettings()
const group = settings.name
const onA = { 'cdn-a': 100, 'cdn-b': 0 }

/** A record of one process; several may stand on one disk. */
function recorded(
  owner = 'me',
  clock = new SimulatedClock(),
  disk: MemoryDisk = memoryDisk(clock),
) {
  const store = memoryStore(clock, { disk })
  const lease = new LeaseKeeper({
    clock,
    store,
    group,
    owner,
    ttlMs: 15_000,
    callTimeoutMs: 4_000,
  })
  const record = new GroupRecord({ clock, store, owner, lease, settings })
  return { clock, disk, store, lease, record }
}

async function leading(owner = 'me', clock?: SimulatedClock, disk?: MemoryDisk) {
  const scene = recorded(owner, clock, disk)
  await scene.lease.renew()
  await scene.record.load()
  return scene
}

describe('the record of a group', () => {
  it('is empty before the row was read', () => {
    const { record } = recorded()

    expect(record.isLoaded).toBe(false)
    expect(record.memory).toMatchObject({ readBack: false, row: { revision: 0, ledger: [] } })
  })

  it('writes row and entries together, under its token, one revision further', async () => {
    const { disk, record } = await leading()

    const saved = await record.save(
      (row) => ({ ...row, allocation: onA }),
      [{ kind: 'adopted', group, says: 'cdn-a serves: taken over as it is' }],
    )

    expect(saved.ok).toBe(true)
    expect(disk.rows.get(group)).toMatchObject({ token: 1, revision: 1, allocation: onA })
    expect(disk.journal.map((entry) => entry.kind)).toEqual(['adopted'])
    expect(record.memory.row).toEqual(disk.rows.get(group))
  })

  it('is read afresh by the next process, with its timers at zero and its world unread', async () => {
    const { clock, disk, record } = await leading()
    await record.save((row) => ({ ...row, allocation: onA }), [])
    record.remember((memory) => ({ ...memory, readBack: true }))
    await clock.advance(20_000)

    const next = await leading('other', clock, disk)

    expect(next.record.memory).toMatchObject({
      readBack: false,
      observingSince: 20_000,
      row: { allocation: onA },
    })
  })

  it('writes nothing without a lease, nor before it was read', async () => {
    const { lease, disk, record } = recorded()
    const without = await record.save((row) => row, [])
    await lease.renew()
    const unread = await record.save((row) => row, [])

    expect([without, unread].map((each) => each.ok)).toEqual([false, false])
    expect(disk.rows.size).toBe(0)
  })

  it('writes nothing after its lease ran out, whoever leads now', async () => {
    const { clock, disk, record } = await leading()
    await clock.advance(15_000)

    const saved = await record.save((row) => ({ ...row, allocation: onA }), [])

    expect(saved).toMatchObject({ ok: false, cause: 'fenced' })
    expect(disk.rows.size).toBe(0)
  })

  it('is fenced off by a newer leader, and then forgets what it knew', async () => {
    const old = await leading()
    await old.record.save((row) => ({ ...row, allocation: onA }), [])
    // The old leader believes in its lease; the disk has given it to another one.
    old.disk.leases.set(group, { owner: 'other', token: 2, until: 60_000 })

    const saved = await old.record.save((row) => ({ ...row, version: 9 }), [])

    expect(saved).toMatchObject({ ok: false, cause: 'fenced' })
    expect(old.record.isLoaded).toBe(false)
    expect(old.disk.rows.get(group)).toMatchObject({ version: 0, revision: 1 })
  })

  it('is read afresh after a write of which nobody knows whether it was taken', async () => {
    const { store, record } = await leading()
    store.available = false

    const saved = await record.save((row) => ({ ...row, allocation: onA }), [])

    expect(saved).toMatchObject({ ok: false, cause: 'unavailable' })
    expect(record.isLoaded).toBe(false)
  })

  it('says that the store is in trouble until it takes a write again', async () => {
    const { store, record } = await leading()
    store.available = false
    const appended = await record.append([{ kind: 'decision', group, says: 'no' }])
    const during = record.storeHealth

    store.available = true
    const probed = await record.probeStore()

    expect([appended, probed]).toEqual([false, true])
    expect(during.ok).toBe(false)
    expect(during.says).not.toBe('')
    expect(record.storeHealth).toEqual({ ok: true, says: 'writable' })
  })

  it('is not loaded where the store cannot be read', async () => {
    const { store, lease, record } = recorded()
    await lease.renew()
    store.available = false

    const loaded = await record.load()

    expect(loaded).toBe(false)
    expect(record.isLoaded).toBe(false)
    expect(record.storeHealth.ok).toBe(false)
  })

  it('does not wait for a store that never answers', async () => {
    const { clock, store, record } = await leading()
    store.crash = { at: store.commits + 1, when: 'before', end: 'silence' }

    const saved = record.save((row) => ({ ...row, allocation: onA }), [])
    await clock.advance(4_000)

    expect(await saved).toMatchObject({ ok: false, cause: 'unavailable' })
    expect(record.storeHealth).toEqual({
      ok: false,
      says: 'the store did not answer within 4000 ms',
    })
  })

  it('remembers nothing besides the row before that was read', async () => {
    const { record } = recorded()

    record.remember((memory) => ({ ...memory, readBack: true }))

    expect(record.memory.readBack).toBe(false)
  })
})

it('a row without a hold is the same row, but for the hold', () => {
  const hold = { owner: 'ana', reason: 'match', since: 1, until: 2 }
  const row: GroupRow = {
    group,
    token: 1,
    revision: 1,
    state: 'HELD',
    version: 0,
    ledger: [],
    failback: { relapses: 0 },
    hold,
  }

  const { hold: _, ...rest } = row

  expect(without(row, 'hold')).toEqual(rest)
  expect(row.hold).toBe(hold)
})
