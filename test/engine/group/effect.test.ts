import { describe, expect, it } from 'vitest'
import { describeBehind, partialTrouble, type Effect } from '../../../src/engine/group/effect.ts'

const server = { who: '192.0.2.54', kind: 'server', says: 'still answers A 192.0.2.1' } as const
const cache = { who: '9.9.9.9', kind: 'cache', says: 'still answers A 192.0.2.1' } as const

const slow = { ...server, withinMs: 60_000 }
const late = { behind: [cache], serversAt: 21_000 }

/** What people hear `ms` after a change was applied; `undefined`: nothing. */
function severityAt(ms: number, effect: Partial<Effect>): string | undefined {
  const whole = { intent: 'i1', since: 1_000, settleMs: 0, behind: [server], ...effect }
  return partialTrouble(whole, 1_000 + ms)?.severity
}

describe('a change that is only partly in effect', () => {
  it.each<[string, number, Partial<Effect>, string | undefined]>([
    ['nobody is behind', 600_000, { behind: [] }, undefined],
    ['a server has ten seconds to follow', 9_999, {}, undefined],
    ['and is named then', 10_000, {}, 'warning'],
    ['unless it says how long it takes', 59_999, { behind: [slow] }, undefined],
    ['and takes longer', 60_000, { behind: [slow] }, 'warning'],
    ['for two minutes', 119_999, {}, 'warning'],
    ['before people are called', 120_000, {}, 'critical'],
    ['or for as long as caches may keep it', 299_999, { settleMs: 300_000 }, 'warning'],
    ['where that is longer', 300_000, { settleMs: 300_000 }, 'critical'],
    ['a cache has its time', 64_999, { behind: [cache], settleMs: 60_000 }, undefined],
    ['and may round up', 65_000, { behind: [cache], settleMs: 60_000 }, 'warning'],
    ['from when the servers followed', 84_999, { ...late, settleMs: 60_000 }, undefined],
    ['and pages nobody', 3_600_000, { ...late, settleMs: 60_000 }, 'warning'],
  ])('%s', (_, ms, effect, severity) => {
    expect(severityAt(ms, effect)).toBe(severity)
  })

  it('is told with its age and with who does what in place of it', () => {
    const effect = { intent: 'i1', since: 0, settleMs: 0, behind: [server] }

    expect(partialTrouble(effect, 12_300)?.title).toBe(
      'applied 12s ago, and not in effect everywhere: 192.0.2.54 still answers A 192.0.2.1',
    )
  })
})

it('names servers and resolvers as what they are', () => {
  expect(describeBehind([server, cache])).toBe(
    'server 192.0.2.54 still answers A 192.0.2.1; resolver 9.9.9.9 still answers A 192.0.2.1',
  )
})
