import { portOf } from '../../src/api/port-of-watchdog.ts'
import type { WatchdogPort } from '../../src/api/watchdog-port.ts'
import type { JournalEntry } from '../../src/core/journal.ts'
import { groupName } from '../../src/simulation/world.ts'
import { show, steady } from '../app/group/scene.ts'

/** Virtual milliseconds that pass in each real one. */
const SPEED = 20
const EVERY_MS = 50

/**
 * A watchdog of two paths with the drill `weekly`, whole but for its streams: those are simulated,
 * and time passes for it twenty times as fast. Its standby is down until it is healed.
 */
export async function runningWatchdog(): Promise<{
  readonly port: WatchdogPort
  /** The standby is up, and its incident over, when this returns. */
  readonly heal: () => Promise<void>
  readonly stop: () => void
}> {
  const { process, world } = await steady({
    paths: 2,
    vantages: 1,
    settings: {
      drills: [
        {
          name: 'weekly',
          group: groupName,
          kind: 'switch',
          timeZone: 'UTC',
          stayMs: 600_000,
          maxMs: 900_000,
          objectives: {},
          abortIf: { standby: ['degraded'] },
          blockedBy: 'warning',
          window: [],
        },
      ],
    },
  })
  show(world, { 'cdn-b': 'bad' })
  await world.clock.advance(60_000)
  const journalListeners = new Set<(entry: JournalEntry) => void>()
  const port = portOf({
    watchdog: process.watchdog,
    store: process.store,
    clock: process.clock,
    ids: { next: () => 'session' },
    plugins: { probes: [], actuators: [], notifiers: [] },
    version: '1',
    metrics: async () => ({ contentType: 'text/plain', body: '' }),
    lagMs: () => 0,
    journalListeners,
  })
  let told = world.disk.journal.length
  let turn: Promise<void> = Promise.resolve()
  const turnOnce = async (before: Promise<void>, ms: number) => {
    await before
    await world.clock.advance(ms)
    for (const entry of world.disk.journal.slice(told)) {
      for (const listener of journalListeners) listener(entry)
    }
    told = world.disk.journal.length
  }
  const advance = async (ms: number) => {
    turn = turnOnce(turn, ms)
    await turn
  }
  let isTurning = false
  const timer = setInterval(() => {
    if (isTurning) return
    isTurning = true
    void advance(EVERY_MS * SPEED).finally(() => (isTurning = false))
  }, EVERY_MS)
  return {
    port,
    heal: async () => {
      show(world, {})
      await advance(180_000)
    },
    stop: () => clearInterval(timer),
  }
}
