import { describe, expect, it } from 'vitest'
import type { Transition } from '../../src/app/health-board.ts'
import type { Settings } from '../../src/core/settings.ts'
import { alterPaths } from '../../src/engine/rules/alter-rules.ts'
import { fail, pass } from './scripted-probe.ts'
import {
  cdn,
  sceneGroup,
  scenePath,
  sceneSettings,
  steadyScene,
  watchdogScene,
  type WatchdogScene,
} from './watchdog-scene.ts'

const cdnA = `${cdn}/cdn-a`
const cdnB = `${cdn}/cdn-b`
const other = 'channel-2/cdn'
const onA = { 'cdn-a': 100, 'cdn-b': 0 }
const onB = { 'cdn-a': 0, 'cdn-b': 100 }

function stateOf({ watchdog }: WatchdogScene, group = cdn) {
  return watchdog.controller(group)?.snapshot().state
}

function healthOf({ watchdog }: WatchdogScene, path: string) {
  const group = watchdog.settings.groups.find((each) => path.startsWith(`${each.name}/`))
  return group && watchdog.board.health(group).get(path.split('/')[2] ?? '')
}

async function reload(scene: WatchdogScene, change: Partial<Settings>): Promise<void> {
  const done = scene.watchdog.reload({ ...scene.watchdog.settings, ...change }, scene.rules)
  await scene.clock.advance(100)
  await done
}

/** Looks at a place from now on. */
function looksSince(scene: WatchdogScene, where: string, at: number): number[] {
  return scene.looks.filter((look) => look.where === where && look.at >= at).map((look) => look.at)
}

