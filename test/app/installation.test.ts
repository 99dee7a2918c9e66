import { describe, expect, it } from 'vitest'
import { Installation } from '../../src/app/installation.ts'
import { SimulatedClock } from '../../src/platform/simulated-clock.ts'

function installed(limits: { groups?: number; fraction?: number } = {}, count = 8) {
  const clock = new SimulatedClock()
  const blastRadius = { groups: 1, fraction: 0.25, perMs: 300_000, ...limits }
  return { clock, installation: new Installation(clock, { blastRadius }, count) }
}

describe('the blast radius', () => {
  it.each([
    [{ groups: 1, fraction: 0.25 }, 3, 1],
    [{ groups: 1, fraction: 0.25 }, 8, 2],
    [{ groups: 1, fraction: 0.25 }, 11, 2],
    [{ groups: 3, fraction: 0.25 }, 8, 3],
    [{ groups: 1, fraction: 1 }, 8, 8],
  ])('of %j allows, of %d groups, %d', (limits, count, wanted) => {
    expect(installed(limits, count).installation.limit).toBe(wanted)
  })

  it('refuses the group beyond the limit, and says how many changed', () => {
    const { installation } = installed()
    installation.charge('1', 'one/cdn')
    installation.charge('2', 'two/cdn')

    const answer = installation.ask('three/cdn')

    expect(answer).toEqual({
      pass: false,
      says: '2 of 2 groups of the whole installation changed in the last 5m',
    })
  })

  it('gives a group that changed already no second place', () => {
    const { installation } = installed()
    for (const id of ['1', '2', '3']) installation.charge(id, 'one/cdn')

    expect(installation.ask('two/cdn').pass).toBe(true)
    installation.charge('4', 'two/cdn')
    expect(installation.ask('one/cdn').pass).toBe(true)
    expect(installation.ask('three/cdn').pass).toBe(false)
  })

  it('forgets a change after its window, to the millisecond', async () => {
    const { clock, installation } = installed({ fraction: 0 })
    installation.charge('1', 'one/cdn')

    await clock.advance(299_999)
    const before = installation.ask('two/cdn').pass
    await clock.advance(1)

    expect([before, installation.ask('two/cdn').pass]).toEqual([false, true])
  })

  it('takes a charge back, and counts one that is told twice once', () => {
    const { installation } = installed({ fraction: 0 })
    installation.charge('1', 'one/cdn')
    installation.charge('1', 'one/cdn')

    installation.refund('1')

    expect(installation.ask('two/cdn').pass).toBe(true)
  })

  it('counts a change of an earlier process at the time at which it was made', async () => {
    const { clock, installation } = installed({ fraction: 0 })
    await clock.advance(400_000)

    installation.charge('old', 'one/cdn', 50_000)
    const old = installation.ask('two/cdn').pass
    installation.charge('recent', 'one/cdn', 200_000)

    expect([old, installation.ask('two/cdn').pass]).toEqual([true, false])
  })

  it('takes new limits over and keeps what was charged', () => {
    const { installation } = installed({ fraction: 0 })
    installation.charge('1', 'one/cdn')
    const before = installation.ask('two/cdn').pass

    installation.configure({ blastRadius: { groups: 2, fraction: 0, perMs: 300_000 } }, 8)

    expect([before, installation.ask('two/cdn').pass]).toEqual([false, true])
  })
})
