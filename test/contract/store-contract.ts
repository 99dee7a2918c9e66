import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Clock } from '../../src/core/clock.ts'
import type { GroupRow } from '../../src/core/group.ts'
import type { JournalDraft } from '../../src/core/journal.ts'
import type { Notice } from '../../src/core/notice.ts'
import { chain, genesis, verifyChain } from '../../src/formats/journal-chain.ts'
import type { OutboxItem, Store } from '../../src/plugin/store.ts'

/** What a store's test provides: one set of data, and handles on it as processes have them. */
export interface StoreHarness {
  /** Opens a further handle on the same data. */
  open(clock: Clock): Promise<Store>
  /** Lets leases age by this many milliseconds of the store's own clock. */
  passTime(ms: number): void
  /** Makes writing impossible, as a full disk or a locked file does. */
  breakDown(): void
  mend(): void
  /** Closes all handles and removes the data. */
  end(): Promise<void>
}

const group = 'channel-1/cdn'

/** A clock whose waits pass at once: `sleep` moves time on by what it would have waited. */
export function hastyClock(): Clock & { wallAt: number } {
  let now = 0
  return {
    wallAt: 1_800_000_000_000,
    wall() {
      return this.wallAt
    },
    now: () => now,
    async sleep(ms) {
      now += Math.max(ms, 0)
      return true
    },
  }
}

