import { createWriteStream, type WriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import type { Allocation } from '../../core/allocation.ts'
import type { Clock } from '../../core/clock.ts'
import type { Mode } from '../../core/group.ts'
import type { JournalEntry } from '../../core/journal.ts'
import type { Log } from '../../core/log.ts'
import { redactText } from '../../core/redact.ts'
import type { Sample } from '../../core/sample.ts'
import type { GroupSettings, RecordingSettings, Settings } from '../../core/settings.ts'
import type { SelfHealth } from '../self-check.ts'
import { RecordedContinuity } from './recorded-continuity.ts'
import { recordingFile, recordingNumbers, removeOldest } from './recording-files.ts'
import {
  formatLine,
  recordedEvent,
  recordedSample,
  recordingFormat,
  type RecordedGroup,
  type RecordedLine,
} from './recording-format.ts'

/** What a group was like before this process saw anything of it, as the store knows it. */
export interface KnownGroup {
  readonly allocation?: Allocation
  readonly heldBy?: string
}

export interface RecorderOptions {
  readonly clock: Clock
  readonly log: Log
  /** `directory` is absolute here. */
  readonly recording: RecordingSettings
  /** Of this program. */
  readonly version: string
  /** Identity of this process. */
  readonly run: string
  readonly settings: Pick<Settings, 'mode' | 'profile' | 'vantage' | 'groups'>
  /** By full name. */
  readonly known: ReadonlyMap<string, KnownGroup>
  /** What may wait for the disk, in bytes. */
  readonly maxWaitingBytes?: number
}

/** One batch is at most so large, and is gathered for so long. */
const batchBytes = 256 * 1_024
const batchEveryMs = 250
/** After the disk refused, it is left alone for so long. */
const retryAfterMs = 30_000
/** At the end, the disk is given so long to take what waits. */
const closeWithinMs = 2_000

interface Waiting {
  readonly text: string
  readonly bytes: number
  /** A header begins a new file. */
  readonly isHeader: boolean
}

/**
 * Writes what a watchdog sees to a folder, as JSON lines in files that rotate by size. It never
 * throws and never makes anybody wait: while the disk is slow, lines wait up to a bound and are then
 * dropped and counted; while it refuses, everything is dropped, and a new file is tried now and then.
 */
export class Recorder {
  readonly #options: RecorderOptions
  readonly #groups = new Map<string, RecordedGroup>()
  /** The sentence of the newest intent of each group: why its change is made. */
  readonly #why = new Map<string, string>()
  readonly #closing = new AbortController()
  readonly #maxWaitingBytes: number
  #mode: Mode
  #waiting: Waiting[] = []
  #waitingBytes = 0
  #fileBytes = 0
  #stream: WriteStream | undefined
  #draining: Promise<void> | undefined
  #self: SelfHealth = { ok: true, says: '' }
  /** Lines that were dropped and not told of in the recording yet; all of them. */
  #untold = 0
  readonly #streams = new RecordedContinuity()
  #dropped = 0
  #brokenUntil: number | undefined

  constructor(options: RecorderOptions) {
    this.#options = options
    this.#mode = options.settings.mode
    this.#maxWaitingBytes = options.maxWaitingBytes ?? 4 * 1_024 * 1_024
    this.#takeGroups(options.settings.groups)
    this.#beginFile()
  }

  /** How many lines were dropped so far. */
  get dropped(): number {
    return this.#dropped
  }

  sample(sample: Sample): void {
    this.#add(recordedSample(sample, this.#streams.news(sample)))
  }

  /** An entry of the journal; those that say nothing about traffic are left out. */
  journal(entry: JournalEntry): void {
    const { kind, group } = entry
    if (kind === 'intent' && group !== undefined) this.#why.set(group, entry.says)
    const event = recordedEvent(entry, this.#options.clock.now())
    if (event === undefined) return
    this.#follow(event)
    const why = event.what === 'applied' ? this.#why.get(event.group) : undefined
    this.#add(why === undefined ? event : { ...event, says: why })
  }

  /** The vantage's check of itself, as often as one likes: only a turn is recorded. */
  self({ ok, says }: SelfHealth): void {
    if (ok === this.#self.ok) return
    this.#self = { ok, says: redactText(says) }
    this.#add({ kind: 'self', ...this.#instant(), ...this.#self })
  }

  /** A reload: other paths, other cadences. */
  reload(settings: Pick<Settings, 'mode' | 'groups'>): void {
    this.#mode = settings.mode
    this.#takeGroups(settings.groups)
    this.#add({ kind: 'groups', ...this.#instant(), groups: [...this.#groups.values()] })
  }

  /** Writes what waits, for a while at most, and closes the file. */
  async close(): Promise<void> {
    this.#closing.abort()
    const { clock } = this.#options
    const patience = new AbortController()
    const tooLong = clock.sleep(closeWithinMs, patience.signal)
    await Promise.race([this.#end(), tooLong])
    patience.abort()
    this.#stream?.destroy()
  }

  async #end(): Promise<void> {
    await this.#draining
    await endOf(this.#stream)
    this.#stream = undefined
  }

  #instant() {
    const { clock } = this.#options
    return { at: clock.now(), wall: clock.wall() }
  }

  #takeGroups(groups: readonly GroupSettings[]): void {
    const before = new Map(this.#groups)
    this.#groups.clear()
    for (const { name, paths } of groups) {
      const known = before.get(name) ?? this.#options.known.get(name)
      const witnesses = paths
        .flatMap((path) => path.witnesses ?? [])
        .map(({ name: witness, type, everyMs }) => ({ name: witness, type, everyMs }))
      this.#groups.set(name, {
        name,
        paths: paths.map(({ name: path, type, everyMs, domain }) => ({
          name: path,
          type,
          everyMs,
          ...(domain !== undefined && { domain }),
        })),
        ...(witnesses.length > 0 && { witnesses }),
        ...(known?.allocation !== undefined && { allocation: known.allocation }),
        ...(known?.heldBy !== undefined && { heldBy: known.heldBy }),
      })
    }
  }

  /** Keeps what the header of the next file says. */
  #follow(event: NonNullable<ReturnType<typeof recordedEvent>>): void {
    const group = this.#groups.get(event.group)
    if (group === undefined) return
    const { heldBy: _heldBy, ...free } = group
    const next = event.what === 'release' ? free : group
    const holds = event.what === 'hold' || event.what === 'foreign-edit' || event.reason === 'steer'
    this.#groups.set(event.group, {
      ...next,
      ...(event.to !== undefined && { allocation: event.to }),
      ...(holds && { heldBy: event.actor ?? 'changeover' }),
    })
  }

  #beginFile(): void {
    const { version, run, settings } = this.#options
    this.#fileBytes = 0
    this.#streams.forget()
    this.#push(
      {
        kind: 'header',
        format: recordingFormat,
        version,
        run,
        ...this.#instant(),
        profile: settings.profile,
        mode: this.#mode,
        vantages: [{ name: settings.vantage.name, domain: settings.vantage.domain }],
        groups: [...this.#groups.values()],
      },
      true,
    )
    if (!this.#self.ok) this.#push({ kind: 'self', ...this.#instant(), ...this.#self })
  }

  #add(line: RecordedLine): void {
    if (this.#closing.signal.aborted) return
    if (this.#brokenUntil !== undefined) {
      if (this.#options.clock.now() < this.#brokenUntil) return this.#drop(1)
      this.#brokenUntil = undefined
      this.#beginFile()
    }
    if (this.#waitingBytes > this.#maxWaitingBytes) return this.#drop(1)
    if (this.#untold > 0) {
      this.#push({ kind: 'lost', ...this.#instant(), lines: this.#untold })
      this.#untold = 0
      // Changes may be among what was lost: this says what serves now.
      this.#push({ kind: 'groups', ...this.#instant(), groups: [...this.#groups.values()] })
    }
    if (this.#fileBytes > this.#options.recording.maxBytes) this.#beginFile()
    this.#push(line)
  }

  #push(line: RecordedLine, isHeader = false): void {
    const text = formatLine(line)
    const bytes = Buffer.byteLength(text)
    this.#waiting.push({ text, bytes, isHeader })
    this.#waitingBytes += bytes
    this.#fileBytes += bytes
    this.#draining ??= this.#drain().finally(() => {
      this.#draining = undefined
    })
  }

  #drop(lines: number): void {
    if (this.#untold === 0) {
      const says = 'the recording has gaps: the disk is too slow or refuses'
      this.#options.log.warn({ directory: this.#options.recording.directory }, says)
    }
    this.#streams.forget()
    this.#untold += lines
    this.#dropped += lines
  }

  async #drain(): Promise<void> {
    const { clock } = this.#options
    await clock.sleep(batchEveryMs, this.#closing.signal)
    while (this.#waiting.length > 0) {
      const batch = this.#nextBatch()
      try {
        if (batch[0]?.isHeader === true) await this.#openNext()
        await write(this.#stream, batch.map((each) => each.text).join(''))
      } catch (error) {
        return this.#giveUp(batch.length, error)
      }
      this.#waitingBytes -= batch.reduce((sum, each) => sum + each.bytes, 0)
    }
  }

  /** Lines for one file, up to the size of a batch. */
  #nextBatch(): Waiting[] {
    let count = 0
    let bytes = 0
    for (const each of this.#waiting) {
      if (count > 0 && (each.isHeader || bytes + each.bytes > batchBytes)) break
      count += 1
      bytes += each.bytes
    }
    return this.#waiting.splice(0, count)
  }

  async #openNext(): Promise<void> {
    const { directory, files } = this.#options.recording
    await endOf(this.#stream)
    this.#stream = undefined
    await mkdir(directory, { recursive: true })
    await removeOldest(directory, files - 1)
    const number = ((await recordingNumbers(directory)).at(-1) ?? 0) + 1
    const stream = createWriteStream(recordingFile(directory, number), { flags: 'wx', mode: 0o640 })
    // Errors are told to the writes; without a listener they would end the process.
    stream.on('error', () => {})
    this.#stream = stream
  }

  #giveUp(lines: number, error: unknown): void {
    const { clock, log, recording } = this.#options
    const says = error instanceof Error ? error.message : String(error)
    log.error({ directory: recording.directory, error: says }, 'the recording cannot be written')
    this.#stream?.destroy()
    this.#stream = undefined
    this.#drop(lines + this.#waiting.length)
    this.#waiting = []
    this.#waitingBytes = 0
    this.#brokenUntil = clock.now() + retryAfterMs
  }
}

/** Resolves when the file took it; rejects when the disk refused. */
async function write(stream: WriteStream | undefined, text: string): Promise<void> {
  if (stream === undefined) throw new Error('no file is open')
  await new Promise<void>((resolve, reject) => {
    stream.write(text, (error) => {
      if (error === null || error === undefined) resolve()
      else reject(error)
    })
  })
}

async function endOf(stream: WriteStream | undefined): Promise<void> {
  if (stream === undefined || stream.destroyed) return
  await new Promise<void>((resolve) => {
    stream.once('close', () => resolve())
    stream.end()
  })
}