describe('a watchdog', () => {
  it('watches every path, leads every group and takes the world over as it is', async () => {
    const scene = await steadyScene()

    expect(stateOf(scene)).toBe('STEADY')
    expect([cdnA, cdnB].map((path) => healthOf(scene, path)?.health)).toEqual(['up', 'up'])
    expect(scene.store.disk.journal.map((entry) => entry.kind)).toContain('adopted')
    expect(scene.store.disk.journal[0]).toMatchObject({
      kind: 'boot',
      says: 'Changeover starts: mode armed, 1 groups, vantage local',
    })
  })

  it('tells its hooks of samples, lag, turns and transitions', async () => {
    const heard = { samples: 0, lags: 0, turns: 0, transitions: [] as Transition[] }
    await steadyScene(sceneSettings(), {
      onSample: () => (heard.samples += 1),
      onLag: () => (heard.lags += 1),
      onTurn: () => (heard.turns += 1),
      onTransition: (transition) => heard.transitions.push(transition),
    })

    expect(heard.samples).toBe(42)
    expect(heard.lags).toBe(42)
    expect(heard.turns).toBeGreaterThan(90)
    expect(heard.transitions.map(({ path, to }) => `${path} ${to.health}`)).toEqual([
      'cdn-a unknown',
      'cdn-b unknown',
      'cdn-a up',
      'cdn-b up',
    ])
  })

  it('tells those who listen of changes, until they stop listening', async () => {
    const scene = await steadyScene()
    let heard = 0
    const stop = scene.watchdog.subscribe(() => {
      heard += 1
    })
    await scene.clock.advance(1_000)
    const before = heard

    stop()
    await scene.clock.advance(1_000)

    expect(before).toBeGreaterThan(0)
    expect(heard).toBe(before)
  })

  it('refuses a command for a group that there is not, and names those that there are', async () => {
    const scene = await steadyScene()

    const answer = await scene.watchdog.command({
      kind: 'hold',
      group: 'channel-9/cdn',
      actor: 'ana',
      reason: 'test',
      forMs: 60_000,
    })

    expect(answer).toEqual({
      ok: false,
      code: 'not-found',
      says: 'there is no group channel-9/cdn',
      todo: 'Groups: channel-1/cdn.',
    })
  })

  it('passes a command on to its group', async () => {
    const scene = await steadyScene()

    const answer = scene.watchdog.command({
      kind: 'steer',
      group: cdn,
      path: 'cdn-b',
      actor: 'ana',
      reason: 'maintenance',
      apply: false,
      bypass: [],
    })
    await scene.clock.advance(5_000)

    expect(await answer).toMatchObject({ ok: true })
    expect(scene.targets.get(cdn)?.allocation).toEqual(onB)
    expect(scene.watchdog.serving(cdn)).toEqual(['cdn-b'])
  })

  it('leaves an active path that is down, after a pre-check of the other', async () => {
    const scene = await steadyScene()

    scene.sights.set('cdn-a', fail())
    await scene.clock.advance(10_000)

    expect(scene.targets.get(cdn)?.allocation).toEqual(onB)
    expect(scene.looks.some((look) => look.purpose === 'precheck' && look.where === 'cdn-b')).toBe(
      true,
    )
  })

  it('tells of each change that was made, whatever made it, where a route takes changes', async () => {
    const settings = sceneSettings()
    const changes = {
      route: 'changes',
      type: 'changes',
      options: {},
      minSeverity: 'critical',
    } as const
    const scene = await steadyScene({
      ...settings,
      groups: settings.groups.map((group) => ({ ...group, tags: ['sport'] })),
      notify: [...settings.notify, changes],
    })

    void scene.watchdog.command({
      kind: 'steer',
      group: cdn,
      path: 'cdn-b',
      actor: 'ana',
      reason: 'maintenance',
      apply: false,
      bypass: [],
    })
    await scene.clock.advance(5_000)

    const told = scene.notices.filter(({ notice }) => notice.action === 'change')
    expect(told).toMatchObject([
      {
        by: 'changes',
        notice: {
          title: 'channel-1/cdn: steer: traffic moved from cdn-a to cdn-b',
          tags: ['sport'],
          details: { reason: 'steer', from: 'cdn-a', to: 'cdn-b', actor: 'ana' },
        },
      },
    ])
  })

  it('does not move to a path that answers while a rule is about to call it down', async () => {
    const scene = await steadyScene()
    scene.sights.set('cdn-b', pass({ missing_ratio: 0.9 }))
    await scene.clock.advance(1_000)

    const answer = scene.watchdog.command({
      kind: 'steer',
      group: cdn,
      path: 'cdn-b',
      actor: 'ana',
      reason: 'maintenance',
      apply: false,
      bypass: [],
    })
    await scene.clock.advance(1_000)

    expect(await answer).toMatchObject({ ok: false, code: 'conflict' })
    expect(scene.store.disk.journal.map((entry) => entry.says)).toContain(
      'cdn-b failed its pre-check: 90 % of the segments are missing',
    )
  })

  it('does not wait for a pre-check for ever', async () => {
    const scene = await steadyScene()

    scene.sights.set('cdn-b', 'hangs')
    scene.sights.set('cdn-a', fail())
    await scene.clock.advance(16_000)

    const says = scene.store.disk.journal.map((entry) => entry.says)
    expect(says.filter((each) => each.includes('pre-check'))).toHaveLength(1)
    expect(stateOf(scene)).toBe('ALL-DOWN')
    expect(scene.targets.get(cdn)?.allocation).toEqual(onA)
  })

  it('verifies through the public name, each look with that purpose', async () => {
    const verify = { path: scenePath('public'), forMs: 10_000 }
    const scene = await steadyScene(
      sceneSettings({ groups: [sceneGroup(cdn, ['cdn-a', 'cdn-b'], { verify })] }),
    )

    scene.sights.set('cdn-a', fail())
    await scene.clock.advance(15_000)

    const looks = scene.looks.filter((look) => look.where === 'public')
    expect(looks.length).toBeGreaterThan(2)
    expect(new Set(looks.map((look) => look.purpose))).toEqual(new Set(['verify']))
    expect(scene.store.disk.journal.map((entry) => entry.kind)).toContain('verified')
  })

  it('knows nothing of any path while no reference target answers, and moves nothing', async () => {
    const settings = sceneSettings({
      vantage: { name: 'local', domain: 'local', reference: ['https://one.example/'] },
    })
    const scene = watchdogScene(settings)
    scene.net.on('https://one.example/', (now) => (now < 20_000 ? {} : { fault: 'refused' }))
    await scene.watchdog.start()
    await scene.clock.advance(26_000)

    scene.sights.set('cdn-a', fail())
    await scene.clock.advance(30_000)

    expect(scene.watchdog.self).toEqual({
      ok: false,
      says: 'none of 1 reference targets answers',
    })
    expect(healthOf(scene, cdnA)).toMatchObject({ health: 'unknown' })
    expect(scene.targets.get(cdn)?.allocation).toEqual(onA)
    expect(stateOf(scene)).toBe('BLIND')
  })

  it('gives its leases back at the end and leaves no timer, and traffic stays', async () => {
    const scene = await steadyScene()

    const done = scene.watchdog.stop()
    await scene.clock.advance(2_500)
    await done

    expect(await scene.store.lease(cdn, 'somebody else', 15_000)).toMatchObject({ token: 2 })
    expect(scene.store.disk.journal.at(-1)).toMatchObject({
      kind: 'stop',
      says: 'Changeover stops; traffic stays as it is',
    })
    expect(scene.targets.get(cdn)?.allocation).toEqual(onA)
    expect(scene.clock.pending).toBe(0)
  })
})

