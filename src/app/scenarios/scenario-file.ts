import { z } from 'zod'
import type { RuleChanges, RuleDefinition } from '../../core/rule.ts'
import { nearest } from '../../core/nearest.ts'
import type { QuorumSettings, RuleTiming, VantageSettings } from '../../core/settings.ts'
import type { Outcome } from '../../core/sample.ts'
import type { ProbeMeasures } from '../../engine/rules/rule-set.ts'
import { duration } from '../../plugin/option-types.ts'
import { placeKey, readDocument } from '../../config/document.ts'
import type { ConfigDocument, Path, Problem } from '../../config/document.ts'
import { fraction, name, whole } from '../../config/fields.ts'
import { inputSchema } from '../../config/plugin-options.ts'
import { profileNames, profiles, type Profile } from '../../config/profiles.ts'
import { report } from '../../config/report.ts'
import { changeProblems } from '../../config/rule-changes.ts'
import { ruleChanges, toChanges } from '../../config/rule-fields.ts'
import { plainWords, sayIssue } from '../../config/say-issue.ts'
import { parseDuration } from '../../core/duration.ts'
import { checkExpectations, expectation, type ScenarioExpectation } from './expectation.ts'
import { readGroupBlock, type DeclaredGroup } from './group-block.ts'
import { parseNumbers, parseWords } from './series.ts'
import type { Step } from './series.ts'

/** What one vantage sees of one path, step by step. */
export interface ScenarioRow {
  readonly path: string
  /** A witness of the path sees it, not the path's own check. */
  readonly witness: string | undefined
  readonly vantage: string
  readonly probe: ProbeMeasures
  /** `undefined` beyond the end of the series. A number in the file holds for the whole scenario. */
  readonly outcome: readonly Step<Outcome>[] | undefined
  readonly reason: string | undefined
  readonly series: Readonly<Record<string, readonly Step<number>[] | number>>
}

/** One test of a scenario file. */
export interface Scenario {
  readonly name: string
  readonly place: string
  /** Decides the defaults of the group; the default one if absent. */
  readonly profile?: Profile
  /** What the file says of the group; otherwise its paths are those that something is given for. */
  readonly declared?: DeclaredGroup
  /** Wall milliseconds of the first look, which calendars go by. */
  readonly begins?: number
  readonly timing: RuleTiming
  readonly changes: RuleChanges
  readonly quorum: QuorumSettings
  readonly vantages: readonly VantageSettings[]
  readonly rows: readonly ScenarioRow[]
  readonly steps: number
  readonly expectations: readonly ScenarioExpectation[]
}

export interface ScenarioSource {
  readonly text: string
  readonly fileName: string
  readonly probes: readonly ProbeMeasures[]
  /** Rules that a scenario may judge otherwise. */
  readonly rules: { readonly rules: readonly { readonly definition: RuleDefinition }[] }
}

export type LoadedScenarios =
  | { readonly ok: true; readonly scenarios: readonly Scenario[] }
  | { readonly ok: false; readonly errors: readonly string[] }

const outcomes = ['pass', 'fail', 'unknown'] as const satisfies readonly Outcome[]

const given = z
  .object({
    path: name(),
    witness: name().optional(),
    vantage: z.union([name(), z.array(name()).min(1)]).optional(),
    probe: z.string().optional(),
    outcome: z.string().optional(),
    reason: z.string().optional(),
  })
  .catchall(z.union([z.string(), z.number()]))

const test = z.strictObject({
  name: z.string().min(1).max(200),
  profile: z.enum(profileNames).prefault('default'),
  every: duration('100ms', '1h').optional(),
  for: duration('0s', '1h').optional(),
  clear_for: duration('0s', '24h').optional(),
  stale_after: duration('1s', '24h').optional(),
  or_ratio: z.strictObject({ bad: whole(1, 1_000), of: whole(1, 1_000) }).optional(),
  /** Failure domains by vantage; a vantage without one is a domain of its own. */
  vantages: z.record(name(), z.string().min(1)).optional(),
  quorum: z
    .strictObject({
      at_least: whole(1, 100).prefault(2),
      fraction: fraction().prefault(0.5),
      domains: whole(1, 100).prefault(2),
      min_fresh: whole(1, 100).prefault(2),
    })
    .prefault({}),
  begins: z.iso
    .datetime({ error: 'expected a date and time in UTC, such as 2026-03-29T00:00:00Z' })
    .transform((text) => Date.parse(text))
    .optional(),
  /** The group, in the words of the configuration. */
  group: z.looseObject({}).optional(),
  /** What is judged otherwise, as `rules` of a stream. */
  rules: ruleChanges().optional(),
  given: z.array(given).min(1),
  expect: z.array(expectation).min(1),
})

