import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { readRecording, type ReadingNotes } from '../../../src/app/recording/reader.ts'
import { Recorder, type RecorderOptions } from '../../../src/app/recording/recorder.ts'
import type { RecordedLine } from '../../../src/app/recording/recording-format.ts'
import type { Clock } from '../../../src/core/clock.ts'
import type { JournalEntry } from '../../../src/core/journal.ts'
import { silentLog } from '../../../src/core/log.ts'
import type { Sample } from '../../../src/core/sample.ts'
import { realClock } from '../../../src/platform/real-clock.ts'
import { groupSettings } from '../../fakes/group-settings.ts'

const wall = Date.parse('2026-03-04T05:06:07Z')

/** Time that a test moves; waits are over at once. */
class SteppedClock implements Clock {
  time = 1_000
  now = () => this.time
  wall = () => wall + this.time
  sleep = async (ms: number, signal?: AbortSignal) => {
    // The patience of `close` is real; a batch is gathered for no time.
    if (ms > 1_000) return await realClock().sleep(ms, signal)
    return signal?.aborted !== true
  }
}

function ownFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'changeover-recorder-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function start(more: Partial<RecorderOptions> = {}, files = { maxBytes: 2 ** 20, files: 3 }) {
  const clock = new SteppedClock()
  const directory = join(ownFolder(), 'recording')
  const errors: string[] = []
  const recorder = new Recorder({
    clock,
    log: { ...silentLog, error: (_, message) => errors.push(message) },
    recording: { directory, ...files },
    version: '1.2.3',
    run: 'run-1',
    settings: {
      mode: 'armed',
      profile: 'default',
      vantage: { name: 'fra', domain: 'hetzner', reference: ['https://user:secret@r.example/'] },
      groups: [groupSettings()],
    },
    known: new Map([['channel-1/cdn', { allocation: { 'cdn-a': 100, 'cdn-b': 0 } }]]),
    ...more,
  })
  return { recorder, clock, directory, errors }
}

function sample(at: number, more: Partial<Sample> = {}): Sample {
  return {
    path: 'channel-1/cdn/cdn-a',
    probe: 'hls',
    vantage: 'fra',
    at,
    wall: wall + at,
    outcome: 'pass',
    measurements: {},
    findings: [],
    ...more,
  }
}

function journal(kind: JournalEntry['kind'], more: Partial<JournalEntry> = {}): JournalEntry {
  return {
    kind,
    group: 'channel-1/cdn',
    says: `${kind} it is`,
    seq: 1,
    at: wall,
    previous: '',
    hash: '',
    ...more,
  }
}

async function read(directory: string): Promise<{ lines: RecordedLine[]; notes: ReadingNotes }> {
  const notes = { files: 0, torn: 0 }
  const lines: RecordedLine[] = []
  for await (const { line } of readRecording(directory, notes)) lines.push(line)
  return { lines, notes }
}

