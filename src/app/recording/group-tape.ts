import { sameAllocation, type Allocation } from '../../core/allocation.ts'
import type { Clock } from '../../core/clock.ts'
import type { Sample } from '../../core/sample.ts'
import type { GroupSettings, RuleTiming, Settings, VantageSettings } from '../../core/settings.ts'
import { createPathWatch, type PathWatch } from '../../engine/rules/path-watch.ts'
import { rulesOf, type ProbeMeasures, type RuleSet } from '../../engine/rules/rule-set.ts'
import type { SelfHealth } from '../self-check.ts'
import type { BlastRadius, PureChange } from '../scenarios/pure-group.ts'
import type { Agenda } from './agenda.ts'
import { PathEye, PathTruth, type LaterLook } from './path-truth.ts'
import type { RecordedEvent, RecordedGroup } from './recording-format.ts'
import { ReplayedGroup } from './replayed-group.ts'
import { Score, type ScoreCard } from './score.ts'

/** One set of settings and rules that is tried on a recording. */
export interface ReplaySide {
  /** For people: the name of a file. */
  readonly name: string
  readonly settings: Settings
  readonly rules: RuleSet
}

/** Something that happens by itself at an instant. */
export interface Timed {
  wake(): void
}

/** What happened to a group besides its changes: people, trouble. */
export interface Note {
  /** Wall milliseconds since the epoch. */
  readonly wall: number
  readonly what: RecordedEvent['what']
  readonly says: string
}

/** What came of one group. */
export interface GroupResult {
  readonly group: string
  readonly samples: number
  /** The cadence of its slowest path. */
  readonly everyMs: number
  readonly notes: readonly Note[]
  readonly recorded: ScoreCard
  /** In the order of the sides; `says` is the last word of its controller. */
  readonly replayed: readonly (ScoreCard & {
    readonly name: string
    readonly state: string
    readonly says: string
  })[]
}

export interface GroupTapeOptions {
  /** Virtual time. */
  readonly clock: Clock
  readonly agenda: Agenda<Timed>
  readonly sides: readonly (ReplaySide & { readonly installation: BlastRadius })[]
  /** The shipped rules, with the usual timing: a part of what is true of a path. */
  readonly shipped: RuleSet
  readonly timing: RuleTiming
  readonly probes: readonly ProbeMeasures[]
  /** Whether what people did is done in the replay too. */
  readonly withPeople: boolean
}

interface Side {
  readonly name: string
  readonly group: ReplayedGroup
  readonly score: Score
  readonly timer: Timed
}

/** One recorded group: what was seen of it, what was done, and what every side would have done. */
export class GroupTape {
  readonly #options: GroupTapeOptions
  readonly #recorded = new Score()
  readonly #sides: readonly Side[]
  readonly #notes: Note[] = []
  /** By full path name, then vantage. */
  #eyes = new Map<string, ReadonlyMap<string, { readonly eye: PathEye; readonly timer: Timed }>>()
  /** By short name. */
  #truths = new Map<string, PathTruth>()
  #shape: RecordedGroup
  /** By position of the side. */
  #settings: readonly Settings[]
  #vantages: readonly VantageSettings[]
  #samples = 0
  #lastIntent: string | undefined

  constructor(
    options: GroupTapeOptions,
    shape: RecordedGroup,
    vantages: readonly VantageSettings[],
  ) {
    this.#options = options
    this.#shape = shape
    this.#vantages = vantages
    this.#settings = options.sides.map((side) => side.settings)
    this.#sides = options.sides.map((side, index) => this.#newSide(side, index))
    this.#watch()
    if (shape.allocation !== undefined) this.#recorded.serve(shape.allocation)
    for (const { group, score } of this.#sides) {
      if (options.withPeople && shape.heldBy !== undefined) group.hold(shape.heldBy)
      score.serve(group.allocation)
    }
    this.#account()
  }

  get shape(): RecordedGroup {
    return this.#shape
  }