describe('what pull actuators answer from', () => {
  it('serves everything in advise, whatever was applied', async () => {
    const scene = await steadyScene(sceneSettings({ mode: 'advise' }))

    expect(scene.watchdog.published(cdn)).toEqual({ allocation: onA, serveAll: true })
  })

  it('follows the applied allocation when armed', async () => {
    const scene = await steadyScene()

    expect(scene.watchdog.published(cdn)).toEqual({ allocation: onA, serveAll: false })
  })

  it('serves everything while nothing is known of what was applied', () => {
    const scene = watchdogScene()
    void scene.watchdog.start()

    expect(scene.watchdog.published(cdn)).toEqual({ allocation: {}, serveAll: true })
  })

  it('serves everything while every path is down', async () => {
    const scene = await steadyScene()

    for (const path of ['cdn-a', 'cdn-b']) scene.sights.set(path, fail())
    await scene.clock.advance(10_000)

    expect(stateOf(scene)).toBe('ALL-DOWN')
    expect(scene.watchdog.published(cdn)?.serveAll).toBe(true)
  })

  it('serves everything while every path is down, also where a person holds the group', async () => {
    const scene = await steadyScene()
    const held = scene.watchdog.command({
      kind: 'hold',
      group: cdn,
      actor: 'ana',
      reason: 'match',
      forMs: 3_600_000,
    })
    await scene.clock.advance(1_000)
    await held

    for (const path of ['cdn-a', 'cdn-b']) scene.sights.set(path, fail())
    await scene.clock.advance(10_000)

    expect(stateOf(scene)).toBe('HELD')
    expect(scene.watchdog.published(cdn)?.serveAll).toBe(true)
  })

  it('is nothing for a group that there is not', async () => {
    const scene = await steadyScene()

    expect(scene.watchdog.published('channel-9/cdn')).toBeUndefined()
    expect(scene.watchdog.serving('channel-9/cdn')).toEqual([])
  })
})

