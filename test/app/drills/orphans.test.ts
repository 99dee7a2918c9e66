import { expect, test } from 'vitest'
import type { DrillHost } from '../../../src/app/drills/drill-host.ts'
import { Orphans } from '../../../src/app/drills/orphans.ts'
import type { DrillSummary } from '../../../src/core/drill-report.ts'
import type { JournalDraft } from '../../../src/core/journal.ts'
import { SimulatedClock } from '../../../src/platform/simulated-clock.ts'
import { memoryStore } from '../../../src/simulation/memory-store.ts'
import { ScriptedNet } from '../../fakes/scripted-net.ts'
import { sceneSettings } from '../watchdog-scene.ts'
import { plan } from './drill-scene.ts'

const fault = {
  by: 'webhook',
  begin: 'https://chaos.example/begin',
  end: 'https://chaos.example/end',
} as const
const broken = plan({ name: 'weekly', kind: 'fault', away: 'cdn-a', fault })

const begun: JournalDraft = {
  kind: 'drill',
  group: broken.group,
  actor: 'ana',
  says: 'drill weekly (fault) is asked for by ana',
  data: { event: 'begins', drill: 'd1', plan: 'weekly', kind: 'fault', owner: 'first', at: 0 },
}
const judged: JournalDraft = {
  kind: 'drill',
  group: broken.group,
  actor: 'ana',
  says: 'drill weekly PASSED',
  data: { event: 'outcome', drill: 'd1', id: 'd1', plan: 'weekly', outcome: 'PASSED' },
}

/** What the process that leads now does about drills of which the journal says this. */
async function lookedAt(...entries: readonly JournalDraft[]) {
  const clock = new SimulatedClock()
  const store = memoryStore(clock)
  await store.commit({ entries })
  const net = new ScriptedNet(clock)
  net.on(fault.end, { status: 200, body: '' })
  const concluded: DrillSummary[] = []
  const situation = { lease: { token: 1, leftMs: 1_000 }, memory: { row: {} } }
  const host: Pick<DrillHost, 'clock' | 'net' | 'owner' | 'settings' | 'store' | 'termOf'> = {
    clock,
    net,
    owner: 'second',
    settings: () => sceneSettings({ drills: [broken] }),
    store,
    termOf: () => 1,
  }
  const orphans = new Orphans(
    { ...host, snapshot: () => ({ situation }) } as unknown as DrillHost,
    async (summary) => void concluded.push(summary),
  )
  await Promise.all([orphans.look(undefined), clock.advance(10_000)])
  return { concluded, healed: net.requests.map(({ url }) => url) }
}

test('a drill without a verdict has its fault ended, and is INTERRUPTED', async () => {
  const { concluded, healed } = await lookedAt(begun)

  expect(healed).toEqual([fault.end])
  expect(concluded).toMatchObject([{ id: 'd1', outcome: 'INTERRUPTED' }])
})

test('a drill that was judged is left alone', async () => {
  const { concluded, healed } = await lookedAt(begun, judged)

  expect(healed).toEqual([])
  expect(concluded).toEqual([])
})