  /** Another process took over, or the paths are others now: everything is seen anew. */
  restart(
    shape: RecordedGroup,
    vantages: readonly VantageSettings[],
    settings: readonly Settings[],
  ): void {
    this.#shape = shape
    this.#vantages = vantages
    this.#settings = settings
    this.#watch()
    if (shape.allocation !== undefined) this.#recorded.serve(shape.allocation)
    for (const [index, { group }] of this.#sides.entries()) group.restart(this.#settingsOf(index))
    this.#account()
  }

  /** Nobody watches from now on. */
  pause(): void {
    const now = this.#options.clock.now()
    for (const score of [this.#recorded, ...this.#sides.map((side) => side.score)]) score.pause(now)
  }

  /** Takes a sample, and the next one of the same path and vantage, where it is known. */
  sample(sample: Sample, next: LaterLook | undefined): void {
    const known = this.#eyes.get(sample.path)?.get(sample.vantage)
    if (known === undefined) return
    this.#samples += 1
    known.eye.apply(sample, next, this.#options.clock.now())
    this.#seen(known.eye, known.timer)
  }

  self(vantage: string, { ok, says }: SelfHealth): void {
    for (const byVantage of this.#eyes.values()) {
      const known = byVantage.get(vantage)
      if (known === undefined) continue
      known.eye.self(ok, says, this.#options.clock.now())
      this.#seen(known.eye, known.timer)
    }
  }

  /** What serves by the record, where changes may have been lost. */
  serve(allocation: Allocation): void {
    this.#recorded.serve(allocation)
    this.#account()
  }

  event(event: RecordedEvent): void {
    if (event.what === 'applied') this.#applied(event)
    else if (event.what === 'adopted') this.#adopted(event)
    else {
      this.#note(event)
      if (event.what === 'foreign-edit' && event.to !== undefined) this.#recorded.serve(event.to)
      if (this.#options.withPeople) this.#people(event)
    }
    for (const side of this.#sides) this.#schedule(side)
    this.#account()
  }

  result(): GroupResult {
    return {
      group: this.#shape.name,
      samples: this.#samples,
      everyMs: Math.max(...this.#shape.paths.map((path) => path.everyMs)),
      notes: this.#notes,
      recorded: this.#recorded.card(),
      replayed: this.#sides.map(({ name, group, score }) => ({
        ...score.card(),
        name,
        state: group.state,
        says: group.says,
      })),
    }
  }

  #applied(event: RecordedEvent): void {
    const { intent, reason, from, to, says, wall, actor = 'somebody' } = event
    if (from === undefined || to === undefined || reason === undefined) return this.#note(event)
    const isCompensation = intent !== undefined && intent === this.#lastIntent
    this.#lastIntent = intent
    const at = this.#options.clock.now()
    this.#recorded.move({ at, wall, from, to, reason, says, isCompensation }, this.#truths)
    if (reason !== 'steer' || isCompensation || !this.#options.withPeople) return
    for (const { group } of this.#sides) group.steer(to, actor)
  }

  #adopted(event: RecordedEvent): void {
    if (event.to === undefined) return
    this.#recorded.serve(event.to)
    for (const { group, score } of this.#sides) {
      if (sameAllocation(group.allocation, event.to)) continue
      group.adopt(event.to)
      score.serve(group.allocation)
    }
  }

  #people(event: RecordedEvent): void {
    const by = event.actor ?? 'somebody'
    for (const { group, score } of this.#sides) {
      if (event.what === 'hold') group.hold(by)
      else if (event.what === 'release') group.release()
      else if (event.what === 'ack') group.acknowledge()
      else if (event.what === 'foreign-edit' && event.to !== undefined) {
        group.overrule(event.to)
        score.serve(group.allocation)
      }
    }
  }

  #note({ wall, what, says }: RecordedEvent): void {
    this.#notes.push({ wall, what, says })
  }

  #newSide(side: GroupTapeOptions['sides'][number], index: number): Side {
    const { clock } = this.#options
    const score = new Score()
    const group: ReplayedGroup = new ReplayedGroup({
      clock,
      settings: this.#settingsOf(index),
      rules: {
        rules: side.rules,
        timing: side.settings.timing,
        probes: this.#options.probes,
      },
      allocation: this.#shape.allocation,
      installation: side.installation,
      precheck: (target) => this.#precheck(target),
      onChange: (change) => this.#moved(score, change),
    })
    const timer: Timed = {
      wake: () => {
        group.evaluate()
        this.#schedule(made)
      },
    }
    const made: Side = { name: side.name, group, score, timer }
    return made
  }

  #moved(score: Score, change: PureChange): void {
    const wall = this.#options.clock.wall()
    score.move({ ...change, wall, isCompensation: false }, this.#truths)
    this.#account()
  }

  /** As configured, but for what the recording decides: who looked, and how often. */
  #settingsOf(side: number): GroupSettings {
    const { name } = this.#shape
    const group = this.#settings[side]?.groups.find((each) => each.name === name)
    if (group === undefined) throw new Error(`side ${side} has no group ${name}`)
    return { ...group, vantages: this.#vantages }
  }

  #watch(): void {
    const { agenda, clock, sides, shipped, timing, probes } = this.#options
    for (const byVantage of this.#eyes.values()) {
      for (const { timer } of byVantage.values()) agenda.set(timer, undefined)
    }
    this.#eyes = new Map()
    this.#truths = new Map()
    for (const { name, type, everyMs } of checksOf(this.#shape)) {
      const path = `${this.#shape.name}/${name}`
      const probe = probes.find((each) => each.type === type) ?? { type, measures: [] }
      const byVantage = new Map<string, { eye: PathEye; timer: Timed }>()
      for (const { name: vantage } of this.#vantages) {
        const input = { path, vantage, probe, now: clock.now() }
        const watchOf = (rules: RuleSet, own: RuleTiming): PathWatch =>
          createPathWatch({ ...input, rules, timing: { ...own, everyMs } })
        const eye = new PathEye({
          path,
          vantage,
          probe,
          everyMs,
          base: watchOf(shipped, timing),
          sides: sides.map(({ rules, settings }, index) =>
            checksOf(this.#settingsOf(index)).some((each) => each.name === name)
              ? watchOf(rulesOf(rules, path), settings.timing)
              : undefined,
          ),
          staleAfterMs: timing.staleAfterMs,
        })
        const timer: Timed = {
          wake: () => {
            eye.tick(clock.now())
            this.#seen(eye, timer)
          },
        }
        byVantage.set(vantage, { eye, timer })
      }
      this.#eyes.set(path, byVantage)
      if (!this.#shape.paths.some((each) => each.name === name)) continue
      // What a witness sees is no truth about the path: that is what its own check saw.
      this.#truths.set(name, new PathTruth([...byVantage.values()].map(({ eye }) => eye)))
    }
  }

  /** Takes over what an eye now says: first what is true, then what every side makes of it. */
  #seen(eye: PathEye, timer: Timed): void {
    const { agenda, clock } = this.#options
    const truth = this.#truths.get(eye.path.slice(this.#shape.name.length + 1))
    if (truth?.update(clock.now()) === true) this.#account()
    for (const [index, side] of this.#sides.entries()) {
      const report = eye.report(index)
      if (report === undefined) continue
      side.group.receive(report)
      this.#schedule(side)
    }
    agenda.set(timer, eye.nextWake())
  }

  #schedule({ group, timer }: Side): void {
    this.#options.agenda.set(timer, group.nextTick())
  }

  /** The newest look at a target stands for the fresh one that a change begins with. */
  #precheck(target: string): string | undefined {
    const [own] = this.#vantages
    const eye = this.#eyes.get(`${this.#shape.name}/${target}`)?.get(own?.name ?? '')
    const last = eye?.eye.last
    if (last === undefined) return 'it was not looked at'
    return last.outcome === 'pass' ? undefined : (last.reason ?? last.outcome)
  }

  #account(): void {
    const now = this.#options.clock.now()
    for (const score of [this.#recorded, ...this.#sides.map((side) => side.score)]) {
      score.account(this.#truths, now)
    }
  }
}

/** The paths of a group and their witnesses, as recorded or as configured. */
function checksOf(group: RecordedGroup | GroupSettings) {
  if ('stream' in group) return group.paths.flatMap((path) => [path, ...(path.witnesses ?? [])])
  return [...group.paths, ...(group.witnesses ?? [])]
}