describe('a recorder', () => {
  it('begins with a header: version, time, groups, paths and vantage, and no option, URL or secret', async () => {
    const { recorder, directory } = start()
    await recorder.close()

    const text = readFileSync(join(directory, 'recording-000001.jsonl'), 'utf8')

    expect(JSON.parse(text)).toEqual({
      kind: 'header',
      format: 1,
      version: '1.2.3',
      run: 'run-1',
      at: 1_000,
      wall: wall + 1_000,
      profile: 'default',
      mode: 'armed',
      vantages: [{ name: 'fra', domain: 'hetzner' }],
      groups: [
        {
          name: 'channel-1/cdn',
          paths: [
            { name: 'cdn-a', type: 'sim', everyMs: 5_000 },
            { name: 'cdn-b', type: 'sim', everyMs: 5_000 },
          ],
          allocation: { 'cdn-a': 100, 'cdn-b': 0 },
        },
      ],
    })
  })

  it('writes samples with everything that rules read, in few figures', async () => {
    const { recorder, directory } = start()

    recorder.sample(
      sample(2_000.123456789, {
        outcome: 'fail',
        reason: 'The playlist https://user:secret@a.example/x.m3u8?token=secret answers 404.',
        diagnosis: 'not-found',
        measurements: {
          playlist_age_seconds: 3.123456789,
          http_total_seconds: 0.0123456789,
          bitrate_bits_per_second: 5_830_123,
          nothing: Number.NaN,
        },
        findings: [{ code: 'x', severity: 'info', says: 'not recorded' }],
        continuity: { mediaSequence: 4_711 },
      }),
    )
    await recorder.close()

    const { lines } = await read(directory)
    expect(lines[1]).toEqual({
      kind: 'sample',
      at: 2_000.1235,
      wall: wall + 2_000,
      path: 'channel-1/cdn/cdn-a',
      vantage: 'fra',
      probe: 'hls',
      outcome: 'fail',
      reason: 'The playlist https://a.example/x.m3u8?token=… answers 404.',
      diagnosis: 'not-found',
      measurements: {
        playlist_age_seconds: 3.1235,
        http_total_seconds: 0.0123457,
        bitrate_bits_per_second: 5_830_123,
      },
      mediaSequence: 4_711,
    })
  })

  it('writes changes with why they were made, and what people did, and leaves the rest of the journal out', async () => {
    const { recorder, directory } = start()
    const data = {
      intent: 'i1',
      reason: 'failover',
      token: 3,
      from: { 'cdn-a': 100, 'cdn-b': 0 },
      to: { 'cdn-a': 0, 'cdn-b': 100 },
    }

    recorder.journal(journal('boot'))
    recorder.journal(journal('intent', { says: 'failover to cdn-b: cdn-a is down' }))
    recorder.journal(journal('step'))
    recorder.journal(journal('applied', { data }))
    recorder.journal(journal('hold', { actor: 'ana' }))
    await recorder.close()

    const { lines } = await read(directory)
    expect(lines.slice(1)).toEqual([
      {
        kind: 'event',
        at: 1_000,
        wall,
        what: 'applied',
        group: 'channel-1/cdn',
        says: 'failover to cdn-b: cdn-a is down',
        intent: 'i1',
        reason: 'failover',
        from: { 'cdn-a': 100, 'cdn-b': 0 },
        to: { 'cdn-a': 0, 'cdn-b': 100 },
      },
      expect.objectContaining({ what: 'hold', actor: 'ana', says: 'hold it is' }),
    ])
  })

  it('tells when the vantage goes blind and when it sees again, once each', async () => {
    const { recorder, directory } = start()

    for (const ok of [true, false, false, true, true]) recorder.self({ ok, says: 'because' })
    await recorder.close()

    const { lines } = await read(directory)
    expect(lines.slice(1).map((line) => line.kind === 'self' && line.ok)).toEqual([false, true])
  })

  it('rotates by size, keeps so many files, and each begins with what serves then', async () => {
    const { recorder, directory } = start({}, { maxBytes: 2_000, files: 3 })

    for (let at = 2_000; at < 62_000; at += 1_000) {
      recorder.sample(sample(at))
      if (at === 30_000) {
        const to = { 'cdn-a': 0, 'cdn-b': 100 }
        recorder.journal(journal('applied', { data: { reason: 'failover', from: {}, to } }))
      }
    }
    await recorder.close()

    const { lines, notes } = await read(directory)
    const names = readdirSync(directory)
    expect(notes.files).toBe(3)
    expect(names).toHaveLength(3)
    expect(names.toSorted()[0]).not.toBe('recording-000001.jsonl')
    const headers = lines.filter((line) => line.kind === 'header')
    expect(headers[0]?.groups[0]?.allocation).toEqual({ 'cdn-a': 0, 'cdn-b': 100 })
    expect(lines.findLast((line) => line.kind === 'sample')?.at).toBe(61_000)
    for (const name of names) {
      expect(readFileSync(join(directory, name)).length).toBeLessThan(2_400)
    }
  })

  it('goes on behind the files of an earlier process', async () => {
    const { recorder, directory } = start()
    await recorder.close()
    const next = start({ recording: { directory, maxBytes: 2 ** 20, files: 3 }, run: 'run-2' })
    await next.recorder.close()

    const { lines } = await read(directory)

    expect(lines.map((line) => line.kind === 'header' && line.run)).toEqual(['run-1', 'run-2'])
  })

  it('drops and counts what the disk is too slow for, and says so in the recording', async () => {
    const { recorder, directory } = start({ maxWaitingBytes: 10_000 })

    for (let at = 0; at < 1_000; at += 1) recorder.sample(sample(2_000 + at))
    const dropped = recorder.dropped
    // The disk gets its turn.
    await new Promise((resolve) => {
      setTimeout(resolve, 50)
    })
    recorder.sample(sample(9_000))
    await recorder.close()

    const { lines } = await read(directory)
    expect(dropped).toBeGreaterThan(900)
    expect(lines.filter((line) => line.kind === 'lost')).toEqual([
      expect.objectContaining({ lines: dropped }),
    ])
    expect(lines.filter((line) => line.kind === 'sample')).toHaveLength(1_001 - dropped)
    expect(lines.at(-2)?.kind).toBe('groups')
  })

  it('neither throws nor ends where the folder cannot be made, and tries again later', async () => {
    const { recorder, clock, directory, errors } = start()
    // A file stands where the folder should be.
    writeFileSync(directory, '')
    recorder.sample(sample(2_000))
    await settled(() => errors.length > 0)
    recorder.sample(sample(3_000))
    rmSync(directory)
    clock.time += 31_000
    recorder.sample(sample(33_000))
    await recorder.close()

    const { lines } = await read(directory)

    expect(errors).toEqual(['the recording cannot be written'])
    expect(recorder.dropped).toBe(3)
    expect(lines.map(({ kind }) => kind)).toEqual(['header', 'lost', 'groups', 'sample'])
  })

  it('writes nothing after it is closed', async () => {
    const { recorder, directory } = start()
    await recorder.close()

    recorder.sample(sample(2_000))

    expect((await read(directory)).lines).toHaveLength(1)
  })
})

