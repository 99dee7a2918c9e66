import { expect, test } from 'vitest'
import {
  cdn,
  sceneSettings,
  steadyScene,
  watchdogScene,
  type WatchdogScene,
} from './watchdog-scene.ts'

const settings = sceneSettings({
  notify: [{ route: 'changes', type: 'changes', options: {}, minSeverity: 'critical' }],
})

async function steer({ clock, watchdog }: WatchdogScene): Promise<void> {
  void watchdog.command({
    kind: 'steer',
    group: cdn,
    actor: 'ada',
    reason: 'maintenance at cdn-a',
    path: 'cdn-b',
    apply: false,
    bypass: [],
  })
  await clock.advance(10_000)
}

/** SIGKILL at the commit of a change: it is durable, and this process does nothing any more. */
function dieOnceApplied({ store }: WatchdogScene): void {
  const commit = store.commit.bind(store)
  store.commit = (each) => {
    if (each.entries.some(({ kind }) => kind === 'applied')) {
      store.crash = { at: store.commits + 1, when: 'after', end: 'silence' }
    }
    return commit(each)
  }
}

function changesOf({ notices }: WatchdogScene): string[] {
  return notices.filter(({ notice }) => notice.action === 'change').map(({ notice }) => notice.did)
}

test('a change is told to those who take changes, once', async () => {
  const scene = await steadyScene(settings)

  await steer(scene)
  await scene.clock.advance(120_000)

  expect(changesOf(scene)).toEqual(['traffic moved from cdn-a to cdn-b'])
  expect(scene.store.disk.outbox.size).toBe(0)
})

test('a change is told also where the process dies the moment that the journal has it', async () => {
  const killed = await steadyScene(settings)
  dieOnceApplied(killed)
  await steer(killed)

  const next = watchdogScene(settings, undefined, killed)
  await next.watchdog.start()
  await next.clock.advance(60_000)

  const applied = killed.store.disk.journal.filter(({ kind }) => kind === 'applied')
  expect(killed.store.crashed).toBe(true)
  expect(changesOf(killed)).toEqual([])
  expect(changesOf(next)).toEqual(applied.map(({ says }) => says))
  expect(applied).toHaveLength(1)
  expect(next.store.disk.outbox.size).toBe(0)
})
