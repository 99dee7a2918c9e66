import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Basis } from '../../src/core/group.ts'
import type { JournalEntry } from '../../src/core/journal.ts'
import { createNet } from '../../src/net/create-net.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { install, pause, type Installation } from '../e2e/installation.ts'
import { ffmpegBinary, startEncoder } from './encoder.ts'
import { haproxyVersion, startHaproxy } from './haproxy-process.ts'
import { nginxBinary, startNginx } from './nginx-process.ts'
import { Player, type Viewing } from './player.ts'

const missing = [
  ...(ffmpegBinary === undefined ? ['ffmpeg'] : []),
  ...(nginxBinary === undefined ? ['nginx'] : []),
  ...(haproxyVersion() === undefined ? ['haproxy'] : []),
]
const note = missing.length > 0 ? ` (skipped, not installed: ${missing.join(', ')})` : ''

const group = 'channel-1/cdn'

/** Segments of one second; a player that holds eight of them is close to the live edge. */
const bufferSeconds = 8

/*
 * Profile broadcast, with target durations of 1 s. A frozen playlist is one that is older than
 * max(3 target durations, 4 s), for 1 s; a look comes each second, an evaluation each half second,
 * and moving takes a fresh look at the target and two exchanges with HAProxy on loopback.
 */
const stalledSeconds = { limit: 4, for: 1, look: 1, tick: 0.5, move: 1 }
const stalledEstimate = Object.values(stalledSeconds).reduce((sum, each) => sum + each)
/* A refused connection is known at the next look, and believed after the `for` of the profile. */
const refusedSeconds = { look: 1, for: 3, confirmingLook: 1, tick: 0.5, move: 1 }
const refusedEstimate = Object.values(refusedSeconds).reduce((sum, each) => sum + each)

let closers: (() => Promise<void> | void)[] = []
const net = createNet({ clock: realClock() })

/** Everything that carries the stream, and the watchdog that looks at it. */
interface Site {
  readonly nginx: readonly Awaited<ReturnType<typeof startNginx>>[]
  readonly encoders: readonly ReturnType<typeof startEncoder>[]
  readonly haproxy: Awaited<ReturnType<typeof startHaproxy>>
  readonly changeover: Installation
  readonly player: Player
}

async function startSite(): Promise<Site> {
  const started = <T extends { close?(): Promise<void>; kill?(): Promise<void> }>(each: T): T => {
    closers.unshift(() => each.close?.() ?? each.kill?.())
    return each
  }
  const nginx = [started(await startNginx('a')), started(await startNginx('b'))]
  // In the same instant, so that sequence numbers and program dates agree.
  const encoders = nginx.map(({ url }, index) =>
    started(startEncoder(url, { tone: 440 * (index + 1) })),
  )
  const haproxy = started(
    await startHaproxy(net, { servers: ['a', 'b'], ports: nginx.map(({ port }) => port) }),
  )
  await Promise.all(encoders.map((encoder) => encoder.published(3)))
  const changeover = await install(`
mode: armed
profile: broadcast
store: sqlite:./changeover.db
listen: { operator: "127.0.0.1:0" }
timing: { clear_for: 5s }
streams:
  channel-1:
    groups:
      cdn:
        paths:
          cdn-a: { type: hls, url: "${nginx[0]?.url}/live/main.m3u8" }
          cdn-b: { type: hls, url: "${nginx[1]?.url}/live/main.m3u8" }
        verify: { url: "${haproxy.url}/live/main.m3u8" }
        holddown: 10s
        failback: { stable_for: 5s }
        actuators:
          - type: haproxy
            socket: ${haproxy.socket}
            backend: live
            servers: { cdn-a: a, cdn-b: b }
`)
  closers.unshift(() => changeover.stop())
  await Promise.all(encoders.map((encoder) => encoder.published(10)))
  const player = new Player(`${haproxy.url}/live/main.m3u8`, { buffer: bufferSeconds })
  await player.play()
  closers.unshift(async () => void (await player.stop()))
  await changeover.until('both paths up, cdn-a active', 30_000, async () => {
    const seen = (await changeover.view()).groups[0]
    const isUp = seen?.paths.every(({ health }) => health === 'up') === true
    return isUp && seen.state === 'STEADY' && seen.active === 'cdn-a' ? seen : undefined
  })
  await pause(3_000)
  expect(player.viewing()).toMatchObject({ stalled: 0, lost: 0, failures: [], servedBy: ['a'] })
  return { nginx, encoders, haproxy, changeover, player }
}