const scenarioFile = z.strictObject({ tests: z.array(test).min(1) })

type RawTest = z.output<typeof test>
type RawRow = z.output<typeof given>

/** The vantage of rows that name none. */
const onlyVantage = 'here'

const noSources = {
  environment: () => undefined,
  readFile: () => {
    throw new Error('scenario files take nothing from other files')
  },
}

/** Reads a scenario file, strictly, as rule files are read. Never throws. */
export function loadScenarios(source: ScenarioSource): LoadedScenarios {
  const { text, fileName } = source
  const document = readDocument(text, noSources)
  const refuse = (problems: readonly Problem[]): LoadedScenarios => ({
    ok: false,
    errors: report(problems, { fileName, text, document }),
  })
  if (document.broken) return refuse(document.problems)
  const parsed = scenarioFile.safeParse(document.value, plainWords)
  if (!parsed.success) {
    const schema = inputSchema(scenarioFile)
    const context = { at: [], raw: document.value, schema, document }
    return refuse(parsed.error.issues.flatMap((issue) => sayIssue(issue, context)))
  }
  const problems: Problem[] = [...document.problems]
  const scenarios = parsed.data.tests.map((raw, index) => {
    const reader = new ScenarioReader(source, document, ['tests', index])
    const scenario = reader.read(raw)
    problems.push(...reader.problems)
    return scenario
  })
  return problems.length > 0 ? refuse(problems) : { ok: true, scenarios }
}

class ScenarioReader {
  readonly problems: Problem[] = []
  readonly #source: ScenarioSource
  readonly #document: ConfigDocument
  readonly #at: Path

  constructor(source: ScenarioSource, document: ConfigDocument, at: Path) {
    this.#source = source
    this.#document = document
    this.#at = at
  }

