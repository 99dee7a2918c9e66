import { groupOfPath } from '../../core/full-name.ts'
import type { Clock } from '../../core/clock.ts'
import { ChangeoverError } from '../../core/errors.ts'
import { formatDuration } from '../../core/duration.ts'
import type { RuleTiming, Settings, VantageSettings } from '../../core/settings.ts'
import type { ProbeMeasures, RuleSet } from '../../engine/rules/rule-set.ts'
import type { SelfHealth } from '../self-check.ts'
import { Installation } from '../installation.ts'
import { defaultSettings } from '../scenarios/default-settings.ts'
import { Agenda } from './agenda.ts'
import { GroupTape, type GroupResult, type ReplaySide, type Timed } from './group-tape.ts'
import { lookAhead, type ForeseenLine } from './look-ahead.ts'
import { invalid, type PlacedLine } from './reader.ts'
import { RecordedContinuity } from './recorded-continuity.ts'
import { sampleOf, type RecordedGroup, type RecordingHeader } from './recording-format.ts'

export interface ReplayOptions {
  readonly lines: AsyncIterable<PlacedLine>
  /** Who is tried; `undefined` settings stand for the defaults over what was recorded. */
  readonly sides: readonly {
    readonly name: string
    readonly settings: Settings | undefined
    readonly rules: RuleSet
  }[]
  readonly shipped: RuleSet
  readonly probes: readonly ProbeMeasures[]
  /** Whether what people did (steer, hold, release, ack, edits) is done in the replay too. */
  readonly withPeople: boolean
}

/** What a recording shows, and what other rules would have made of it. */
export interface ReplayReport {
  /** Wall milliseconds of the first and last line. */
  readonly from: number
  readonly to: number
  readonly samples: number
  /** Processes that wrote it. */
  readonly runs: number
  /** Lines that the recorder could not write. */
  readonly lost: number
  readonly vantages: readonly string[]
  readonly groups: readonly GroupResult[]
  readonly warnings: readonly string[]
}

/** Lines of one instant may stand in any order; what goes back further is no recording. */
const disorderMs = 1_000

/**
 * Lets other rules and settings decide on what was recorded, in virtual time: the recorded
 * monotonic times, which go on across restarts by wall time. Every timer happens at its instant.
 * Rejects with a `ChangeoverError` for a recording that contradicts itself.
 */
export async function replay(options: ReplayOptions): Promise<ReplayReport> {
  const player = new Player(options)
  for await (const line of lookAhead(options.lines)) player.take(line)
  return player.finish()
}

/** Virtual time. */
class VirtualClock implements Clock {
  #now = 0
  #offset = 0

  now(): number {
    return this.#now
  }

  wall(): number {
    return this.#now + this.#offset
  }

  /** Nothing in a replay waits. */
  async sleep(): Promise<boolean> {
    return false
  }

  goTo(now: number): void {
    this.#now = now
  }

  setWall(wall: number): void {
    this.#offset = wall - this.#now
  }
}

const sighted: SelfHealth = { ok: true, says: '' }

class Player {
  readonly #options: ReplayOptions
  readonly #clock = new VirtualClock()
  readonly #agenda = new Agenda<Timed>()
  readonly #tapes = new Map<string, GroupTape>()
  readonly #warnings = new Set<string>()
  #header: RecordingHeader | undefined
  #installations: readonly Installation[] = []
  /** What the own vantage says of itself. */
  #self = sighted
  /** Virtual minus recorded monotonic milliseconds, of the run at hand. */
  #offset = 0
  #from = 0
  #samples = 0
  #runs = 0
  #lost = 0
  readonly #streams = new RecordedContinuity()

  constructor(options: ReplayOptions) {
    this.#options = options
  }