/** The first entry of a kind after `since`. */
async function entry(
  changeover: Installation,
  kind: JournalEntry['kind'],
  since: number,
  withinMs: number,
): Promise<JournalEntry> {
  return await changeover.until(`an entry "${kind}"`, withinMs, async () => {
    const entries = (await changeover.journal()).toSorted((a, b) => a.seq - b.seq)
    return entries.find((each) => each.at >= since && each.kind === kind && each.group === group)
  })
}

/** What came of a fault: the entries that say so, and the seconds from the fault to each. */
async function failover(changeover: Installation, faultAt: number) {
  const down = await changeover.until('cdn-a down', 20_000, async () =>
    (await changeover.journal()).find(
      ({ at, kind, path, data }) =>
        at >= faultAt && kind === 'health' && path === 'cdn-a' && data?.['health'] === 'down',
    ),
  )
  const intent = await entry(changeover, 'intent', faultAt, 10_000)
  const applied = await entry(changeover, 'applied', faultAt, 10_000)
  const verified = await entry(changeover, 'verified', faultAt, 40_000)
  const after = ({ at }: JournalEntry) => (at - faultAt) / 1_000
  return {
    down,
    intent,
    applied,
    verified,
    seconds: { down: after(down), applied: after(applied), verified: after(verified) },
  }
}

/** What the decision was based on, for one path. */
function basis({ data }: JournalEntry, path: string): string {
  const { paths } = (data?.['basis'] ?? { paths: {} }) as Pick<Basis, 'paths'>
  return `${paths[path]?.health}: ${paths[path]?.says}`
}

function report(
  what: string,
  seconds: { readonly down: number; readonly applied: number; readonly verified: number },
  { stalled, lowestBuffer, lost, repeated, seam, failures }: Viewing,
): void {
  const s = (value: number) => `${value.toFixed(2)} s`
  process.stdout.write(
    `${what}: down after ${s(seconds.down)}, moved after ${s(seconds.applied)}, ` +
      `verified after ${s(seconds.verified)}; viewer: stalled ${s(stalled)}, ` +
      `lowest buffer ${s(lowestBuffer)}, lost ${s(lost)}, repeated ${s(repeated)}, ` +
      `seam ${s(seam)}, ${failures.length} failed requests\n`,
  )
}

