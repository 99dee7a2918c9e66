import type { Allocation } from '../core/allocation.ts'
import type { PathHealth, RuleVerdict, VantageReport } from '../core/health.ts'
import { formatDuration } from '../core/duration.ts'
import { checkAsWitness, quorumHealth } from '../engine/quorum.ts'
import { PathComparison } from '../engine/rules/path-comparison.ts'
import { alterRules } from '../engine/rules/alter-rules.ts'
import type { ProbeMeasures, RuleSet } from '../engine/rules/rule-set.ts'
import { scenarioGroup } from './scenarios/scenario-group.ts'
import { loadScenarios } from './scenarios/scenario-file.ts'
import type { ScenarioExpectation } from './scenarios/expectation.ts'
import type { Scenario } from './scenarios/scenario-file.ts'
import { ScenarioPath } from './scenarios/scenario-path.ts'

/** What a group does, as far as scenarios ask. */
export interface ScenarioGroupAnswer {
  readonly state: string
  readonly writes: number
  readonly allocation: Allocation
  readonly active?: string
  /** The guard or the reason that keeps a proposal from being made. */
  readonly veto?: string
  /** Why. */
  readonly says: string
}

/** A group controller that a scenario drives in virtual time. */
export interface ScenarioGroup {
  /** Health of its paths at `now` by short name; called whenever one changed and once a second. */
  advance(now: number, paths: ReadonlyMap<string, PathHealth>): Promise<void>
  answer(): ScenarioGroupAnswer
}

export interface ScenarioRun {
  readonly text: string
  readonly fileName: string
  readonly rules: RuleSet
  readonly probes: readonly ProbeMeasures[]
  /** The tests after the first that fails are not run. */
  readonly stopAtFailure?: boolean
}

/** One expectation that did not hold. */
export interface ScenarioFailure {
  /** `rules/hls.test.yaml:14:9` */
  readonly place: string
  readonly at: string
  readonly expected: string
  readonly got: string
  /** All in one sentence, with the reason. */
  readonly says: string
}

export interface ScenarioResult {
  readonly name: string
  readonly place: string
  readonly expectations: number
  readonly failures: readonly ScenarioFailure[]
}

export type ScenarioReport =
  | { readonly ok: true; readonly fileName: string; readonly tests: readonly ScenarioResult[] }
  | { readonly ok: false; readonly fileName: string; readonly errors: readonly string[] }

/**
 * Runs the scenarios of one file in virtual time: samples as given, every timer at its instant,
 * looks pulled forward before age limits as the scheduler does, and quorum over the vantages named.
 * `ok: false` means that the file could not be read as scenarios; failures are in `tests`.
 */
export async function runRuleScenarios(run: ScenarioRun): Promise<ScenarioReport> {
  const { fileName } = run
  const loaded = loadScenarios(run)
  if (!loaded.ok) return { ok: false, fileName, errors: loaded.errors }
  const tests: ScenarioResult[] = []
  for (const scenario of loaded.scenarios) {
    const world = new ScenarioWorld(scenario, run)
    const result = await world.run()
    tests.push(result)
    if (run.stopAtFailure === true && result.failures.length > 0) break
  }
  return { ok: true, fileName, tests }
}

const groupTickMs = 1_000
const defaultGroup = 'scenario/group'

class ScenarioWorld {
  readonly #scenario: Scenario
  readonly #paths: readonly ScenarioPath[]
  readonly #health = new Map<string, PathHealth>()
  readonly #groupName: string
  readonly #group: ScenarioGroup | undefined
  readonly #comparison: PathComparison
  /** By check: what its vantage said last, and that with what comparing paths adds. */
  readonly #said = new Map<ScenarioPath, { given: VantageReport; report: VantageReport }>()
  #nextGroupTick = 0

