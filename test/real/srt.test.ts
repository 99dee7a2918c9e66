import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it, onTestFinished } from 'vitest'
import type { z } from 'zod'
import srt from '../../probes/srt.ts'
import { realClock } from '../../src/platform/real-clock.ts'
import { realProcesses } from '../../src/platform/real-processes.ts'
import { eventually, installed } from './child.ts'
import { watchReal } from './live-session.ts'
import { startRelay } from './lossy-relay.ts'
import { ffmpegBinary, startSender } from './ts-sender.ts'

const binary = installed('/usr/bin/srt-live-transmit', '/usr/local/bin/srt-live-transmit')
const canRun = ffmpegBinary !== undefined && binary !== undefined
if (!canRun) process.stderr.write('skipped: ffmpeg or srt-live-transmit is not installed\n')

const passphrase = 'correct-horse-1'
const senders: ReturnType<typeof startSender>[] = []

afterEach(async () => {
  for (const sender of senders.splice(0)) await sender.kill()
})

async function freePort(): Promise<number> {
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  await new Promise<void>((resolve) => socket.close(resolve))
  return port
}

/** FFmpeg as a listener that sends to who calls; its latency is in microseconds. */
async function listen(more = '') {
  const port = await freePort()
  const uri = `srt://127.0.0.1:${port}?mode=listener&latency=120000&pkt_size=1316${more}`
  const sender = startSender(['-f', 'mpegts', uri])
  senders.push(sender)
  return { port, sender }
}

function watch(options: z.input<typeof srt.options>) {
  const processes = realProcesses({ clock: realClock() })
  onTestFinished(() => processes.close())
  return watchReal(srt, { timeout: '6s', latency: '120ms', ...options }, { processes })
}

/** Children of a process, by /proc (proc(5)). */
function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/u.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
        const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
        return parent === pid ? [Number(name)] : []
      } catch {
        return []
      }
    })
}

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/mu.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

function pipes(): string[] {
  return readdirSync(tmpdir()).filter((name) => {
    if (!name.startsWith('changeover-')) return false
    try {
      return readdirSync(join(tmpdir(), name)).includes('reports')
    } catch {
      return false
    }
  })
}

describe.skipIf(!canRun)('the srt probe before a real FFmpeg', () => {
  it('tells loss that was repaired from drops, through a line that loses and delays', async () => {
    const { port } = await listen()
    const relay = await startRelay(port, { seed: 7, loss: 0.05, delayMs: 20 })
    onTestFinished(() => relay.close())
    const watched = watch({ url: `srt://127.0.0.1:${relay.port}` })

    const { observation } = await watched.until(
      ({ measurements }) =>
        (measurements['srt_packets'] ?? 0) > 400 && measurements['srt_rtt_seconds'] !== undefined,
    )

    const { measurements, outcome } = observation
    expect(outcome).toBe('pass')
    // 20 ms each way, and what a busy machine adds.
    expect(measurements['srt_rtt_seconds']).toBeGreaterThan(0.035)
    expect(measurements['srt_rtt_seconds']).toBeLessThan(0.12)
    expect(measurements['srt_latency_seconds']).toBe(0.12)
    const lost = measurements['srt_packets_lost'] ?? 0
    const dropped = measurements['srt_packets_dropped'] ?? 0
    expect(lost).toBeGreaterThan(8)
    expect(measurements['srt_packets_retransmitted']).toBeGreaterThan(4)
    expect(dropped).toBeLessThan(lost / 2)
    expect(measurements['srt_receive_bits_per_second']).toBeGreaterThan(200_000)
    expect(measurements).toMatchObject({ video_pids: 1, audio_pids: 1, stream_connections: 1 })
    // Only what was dropped is missing from the stream.
    if (dropped === 0) expect(measurements['ts_continuity_errors']).toBe(0)
    expect(pipes()).toEqual([])
  })

  it.each([
    [
      'another passphrase',
      { passphrase: 'battery staple' },
      'refused the call: the passphrase is not the one of the listener.',
    ],
    ['no passphrase', {}, 'refused the call: one side has a passphrase and the other has none.'],
  ])('says that a call with %s was refused, without repeating it', async (_, options, says) => {
    const { port } = await listen(`&passphrase=${encodeURIComponent(passphrase)}`)
    const watched = watch({ url: `srt://127.0.0.1:${port}`, ...options })

    const { observation } = await watched.until(({ diagnosis }) => diagnosis === 'access-refused')

    expect(observation).toMatchObject({
      outcome: 'fail',
      reason: `127.0.0.1:${port} ${says}`,
    })
    expect(JSON.stringify(watched.seen)).not.toContain('staple')
  })

  it('passes with the right passphrase', async () => {
    const { port } = await listen(`&passphrase=${encodeURIComponent(passphrase)}`)

    const watched = watch({ url: `srt://127.0.0.1:${port}`, passphrase })

    await watched.until(({ outcome }) => outcome === 'pass')
  })

  it('tells a port where nobody listens from one that does not answer', async () => {
    const port = await freePort()
    const silent = createSocket('udp4')
    silent.bind(0, '127.0.0.1')
    await once(silent, 'listening')
    onTestFinished(() => void silent.close())
    const nobody = watch({ url: `srt://127.0.0.1:${port}`, timeout: '1500ms' })
    const mute = watch({ url: `srt://127.0.0.1:${silent.address().port}`, timeout: '1500ms' })

    const first = await nobody.until(({ outcome }) => outcome === 'fail', 0)
    const second = await mute.until(({ outcome }) => outcome === 'fail', 0)

    expect(first.observation).toMatchObject({
      reason: `Nobody listens at 127.0.0.1:${port}.`,
      diagnosis: 'unreachable',
    })
    expect(second.observation).toMatchObject({
      reason: `127.0.0.1:${silent.address().port} does not answer: no listener, or its network or a firewall drops packets.`,
      diagnosis: 'unreachable',
    })
  })

  it('notices a frozen sender by its own timer', async () => {
    const { port, sender } = await listen()
    const watched = watch({ url: `srt://127.0.0.1:${port}`, stall: '1s' })
    await watched.until(({ outcome }) => outcome === 'pass')

    const frozenAt = watched.now()
    sender.signal('SIGSTOP')
    const stalled = await watched.until(({ outcome }) => outcome === 'fail')

    expect(stalled.observation).toMatchObject({
      diagnosis: 'stream-stalled',
      reason: `127.0.0.1:${port} sent no media for 1s, though the connection stands.`,
    })
    expect(stalled.at - frozenAt).toBeLessThan(2_500)
  })

  it('leaves no program and no pipe behind when the watchdog is killed, also while nothing comes', async () => {
    const { port, sender } = await listen()
    const main = join(import.meta.dirname, '../../src/main.ts')
    const url = `srt://127.0.0.1:${port}`
    const probing = spawn(process.execPath, [main, 'probe', url, '--for', '2m'], {
      stdio: 'ignore',
    })
    onTestFinished(() => void probing.kill('SIGKILL'))
    const { pid = 0 } = probing
    let child = 0
    await eventually(
      () => 'the program did not start',
      async () => {
        child =
          childrenOf(pid).find((each) =>
            readFileSync(`/proc/${each}/cmdline`, 'utf8').startsWith(binary ?? ''),
          ) ?? 0
        return child > 0
      },
    )
    await eventually(
      () => 'the pipe kept its name',
      async () => pipes().length === 0,
    )
    sender.signal('SIGSTOP')
    probing.kill('SIGKILL')

    await eventually(
      () => `${child} is still there`,
      async () => !isAlive(child),
    )

    expect(pipes()).toEqual([])
  })
})
