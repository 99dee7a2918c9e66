import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { formatLine } from '../../src/app/recording/recording-format.ts'
import { Tape } from '../app/recording/lines.ts'
import { ownFolder, run } from './harness.ts'

/** cdn-a refuses from second 100 to 300; the recorded watchdog left it at 130. */
function refused(): Tape {
  return new Tape()
    .looks('cdn-a', [0, 100], 'pass')
    .looks('cdn-a', [100, 300], 'fail')
    .looks('cdn-a', [300, 400], 'pass')
    .looks('cdn-b', [1, 400], 'pass')
    .applied(130, 'cdn-a', 'cdn-b')
    .event(350, 'hold')
}

function written(tape: Tape, folder = ownFolder()): string {
  const recording = join(folder, 'recording')
  mkdirSync(recording)
  const text = tape.lines.map((line) => formatLine(line)).join('')
  writeFileSync(join(recording, 'recording-000001.jsonl'), text)
  return recording
}

function configuration(timing: string): string {
  const file = join(ownFolder(), 'other.yaml')
  writeFileSync(
    file,
    `timing: ${timing}
streams:
  channel-1:
    groups:
      cdn:
        paths:
          cdn-a: { type: hls, url: https://a.example/x.m3u8 }
          cdn-b: { type: hls, url: https://b.example/x.m3u8 }
`,
  )
  return file
}

describe('changeover replay', () => {
  it('shows what was done beside what the defaults would have done', async () => {
    const { code, out, err } = await run(['replay', written(refused())])

    expect(err).toBe('')
    expect(out).toBe(`Recording
  from   2026-03-04 05:00:00Z
  to     2026-03-04 05:06:36Z, 6 min
  holds  160 samples from fra in 1 file by one process

channel-1/cdn
                     recorded  defaults
  outage             30.0 s    15.0 s
  changes            1         1
  flaps              0         0
  false moves        0         0
  detection          30.0 s    15.0 s
  serves at the end  cdn-b     cdn-b

  move                     recorded               defaults               why
  cdn-a → cdn-b  failover  05:02:10 after 30.0 s  05:01:55 after 15.0 s  cdn-a is down; cdn-b is up

  also recorded
  05:05:50  hold  ana: hold

defaults would have done no worse than what was recorded
`)
    expect(code).toBe(0)
  })

  it('ends with 1 where a configuration would have done worse than what was recorded', async () => {
    const slow = configuration('{ for: 1m }')

    const { code, out } = await run(['replay', written(refused()), slow])

    expect(code).toBe(1)
    expect(out).toContain(`${slow} would have done worse than what was recorded`)
  })

  it('compares two configurations, and judges the second by the first', async () => {
    const slow = configuration('{ for: 1m }')
    const quick = configuration('{ for: 5s }')
    const recording = written(refused())

    const better = await run(['replay', recording, slow, '--against', quick, '--json'])
    const worse = await run(['replay', recording, quick, '--against', slow, '--json'])

    expect(better.code).toBe(0)
    expect(JSON.parse(better.out)).toMatchObject({
      ok: true,
      recording: { samples: 160, files: 1, torn: 0, runs: 1, lost: 0, vantages: ['fra'] },
      groups: [
        {
          group: 'channel-1/cdn',
          recorded: { outageMs: 30_000, changes: 1 },
          replayed: [
            { name: slow, outageMs: 60_000, detection: { worstMs: 60_000 } },
            { name: quick, outageMs: 5_000, moves: [{ from: 'cdn-a', to: 'cdn-b' }] },
          ],
        },
      ],
      verdict: { judged: quick, by: slow, isWorse: false },
    })
    expect(worse.code).toBe(1)
    expect(JSON.parse(worse.out)).toMatchObject({ ok: false, verdict: { isWorse: true } })
  })

  it('compares a configuration with the defaults where it stands alone behind --against', async () => {
    const slow = configuration('{ for: 1m }')

    const { code, out } = await run(['replay', written(refused()), '--against', slow])

    expect(code).toBe(1)
    expect(out).toContain(`${slow} would have done worse than defaults`)
  })

  it('leaves out what people did where the rules alone are asked for', async () => {
    const steered = written(refused().applied(50, 'cdn-a', 'cdn-b', 'steer'))

    const both = await run(['replay', steered, '--json'])
    const alone = await run(['replay', steered, '--rules-alone', '--json'])

    const reasons = ({ out }: { readonly out: string }) =>
      (
        JSON.parse(out) as { groups: { replayed: { moves: { reason: string }[] }[] }[] }
      ).groups[0]?.replayed[0]?.moves.map(({ reason }) => reason)
    expect(reasons(both)).toEqual(['steer'])
    expect(reasons(alone)).toEqual(['failover'])
  })

  it('tells of gaps in the recording, and of what a configuration does not share with it', async () => {
    const tape = refused().add({
      kind: 'lost',
      at: 60_000,
      wall: Date.UTC(2026, 2, 4, 5, 1),
      lines: 3,
    })
    const recording = written(tape)
    writeFileSync(join(recording, 'recording-000002.jsonl'), '{"kind":"head')

    const { out } = await run([
      'replay',
      recording,
      configuration('{ every: 1s, stale_after: 5s }'),
    ])

    expect(out).toContain('was looked at every 5s;')
    expect(out).toContain('warning: 3 lines could not be recorded: the disk was slow or full\n')
    expect(out).toContain('warning: 1 file ends in the middle of a line, as a crash leaves it\n')
  })

  it('ends with 3 where nothing in the recording can be replayed', async () => {
    const { code, err } = await run(['replay', written(new Tape())])

    expect(code).toBe(3)
    expect(err).toBe(
      'error: Nothing in the recording is about a group that could be replayed.\n' +
        '  Record with `recording.directory`, or name a configuration with these groups.\n',
    )
  })

  it('ends with 2 for a damaged recording, and names file and line', async () => {
    const recording = written(refused())
    const file = join(recording, 'recording-000001.jsonl')
    writeFileSync(file, `${formatLine(new Tape().lines[0]!)}{"kind":"sample"}\n`)

    const { code, err } = await run(['replay', recording])

    expect(code).toBe(2)
    expect(err).toContain(`error: ${file}:2: at: Invalid input: expected number`)
  })

  it('ends with 2 where there is no recording or the configuration is wrong', async () => {
    const folder = ownFolder()
    const bad = join(folder, 'bad.yaml')
    writeFileSync(bad, 'streams: {}\n')

    const none = await run(['replay', join(folder, 'none')])
    const wrong = await run(['replay', written(refused()), bad])

    expect(none).toMatchObject({ code: 2, out: '' })
    expect(none.err).toMatch(/^error: There is no .*none\.\n/u)
    expect(wrong).toMatchObject({ code: 2, out: '' })
    expect(wrong.err).toContain('expected at least one stream')
  })
})