/** Decodes what the viewer got with a real decoder; returns its complaints and the frames. */
function decode(media: readonly Buffer[]): { readonly says: string; readonly frames: number } {
  const folder = mkdtempSync(join(tmpdir(), 'changeover-decode-'))
  try {
    const file = join(folder, 'seen.ts')
    writeFileSync(file, Buffer.concat(media))
    const said = execFileSync(
      ffmpegBinary ?? '',
      ['-hide_banner', '-v', 'error', '-i', file, '-map', '0:v', '-f', 'framehash', '-'],
      { stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 64_000_000 },
    ).toString()
    const frames = said.split('\n').filter((line) => /^\d/.test(line)).length
    return { says: '', frames }
  } catch (error) {
    return { says: String(error), frames: 0 }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

describe.skipIf(missing.length > 0)(`live HLS from FFmpeg over nginx and HAProxy${note}`, () => {
  beforeEach(() => {
    closers = []
  })

  afterEach(async () => {
    for (const close of closers) await close()
  })

  test('a frozen encoder: traffic moves, the journal says why, the viewer sees nothing of it, and it comes back', async () => {
    const { encoders, haproxy, changeover, player } = await startSite()

    const faultAt = Date.now()
    encoders[0]?.freeze()
    const { down, intent, applied, verified, seconds } = await failover(changeover, faultAt)

    expect(down.data).toMatchObject({ health: 'down', diagnosis: 'playlist-stalled' })
    expect(down.says).toMatch(
      /^cdn-a is down, was up: no new segment for \d\.\ds \(target duration 1\.0s\)/u,
    )
    expect(intent.says).toMatch(
      /^failover to cdn-b: cdn-a is down \(playlist-stalled: no new segment for \d\.\ds \(target duration 1\.0s\)\); cdn-b is up$/u,
    )
    expect(basis(intent, 'cdn-a')).toMatch(/^down: no new segment for \d\.\ds/u)
    expect(applied.says).toBe('traffic moved from cdn-a to cdn-b')
    expect(verified.says).toBe('verified: the public name is up and moves')
    expect(seconds.applied).toBeLessThan(stalledEstimate)
    expect(await haproxy.state()).toEqual(['a admin 0 weight 0', 'b admin 0 weight 100'])
    const afterFailover = { ...player.viewing() }
    report('frozen encoder', seconds, afterFailover)
    // The buffer outlasts the estimate by half a second: the picture never stands still.
    expect(bufferSeconds).toBeGreaterThan(stalledEstimate)
    expect(afterFailover).toMatchObject({ stalled: 0, rejoined: 0, servedBy: ['a', 'b'] })
    expect(afterFailover.lost).toBeLessThan(1)

    const thawedAt = Date.now()
    encoders[0]?.thaw()
    const back = await changeover.until('failback', 60_000, async () =>
      (await changeover.journal()).find(
        ({ at, kind, data }) =>
          at >= thawedAt && kind === 'applied' && data?.['reason'] === 'failback',
      ),
    )
    await entry(changeover, 'verified', back.at, 40_000)

    expect(back.says).toBe('traffic moved from cdn-b to cdn-a')
    const end = await player.stop()
    process.stdout.write(
      `way back: ${((back.at - thawedAt) / 1_000).toFixed(2)} s after it went on; ` +
        `viewer: stalled ${end.stalled.toFixed(2)} s, lost ${end.lost.toFixed(2)} s, ` +
        `repeated ${end.repeated.toFixed(2)} s\n`,
    )
    expect(end).toMatchObject({ stalled: 0, rejoined: 0, servedBy: ['a', 'b', 'a'] })
    expect(end.lost).toBeLessThan(2)
    const decoded = decode(end.media)
    expect(decoded.says).toBe('')
    expect(decoded.frames).toBe(end.media.length * 25)
  })

  test('a killed origin: traffic moves, the journal says why, and the viewer keeps a picture', async () => {
    const { nginx, haproxy, changeover, player } = await startSite()

    const faultAt = Date.now()
    await nginx[0]?.kill()
    const { down, intent, applied, seconds } = await failover(changeover, faultAt)

    expect(down.data).toMatchObject({ health: 'down', diagnosis: 'unreachable' })
    expect(down.says).toMatch(/^cdn-a is down, was up: .*refused/u)
    expect(intent.says).toMatch(
      /^failover to cdn-b: cdn-a is down \(unreachable: .*refused by .*\.\); cdn-b is up$/u,
    )
    expect(basis(intent, 'cdn-a')).toMatch(/^down: .*refused/u)
    expect(applied.says).toBe('traffic moved from cdn-a to cdn-b')
    expect(seconds.applied).toBeLessThan(refusedEstimate)
    expect(await haproxy.state()).toEqual(['a admin 0 weight 0', 'b admin 0 weight 100'])
    const end = await player.stop()
    report('killed origin', seconds, end)
    expect(bufferSeconds).toBeGreaterThan(refusedEstimate)
    expect(end).toMatchObject({ stalled: 0, rejoined: 0, servedBy: ['a', 'b'] })
    expect(end.lost).toBeLessThan(1)
    // Until it moved, HAProxy tried to connect again and then had to say that nobody serves.
    for (const each of end.failures) expect(each).toMatch(/: 503$|: TimeoutError/u)
  })
})
