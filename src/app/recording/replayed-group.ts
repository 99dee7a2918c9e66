import { heaviest, sameAllocation, serving, type Allocation } from '../../core/allocation.ts'
import type { Clock } from '../../core/clock.ts'
import type { VantageReport } from '../../core/health.ts'
import type { GroupSettings } from '../../core/settings.ts'
import { isBadNow } from '../../engine/quorum.ts'
import type { ComparisonRules } from '../../engine/rules/path-comparison.ts'
import { HealthBoard } from '../health-board.ts'
import { PureGroup, type BlastRadius, type PureChange } from '../scenarios/pure-group.ts'

/** How often a group that waits for a time is evaluated. Milliseconds. */
const tickMs = 500
/** A person's hold lasts until the recording says that it ended. */
const endlessMs = 365 * 86_400_000

export interface ReplayedGroupOptions {
  /** Virtual time. */
  readonly clock: Clock
  readonly settings: GroupSettings
  readonly rules: ComparisonRules
  readonly allocation: Allocation | undefined
  readonly installation: BlastRadius
  /** Why a look at a path would have failed, by short name. */
  readonly precheck: (target: string) => string | undefined
  readonly onChange: (change: PureChange) => void
}

/** One group of one side: the quorum, decisions and guards that its configuration gives it. */
export class ReplayedGroup {
  readonly #clock: Clock
  readonly #rules: ComparisonRules
  readonly #pure: PureGroup
  #settings: GroupSettings
  #board: HealthBoard
  /** As the vantage gave them, and with what comparing paths adds. */
  #given = new Map<string, VantageReport>()
  #reports = new Map<string, VantageReport>()

  constructor(options: ReplayedGroupOptions) {
    const { clock, settings, rules, allocation, installation, precheck, onChange } = options
    this.#settings = settings
    this.#clock = clock
    this.#rules = rules
    this.#pure = new PureGroup({
      settings,
      now: clock.now(),
      ...(allocation !== undefined && { allocation }),
      installation,
      wall: () => clock.wall(),
      precheck: (target) => precheck(target) ?? this.#objection(target),
      onChange,
    })
    this.#board = this.#newBoard()
  }

  get allocation(): Allocation {
    return this.#pure.allocation
  }

  get says(): string {
    return this.#pure.decision.says
  }

  get state(): string {
    const { decision } = this.#pure
    return decision.kind === 'stay' ? decision.state : 'FROZEN'
  }

  /** Takes what a vantage reports now; decides where that changes a vote, as a running watchdog does. */
  receive(given: VantageReport): void {
    const key = `${given.vantage} ${given.path}`
    if (this.#given.get(key) === given) return
    this.#given.set(key, given)
    const before = this.#reports.get(key)
    const report = this.#board.report(given)
    this.#reports.set(key, report)
    const turned = before === undefined || isBadNow(before) !== isBadNow(report)
    if (turned || before.health !== report.health || before.suspect !== report.suspect) {
      this.evaluate()
    }
  }

  evaluate(): void {
    this.#pure.evaluate(this.#clock.now(), this.#board.health(this.#settings))
  }

  /** When to decide again if nothing happens before; `undefined` where time alone changes nothing. */
  nextTick(): number | undefined {
    const { decision, allocation } = this.#pure
    if (decision.kind !== 'stay') return undefined
    const { state } = decision
    const isAway =
      this.#settings.sharing === undefined
        ? heaviest(allocation) !== this.#settings.paths[0]?.name
        : !sameAllocation(allocation, this.#settings.sharing.weights)
    const waits =
      state === 'RAMP' ||
      state === 'EVALUATE' ||
      state === 'ALL-DOWN' ||
      (state === 'STEADY' && isAway)
    return waits ? this.#clock.now() + tickMs : undefined
  }

  /** The world was read back for the first time. */
  adopt(allocation: Allocation): void {
    if (this.#pure.changes === 0) this.#pure.overrule(allocation)
  }

  /** A person, or somebody at the target, acted. */
  steer(to: Allocation, by: string): void {
    const known = new Set(this.#settings.paths.map((path) => path.name))
    if (serving(to).some((name) => !known.has(name))) return
    this.#pure.steer(to, this.#holdBy(by), this.#clock.now())
  }

  overrule(allocation: Allocation): void {
    this.#pure.overrule(allocation)
    this.hold('somebody at the target')
  }

  hold(by: string): void {
    this.#pure.hold(this.#holdBy(by))
  }

  release(): void {
    this.#pure.release(this.#clock.now())
    this.evaluate()
  }

  acknowledge(): void {
    this.#pure.acknowledge(this.#clock.now())
    this.evaluate()
  }

  /** The recorded process ended and another began: what was seen is forgotten, what was done is not. */
  restart(settings: GroupSettings): void {
    this.#settings = settings
    this.#board = this.#newBoard()
    this.#given = new Map()
    this.#reports = new Map()
    this.#pure.restart(settings, this.#clock.now())
  }

  #holdBy(owner: string) {
    const since = this.#clock.now()
    return { owner, reason: 'as recorded', since, until: since + endlessMs }
  }

  #newBoard(): HealthBoard {
    return new HealthBoard({
      clock: this.#clock,
      rules: this.#rules,
      onTransition: () => {},
    })
  }

  /** A pre-check also fails on a rule against the target, active or pending. */
  #objection(target: string): string | undefined {
    const [own] = this.#settings.vantages
    const report = this.#reports.get(`${own?.name} ${this.#settings.name}/${target}`)
    if (report === undefined) return 'it was not looked at'
    if (report.health === 'down') return report.says
    return report.pending.find((verdict) => verdict.class === 'down')?.says
  }
}