describe('a reload', () => {
  it('leaves paths that did not change undisturbed, with their session and since', async () => {
    const scene = await steadyScene()
    const before = [cdnA, cdnB].map((path) => scene.watchdog.watched(path))
    const since = healthOf(scene, cdnA)?.since

    await reload(scene, { groups: [sceneGroup(), sceneGroup(other, ['x', 'y'])] })
    await scene.clock.advance(5_000)

    expect([cdnA, cdnB].map((path) => scene.watchdog.watched(path))).toEqual(before)
    expect(healthOf(scene, cdnA)).toMatchObject({ health: 'up', since })
    expect(looksSince(scene, 'cdn-a', 20_000).slice(0, 3)).toEqual([20_000, 21_000, 22_000])
    expect(stateOf(scene)).toBe('STEADY')
  })

  it('moves nothing and tells of no transition by itself', async () => {
    const transitions: Transition[] = []
    const scene = await steadyScene(sceneSettings(), {
      onTransition: (transition) => transitions.push(transition),
    })
    const before = transitions.length

    await reload(scene, { timing: { ...scene.settings.timing, forMs: 2_000 } })
    await scene.clock.advance(20_000)

    expect(transitions.length).toBe(before)
    expect(scene.targets.get(cdn)?.version).toBe(1)
    expect(scene.store.disk.journal.at(-1)).toMatchObject({ kind: 'config' })
  })

  it('begins to watch and lead a group that is new', async () => {
    const scene = await steadyScene()

    await reload(scene, { groups: [sceneGroup(), sceneGroup(other, ['x', 'y'])] })
    await scene.clock.advance(20_000)

    expect(stateOf(scene, other)).toBe('STEADY')
    expect(healthOf(scene, `${other}/x`)?.health).toBe('up')
  })

  it('stops to watch a group that is gone, gives its lease back and forgets its paths', async () => {
    const forgotten: string[] = []
    const scene = await steadyScene(
      sceneSettings({ groups: [sceneGroup(), sceneGroup(other, ['x', 'y'])] }),
      { onForget: (path) => forgotten.push(path) },
    )

    await reload(scene, { groups: [sceneGroup()] })
    const at = scene.clock.now()
    await scene.clock.advance(20_000)

    expect(looksSince(scene, 'x', at)).toEqual([])
    expect(forgotten).toEqual([`${other}/x`, `${other}/y`])
    expect(scene.watchdog.board.reports(`${other}/x`).size).toBe(0)
    expect(scene.watchdog.controller(other)).toBeUndefined()
    expect(await scene.store.lease(other, 'somebody else', 1_000)).toMatchObject({ token: 2 })
    expect(looksSince(scene, 'cdn-a', at).length).toBeGreaterThan(18)
  })

  it('ends what people were told of a group that is gone', async () => {
    const scene = await steadyScene(
      sceneSettings({ groups: [sceneGroup(), sceneGroup(other, ['x', 'y'])] }),
    )
    for (const path of ['x', 'y']) scene.sights.set(path, fail())
    await scene.clock.advance(20_000)
    const open = scene.watchdog.alerting.view().length

    await reload(scene, { groups: [sceneGroup()] })
    await scene.clock.advance(20_000)

    expect(open).toBeGreaterThan(0)
    expect(scene.watchdog.alerting.view()).toEqual([])
  })

  it('adds a path and takes one out', async () => {
    const scene = await steadyScene()

    await reload(scene, { groups: [sceneGroup(cdn, ['cdn-a', 'cdn-c'])] })
    const at = scene.clock.now()
    await scene.clock.advance(20_000)

    expect(looksSince(scene, 'cdn-b', at)).toEqual([])
    expect(scene.watchdog.watched(cdnB)).toBeUndefined()
    expect(healthOf(scene, `${cdn}/cdn-c`)?.health).toBe('up')
    expect(stateOf(scene)).toBe('STEADY')
  })

  it('takes what was seen at another address under the same name for no evidence', async () => {
    const scene = await steadyScene()
    const moved = scenePath('cdn-b', { options: { at: 'elsewhere' } })
    const groups = [{ ...sceneGroup(), paths: [scenePath('cdn-a'), moved] }]

    const done = scene.watchdog.reload({ ...scene.settings, groups }, scene.rules)
    await done
    const atOnce = healthOf(scene, cdnB)
    await scene.clock.advance(10_000)

    expect(atOnce).toMatchObject({ health: 'unknown' })
    expect(looksSince(scene, 'elsewhere', 0).length).toBeGreaterThan(8)
    expect(healthOf(scene, cdnB)?.health).toBe('up')
  })

  it('judges by new timing at once', async () => {
    const scene = await steadyScene()

    await reload(scene, { timing: { ...scene.settings.timing, forMs: 6_000 } })
    scene.sights.set('cdn-a', fail())
    const begun = scene.clock.now()
    await scene.clock.advance(12_000)

    const { since } = scene.watchdog.watched(cdnA)?.report ?? { since: 0 }
    expect(since - begun).toBeGreaterThanOrEqual(6_000)
    expect(since - begun).toBeLessThan(7_100)
  })

  it('changes a rule for one path alone, and its watch goes on undisturbed', async () => {
    const scene = await steadyScene()
    const before = scene.watchdog.watched(cdnA)
    const since = before?.report.since
    const rules = alterPaths(scene.rules, { [cdnA]: { 'segments-missing': 'off' } })

    const done = scene.watchdog.reload(scene.watchdog.settings, rules)
    await scene.clock.advance(100)
    await done
    for (const where of ['cdn-a', 'cdn-b']) scene.sights.set(where, pass({ missing_ratio: 1 }))
    await scene.clock.advance(4_000)

    expect(scene.watchdog.watched(cdnA)).toBe(before)
    expect(scene.watchdog.watched(cdnA)?.report).toMatchObject({ health: 'up', since })
    expect(scene.watchdog.watched(cdnB)?.report.health).toBe('down')
  })

  it('takes what was seen for stale by the new limit', async () => {
    const scene = await steadyScene()
    await reload(scene, { timing: { ...scene.settings.timing, staleAfterMs: 400 } })

    await scene.clock.advance(380)
    const stale = healthOf(scene, cdnA)?.health
    await scene.clock.advance(150)

    expect(stale).toBe('unknown')
    expect(healthOf(scene, cdnA)?.health).toBe('up')
  })

  it('takes the reports of other vantages for stale by the new limit too', async () => {
    const vantages = ['local', 'fra'].map((name) => ({ name, domain: name }))
    const groups = [sceneGroup(cdn, ['cdn-a', 'cdn-b'], { vantages })]
    const scene = await steadyScene(sceneSettings({ vantages, groups }))
    const own = scene.watchdog.watched(cdnA)?.report
    if (own === undefined) throw new Error('cdn-a is not watched')
    scene.watchdog.receive(cdn, { ...own, vantage: 'fra', seenAt: scene.clock.now() })
    const votes = () => healthOf(scene, cdnA)?.votes.map((vote) => vote.health)
    const before = votes()

    await reload(scene, { timing: { ...scene.settings.timing, staleAfterMs: 2_000 } })
    await scene.clock.advance(2_500)

    expect(before).toEqual(['up', 'up'])
    expect(votes()).toEqual(['up', 'unknown'])
  })

  it('lets more groups change at once where the blast radius grows', async () => {
    const groups = [sceneGroup(), sceneGroup(other, ['x', 'y'])]
    const radius = (allowed: number) => ({
      blastRadius: { groups: allowed, fraction: 0, perMs: 300_000, beyond: 'queue' as const },
    })
    const scene = await steadyScene(sceneSettings({ groups, installation: radius(1) }))
    for (const path of ['cdn-a', 'x']) scene.sights.set(path, fail())
    await scene.clock.advance(20_000)
    const moved = () => [...scene.targets.values()].filter((target) => target.version > 1).length
    const before = moved()

    await reload(scene, { installation: radius(2) })
    await scene.clock.advance(20_000)

    expect([before, moved()]).toEqual([1, 2])
  })

  it('knows nothing of a new path while this vantage cannot see', async () => {
    const reference = ['https://one.example/']
    const settings = sceneSettings({ vantage: { name: 'local', domain: 'local', reference } })
    const scene = watchdogScene(settings)
    scene.net.on('https://one.example/', { fault: 'refused' })
    await scene.watchdog.start()
    await scene.clock.advance(6_000)

    await reload(scene, { groups: [sceneGroup(), sceneGroup(other, ['x', 'y'])] })
    await scene.clock.advance(10_000)

    expect(healthOf(scene, `${other}/x`)).toMatchObject({
      health: 'unknown',
      votes: [{ says: 'none of 1 reference targets answers' }],
    })
  })

  it('shows people how the measurement went that a rule calls bad', async () => {
    const scene = await steadyScene()

    scene.sights.set('cdn-a', pass({ bitrate_bits_per_second: 5_000_000, missing_ratio: 0.9 }))
    await scene.clock.advance(20_000)

    const told = scene.notices.find(({ notice }) => notice.path === 'cdn-a')
    expect(told?.notice.trend).toMatch(/^missing_ratio 0 ▁+█+ 0\.9 within \d+s$/u)
  })

  it('tells people by the new routes, and no more by the old', async () => {
    const scene = await steadyScene()

    await reload(scene, {
      notify: [{ route: 'chat', type: 'chat', options: {}, minSeverity: 'info' }],
    })
    await scene.clock.advance(3_000)
    scene.sights.set('cdn-a', fail())
    await scene.clock.advance(20_000)

    expect(new Set(scene.notices.map(({ by }) => by))).toEqual(new Set(['chat']))
  })

  it('ends incidents by the new time that trouble must be gone', async () => {
    const scene = await steadyScene()
    await reload(scene, { timing: { ...scene.settings.timing, clearForMs: 30_000 } })
    await scene.clock.advance(3_000)
    for (const path of ['cdn-a', 'cdn-b']) scene.sights.set(path, fail())
    await scene.clock.advance(20_000)

    // The paths are up again after 30 s, and the incidents over 30 s later.
    scene.sights.clear()
    await scene.clock.advance(45_000)
    const health = [cdnA, cdnB].map((path) => healthOf(scene, path)?.health)
    const before = scene.watchdog.alerting.view().length
    await scene.clock.advance(30_000)

    expect(health).toEqual(['up', 'up'])
    expect(before).toBeGreaterThan(0)
    expect(scene.watchdog.alerting.view()).toEqual([])
  })

  it('from advise to armed makes the move that was only advised, and back makes none', async () => {
    const scene = await steadyScene(sceneSettings({ mode: 'advise' }))
    scene.sights.set('cdn-a', fail())
    await scene.clock.advance(20_000)
    const advised = scene.targets.get(cdn)?.allocation

    await reload(scene, { mode: 'armed' })
    await scene.clock.advance(10_000)
    const moved = scene.targets.get(cdn)?.allocation
    await reload(scene, { mode: 'advise' })
    scene.sights.clear()
    scene.sights.set('cdn-b', fail())
    await scene.clock.advance(300_000)

    expect([advised, moved]).toEqual([onA, onB])
    expect(scene.targets.get(cdn)?.allocation).toEqual(onB)
    expect(scene.watchdog.published(cdn)?.serveAll).toBe(true)
  })

  it('asks the new reference targets from then on', async () => {
    const scene = await steadyScene()
    const vantage = { ...scene.settings.vantage, reference: ['https://one.example/'] }

    await reload(scene, { vantage })
    await scene.clock.advance(10_000)

    expect(scene.watchdog.self.says).toBe('1 of 1 reference targets answer')
    expect(scene.net.urls.length).toBeGreaterThan(1)
  })

  it('waits for the one before it, so that the last one holds', async () => {
    const scene = await steadyScene()
    const three = { ...scene.settings, groups: [sceneGroup(cdn, ['cdn-a', 'cdn-b', 'cdn-c'])] }
    const four = { ...scene.settings, groups: [sceneGroup(), sceneGroup(other, ['x'])] }

    const done = [three, four].map((each) => scene.watchdog.reload(each, scene.rules))
    await scene.clock.advance(100)
    await Promise.all(done)
    await scene.clock.advance(10_000)

    expect(scene.watchdog.settings).toBe(four)
    expect(scene.watchdog.watched(`${cdn}/cdn-c`)).toBeUndefined()
    expect(healthOf(scene, `${other}/x`)?.health).toBe('up')
  })

  it('that is under way when everything ends leaves nothing running', async () => {
    const scene = await steadyScene()

    const done = [
      scene.watchdog.reload(
        { ...scene.settings, groups: [sceneGroup(), sceneGroup(other, ['x', 'y'])] },
        scene.rules,
      ),
      scene.watchdog.stop(),
    ]
    await scene.clock.advance(5_000)
    await Promise.all(done)

    expect(scene.clock.pending).toBe(0)
  })
})