  take({ line, place, next }: ForeseenLine): void {
    const before = this.#header
    const isNewRun = line.kind === 'header' && line.run !== before?.run
    if (isNewRun) this.#beginRun(line)
    this.#advance(line.at + this.#offset, place)
    this.#clock.setWall(line.wall)
    switch (line.kind) {
      case 'header':
        this.#header = line
        // A file of the same run goes on where the last one ended.
        if (isNewRun) this.#arrange(line.groups, before !== undefined)
        break
      case 'groups':
        this.#arrange(line.groups, false)
        if (!this.#self.ok) this.#tellSelf()
        break
      case 'sample': {
        this.#samples += 1
        const group = groupOfPath(line.path)
        const later = next && { at: next.at + this.#offset, measurements: next.measurements }
        this.#tapes.get(group)?.sample(sampleOf(line, this.#clock.now(), this.#streams), later)
        break
      }
      case 'event':
        this.#tapes.get(line.group)?.event(line)
        break
      case 'self':
        this.#self = line
        this.#tellSelf()
        break
      case 'lost':
        this.#lost += line.lines
        break
    }
  }

  finish(): ReplayReport {
    for (const tape of this.#tapes.values()) tape.pause()
    return {
      from: this.#from,
      to: this.#clock.wall(),
      samples: this.#samples,
      runs: this.#runs,
      lost: this.#lost,
      vantages: this.#vantages.map(({ name }) => name),
      groups: [...this.#tapes.values()].map((tape) => tape.result()),
      warnings: [...this.#warnings],
    }
  }

  get #vantages(): readonly VantageSettings[] {
    return this.#header?.vantages ?? []
  }

  #tellSelf(): void {
    const [own] = this.#vantages
    for (const tape of this.#tapes.values()) tape.self(own?.name ?? '', this.#self)
  }

  /** Time goes on by what the wall clock says has passed; what the last process waited for is gone. */
  #beginRun(header: RecordingHeader): void {
    this.#runs += 1
    this.#self = sighted
    if (this.#runs === 1) {
      this.#from = header.wall
      this.#offset = -header.at
      return
    }
    for (const tape of this.#tapes.values()) tape.pause()
    this.#agenda.clear()
    const gap = Math.max(0, header.wall - this.#clock.wall())
    this.#offset = this.#clock.now() + gap - header.at
  }

  /** Lets everything happen by itself that is due before `until`. */
  #advance(until: number, place: string): void {
    if (until < this.#clock.now() - disorderMs) {
      throw invalid(place, 'its time lies before that of the line above')
    }
    for (;;) {
      const next = this.#agenda.take(until)
      if (next === undefined) break
      this.#clock.goTo(Math.max(this.#clock.now(), next.at))
      next.item.wake()
    }
    this.#clock.goTo(Math.max(this.#clock.now(), until))
  }

  /** Makes a tape of each group that every side has; those that are known go on. */
  #arrange(groups: readonly RecordedGroup[], isRestart: boolean): void {
    const usual = this.#usualSettings(groups)
    const sides = this.#options.sides.map((side) => ({ ...side, settings: side.settings ?? usual }))
    if (this.#installations.length === 0) {
      this.#installations = sides.map(
        ({ settings }) =>
          new Installation(this.#clock, settings.installation, settings.groups.length),
      )
    }
    for (const group of groups) {
      const without = sides.find(({ settings }) => groupOf(settings, group) === undefined)
      if (without !== undefined) {
        this.#warnings.add(`${group.name} was recorded, but ${without.name} has no such group`)
        continue
      }
      for (const side of sides) this.#compare(side, group)
      const tape = this.#tapes.get(group.name)
      if (tape === undefined) {
        this.#tapes.set(group.name, this.#newTape(group, sides, usual.timing))
      } else if (isRestart || checksIn(tape.shape) !== checksIn(group)) {
        const settings = sides.map((side) => side.settings)
        tape.restart(group, this.#vantages, settings)
      } else if (group.allocation !== undefined) {
        tape.serve(group.allocation)
      }
    }
  }

  #newTape(group: RecordedGroup, sides: readonly ReplaySide[], timing: RuleTiming): GroupTape {
    const { shipped, probes, withPeople } = this.#options
    const options = {
      clock: this.#clock,
      agenda: this.#agenda,
      sides: sides.map((side, index) => {
        const installation = this.#installations[index]
        if (installation === undefined) throw new Error(`side ${index} has no installation`)
        return { ...side, installation }
      }),
      shipped,
      timing,
      probes,
      withPeople,
    }
    return new GroupTape(options, group, this.#vantages)
  }

  /** Every default of the configuration, over what was recorded. */
  #usualSettings(groups: readonly RecordedGroup[]): Settings {
    const header = this.#header
    const loaded = defaultSettings({
      place: 'the recording',
      ...(header !== undefined && { profile: header.profile, vantages: header.vantages }),
      groups: groups.map(({ name, paths }) => ({
        name,
        paths: paths.map(({ name: path, everyMs, domain }) => ({
          name: path,
          everyMs,
          ...(domain !== undefined && { domain }),
        })),
      })),
    })
    if (loaded.ok) return loaded.settings
    throw new ChangeoverError('USAGE', `The recording names what cannot be: ${loaded.errors[0]}`)
  }

  /** What the reader of the result should know of a configuration that differs from the recorded one. */
  #compare({ name, settings }: ReplaySide, recorded: RecordedGroup): void {
    const paths = groupOf(settings, recorded)?.paths ?? []
    for (const path of recorded.paths) {
      const full = `${recorded.name}/${path.name}`
      const own = paths.find((each) => each.name === path.name)
      if (own === undefined) {
        this.#warnings.add(`${full} was recorded, but ${name} has no such path`)
      } else if (own.everyMs !== path.everyMs) {
        const every = formatDuration(path.everyMs)
        const wanted = formatDuration(own.everyMs)
        this.#warnings.add(
          `${full} was looked at every ${every}; ${name} says ${wanted}, and is judged at ${every}`,
        )
      }
      if (!this.#options.probes.some((probe) => probe.type === path.type)) {
        this.#warnings.add(
          `${full} was looked at by ${path.type}, which this version does not know`,
        )
      }
    }
    for (const { name: witness } of paths.flatMap((path) => path.witnesses ?? [])) {
      if (recorded.witnesses?.some((each) => each.name === witness) === true) continue
      this.#warnings.add(
        `${recorded.name}/${witness} of ${name} was not recorded: it vetoes nothing`,
      )
    }
    for (const path of paths) {
      if (recorded.paths.some((each) => each.name === path.name)) continue
      this.#warnings.add(
        `${recorded.name}/${path.name} of ${name} was not recorded: never eligible`,
      )
    }
    const silent = settings.vantages.filter(
      (vantage) => !this.#vantages.some((each) => each.name === vantage.name),
    )
    if (silent.length > 0) {
      const seen = this.#vantages.map((vantage) => vantage.name).join(', ')
      this.#warnings.add(`the quorum is that of the recorded vantages alone: ${seen}`)
    }
  }
}

function checksIn({ paths, witnesses }: RecordedGroup): string {
  return JSON.stringify([paths, witnesses])
}

function groupOf(settings: Settings, { name }: RecordedGroup) {
  return settings.groups.find((group) => group.name === name)
}