  read(raw: RawTest): Scenario {
    const timing = timingOf(raw)
    const rows = raw.given.flatMap((row, index) => this.#rows(row, index))
    const names = new Set([...Object.keys(raw.vantages ?? {}), ...rows.map((row) => row.vantage)])
    const last = Math.max(...raw.expect.map((each) => each.at))
    const lengths = rows.flatMap((row) => [row.outcome, ...Object.values(row.series)])
    const written = lengths.flatMap((each) => (Array.isArray(each) ? [each.length] : []))
    // Where nothing but constants is given, they hold until the last expectation.
    const steps = Math.max(0, ...written) || Math.floor(last / timing.everyMs) + 1
    const changes = toChanges(raw.rules ?? {})
    const known = this.#source.rules.rules.map((rule) => rule.definition)
    this.problems.push(...changeProblems(changes, [...this.#at, 'rules'], known))
    this.#checkWitnesses(raw, rows)
    const given = new Set(rows.flatMap((row) => (row.witness === undefined ? row.path : [])))
    const declared = this.#group(raw, [...given])
    const paths = declared?.paths.map((path) => path.name) ?? [...given]
    checkExpectations(raw.expect, { given, paths, vantages: names }, (...problem) =>
      this.#refuse(...problem),
    )
    return {
      changes,
      name: raw.name,
      place: this.#place([]),
      profile: raw.profile,
      ...(declared !== undefined && { declared }),
      ...(raw.begins !== undefined && { begins: raw.begins }),
      timing,
      quorum: {
        atLeast: raw.quorum.at_least,
        fraction: raw.quorum.fraction,
        domains: raw.quorum.domains,
        minFresh: raw.quorum.min_fresh,
      },
      vantages: [...names].map((vantage) => ({
        name: vantage,
        domain: raw.vantages?.[vantage] ?? vantage,
      })),
      rows,
      steps,
      expectations: raw.expect
        .map(({ at, ...rest }, index) => ({
          ...(rest as Omit<ScenarioExpectation, 'atMs' | 'place'>),
          atMs: at,
          place: this.#place(['expect', index]),
        }))
        .toSorted((a, b) => a.atMs - b.atMs),
    }
  }

  #rows(raw: RawRow, index: number): ScenarioRow[] {
    const { path, witness, vantage = onlyVantage, probe: type, outcome, reason, ...rest } = raw
    const at = ['given', index]
    const measured = Object.keys(rest)
    const probe = this.#probe(type, measured, at)
    if (probe === undefined) return []
    const series: Record<string, readonly Step<number>[] | number> = {}
    for (const [measurement, value] of Object.entries(rest)) {
      const parsed = typeof value === 'number' ? undefined : parseNumbers(value)
      if (typeof value === 'number') series[measurement] = value
      else if (parsed?.ok === true) series[measurement] = parsed.steps
      else this.#refuse([...at, measurement], parsed?.says ?? 'expected a series')
    }
    const words = outcome === undefined ? undefined : parseWords(outcome, outcomes)
    if (words?.ok === false) this.#refuse([...at, 'outcome'], words.says)
    const steps = words?.ok === true ? words.steps : undefined
    const vantages = typeof vantage === 'string' ? [vantage] : vantage
    return vantages.map((each) => ({
      path,
      witness,
      vantage: each,
      probe,
      outcome: steps,
      reason,
      series,
    }))
  }

  /** The probe that a row names, or the first that declares everything in it. */
  #probe(type: string | undefined, measured: readonly string[], at: Path) {
    const { probes } = this.#source
    const named = type === undefined ? probes : probes.filter((probe) => probe.type === type)
    if (named.length === 0) {
      const known = probes.map((probe) => probe.type)
      this.#refuse([...at, 'probe'], `unknown probe${suggestion(type ?? '', known)}`)
      return undefined
    }
    const found = named.find((probe) => {
      const declared = new Set(probe.measures.map((measure) => measure.name))
      return measured.every((each) => declared.has(each))
    })
    if (found !== undefined) return found
    const known = new Set(named.flatMap((probe) => probe.measures.map((measure) => measure.name)))
    const unknown = measured.filter((each) => !known.has(each))
    for (const each of unknown) {
      this.#refuse([...at, each], `unknown measurement${suggestion(each, known)}`, true)
    }
    if (unknown.length === 0) this.#refuse(at, 'no probe declares all of these measurements')
    return undefined
  }

  #checkWitnesses(raw: RawTest, rows: readonly ScenarioRow[]): void {
    const paths = new Set(rows.flatMap((row) => (row.witness === undefined ? row.path : [])))
    for (const [index, { path, witness }] of raw.given.entries()) {
      if (witness === undefined || paths.has(path)) continue
      const says = `a witness needs its path; give ${path} what it shows itself`
      this.#refuse(['given', index, 'witness'], says)
    }
  }

  #group(raw: RawTest, given: readonly string[]): DeclaredGroup | undefined {
    if (raw.group === undefined) return undefined
    if (raw.expect.every((each) => each.group === undefined)) {
      const says = 'no expectation asks for the group, so nothing of this could fail'
      this.#refuse(['group'], says, true)
    }
    const { declared, problems } = readGroupBlock({
      raw: raw.group,
      at: [...this.#at, 'group'],
      profile: raw.profile,
      given,
      hasDate: raw.begins !== undefined,
      rules: this.#source.rules.rules.map((rule) => rule.definition.name),
      document: this.#document,
    })
    this.problems.push(...problems)
    if (problems.length > 0) return undefined
    const known =
      raw.group['paths'] === undefined
        ? undefined
        : new Set(declared.paths.map((path) => path.name))
    for (const [index, row] of raw.given.entries()) {
      if (known === undefined || known.has(row.path)) continue
      this.#refuse(
        ['given', index, 'path'],
        `the group has no such path${suggestion(row.path, known)}`,
      )
    }
    return declared
  }

  #refuse(path: Path, says: string, atKey = false): void {
    this.problems.push({ path: [...this.#at, ...path], says, atKey })
  }

  #place(path: Path): string {
    const offset = this.#document.places.get(placeKey([...this.#at, ...path]))?.value ?? 0
    const { line, col } = this.#document.lines.linePos(offset)
    return `${this.#source.fileName}:${line}:${col}`
  }
}

function timingOf(raw: RawTest): RuleTiming {
  const defaults = profiles[raw.profile]
  const ms = (text: string) => parseDuration(text) ?? 0
  return {
    everyMs: raw.every ?? ms(defaults.every),
    forMs: raw.for ?? ms(defaults.for),
    ratio: raw.or_ratio ?? { bad: 6, of: 12 },
    clearForMs: raw.clear_for ?? ms(defaults.clear_for),
    staleAfterMs: raw.stale_after ?? ms(defaults.stale_after),
  }
}

function suggestion(word: string, known: Iterable<string>): string {
  const guess = nearest(word, known)
  return guess === undefined ? '' : `; did you mean "${guess}"?`
}