async function settled(isSo: () => boolean): Promise<void> {
  while (!isSo()) {
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
  }
}

describe('reading a recording', () => {
  const headerLine = JSON.stringify({
    kind: 'header',
    format: 1,
    version: '1',
    run: 'r',
    at: 0,
    wall,
    profile: 'default',
    mode: 'armed',
    vantages: [{ name: 'fra', domain: 'fra' }],
    groups: [],
  })
  const sampleLine =
    '{"kind":"sample","at":1,"wall":1,"path":"a/b/c","vantage":"fra","probe":"hls","outcome":"pass","measurements":{}}'

  function fileOf(text: string): string {
    const file = join(ownFolder(), 'recording-000001.jsonl')
    writeFileSync(file, text)
    return file
  }

  it.each([
    ['in the middle of a line', `${headerLine}\n${sampleLine}\n${sampleLine.slice(0, 40)}`, 2],
    [
      'in the middle of a letter',
      Buffer.concat([Buffer.from(`${headerLine}\n{"kind":"é`)]).subarray(0, -1),
      1,
    ],
    ['in its header', headerLine.slice(0, 30), 0],
  ])('leaves out the rest of a file that a crash cut off %s', async (_, text, whole) => {
    const file = join(ownFolder(), 'x.jsonl')
    writeFileSync(file, text)

    const { lines, notes } = await read(file)

    expect(lines).toHaveLength(whole)
    expect(notes).toEqual({ files: 1, torn: 1 })
  })

  it('takes a last line that is whole, though its line break is missing', async () => {
    const { lines, notes } = await read(fileOf(`${headerLine}\n${sampleLine}`))

    expect(lines).toHaveLength(2)
    expect(notes.torn).toBe(0)
  })

  it.each([
    [
      'a broken line before the last',
      `${headerLine}\n{"kind":\n${sampleLine}\n`,
      /recording-000001\.jsonl:2: this is no line of JSON\.$/u,
    ],
    [
      'a value of another kind',
      `${headerLine}\n${sampleLine.replace('"pass"', '"good"')}\n`,
      /:2: outcome: Invalid option/u,
    ],
    ['no header', `${sampleLine}\n`, /:1: a recording begins with its header\.$/u],
    [
      'something else',
      'hello\nworld\n',
      /:1: no header of a recording: this is no line of JSON\.$/u,
    ],
    [
      'a newer format',
      `${headerLine.replace('"format":1', '"format":2')}\n`,
      /:1: no header of a recording: format: expected format 1\.$/u,
    ],
    [
      'a line without an end',
      `${headerLine}\n${'x'.repeat(2_000_000)}`,
      /:2: this line is too long\.$/u,
    ],
  ])('refuses %s, with file and line', async (_, text, says) => {
    const promise = read(fileOf(text))

    await expect(promise).rejects.toThrow(says)
    await expect(promise).rejects.toMatchObject({ code: 'USAGE' })
  })

  it('says what is missing where there is nothing to read', async () => {
    const folder = ownFolder()

    await expect(read(join(folder, 'none'))).rejects.toThrow(/^There is no .*none\.$/u)
    await expect(read(folder)).rejects.toThrow('this folder has no recording-*.jsonl in it')
  })
})
