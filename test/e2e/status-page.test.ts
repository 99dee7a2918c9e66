import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'
import { build } from 'vite'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createApi } from '../../src/api/create-api.ts'
import { type ServedApi, serveApi } from '../../src/api/serve-api.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { operatorToken, tokens } from '../api/api-harness.ts'
import { drillSummary, FakeDrills } from '../api/fake-drills.ts'
import { FakeWatchdog } from '../api/fake-watchdog.ts'
import type { PictureView } from '../../src/core/view.ts'
import { fillJournal } from '../api/sample-journal.ts'
import { runningWatchdog } from './running-watchdog.ts'

const executablePath = '/usr/bin/chromium'
const missing = existsSync(executablePath) ? '' : `${executablePath} is not installed`
const flags = [
  '--no-sandbox',
  '--disable-dev-shm-usage',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** FFmpeg's test picture, 32 by 18 pixels. */
const testPicture = Buffer.from(
  [
    '/9j/4AAQSkZJRgABAgAAAQABAAD/2wBDAAg+Pkk+SVVVVVVVVWRdZGhoaGRkZGRoaGhwcHCDg4NwcHBoaHBwfHyDg4',
    '+Tj4eHg4eTk5ubm7q6srLZ2eD/////xABwAAADAQAAAAAAAAAAAAAAAAAEBgUHAQEBAQEAAAAAAAAAAAAAAAAGBAUC',
    'EAACAQMCBwEBAAAAAAAAAAARAQAhMQISA1FCYUGRIjKBsREAAgECBAcBAAAAAAAAAAAAAAECMiFRQQMRgZEx8fASIn',
    'H/wAARCAASACADASIAAhEAAxEA/9oADAMBAAIRAxEAPwDLvZsKOGO5upg9e0k486uRTiLxgpp0it9PQkeJjak/d3XO',
    '/U3ZR+vzfsZp7YuM2GefZ/yD5U0KzRY4F0MNx51dsfodRETnJrzEj2s1lgLj+oSoM/qEqH8jnUrfEXFK6khSuotZA6',
    'Wf/9k=',
  ].join(''),
  'base64',
)

/** Channel One shares its traffic, one of its paths flaps, and a freeze is in force. */
function share(port: FakeWatchdog): void {
  const [group] = port.current.groups
  port.showGroup('channel-1/cdn', {
    strategy: 'weighted',
    allocation: { 'cdn-a': 60, 'cdn-b': 40 },
    weights: { 'cdn-a': 70, 'cdn-b': 30 },
    calendar: {
      open: false,
      says: 'freeze final until Sun 2026-07-19 22:00 (UTC)',
      next: 'change window nights from Mon 2026-07-20 02:00 (UTC)',
    },
    paths: (group?.paths ?? []).map((path) => ({
      ...path,
      weight: path.name === 'cdn-a' ? 60 : 40,
      ...(path.name === 'cdn-b' && { penalty: { points: 2_130, forgivenInMs: 1_355_400 } }),
    })),
  })
}

describe.skipIf(missing !== '')(`the status page in Chromium ${missing}`, () => {
  const page = mkdtempSync(join(tmpdir(), 'changeover-ui-'))
  let browser: Browser
  let served: ServedApi | undefined

  beforeAll(async () => {
    await build({
      configFile: fileURLToPath(new URL('../../vite.config.ts', import.meta.url)),
      logLevel: 'error',
      build: { outDir: page },
    })
    browser = await chromium.launch({ executablePath, args: flags })
  })

  afterEach(async () => {
    await Promise.all(browser.contexts().map((context) => context.close()))
    await served?.close()
  })

  afterAll(async () => {
    await browser.close()
    rmSync(page, { recursive: true })
  })

  async function start(access: 'demo' | 'tokens' = 'demo', prepare?: (port: FakeWatchdog) => void) {
    const port = new FakeWatchdog(Date.now())
    fillJournal(port, Date.now())
    prepare?.(port)
    const api = createApi({
      port,
      clock: realClock(),
      tokens: access === 'tokens' ? tokens : [],
      openForReading: access === 'demo',
      openForChanges: access === 'demo',
      hosts: [],
      page,
    })
    const running = await serveApi({ api, host: '127.0.0.1', port: 0 })
    served = running
    const tab = await (
      await browser.newContext({ viewport: { width: 1440, height: 900 } })
    ).newPage()
    const broken: string[] = []
    tab.on('pageerror', (error) => broken.push(error.message))
    tab.on('console', (message) => {
      if (message.text().includes('Content Security Policy')) broken.push(message.text())
    })
    await tab.goto(running.url)
    return { port, tab, broken, running }
  }

  const lane = (tab: Page, group: string) =>
    tab.locator('.lane').filter({ has: tab.locator(`[data-group="${group}"]`) })
  const open = (tab: Page, group: string) => tab.click(`[data-group="${group}"]`)
  const panel = (tab: Page) => tab.locator('#panel').innerText()

  it('shows in words which path is on air, and what is wrong elsewhere', async () => {
    const { tab, broken } = await start()
    await tab.waitForSelector('.lane')

    expect(await tab.locator('.headline').innerText()).toContain('7 of 10 on air.')
    expect(await lane(tab, 'channel-1/cdn').innerText()).toContain('ON AIR\ncdn-a')
    expect(await lane(tab, 'channel-3/cdn').innerText()).toContain('DOWN\non cdn-a')
    expect(await lane(tab, 'channel-4/cdn').innerText()).toContain('NOT SEEN')
    expect(await lane(tab, 'channel-6/cdn').innerText()).toContain('Held by maria')
    expect(broken).toEqual([])
  })

  it('shows ten groups on one screen, without scrolling', async () => {
    const { tab } = await start()
    await tab.waitForSelector('.lane')

    const bottom = await tab
      .locator('.lane')
      .last()
      .evaluate((element) => element.getBoundingClientRect().bottom)

    expect(await tab.locator('.lane').count()).toBe(10)
    expect(bottom).toBeLessThanOrEqual(900)
  })

  it('answers why with one click: guards, votes, rules, remedies and numbers with units', async () => {
    const { tab } = await start()

    await open(tab, 'channel-7/cdn')
    const held = await panel(tab)
    await open(tab, 'channel-2/cdn')
    const moved = await panel(tab)

    expect(held).toContain('Not moved, because of holddown:')
    expect(held).toContain('holddown for another 31s; its one exception is used')
    expect(moved).toContain('playlist-stalled')
    expect(moved).toContain('check the encoder, then the packager')
    expect(moved).toMatch(/fra\s+down/u)
    expect(moved).toMatch(/Playlist age\s+38\.4 s/u)
    expect(moved).toContain('move from cdn-a to cdn-b, because cdn-a is down at 3 of 3 vantages')
  })

  it('crosses out numbers that are too old', async () => {
    const { tab } = await start()

    await open(tab, 'channel-4/cdn')

    expect(await panel(tab)).toContain('old: seen 1 min ago')
    const line = await tab
      .locator('.numbers dd')
      .first()
      .evaluate((element) => getComputedStyle(element).textDecorationLine)
    expect(line).toBe('line-through')
  })

  it('shows the newest picture with its age, the last good one where it is black, and that it is old', async () => {
    const withPicture = (port: FakeWatchdog, name: string, picture: PictureView) => {
      const group = port.current.groups.find((each) => each.name === name)
      const paths = (group?.paths ?? []).map((path) => ({ ...path, picture }))
      for (const path of paths) {
        port.pictures.set(`${name}/${path.name}`, { ...picture, jpeg: testPicture })
      }
      port.showGroup(name, { paths })
    }
    const { tab, broken } = await start('demo', (port) => {
      const now = Date.now()
      const fresh = { wall: now - 3_000, freshForMs: 45_000 }
      withPicture(port, 'channel-1/cdn', { ...fresh, looks: 'black', goodWall: now - 90_000 })
      withPicture(port, 'channel-4/cdn', { ...fresh, wall: now - 120_000, looks: 'good' })
    })

    await open(tab, 'channel-1/cdn')
    const images = tab.locator('details[open] .picture img')
    await expect.poll(() => images.count()).toBe(2)
    const widths = await images.evaluateAll((all) =>
      all.map((image) => (image as HTMLImageElement).naturalWidth),
    )
    const captions = await tab.locator('details[open] .picture figcaption').allInnerTexts()
    await open(tab, 'channel-4/cdn')
    const old = tab.locator('details[open] .picture.old').first()
    await old.locator('img').waitFor()

    expect(widths).toEqual([32, 32])
    expect(captions[0]).toMatch(/^seen \d s ago, black$/u)
    expect(captions[1]).toMatch(/^old: seen 1 min ago, last good picture$/u)
    expect(await old.innerText()).toMatch(/^old: seen 2 min ago/u)
    expect(broken).toEqual([])
  })

  it('follows the watchdog without moving what is under the pointer', async () => {
    const { tab, port } = await start()
    await tab.click('text=Held or frozen')
    await lane(tab, 'channel-6/cdn').hover()
    const before = await lane(tab, 'channel-6/cdn').boundingBox()

    const { frozen: _, ...thawed } = port.view().groups[4] ?? port.view().groups[0]!
    port.show({
      groups: port
        .view()
        .groups.map((group) =>
          group.name === 'channel-5/cdn' ? { ...thawed, state: 'STEADY' } : group,
        ),
    })
    await tab.waitForSelector('.lane >> text=Steady')

    expect(await lane(tab, 'channel-6/cdn').boundingBox()).toEqual(before)
    await tab.mouse.move(5, 5)
    port.show({ wall: Date.now() })
    await expect.poll(() => tab.locator('.lane').count()).toBe(1)
  })

  it('adds what happens to the timeline', async () => {
    const { tab, port } = await start()
    await tab.waitForSelector('.timeline')

    port.record({ kind: 'verified', group: 'channel-2/cdn', says: 'viewers are fine' }, Date.now())

    await tab.waitForSelector('.entry >> text=viewers are fine')
    expect(await tab.locator('.entry').first().innerText()).toContain('Verified')
  })

  it('steers: says through what and when, wants a reason, and posts what was chosen', async () => {
    const { tab, port } = await start()
    await open(tab, 'channel-7/cdn')
    await tab.click('text=Steer…')
    const dialog = tab.locator('dialog')

    await dialog.locator('input[value=cdn-b]').check()
    const said = await dialog.innerText()
    await dialog.locator('button[type=submit]').click()
    const beforeReason = port.commands.length
    await dialog.locator('input[value=holddown]').check()
    await dialog.locator('textarea').fill('viewers call')
    await dialog.locator('input[name=actor]').fill('maria')
    await dialog.locator('button[type=submit]').click()
    await dialog.waitFor({ state: 'detached' })

    expect(said).toContain('from cdn-a to cdn-b, through haproxy, then rfc2136')
    expect(said).toContain('In effect everywhere about 30 s after that.')
    expect(beforeReason).toBe(0)
    expect(port.commands).toEqual([
      {
        kind: 'steer',
        group: 'channel-7/cdn',
        path: 'cdn-b',
        actor: 'maria',
        reason: 'viewers call',
        apply: false,
        bypass: ['holddown'],
      },
    ])
  })

  it('steers a weighted group by weights that add up, and offers the guard that refuses them', async () => {
    const { tab, port } = await start('demo', (each) => share(each))
    await open(tab, 'channel-1/cdn')
    await tab.click('text=Steer…')
    const dialog = tab.locator('dialog')

    await dialog.locator('input[name=weight-cdn-a]').fill('20')
    const uneven = await dialog.innerText()
    const canSend = await dialog.locator('button[type=submit]').isEnabled()
    await dialog.locator('input[name=weight-cdn-b]').fill('80')
    const said = await dialog.innerText()
    await dialog.locator('textarea').fill('cdn-a is expensive')
    await dialog.locator('input[name=actor]').fill('maria')
    port.nextResult = {
      ok: false,
      code: 'refused',
      says: 'max-weight: cdn-b would get 80, its maximum is 70',
      todo: 'To do it all the same: --bypass max-weight',
      guard: 'max-weight',
    }
    await dialog.locator('button[type=submit]').click()
    await tab.waitForSelector('dialog [role=alert]')
    const refusal = await dialog.locator('[role=alert]').innerText()
    port.nextResult = { ok: true, says: 'done' }
    await dialog.locator('input[value=max-weight]').check()
    await dialog.locator('button[type=submit]').click()
    await dialog.waitFor({ state: 'detached' })

    expect(said).toContain('calendar: freeze final until Sun')
    expect(uneven).toContain('Together not 100 %: 40 are still to be given.')
    expect(canSend).toBe(false)
    expect(said).toContain('from cdn-a 60, cdn-b 40 to cdn-a 20, cdn-b 80, through haproxy')
    expect(refusal).toContain('To do it all the same, tick max-weight above.')
    const weights = { 'cdn-a': 20, 'cdn-b': 80 }
    expect(port.commands).toMatchObject([
      { kind: 'steer', weights, bypass: [] },
      { kind: 'steer', weights, bypass: ['max-weight'], actor: 'maria' },
    ])
  })

  it('shows penalties of paths, and what of the calendar is in force and comes next', async () => {
    const { tab } = await start('demo', (each) => share(each))

    await open(tab, 'channel-1/cdn')

    const shown = await panel(tab)
    expect(shown).toContain('Went down again and again: 2130 points of penalty.')
    expect(shown).toContain('traffic does not return to it, for another 22m36s')
    expect(shown).toContain('Nothing is moved by itself: freeze final until Sun')
    expect(shown).toContain('Next: change window nights from Mon 2026-07-20 02:00 (UTC)')
  })

  it('shows in the dialog why the watchdog refuses', async () => {
    const { tab, port } = await start()
    port.nextResult = {
      ok: false,
      code: 'refused',
      says: 'The budget is used.',
      todo: 'Acknowledge first.',
    }
    await open(tab, 'channel-1/cdn')
    await tab.click('text=Hold…')
    await tab.fill('dialog textarea', 'rehearsal')
    await tab.fill('dialog input[name=actor]', 'maria')

    await tab.click('dialog button[type=submit]')

    await tab.waitForSelector('dialog [role=alert]')
    expect(await tab.innerText('dialog [role=alert]')).toBe(
      'The budget is used. Acknowledge first.',
    )
    expect(port.commands).toMatchObject([{ kind: 'hold', forMs: 1_800_000, actor: 'maria' }])
  })

  it.each([
    ['channel-6/cdn', 'Release…', 'release'],
    ['channel-5/cdn', 'Acknowledge…', 'ack'],
    ['channel-6/cdn', 'Adopt…', 'adopt'],
  ])('lets a person do on %s: %s', async (group, button, kind) => {
    const { tab, port } = await start()
    await open(tab, group)
    await tab.click(`#panel >> text=${button}`)
    await tab.fill('dialog textarea', 'looked at it')
    await tab.fill('dialog input[name=actor]', 'maria')

    await tab.click('dialog button[type=submit]')

    await tab.waitForSelector('.toast.shown')
    expect(port.commands).toEqual([{ kind, group, actor: 'maria', reason: 'looked at it' }])
  })

  it('says at once that the connection is lost, greys out, and comes back', async () => {
    const { tab, running } = await start()
    await tab.waitForSelector('.clock.live')
    const { port } = new URL(running.url)

    await running.close()
    await tab.waitForSelector('.headline.lost', { timeout: 3_000 })
    const said = await tab.innerText('.headline')
    const looks = await tab
      .locator('.columns')
      .evaluate((element) => getComputedStyle(element).filter)
    const again = new FakeWatchdog(Date.now())
    served = await serveApi({
      api: createApi({
        port: again,
        clock: realClock(),
        tokens: [],
        openForReading: true,
        openForChanges: true,
        hosts: [],
        page,
      }),
      host: '127.0.0.1',
      port: Number(port),
    })

    expect(said).toContain('Connection lost')
    expect(said).toContain('What you see is as it was at')
    expect(looks).toContain('grayscale')
    await tab.waitForSelector('.clock.live', { timeout: 15_000 })
  })

  it('can be used with the keyboard alone', async () => {
    const { tab } = await start()
    await tab.waitForSelector('.lane')

    await tab.keyboard.press('/')
    await tab.keyboard.type('seven')
    await expect.poll(() => tab.locator('.lane').count()).toBe(1)
    await tab.keyboard.press('Tab')
    await tab.keyboard.press('Enter')

    await expect.poll(() => panel(tab)).toContain('Not moved, because of holddown:')
    await tab.keyboard.press('Escape')
    await expect.poll(() => panel(tab)).toContain('Open incidents')
  })

  it('wants a token where reading is closed, and keeps it for the tab', async () => {
    const { tab, port } = await start('tokens')
    await tab.fill('dialog input[name=token]', operatorToken)
    await tab.click('dialog button[type=submit]')
    await tab.waitForSelector('.lane')

    await tab.click('text=I look after it')
    await tab.fill('dialog textarea', 'calling the CDN')
    await tab.click('dialog button[type=submit]')

    await tab.waitForSelector('.toast.shown')
    expect(port.commands).toMatchObject([
      { kind: 'ack-incident', actor: 'cli', reason: 'calling the CDN' },
    ])
    expect(await tab.evaluate(() => localStorage.length + document.cookie.length)).toBeLessThan(3)
  })

  it('saves the report of a drill where a token is needed, which no link can carry', async () => {
    const { tab, broken } = await start('tokens', (port) => {
      const drills = new FakeDrills(Date.now())
      drills.history = [drillSummary(Date.now(), 'd5', 60, 'PASSED')]
      drills.kept.set('d5.html', '<p>the report</p>')
      port.drills = drills
    })
    await tab.fill('dialog input[name=token]', operatorToken)
    await tab.click('dialog button[type=submit]')
    await open(tab, 'channel-1/cdn')
    const shown = await tab.locator('.drills .times').innerText()

    const [saved] = await Promise.all([
      tab.waitForEvent('download'),
      tab.click('#panel button[aria-label^="Report of weekly-cdn"]'),
    ])

    expect(shown).toMatch(/viewer gap\s+0 ms\s+at most 5 s/u)
    expect(saved.suggestedFilename()).toMatch(/^weekly-cdn .*\.html$/u)
    expect(readFileSync(await saved.path(), 'utf8')).toBe('<p>the report</p>')
    expect(broken).toEqual([])
  })

  it('breaks and heals the lab in the demo', async () => {
    const { tab, port } = await start('demo', (fake) => {
      fake.withDemo()
    })

    await tab.click('.demo-target >> text=freeze')
    await tab.waitForSelector('.demo-active >> text=cdn-a: freeze')
    const broken = port.demo?.faults().active.length
    await tab.click('.demo-active >> text=heal')

    await expect.poll(() => port.demo?.faults().active.length).toBe(0)
    expect(broken).toBe(1)
  })

  it('silences an incident, ends that, and starts and aborts a drill on a watchdog that runs', async () => {
    const running = await runningWatchdog()
    const api = createApi({
      port: running.port,
      clock: realClock(),
      tokens: [],
      openForReading: true,
      openForChanges: true,
      hosts: [],
      page,
    })
    served = await serveApi({ api, host: '127.0.0.1', port: 0 })
    try {
      const tab = await (await browser.newContext()).newPage()
      const dialog = tab.locator('dialog')
      const send = async (reason: string) => {
        await dialog.locator('textarea').fill(reason)
        await dialog.locator('input[name=actor]').fill('maria')
        await dialog.locator('button[type=submit]').click()
        await dialog.waitFor({ state: 'detached' })
      }
      await tab.goto(served.url)

      await tab.click('.incident >> text=Silence…')
      const covers = await dialog.innerText()
      await dialog.locator('input[value="15m"]').check()
      await send('new encoder is fitted')
      await tab.waitForSelector('.incident >> text=Nobody is told: silenced by maria until')
      const silenced = running.port.view().silences

      await tab.click('[aria-label="Start drill weekly"]')
      await dialog.locator('text=It would not start now: an incident is open').waitFor()
      const canStart = await dialog.locator('button[type=submit]').isEnabled()
      await dialog.locator('text=Cancel').click()

      await tab.click('[aria-label^="End the silence of"]')
      await send('it is fitted')
      await tab.waitForSelector('text=None: people are told of everything.')
      const ended = running.port.view().silences

      await running.heal()
      await tab.click('[aria-label="Start drill weekly"]')
      await dialog.locator('text=from cdn-a to cdn-b, through sim-target').waitFor()
      await expect.poll(() => dialog.locator('button[type=submit]').isEnabled()).toBe(true)
      await send('before the final')
      await tab.waitForSelector('.drill-running >> text=cdn-b serves, back in')
      const onAir = await lane(tab, 'channel-1/cdn').innerText()
      await tab.click('text=Abort the drill…')
      await send('the match begins early')
      await tab.waitForSelector('.toast >> text=Drill weekly ABORTED', { timeout: 60_000 })

      expect(covers).toContain('Nobody is told of the incident channel-1/cdn/cdn-b until')
      expect(silenced).toMatchObject([{ owner: 'maria', reason: 'new encoder is fitted' }])
      expect(canStart).toBe(false)
      expect(ended).toEqual([])
      expect(onAir).toContain('ON AIR\ncdn-b')
      expect(onAir).toContain('drill weekly')
      await expect.poll(() => lane(tab, 'channel-1/cdn').innerText()).toContain('ON AIR\ncdn-a')
    } finally {
      running.stop()
    }
  })

  it('fits a phone', async () => {
    const { tab } = await start()
    await tab.setViewportSize({ width: 390, height: 844 })
    await tab.waitForSelector('.lane')

    expect(await tab.evaluate(() => document.documentElement.scrollWidth)).toBe(390)
  })

  it('fits a phone with every dialog', async () => {
    const { tab } = await start()
    await tab.setViewportSize({ width: 390, height: 844 })
    await open(tab, 'channel-1/cdn')

    const tooWide: string[] = []
    for (const button of ['Steer…', 'Hold…', 'Silence…']) {
      await tab.click(`.actions >> text=${button}`)
      const isTooWide = await tab
        .locator('dialog')
        .evaluate((dialog) => dialog.scrollWidth > dialog.clientWidth)
      if (isTooWide) tooWide.push(button)
      await tab.keyboard.press('Escape')
      await tab.locator('dialog').waitFor({ state: 'detached' })
    }

    expect(tooWide).toEqual([])
  })
})