  constructor(scenario: Scenario, run: ScenarioRun) {
    this.#scenario = scenario
    const named = scenario.expectations.find((each) => each.group !== undefined)?.group
    this.#groupName = named ?? defaultGroup
    this.#group = named === undefined ? undefined : scenarioGroup(named, scenario)
    const isChanged = Object.keys(scenario.changes).length > 0
    const rules = isChanged ? alterRules(run.rules, scenario.changes) : run.rules
    const { timing } = scenario
    this.#comparison = new PathComparison({ rules, timing, probes: run.probes })
    this.#paths = scenario.rows.map(
      (row) => new ScenarioPath(row, rules, scenario.timing, this.#groupName),
    )
  }

  async run(): Promise<ScenarioResult> {
    const { scenario, failures } = { scenario: this.#scenario, failures: [] as ScenarioFailure[] }
    const { everyMs } = scenario.timing
    let step = 0
    for (const expectation of scenario.expectations) {
      while (step < scenario.steps && step * everyMs <= expectation.atMs) {
        await this.#advance(step * everyMs)
        for (const path of this.#paths) path.step(step)
        await this.#judge(step * everyMs)
        step += 1
      }
      await this.#advance(expectation.atMs)
      await this.#judge(expectation.atMs)
      failures.push(...this.#check(expectation))
    }
    const { name, place, expectations } = scenario
    return { name, place, expectations: expectations.length, failures }
  }

  /** Runs everything that happens by itself before `until`, in order of time. */
  async #advance(until: number): Promise<void> {
    for (;;) {
      const group = this.#group === undefined ? Infinity : this.#nextGroupTick
      const events = this.#paths.map((path) => path.nextEvent(until) ?? Infinity)
      const next = Math.min(group, ...events)
      if (next > until) return
      for (const [index, path] of this.#paths.entries()) if (events[index] === next) path.run(next)
      await this.#judge(next)
    }
  }

  async #judge(now: number): Promise<void> {
    const { scenario } = { scenario: this.#scenario }
    this.#compare(now)
    let changed = false
    for (const name of new Set(scenario.rows.map((row) => row.path))) {
      const previous = this.#health.get(name)
      const judged = {
        vantages: scenario.vantages,
        settings: scenario.quorum,
        staleAfterMs: scenario.timing.staleAfterMs,
      }
      const rows = scenario.rows.filter((row) => row.path === name)
      const seenBy = new Set(rows.flatMap(({ witness }) => witness ?? []))
      const witnesses = [...seenBy].map((witness) =>
        checkAsWitness(witness, { ...judged, reports: this.#reports(name, witness) }, now),
      )
      const health = quorumHealth(
        {
          ...judged,
          path: `${this.#groupName}/${name}`,
          reports: this.#reports(name, undefined),
          witnesses,
          ...(previous !== undefined && { previous }),
        },
        now,
      )
      changed ||= previous?.health !== health.health
      this.#health.set(name, health)
    }
    if (this.#group === undefined) return
    if (!changed && now < this.#nextGroupTick) return
    this.#nextGroupTick = now + groupTickMs
    await this.#group.advance(now, this.#health)
  }

  #reports(path: string, witness: string | undefined): ReadonlyMap<string, VantageReport> {
    const watched = this.#paths.filter(({ row }) => row.path === path && row.witness === witness)
    return new Map(watched.map((each) => [each.row.vantage, this.#reportOf(each)]))
  }

  #reportOf(path: ScenarioPath): VantageReport {
    return this.#said.get(path)?.report ?? path.watch.report
  }

  /** Brings the reports that are new together, in the order of the rows. */
  #compare(now: number): void {
    for (const path of this.#paths) {
      const given = path.watch.report
      if (this.#said.get(path)?.given === given) continue
      this.#said.set(path, { given, report: this.#comparison.apply(given, now) })
    }
  }

  #check(expectation: ScenarioExpectation): ScenarioFailure[] {
    const found =
      expectation.group === undefined ? this.#pathFacts(expectation) : this.#groupFacts(expectation)
    const at = formatDuration(expectation.atMs)
    return found.facts.flatMap(({ what, expected, got }) => {
      if (expected === undefined || expected === got) return []
      const says =
        `${expectation.place}: "${this.#scenario.name}" at ${at}: expected ${found.subject} ` +
        `${what} ${expected}, got ${got}: ${found.says}`
      return [{ place: expectation.place, at, expected: `${what} ${expected}`, got, says }]
    })
  }

  #pathFacts(expectation: ScenarioExpectation): Facts {
    const { path = '', vantage, says } = expectation
    const watches = this.#paths.filter(({ row }) => row.path === path && row.witness === undefined)
    const seen = watches.find((each) => each.row.vantage === vantage)
    const one = seen === undefined ? undefined : this.#reportOf(seen)
    const quorum = this.#health.get(path)
    const reports = one === undefined ? watches.map((each) => this.#reportOf(each)) : [one]
    const sentence = (vantage === undefined ? quorum?.says : one?.says) ?? 'nothing is known'
    const active = reports.flatMap((report) => report.active)
    const pending = reports.flatMap((report) => report.pending)
    const diagnosis =
      vantage === undefined ? quorum?.diagnosis : active.find((rule) => rule.diagnosis)?.diagnosis
    const health = vantage === undefined ? quorum?.health : (one?.health ?? 'unknown')
    return {
      subject: vantage === undefined ? path : `${path} at ${vantage}`,
      says: sentence,
      facts: [
        { what: 'health', expected: expectation.health, got: health ?? 'unknown' },
        { what: 'rules', expected: list(expectation.rules), got: names(active) },
        { what: 'pending', expected: list(expectation.pending), got: names(pending) },
        { what: 'diagnosis', expected: expectation.diagnosis, got: diagnosis ?? 'none' },
        toSay(says, sentence),
      ],
    }
  }

  #groupFacts(expectation: ScenarioExpectation): Facts {
    const { group = '', state, writes, active, weights, veto, says } = expectation
    const answer = this.#group?.answer()
    if (answer === undefined) throw new Error('a group is judged wherever one is asked for')
    return {
      subject: group,
      says: answer.says,
      facts: [
        { what: 'state', expected: state, got: answer.state },
        { what: 'writes', expected: writes?.toString(), got: String(answer.writes) },
        { what: 'active', expected: active, got: answer.active ?? 'none' },
        {
          what: 'weights',
          expected: weights && describeWeights(weights, answer.allocation),
          got: describeWeights(answer.allocation, answer.allocation),
        },
        { what: 'veto', expected: veto, got: answer.veto ?? 'none' },
        toSay(says, answer.says),
      ],
    }
  }
}

/** `cdn-a 70, cdn-b 30`: the weight of every path, in the order of the group. */
function describeWeights(weights: Allocation, order: Allocation): string {
  return Object.keys(order)
    .map((path) => `${path} ${weights[path] ?? 0}`)
    .join(', ')
}

function toSay(says: string | undefined, sentence: string): Facts['facts'][number] {
  const isSaid = says !== undefined && sentence.includes(says)
  return {
    what: 'to say',
    expected: says === undefined ? undefined : quoted(says),
    got: quoted(isSaid ? says : sentence),
  }
}

interface Facts {
  readonly subject: string
  readonly says: string
  readonly facts: readonly {
    readonly what: string
    readonly expected: string | undefined
    readonly got: string
  }[]
}

function names(verdicts: readonly RuleVerdict[]): string {
  return list(verdicts.map((verdict) => verdict.rule)) ?? ''
}

/** Sorted, each once; `none` for an empty list. */
function list(rules: readonly string[] | undefined): string | undefined {
  if (rules === undefined) return undefined
  return [...new Set(rules)].toSorted().join(', ') || 'none'
}

function quoted(text: string): string {
  return JSON.stringify(text)
}
