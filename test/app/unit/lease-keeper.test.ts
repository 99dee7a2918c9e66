import { describe, expect, it } from 'vitest'
import { LeaseKeeper } from '../../../src/app/group/lease-keeper.ts'
import { SimulatedClock } from '../../../src/platform/simulated-clock.ts'
import { memoryStore } from '../../../src/simulation/memory-store.ts'

const group = 'channel-1/cdn'

function keeping(owner = 'me') {
  const clock = new SimulatedClock()
  const store = memoryStore(clock)
  const keeper = new LeaseKeeper({
    clock,
    store,
    group,
    owner,
    ttlMs: 15_000,
    callTimeoutMs: 4_000,
  })
  return { clock, store, keeper }
}

describe('the lease of a group', () => {
  it('is nobody’s before it was taken', () => {
    expect(keeping().keeper.current()).toBeUndefined()
  })

  it('runs out by the monotonic clock, to the millisecond, whatever the wall clock does', async () => {
    const { clock, keeper } = keeping()
    await keeper.renew()
    clock.jumpWall(-3_600_000)

    await clock.advance(14_999)
    const last = keeper.current()
    await clock.advance(1)

    expect(last).toEqual({ token: 1, leftMs: 1 })
    expect(keeper.current()).toBeUndefined()
  })

  it('keeps its token as long as it is renewed in time', async () => {
    const { clock, keeper } = keeping()
    for (let turn = 0; turn < 10; turn += 1) {
      await keeper.renew()
      await clock.advance(5_000)
    }

    expect(keeper.current()).toEqual({ token: 1, leftMs: 10_000 })
  })

  it('counts what is left from before the store was asked, so that it never believes too much', async () => {
    const { clock, store, keeper } = keeping()
    const lease = store.lease.bind(store)
    store.lease = async (...given) => {
      const taken = await lease(...given)
      await clock.sleep(3_000)
      return taken
    }

    const renewed = keeper.renew()
    await clock.advance(3_000)

    expect(await renewed).toBe(true)
    expect(keeper.current()?.leftMs).toBe(12_000)
  })

  it('goes on running out where the store refuses or is down', async () => {
    const { clock, store, keeper } = keeping()
    await keeper.renew()
    await clock.advance(5_000)
    store.available = false

    const renewed = await keeper.renew()

    expect(renewed).toBe(false)
    expect(keeper.current()?.leftMs).toBe(10_000)
  })

  it('has another token after it ran out, and is not taken from who holds it', async () => {
    const { clock, store, keeper } = keeping()
    await keeper.renew()
    await clock.advance(15_000)
    await store.lease(group, 'other', 15_000)
    const refused = await keeper.renew()

    await clock.advance(15_000)
    await keeper.renew()

    expect(refused).toBe(false)
    expect(keeper.current()?.token).toBe(3)
  })

  it('is given back, so that a successor need not wait', async () => {
    const { store, keeper } = keeping()
    await keeper.renew()

    await keeper.release()
    await keeper.release()

    expect(keeper.current()).toBeUndefined()
    expect(await store.lease(group, 'other', 15_000)).toMatchObject({ token: 2 })
  })
})

describe('the question before an external call', () => {
  it('is answered with yes for the same leadership with more left than the call takes', async () => {
    const { keeper } = keeping()
    await keeper.renew()

    expect(await keeper.confirm(1, 4_000)).toBe(true)
    expect(await keeper.confirm(1, 15_000)).toBe(false)
  })

  it('is answered with no under a newer token', async () => {
    const { clock, keeper } = keeping()
    await keeper.renew()
    await clock.advance(20_000)

    expect(await keeper.confirm(1, 4_000)).toBe(false)
    expect(keeper.current()?.token).toBe(2)
  })

  it('is answered with no where the store is down and what is left is too short', async () => {
    const { clock, store, keeper } = keeping()
    await keeper.renew()
    store.available = false
    await clock.advance(10_000)
    const enough = await keeper.confirm(1, 4_000)
    await clock.advance(1_000)

    expect([enough, await keeper.confirm(1, 4_000)]).toEqual([true, false])
  })
})
