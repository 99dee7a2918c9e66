import { describe, expect, test } from 'vitest'
import type { DrillPlan } from '../../../src/core/drill-plan.ts'
import {
  cdn,
  sceneSettings,
  steadyScene,
  watchdogScene,
  type WatchdogScene,
} from '../watchdog-scene.ts'

const plan: DrillPlan = {
  name: 'daily',
  group: cdn,
  kind: 'observe',
  cron: '0 10 * * *',
  timeZone: 'Europe/Berlin',
  stayMs: 60_000,
  maxMs: 120_000,
  objectives: {},
  abortIf: { standby: [] },
  blockedBy: 'warning',
  window: [],
}

function story({ watchdog }: WatchdogScene): string[] {
  return watchdog.drills
    .view()
    .history.map(({ actor, outcome, says }) => `${outcome} by ${actor}: ${says}`)
}

describe('a drill by the calendar', () => {
  test('is handed to it with its time zone, and only where it has a time', async () => {
    const { cron: _none, ...free } = plan
    const { jobs } = await steadyScene(sceneSettings({ drills: [plan, { ...free, name: 'free' }] }))

    expect(jobs).toMatchObject([{ cron: '0 10 * * *', timeZone: 'Europe/Berlin' }])
    expect(jobs).toHaveLength(1)
  })

  test('runs when its time comes', async () => {
    const scene = await steadyScene(sceneSettings({ drills: [plan] }))

    await scene.jobs[0]?.run()
    await scene.clock.advance(10_000)

    expect(story(scene)).toEqual(['PASSED by schedule: everything is ready for a failover'])
  })

  test('whose time was missed is SKIPPED with that time, and not run', async () => {
    const scene = await steadyScene(sceneSettings({ drills: [plan] }))

    scene.jobs[0]?.onMissed(Date.parse('2026-03-04T10:00:00Z'))
    await scene.clock.advance(10_000)

    const says = 'it was due at 2026-03-04T10:00:00Z and is not run late'
    expect(story(scene)).toEqual([`SKIPPED by schedule: ${says}`])
    expect(
      scene.store.disk.journal.filter(({ kind }) => kind === 'drill').map((each) => each.says),
    ).toEqual([`drill daily SKIPPED: ${says}`])
  })

  test('whose time came while nothing ran is SKIPPED by the next process, and not run', async () => {
    const first = await steadyScene(sceneSettings({ drills: [plan] }))
    await Promise.all([first.watchdog.stop(), first.clock.advance(5_000)])

    const next = watchdogScene(first.settings, undefined, first)
    next.missedAt = Date.parse('2026-03-04T10:00:00Z')
    await next.clock.advance(60_000)
    await next.watchdog.start()
    await next.clock.advance(30_000)

    expect(story(next)).toEqual([
      'SKIPPED by schedule: it was due at 2026-03-04T10:00:00Z, when Changeover did not run, and is not run late',
    ])
  })

  test('is left to the calendar of the process that leads the group', async () => {
    const first = await steadyScene(sceneSettings({ drills: [plan] }))
    const other = watchdogScene(first.settings, undefined, first)
    await other.watchdog.start()
    await first.clock.advance(10_000)

    await other.jobs[0]?.run()
    other.jobs[0]?.onMissed(Date.parse('2026-03-04T10:00:00Z'))
    await first.clock.advance(10_000)

    expect(story(other)).toEqual([])
    expect(first.store.disk.journal.filter(({ kind }) => kind === 'drill')).toEqual([])
  })

  test('whose time comes during another drill is SKIPPED, and the other one goes on', async () => {
    const other = { ...plan, name: 'other' }
    const scene = await steadyScene(sceneSettings({ drills: [plan, other] }))

    await scene.jobs[1]?.run()
    await scene.jobs[0]?.run()
    await scene.clock.advance(10_000)

    expect(story(scene)).toEqual([
      'PASSED by schedule: everything is ready for a failover',
      'SKIPPED by schedule: drill other is under way',
    ])
  })

  test('comes no more once a reload took it out, and comes anew once it changed', async () => {
    const scene = await steadyScene(sceneSettings({ drills: [plan, { ...plan, name: 'other' }] }))

    const drills = [{ ...plan, cron: '0 11 * * *' }]
    const reloaded = scene.watchdog.reload({ ...scene.settings, drills }, scene.rules)
    await scene.clock.advance(100)
    await reloaded

    expect(scene.jobs.map(({ cron }) => cron)).toEqual(['0 11 * * *'])
  })
})
