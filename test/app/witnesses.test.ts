import { describe, expect, it } from 'vitest'
import { fail } from './scripted-probe.ts'
import {
  cdn,
  sceneGroup,
  scenePath,
  sceneSettings,
  steadyScene,
  type WatchdogScene,
} from './watchdog-scene.ts'

/** Path cdn-a with a witness, in a group with cdn-b, settled on cdn-a. */
async function witnessed(): Promise<WatchdogScene> {
  const main = scenePath('cdn-a', {
    witnesses: [scenePath('cdn-a@server', { options: { at: 'server' } })],
  })
  return await steadyScene(
    sceneSettings({
      groups: [sceneGroup(cdn, [], { paths: [main, scenePath('cdn-b')], pageAfterMs: 10_000 })],
    }),
  )
}

function healthOf({ watchdog }: WatchdogScene, path = 'cdn-a') {
  const [group] = watchdog.settings.groups
  return group && watchdog.board.health(group).get(path)
}

function active({ watchdog }: WatchdogScene) {
  return watchdog.controller(cdn)?.serving()
}

describe('a path with a witness', () => {
  it('is not left while its witness sees it up, and that pages with both sentences', async () => {
    const scene = await witnessed()

    scene.sights.set('cdn-a', fail('refused'))
    await scene.clock.advance(30_000)

    expect(healthOf(scene)).toMatchObject({ health: 'contested', vetoedBy: ['server'] })
    expect(active(scene)).toEqual(['cdn-a'])
    expect(scene.notices.map(({ notice }) => notice.title)).toContainEqual(
      expect.stringMatching(
        /cdn-a is down but for a witness and carries the traffic: .*refused.*, yet the witness server sees it up/u,
      ),
    )
  })

  it('is left as soon as the witness has seen it bad once', async () => {
    const scene = await witnessed()
    scene.sights.set('cdn-a', fail('refused'))
    await scene.clock.advance(6_000)

    scene.sights.set('server', fail('no such stream'))
    await scene.clock.advance(1_500)

    expect(healthOf(scene)?.health).toBe('down')
    await scene.clock.advance(3_000)
    expect(active(scene)).toEqual(['cdn-b'])
  })

  it('is left as ever where the witness itself knows nothing', async () => {
    const scene = await witnessed()
    scene.sights.set('server', 'hangs')
    await scene.clock.advance(30_000)

    scene.sights.set('cdn-a', fail('refused'))
    await scene.clock.advance(8_000)

    expect(active(scene)).toEqual(['cdn-b'])
  })

  it('is not down for what its witness says', async () => {
    const scene = await witnessed()

    scene.sights.set('server', fail('no such stream'))
    await scene.clock.advance(30_000)

    expect(healthOf(scene)?.health).toBe('up')
    expect(active(scene)).toEqual(['cdn-a'])
    expect(scene.notices).toEqual([])
  })

  it('goes on undisturbed when a reload takes its witness away, which vetoes no more', async () => {
    const scene = await witnessed()
    const before = scene.watchdog.watched(`${cdn}/cdn-a`)
    scene.sights.set('cdn-a', fail('refused'))
    await scene.clock.advance(8_000)

    const { settings } = scene.watchdog
    const groups = settings.groups.map((group) => ({
      ...group,
      paths: group.paths.map((path) => ({ ...path, witnesses: [] })),
    }))
    const done = scene.watchdog.reload({ ...settings, groups }, scene.rules)
    await scene.clock.advance(100)
    await done
    await scene.clock.advance(8_000)

    expect(scene.watchdog.watched(`${cdn}/cdn-a`)).toBe(before)
    expect(scene.watchdog.watched(`${cdn}/cdn-a@server`)).toBeUndefined()
    expect(healthOf(scene)?.health).toBe('down')
    expect(active(scene)).toEqual(['cdn-b'])
  })
})
