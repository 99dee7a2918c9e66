import { describe, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import type { Observation } from '../../src/core/sample.ts'
import type { Purpose, ProbePlugin } from '../../src/plugin/probe.ts'
import { secretUrl } from '../../src/plugin/option-types.ts'
import { plugins } from '../../src/plugins.ts'
import { serveTcp } from '../net/servers.ts'
import { fakeComposition, run } from './harness.ts'

const measures = plugins.probes.find(({ type }) => type === 'hls')?.measures ?? []
/** The shipped rules name what these measure. */
const others = plugins.probes.filter(({ type }) => type !== 'hls')
const everyType = ['hls', ...others.map(({ type }) => type)].join(', ')

/** A probe that shows what a test wants, look by look; the last look repeats. */
function showing(looks: readonly Partial<Observation>[]) {
  const seen: { purposes: Purpose[]; options: unknown } = { purposes: [], options: undefined }
  const plugin: ProbePlugin = {
    type: 'hls',
    summary: 'Shows what a test wants.',
    measures,
    options: z.strictObject({
      url: secretUrl('http', 'https'),
      headers: z.record(z.string(), z.string()).optional(),
      address: z.ipv4().optional(),
    }),
    async *observe(options, { due }) {
      seen.options = options
      for await (const { purpose } of due) {
        const look = looks[Math.min(seen.purposes.length, looks.length - 1)]
        seen.purposes.push(purpose)
        yield { outcome: 'pass', measurements: {}, findings: [], ...look }
      }
    },
  }
  return {
    composition: fakeComposition({ plugins: { ...plugins, probes: [plugin, ...others] } }),
    seen,
  }
}

const url = 'https://maria:hunter2@a.example/main.m3u8?token=hunter2'

function good(second: number): Partial<Observation> {
  return {
    measurements: {
      playlist_age_seconds: second % 2,
      target_duration_seconds: 2,
      bitrate_bits_per_second: 1_000_000 * (1 + (second % 3)),
      download_ratio: 0.25,
    },
  }
}

describe('changeover probe', () => {
  it('prints measurements with units, their course and a verdict', async () => {
    const { composition, seen } = showing([0, 1, 2, 3, 4, 5, 6, 7].map(good))

    const { code, out, err } = await run(['probe', url, '--for', '7s'], composition, { width: 160 })

    expect(err).toBe('')
    expect(code).toBe(0)
    expect(out).toBe(
      [
        'hls  https://a.example/main.m3u8?token=…',
        '',
        'Measured',
        '  playlist_age_seconds     1 s       Time since any audio or video rendition last showed a new segment or part; 0 at first sight.',
        '  target_duration_seconds  2 s       The longest target duration of all renditions.',
        '  bitrate_bits_per_second  2 Mbit/s  Bits by duration of the last segment of each variant, summed over all variants.',
        '  download_ratio           25 %      Time to the last byte of a segment by its duration; the slowest of this look.',
        '',
        'Course',
        '  bitrate_bits_per_second  1 Mbit/s to 3 Mbit/s  ▃▆█▃▆█▃▆',
        '  download_ratio           25 % to 25 %          ████████',
        '',
        'good: all 8 looks passed',
        '',
      ].join('\n'),
    )
    expect(seen.purposes).toEqual(['once', ...Array(7).fill('interval')])
  })

  it('says that a standing playlist would only show later', async () => {
    const { composition } = showing([good(0)])

    const { code, out } = await run(['probe', url, '--for', '3s'], composition)

    expect(code).toBe(0)
    expect(out).toMatch(
      /\ngood: all 4 looks passed; a standing playlist would only show with --for 7s\n$/u,
    )
  })

  it.each([
    {
      what: 'one failed look',
      looks: [
        good(0),
        {
          outcome: 'fail' as const,
          reason: 'connection refused\u001b[2J',
          diagnosis: 'unreachable' as const,
        },
        good(2),
      ],
      says: 'bad: 1 of 3 looks failed: connection refused [2J',
      remedy: 'unreachable  Check that the server runs',
      code: 1,
    },
    {
      what: 'a playlist that stands still',
      looks: [0, 1, 7].map((age) => ({
        measurements: {
          playlist_age_seconds: age,
          rendition_age_seconds: age,
          target_duration_seconds: 2,
        },
      })),
      says: 'bad: no new segment for 7.0s (target duration 2.0s) (playlist-stalled)',
      remedy: 'playlist-stalled  No new media arrives',
      code: 1,
    },
    {
      what: 'a finding that players get along with',
      looks: [
        {
          findings: [
            {
              code: 'extinf-over-target',
              diagnosis: 'spec-violation' as const,
              severity: 'warning' as const,
              says: 'EXTINF of 4.6 s',
              rendition: '720p',
            },
          ],
        },
      ],
      says: 'good, with remarks: all 3 looks passed, but EXTINF of 4.6 s',
      remedy: 'warning  extinf-over-target  EXTINF of 4.6 s [720p]',
      code: 0,
    },
    {
      what: 'nothing, because it could not look',
      looks: [{ outcome: 'unknown' as const, reason: 'no local port is free' }],
      says: 'unknown: no local port is free',
      remedy: '',
      code: 3,
    },
  ])('ends with $code where it finds $what', async ({ looks, says, remedy, code }) => {
    const { composition } = showing(looks)

    const ran = await run(['probe', url, '--for', '2s'], composition)

    expect(ran.out.trimEnd().split('\n').at(-1)).toBe(says)
    expect(ran.out).toContain(remedy)
    expect(ran.code).toBe(code)
  })

  it('looks once with --for 0s', async () => {
    const { composition, seen } = showing([{}])

    const { out } = await run(['probe', url, '--for', '0s'], composition)

    expect(seen.purposes).toEqual(['once'])
    expect(out).toContain('good: the look passed')
  })

  it('ends at once when asked to, with what it has', async () => {
    const { composition } = showing([good(0)])

    const stopped = { ...composition, untilStopped: () => Promise.resolve() }
    const { code, out } = await run(['probe', url, '--for', '1h'], stopped)

    expect(code).toBe(0)
    expect(out).toContain('good: the look passed')
  })

  it('hands headers and address on', async () => {
    const { composition, seen } = showing([{}])
    const headers = ['--header', 'X-Key: a:b', '--header', 'Cookie:c']

    await run(['probe', url, '--for', '0s', ...headers, '--address', '192.0.2.7'], composition)

    expect(seen.options).toEqual({
      url,
      headers: { 'X-Key': 'a:b', Cookie: 'c' },
      address: '192.0.2.7',
    })
  })

  it('prints everything as JSON, without a secret', async () => {
    const { composition } = showing([{ outcome: 'fail', reason: 'gone', diagnosis: 'not-found' }])

    const { out, code } = await run(['probe', url, '--for', '0s', '--json'], composition)

    expect(code).toBe(1)
    expect(out).not.toContain('hunter2')
    expect(JSON.parse(out)).toMatchObject({
      url: 'https://a.example/main.m3u8?token=…',
      type: 'hls',
      verdict: 'bad',
      says: '1 of 1 looks failed: gone',
      diagnoses: ['not-found'],
      rules: [{ rule: 'unreachable', says: 'gone' }],
      samples: [{ outcome: 'fail', reason: 'gone' }],
    })
  })

  it.each([
    ['tcp://127.0.0.1:PORT', 'tcp'],
    ['http://127.0.0.1:PORT/health', 'http'],
    ['http://127.0.0.1:PORT/live.m3u8', 'hls'],
    ['dns://127.0.0.1:PORT/live.test', 'dns'],
    ['tls://127.0.0.1:PORT', 'tcp'],
    ['http://127.0.0.1:PORT/live.ts', 'mpegts'],
    ['udp://127.0.0.1:PORT', 'mpegts'],
    ['rtp://127.0.0.1:PORT', 'mpegts'],
    ['srt://127.0.0.1:PORT', 'srt'],
  ])('takes %s for something that the probe %s speaks', async (address, type) => {
    const server = await serveTcp((socket) => socket.destroy())
    onTestFinished(() => server.close())
    const given = address.replace('PORT', String(server.port))

    const { out, err } = await run(['probe', given, '--for', '0s', '--json'])

    expect(err).toBe('')
    expect(JSON.parse(out)).toMatchObject({ type })
  })

  it('shows a person in a terminal how far it is', async () => {
    const { composition } = showing([{}])

    const { err } = await run(['probe', url, '--for', '1s'], composition, {
      errIsTerminal: true,
    })

    expect(err).toBe('\r\u001b[Klook 1: pass\r\u001b[Klook 2: pass\r\u001b[K')
  })

  it.each([
    {
      argv: ['main.m3u8'],
      err: 'error: "main.m3u8" is no address.\n  Give it with its scheme, such as https://live.example/ch1/main.m3u8.\n',
    },
    {
      argv: ['odd://a.example/live/hunter2'],
      err: `error: There is no probe "odd".\n  Name one with --type; there are: ${everyType}.\n`,
    },
    {
      argv: ['ftp://a.example/hunter2', '--type', 'hls'],
      err: 'error: The probe hls cannot use this url: expected an absolute http or https URL.\n  See the command with `--help`.\n',
    },
    {
      argv: [url, '--address', 'hunter2'],
      err: 'error: The probe hls cannot use this address: Invalid IPv4 address.\n  See the command with `--help`.\n',
    },
    {
      argv: [url, '--header', 'hunter2'],
      err: 'error: A --header is not a header line.\n  Write it as --header "Name: value".\n',
    },
    {
      argv: [url, 'https://maria:hunter2@b.example/?token=hunter2'],
      err: expect.stringMatching(/^error: too many arguments for 'probe'/u),
    },
  ])('refuses $argv without repeating a secret', async ({ argv, err }) => {
    const { composition } = showing([{}])

    const ran = await run(['probe', ...argv], composition)

    expect(ran).toEqual({ code: 2, out: '', err })
    expect(ran.err).not.toContain('hunter2')
  })
})