/** The whole contract of `Store`, for every store. */
export function storeContract(name: string, setUp: () => Promise<StoreHarness>): void {
  describe(`${name} keeps the contract of a store`, () => {
    let harness: StoreHarness
    let clock: ReturnType<typeof hastyClock>
    let store: Store

    beforeEach(async () => {
      harness = await setUp()
      clock = hastyClock()
      store = await harness.open(clock)
    })
    afterEach(() => harness.end())

    async function lead(owner = 'a', ttlMs = 60_000): Promise<{ owner: string; token: number }> {
      const lease = await store.lease(group, owner, ttlMs)
      if (lease === undefined) throw new Error(`${owner} got no lease`)
      return { owner, token: lease.token }
    }

    describe('journal', () => {
      test('numbers entries from 1 without gaps, stamps them and chains their hashes', async () => {
        clock.wallAt = 1_700_000_000_000

        const first = await store.commit({ entries: [draft('one'), draft('two')] })
        const second = await store.commit({ entries: [draft('three')] })

        expect(first).toMatchObject({ ok: true, entries: [{ seq: 1 }, { seq: 2 }] })
        expect(second).toMatchObject({ ok: true, entries: [{ seq: 3, at: 1_700_000_000_000 }] })
        const entries = await store.entries({ limit: 10 })
        expect(entries.map((entry) => entry.says)).toEqual(['one', 'two', 'three'])
        expect(entries[0]?.previous).toBe(genesis.hash)
        expect(entries[1]?.previous).toBe(entries[0]?.hash)
        expect(verifyChain(entries, { head: await store.head() }).ok).toBe(true)
      })

      test('gives back what was written, with keys of data in the order given', async () => {
        const full: JournalDraft = {
          kind: 'intent',
          group,
          path: 'cdn-a',
          actor: 'alice',
          says: 'from cdn-a to cdn-b — “now” 🛰',
          data: { z: 1, a: [true, null, { y: 'ß', b: 0.1 }], empty: {} },
        }

        const result = await store.commit({ entries: [full] })

        const [entry] = await store.entries({ limit: 1 })
        expect(entry).toMatchObject(full)
        expect(Object.keys(entry?.data ?? {})).toEqual(['z', 'a', 'empty'])
        expect(result).toEqual({ ok: true, entries: [entry] })
      })

      test('keeps the chain whole for text and numbers that databases do not hold', async () => {
        const odd: JournalDraft = {
          kind: 'boot',
          says: 'lone \uD800 surrogate, NUL \0 end',
          data: { text: '\uDFFF\0', nan: NaN, gone: undefined, minus: -0, big: 1e300 },
        }

        const result = await store.commit({ entries: [odd] })

        const entries = await store.entries({ limit: 1 })
        expect(result).toEqual({ ok: true, entries })
        expect(entries[0]?.says).toBe('lone \uFFFD surrogate, NUL \uFFFD end')
        expect(entries[0]?.data).toEqual({ text: '\uDFFF\0', nan: null, minus: 0, big: 1e300 })
        expect(chain(genesis.hash, entries[0] ?? never())).toBe(entries[0]?.hash)
      })

      test.for<[string, Omit<Parameters<Store['entries']>[0], 'limit'>, number[]]>([
        ['all', {}, [1, 2, 3, 4, 5]],
        ['after a sequence', { after: 3 }, [4, 5]],
        ['before a sequence', { before: 3 }, [1, 2]],
        ['between sequences', { after: 1, before: 4 }, [2, 3]],
        ['of a group', { group }, [2, 4]],
        ['of kinds', { kinds: ['hold', 'state'] }, [2, 3]],
        ['of no kind', { kinds: [] }, []],
        ['of a kind in a group', { group, kinds: ['health'] }, [4]],
        ['newest first', { newestFirst: true }, [5, 4, 3, 2, 1]],
      ])('reads entries: %s', async ([, query, expected]) => {
        const other = 'channel-2/cdn'
        await store.commit({
          entries: [
            { kind: 'boot', says: 'started' },
            { kind: 'state', group, says: 'steady' },
            { kind: 'hold', group: other, says: 'held' },
            { kind: 'health', group, says: 'up' },
            { kind: 'stop', says: 'stopped' },
          ],
        })

        const entries = await store.entries({ ...query, limit: 100 })

        expect(entries.map((entry) => entry.seq)).toEqual(expected)
      })

      test('returns at most the limit, from the end that is asked for', async () => {
        await store.commit({ entries: ['a', 'b', 'c', 'd'].map((says) => draft(says)) })

        const oldest = await store.entries({ limit: 2 })
        const newest = await store.entries({ limit: 2, newestFirst: true })

        expect(oldest.map((entry) => entry.seq)).toEqual([1, 2])
        expect(newest.map((entry) => entry.seq)).toEqual([4, 3])
      })

      test.for([0, 10_001, 1.5, NaN])('refuses the limit %s', async (limit) => {
        await expect(store.entries({ limit })).rejects.toThrow(RangeError)
      })

      test('keeps order and chain when commits are called without waiting for each other', async () => {
        const says = Array.from({ length: 30 }, (_, index) => `entry ${index}`)

        await Promise.all(says.map((text) => store.commit({ entries: [draft(text)] })))

        const entries = await store.entries({ limit: 100 })
        expect(entries.map((entry) => entry.says)).toEqual(says)
        expect(verifyChain(entries, { head: await store.head() }).ok).toBe(true)
      })

      test('has a head of sequence 0 before the first entry', async () => {
        expect(await store.head()).toEqual(genesis)
      })
    })

    describe('group rows', () => {
      test('writes a row with its entries under the lease', async () => {
        const fence = await lead()
        const written = row({ token: fence.token, revision: 1 })

        const result = await store.commit({ entries: [draft('applied')], row: written, fence })

        expect(result.ok).toBe(true)
        expect(await store.group(group)).toEqual(written)
        expect(await store.entries({ limit: 10 })).toHaveLength(1)
      })

      test('does not know a group that was never written', async () => {
        expect(await store.group(group)).toBeUndefined()
      })

      test('writes nothing, not even the entries, when the revision does not follow', async () => {
        const fence = await lead()
        await store.commit({ entries: [], row: row({ token: fence.token, revision: 1 }), fence })

        const result = await store.commit({
          entries: [draft('lost')],
          row: row({ token: fence.token, revision: 3 }),
          fence,
        })

        expect(result).toEqual({
          ok: false,
          cause: 'fenced',
          says: 'channel-1/cdn is at revision 1, so revision 3 cannot follow',
        })
        expect((await store.group(group))?.revision).toBe(1)
        expect(await store.entries({ limit: 10 })).toEqual([])
        expect(await store.head()).toEqual(genesis)
      })

      test('lets exactly one of two concurrent writers of the same revision win', async () => {
        const fence = await lead()
        const other = await harness.open(clock)
        const commit = { entries: [], row: row({ token: fence.token, revision: 1 }), fence }

        const results = await Promise.all([store.commit(commit), other.commit(commit)])

        expect(results.filter((result) => result.ok)).toHaveLength(1)
        expect(results.find((result) => !result.ok)).toMatchObject({ cause: 'fenced' })
      })

      test('writes no change while groups that the writer does not know of changed, and names them', async () => {
        const fence = await lead()
        const theirs = await store.lease('channel-2/cdn', 'b', 60_000)
        const at = clock.wall() - 30_000
        const change = (intent: string) => ({
          intent,
          reason: 'failover' as const,
          from: {},
          to: {},
          leaving: [],
          target: 'cdn-b',
          at,
          charge: 1,
        })
        await store.commit({
          entries: [],
          row: {
            ...row({ token: theirs?.token ?? 0, revision: 1 }),
            group: 'channel-2/cdn',
            ledger: [change('i-1')],
          },
          fence: { owner: 'b', token: theirs?.token ?? 0 },
        })
        const attempt = (limit: { free: number; known: string[]; withinMs: number }) =>
          store.commit({
            entries: [draft('intent')],
            row: { ...row({ token: fence.token, revision: 1 }), ledger: [change('i-2')] },
            fence,
            limit,
          })

        const refused = await attempt({ free: 1, known: [], withinMs: 60_000 })
        const left = [await store.group(group), await store.entries({ limit: 10 })]

        expect(refused).toEqual({
          ok: false,
          cause: 'limited',
          says: 'another process changed channel-2/cdn meanwhile, and no further group may change now',
          changed: [{ group: 'channel-2/cdn', intent: 'i-1', agoMs: 30_000 }],
        })
        expect(left).toEqual([undefined, []])
        expect(await attempt({ free: 1, known: ['i-1'], withinMs: 60_000 })).toMatchObject({
          ok: true,
        })
      })

      test.each([
        ['room for both', { free: 2, known: [], withinMs: 60_000 }],
        ['a change that counts no more', { free: 1, known: [], withinMs: 30_000 }],
        ['its own change alone', { free: 1, known: [], withinMs: 60_000 }, group],
      ])('writes a change with %s', async (_, limit, other = 'channel-2/cdn') => {
        const lease = await store.lease(other, 'a', 60_000)
        const fence = { owner: 'a', token: lease?.token ?? 0 }
        const at = clock.wall() - 30_000
        const ledger = [
          {
            intent: 'i-1',
            reason: 'failover' as const,
            from: {},
            to: {},
            leaving: [],
            target: 'cdn-b',
            at,
            charge: 1,
          },
        ]
        await store.commit({
          entries: [],
          row: { ...row({ token: fence.token, revision: 1 }), group: other, ledger },
          fence,
        })
        const mine = await lead('a')
        const revision = other === group ? 2 : 1

        const result = await store.commit({
          entries: [],
          row: { ...row({ token: mine.token, revision }), ledger },
          fence: mine,
          limit,
        })

        expect(result).toMatchObject({ ok: true })
      })

      test('fences out a writer whose lease passed on', async () => {
        const fence = await lead('a', 5_000)
        harness.passTime(5_000)
        const other = await harness.open(clock)
        const taken = await other.lease(group, 'b', 5_000)

        const late = await store.commit({
          entries: [draft('late')],
          row: row({ token: fence.token, revision: 1 }),
          fence,
        })

        expect(taken?.token).toBe(fence.token + 1)
        expect(late).toMatchObject({ ok: false, cause: 'fenced' })
        expect(late).toHaveProperty(
          'says',
          'the lease of channel-1/cdn passed on: token 2 is current, not 1',
        )
      })

      test('fences out a writer whose lease expired, though nobody took it', async () => {
        const fence = await lead('a', 5_000)
        harness.passTime(5_000)

        const late = await store.commit({ entries: [draft('late', group)], fence })

        expect(late).toMatchObject({
          cause: 'fenced',
          says: 'the lease of channel-1/cdn (token 1) expired',
        })
      })

      test('fences entries alone by the group of the first one', async () => {
        const fence = await lead()

        const mine = await store.commit({ entries: [draft('mine', group)], fence })
        const foreign = await store.commit({ entries: [draft('x', 'channel-2/cdn')], fence })

        expect(mine.ok).toBe(true)
        expect(foreign).toMatchObject({
          cause: 'fenced',
          says: 'nobody holds the lease of channel-2/cdn',
        })
      })

      test('rejects mistakes of the caller', async () => {
        const fence = await lead()

        await expect(
          store.commit({ entries: [], row: row({ token: 1, revision: 1 }) }),
        ).rejects.toThrow('the row of channel-1/cdn is written without a fence')
        await expect(
          store.commit({ entries: [], row: row({ token: 7, revision: 1 }), fence }),
        ).rejects.toThrow('the row of channel-1/cdn says token 7, its fence 1')
        await expect(store.commit({ entries: [draft('x')], fence })).rejects.toThrow(TypeError)
        await expect(
          store.commit({ entries: [{ ...draft('x'), data: { n: 1n } }] }),
        ).rejects.toThrow(TypeError)
        expect(await store.head()).toEqual(genesis)
      })
    })

    describe('leases', () => {
      test('are granted to one owner, who renews under the same token', async () => {
        const other = await harness.open(clock)

        const taken = await store.lease(group, 'a', 10_000)
        const refused = await other.lease(group, 'b', 10_000)
        const renewed = await store.lease(group, 'a', 20_000)

        expect(taken).toMatchObject({ group, owner: 'a', token: 1, leftMs: 10_000 })
        expect(refused).toBeUndefined()
        expect(renewed).toMatchObject({ token: 1, leftMs: 20_000 })
      })

      test('of two groups are independent', async () => {
        await store.lease(group, 'a', 10_000)

        expect(await store.lease('channel-2/cdn', 'b', 10_000)).toMatchObject({ token: 1 })
      })

      test('pass on only after they expired, under the next token', async () => {
        await store.lease(group, 'a', 10_000)

        harness.passTime(9_000)
        const early = await store.lease(group, 'b', 10_000)
        harness.passTime(1_000)
        const late = await store.lease(group, 'b', 10_000)

        expect(early).toBeUndefined()
        expect(late).toMatchObject({ owner: 'b', token: 2 })
      })

      test('taken anew by the same owner after expiry get the next token', async () => {
        await store.lease(group, 'a', 10_000)
        harness.passTime(10_000)

        expect(await store.lease(group, 'a', 10_000)).toMatchObject({ owner: 'a', token: 2 })
      })

      test('given back are free at once, and the token goes on rising', async () => {
        const { token } = await lead('a')

        await store.release(group, 'a', token)

        expect(await store.lease(group, 'b', 10_000)).toMatchObject({ token: token + 1 })
      })

      test('are not ended by somebody who does not hold them', async () => {
        const { token } = await lead('a')

        await store.release(group, 'b', token)
        await store.release(group, 'a', token + 1)

        expect(await store.lease(group, 'b', 10_000)).toBeUndefined()
      })

      test.for([0, -1, NaN, Infinity])('cannot last %s milliseconds', async (ttlMs) => {
        await expect(store.lease(group, 'a', ttlMs)).rejects.toThrow(RangeError)
      })
    })

    describe('outbox', () => {
      test('gives items when they are due, oldest first, equal times as put', async () => {
        await store.put([item('late', 300), item('second', 200), item('third', 200)])
        await store.put([item('first', 100)])

        const due = await store.due(250, 10)

        expect(due.map(({ id }) => id)).toEqual(['first', 'second', 'third'])
        expect(due[0]).toEqual(item('first', 100))
        expect(await store.due(1_000, 2)).toHaveLength(2)
      })

      test('replaces an item that is put again', async () => {
        await store.put([item('one', 100)])
        await store.put([{ ...item('one', 500), attempts: 3 }])

        expect(await store.due(400, 10)).toEqual([])
        expect(await store.due(500, 10)).toMatchObject([{ id: 'one', attempts: 3 }])
      })

      test('forgets settled items, and does not mind unknown ones', async () => {
        await store.put([item('one', 100), item('two', 100)])

        const settled = await store.settle(['one', 'never-seen'])

        expect(settled).toBe(true)
        expect((await store.due(100, 10)).map(({ id }) => id)).toEqual(['two'])
      })
    })

    describe('a commit with an outbox', () => {
      test('brings its items along with its entries', async () => {
        await store.put([item('one', 100)])

        const result = await store.commit({
          entries: [draft('applied')],
          outbox: [{ ...item('one', 100), attempts: 2 }, item('two', 200)],
        })

        expect(result).toMatchObject({ ok: true, entries: [{ says: 'applied' }] })
        expect(await store.due(300, 10)).toEqual([
          { ...item('one', 100), attempts: 2 },
          item('two', 200),
        ])
      })

      test('brings nothing where it is refused', async () => {
        const fence = await lead()

        const result = await store.commit({
          entries: [draft('lost')],
          row: row({ token: fence.token, revision: 3 }),
          fence,
          outbox: [item('one', 100)],
        })

        expect(result).toMatchObject({ ok: false, cause: 'fenced' })
        expect(await store.due(300, 10)).toEqual([])
      })

      test('keeps its items for the next process', async () => {
        await store.commit({ entries: [], outbox: [item('one', 100)] })
        await store.close()

        const reopened = await harness.open(clock)

        expect(await reopened.due(300, 10)).toEqual([item('one', 100)])
      })
    })

    test('everything acknowledged is there for the next process', async () => {
      const fence = await lead()
      await store.commit({
        entries: [draft('kept')],
        row: row({ token: fence.token, revision: 1 }),
        fence,
      })
      await store.put([item('one', 100)])
      const head = await store.head()
      await store.close()

      const reopened = await harness.open(clock)

      expect(await reopened.entries({ limit: 10 })).toHaveLength(1)
      expect(await reopened.head()).toEqual(head)
      expect(await reopened.group(group)).toMatchObject({ revision: 1 })
      expect(await reopened.due(100, 10)).toHaveLength(1)
      expect(await reopened.lease(group, 'b', 1_000)).toBeUndefined()
    })

    test('answers with values while it cannot be written, and works again afterwards', async () => {
      await store.put([item('one', 100)])

      harness.breakDown()
      const commit = await store.commit({ entries: [draft('lost')] })
      const lease = await store.lease(group, 'a', 1_000)
      const put = await store.put([item('two', 100)])
      const settle = await store.settle(['one'])
      await store.release(group, 'a', 1)
      harness.mend()

      expect(commit).toMatchObject({ ok: false, cause: 'unavailable' })
      expect(commit).toHaveProperty(
        'says',
        expect.stringMatching(/^the store .+ is unavailable: /u),
      )
      expect(lease).toBeUndefined()
      expect([put, settle]).toEqual([false, false])
      expect((await store.due(100, 10)).map(({ id }) => id)).toEqual(['one'])
      expect(await store.commit({ entries: [draft('kept')] })).toMatchObject({
        ok: true,
        entries: [{ seq: 1 }],
      })
    })

    test('after close, writes answer unavailable and reads reject', async () => {
      await store.close()

      expect(await store.commit({ entries: [draft('x')] })).toMatchObject({ cause: 'unavailable' })
      expect(await store.lease(group, 'a', 1_000)).toBeUndefined()
      expect(await store.put([item('one', 1)])).toBe(false)
      const unavailable = { code: 'STORE_UNAVAILABLE', retry: true }
      await expect(store.group(group)).rejects.toMatchObject(unavailable)
      await expect(store.entries({ limit: 1 })).rejects.toMatchObject(unavailable)
      await expect(store.head()).rejects.toMatchObject(unavailable)
      await expect(store.due(1, 1)).rejects.toMatchObject(unavailable)
    })
  })
}

function draft(says: string, ofGroup?: string): JournalDraft {
  return { kind: 'state', says, ...(ofGroup === undefined ? {} : { group: ofGroup }) }
}

function row(numbers: { token: number; revision: number }): GroupRow {
  return {
    group,
    state: 'STEADY',
    version: 1,
    allocation: { 'cdn-a': 100, 'cdn-b': 0 },
    ledger: [],
    failback: { relapses: 0 },
    ...numbers,
  }
}

function item(id: string, dueAt: number): OutboxItem {
  const notice: Notice = {
    id,
    key: `${group}/down`,
    action: 'trigger',
    severity: 'critical',
    group,
    title: 'cdn-a is down',
    did: 'Moved to cdn-b.',
    todo: 'Look at the packager.',
    since: 1,
    wall: 2,
    details: { path: 'cdn-a', seconds: 3 },
  }
  return { id, route: 'pagerduty', notice, attempts: 0, dueAt }
}

function never(): never {
  throw new Error('there is no entry')
}
