import { describe, expect, test } from 'vitest'
import { viewOf } from '../../../src/app/view.ts'
import type { DrillPlan } from '../../../src/core/drill-plan.ts'
import type { DrillSummary } from '../../../src/core/drill-report.ts'
import type { GroupSettings } from '../../../src/core/settings.ts'
import type { ScriptedAnswer } from '../../fakes/scripted-net.ts'
import { fail } from '../scripted-probe.ts'
import {
  cdn,
  sceneGroup,
  scenePath,
  sceneSettings,
  steadyScene,
  watchdogScene,
  type WatchdogScene,
} from '../watchdog-scene.ts'

const drill: DrillPlan = {
  name: 'weekly-load',
  group: cdn,
  kind: 'load',
  timeZone: 'UTC',
  stayMs: 60_000,
  maxMs: 120_000,
  objectives: {},
  abortIf: { standby: [] },
  blockedBy: 'warning',
  window: [],
  load: { viewers: 4, bitsPerSecond: 4e6 },
}

const origin = 'https://b.example/'

function settingsOf(group: Partial<GroupSettings> = {}, plan: Partial<DrillPlan> = {}) {
  const standby = scenePath('cdn-b', {
    type: 'hls',
    options: { at: 'cdn-b', url: `${origin}main.m3u8` },
  })
  const paths = [scenePath('cdn-a'), standby, scenePath('cdn-c')]
  return sceneSettings({
    drills: [{ ...drill, ...plan }],
    groups: [sceneGroup(cdn, [], { capacity: { demand: 20e6, paths: {} }, ...group, paths })],
  })
}

/** A standby whose segments are as this answer. */
function serve({ net }: WatchdogScene, segment: ScriptedAnswer): void {
  net.on(`${origin}main.m3u8`, (now) => {
    const newest = Math.floor(now / 2_000)
    return {
      body: `#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:${newest}\n#EXTINF:2,\ns-${newest}.ts\n`,
    }
  })
  net.on(/s-\d+\.ts$/u, segment)
}

async function rehearse({ clock, watchdog }: WatchdogScene): Promise<DrillSummary> {
  await watchdog.drills.run(drill.name, 'ana', 'before the final')
  await clock.advance(90_000)
  const [summary] = watchdog.drills.view().history
  if (summary === undefined) throw new Error('no drill ended')
  return summary
}

function capacityOf({ clock, plugins, watchdog }: WatchdogScene, path: string) {
  const { groups } = viewOf({ watchdog, clock, plugins, version: '1' })
  return groups[0]?.paths.find(({ name }) => name === path)?.capacity
}

describe('a load drill', () => {
  test('keeps what the standby carried below its ceiling, and moves nothing', async () => {
    const scene = await steadyScene(settingsOf())
    serve(scene, { body: Buffer.alloc(1_000_000) })

    const { outcome, says } = await rehearse(scene)

    expect(says).toMatch(
      /^cdn-b gave \d+ kbit\/s to 4 viewers in \d+ segments, limited by the ceiling$/u,
    )
    expect(outcome).toBe('PASSED')
    expect(capacityOf(scene, 'cdn-b')).toMatchObject({ source: 'at-least' })
    expect(capacityOf(scene, 'cdn-b')?.bitsPerSecond).toBeLessThanOrEqual(4e6)
    expect(scene.store.disk.journal.filter(({ kind }) => kind === 'intent')).toEqual([])
  })

  test('keeps what was all that came, which the next process knows and goes by', async () => {
    const scene = await steadyScene(settingsOf({}, { load: { viewers: 4, bitsPerSecond: 1e9 } }))
    serve(scene, { body: Buffer.alloc(500_000), bytesPerSecond: 100_000 })
    const { outcome } = await rehearse(scene)
    await Promise.all([scene.watchdog.stop(), scene.clock.advance(5_000)])

    const next = watchdogScene(scene.settings, undefined, scene)
    await next.watchdog.start()
    await next.clock.advance(30_000)
    next.sights.set('cdn-a', fail('refused'))
    await next.clock.advance(20_000)

    expect(outcome).toBe('FAILED')
    expect(capacityOf(next, 'cdn-b')).toMatchObject({
      source: 'at-most',
      says: expect.stringMatching(
        /^no more than 2\.\d+ Mbit\/s, as drill weekly-load measured \d+m ago$/u,
      ) as string,
    })
    expect(next.targets.get(cdn)?.allocation).toMatchObject({ 'cdn-c': 100 })
    expect(
      scene.store.disk.journal.find(({ data }) => data?.['event'] === 'carried'),
    ).toMatchObject({ path: 'cdn-b', actor: 'ana', data: { isLimit: true, plan: 'weekly-load' } })
  })

  test('is overruled by what is declared', async () => {
    const declared = { demand: 20e6, paths: { 'cdn-b': 400e9 } }
    const scene = await steadyScene(
      settingsOf({ capacity: declared }, { load: { viewers: 4, bitsPerSecond: 1e9 } }),
    )
    serve(scene, { body: Buffer.alloc(500_000), bytesPerSecond: 100_000 })

    await rehearse(scene)
    scene.sights.set('cdn-a', fail('refused'))
    await scene.clock.advance(20_000)

    expect(capacityOf(scene, 'cdn-b')).toMatchObject({ source: 'declared' })
    expect(scene.targets.get(cdn)?.allocation).toMatchObject({ 'cdn-b': 100 })
  })

  test('that failed here and there fails, and says nothing of how much there is', async () => {
    const scene = await steadyScene(settingsOf())
    serve(scene, { body: Buffer.alloc(100_000) })
    let asked = 0
    scene.net.on(/s-\d+\.ts$/u, () => {
      asked += 1
      return asked === 7 ? { status: 503 } : { body: Buffer.alloc(100_000) }
    })

    const { outcome } = await rehearse(scene)

    expect(outcome).toBe('FAILED')
    expect(capacityOf(scene, 'cdn-b')).toMatchObject({ source: 'at-least' })
  })

  test('that something else ended keeps nothing', async () => {
    const scene = await steadyScene(settingsOf({}, { load: { viewers: 4, bitsPerSecond: 1e9 } }))
    serve(scene, { body: Buffer.alloc(500_000), bytesPerSecond: 100_000 })
    await scene.watchdog.drills.run(drill.name, 'ana', 'test')
    await scene.clock.advance(20_000)

    scene.sights.set('cdn-a', fail('refused'))
    await scene.clock.advance(10_000)

    expect(scene.watchdog.drills.view().history[0]).toMatchObject({ outcome: 'ABORTED' })
    expect(capacityOf(scene, 'cdn-b')).toBeUndefined()
  })

  test('pulls nothing of a path that viewers do not pull in segments', async () => {
    const scene = await steadyScene(settingsOf({}, { away: 'cdn-c' }))
    const before = scene.net.requests.length

    const { outcome, says } = await rehearse(scene)

    expect(`${outcome}: ${says}`).toBe(
      'SKIPPED: cdn-c is neither HLS nor DASH: viewers pull nothing else',
    )
    expect(scene.net.requests.length).toBe(before)
  })
})
