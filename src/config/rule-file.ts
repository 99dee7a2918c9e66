import { z } from 'zod'
import { isDiagnosis, remedies } from '../core/diagnosis.ts'
import type { Diagnosis } from '../core/diagnosis.ts'
import { nearest } from '../core/nearest.ts'
import type { RuleChanges, RuleDefinition, RulePack } from '../core/rule.ts'
import { othersWord } from '../engine/rules/guard.ts'
import { changedRule } from '../engine/rules/alter-rules.ts'
import { compileRule, scopeOf, unreachable } from '../engine/rules/rule-set.ts'
import type { CompiledRule, ProbeMeasures, RuleError } from '../engine/rules/rule-set.ts'
import { aggregateNames, textNames } from '../engine/rules/scope.ts'
import { duration } from '../plugin/option-types.ts'
import { placeKey, readDocument } from './document.ts'
import type { ConfigDocument, Path, Problem } from './document.ts'
import { name } from './fields.ts'
import { inputSchema } from './plugin-options.ts'
import { report } from './report.ts'
import { changeProblems } from './rule-changes.ts'
import { changeable, ruleChanges, toChange, toChanges, variableName } from './rule-fields.ts'
import { ruleWarnings, windowWarnings } from './rule-warnings.ts'
import { plainWords, sayIssue } from './say-issue.ts'
import { offsetInScalar } from './scalar-offset.ts'

export interface RuleFileSource {
  readonly text: string
  /** Only for messages and, without folder and ending, as the name of the pack. */
  readonly fileName: string
  /** Every probe plug-in: their measurements are the names that rules may use. */
  readonly probes: readonly ProbeMeasures[]
  /** Packs that it may extend, by name; none if absent. */
  readonly packs?: ReadonlyMap<string, RulePack>
  /** The cadence that warnings compare `for` with, in milliseconds; absent: no such warning. */
  readonly everyMs?: number
  /** The fastest cadence in milliseconds by type of probe, for those in use; absent: not known. */
  readonly watched?: ReadonlyMap<string, number>
  /** It comes along, so that nobody need use it. */
  readonly isShipped?: boolean
}

export type LoadedRuleFile =
  | { readonly ok: true; readonly pack: RulePack; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly errors: readonly string[] }

const ruleSchema = z.strictObject({
  ...changeable(),
  name: name(),
  class: z.enum(['down', 'degraded']),
  when: z.string().min(1),
  clear_when: z.string().min(1).optional(),
  says: z.string().min(1).max(300),
  diagnosis: z.enum(Object.keys(remedies) as [Diagnosis, ...Diagnosis[]]).optional(),
  probes: z.array(z.string()).min(1).optional(),
})

const ruleFileSchema = z
  .strictObject({
    extends: name().optional(),
    windows: z.record(variableName('a window'), duration('1s', '1h')).optional(),
    override: ruleChanges().optional(),
    rules: z.array(ruleSchema).min(1).max(200).optional(),
  })
  .refine((file) => file.rules !== undefined || file.extends !== undefined, {
    message: 'expected rules, or a pack that this one extends',
  })

type RawRule = z.output<typeof ruleSchema>

/** Rule files hold no secrets and take none from outside. */
const noSources = {
  environment: () => undefined,
  readFile: () => {
    throw new Error('rule files take nothing from other files')
  },
}

/**
 * Reads a rule file, strictly: a checked pack, or every error with file, line, column and the
 * nearest known name. A file with any error is refused whole. Never throws.
 */
export function loadRuleFile(source: RuleFileSource): LoadedRuleFile {
  const { text, fileName, probes } = source
  const document = readDocument(text, noSources)
  const refuse = (problems: readonly Problem[]): LoadedRuleFile => ({
    ok: false,
    errors: report(problems, { fileName, text, document }),
  })
  if (document.broken) return refuse(document.problems)
  const parsed = ruleFileSchema.safeParse(document.value, plainWords)
  if (!parsed.success) {
    const schema = inputSchema(ruleFileSchema)
    const context = { at: [], raw: document.value, schema, document }
    const problems = parsed.error.issues.flatMap((issue) => sayIssue(issue, context))
    return refuse([...document.problems, ...problems])
  }
  const base = baseOf(parsed.data.extends, source.packs ?? new Map())
  const changes = toChanges(parsed.data.override ?? {})
  const windows = { ...base.pack?.windows, ...parsed.data.windows }
  const definitions = (parsed.data.rules ?? []).map(toDefinition)
  const problems: Problem[] = [
    ...document.problems,
    ...base.problems,
    ...overrideProblems(changes, base.pack, parsed.data.extends),
    ...windowProblems(parsed.data.windows ?? {}, probes),
    ...nameProblems(definitions),
    ...paramProblems(definitions, windows, probes),
    ...probeProblems(definitions, probes),
  ]
  // Its windows and rules are unknown too: more would be noise.
  if (base.problems.length > 0) return refuse(problems)
  const scope = scopeOf(probes)
  const compiled: CompiledRule[] = []
  for (const [index, definition] of definitions.entries()) {
    const result = compileRule(definition, windows, scope)
    if (result.ok) compiled.push(result.rule)
    else problems.push(...result.errors.map((error) => place(error, index, text, document)))
  }
  if (problems.length > 0) return refuse(problems)
  const warnings = [
    ...windowWarnings(parsed.data.windows ?? {}, source.everyMs),
    ...compiled.flatMap((rule, index) => ruleWarnings(rule, ['rules', index], source)),
  ]
  return {
    ok: true,
    pack: {
      name: packName(fileName),
      ...(base.pack !== undefined && { extends: base.pack.name }),
      windows,
      rules: [...inherited(base.pack, changes, definitions), ...definitions],
    },
    warnings: report(warnings, { fileName, text, document }),
  }
}

/** `hls` for `rules/hls.yaml`. */
export function packName(fileName: string): string {
  return (fileName.split('/').at(-1) ?? fileName).replace(/\.ya?ml$/u, '')
}

function toDefinition(raw: RawRule): RuleDefinition {
  const diagnosis = raw.diagnosis ?? (isDiagnosis(raw.name) ? raw.name : undefined)
  return {
    name: raw.name,
    when: raw.when,
    ...(raw.clear_when !== undefined && { clearWhen: raw.clear_when }),
    severity: raw.class === 'down' ? 'critical' : 'warning',
    ...toChange(raw),
    class: raw.class,
    says: raw.says,
    ...(diagnosis !== undefined && { diagnosis }),
    ...(raw.probes !== undefined && { probes: raw.probes }),
  }
}

/** The pack that a file extends. */
function baseOf(
  name: string | undefined,
  packs: ReadonlyMap<string, RulePack>,
): { readonly pack?: RulePack; readonly problems: readonly Problem[] } {
  const pack = name === undefined ? undefined : packs.get(name)
  if (name === undefined) return { problems: [] }
  if (pack !== undefined) return { pack, problems: [] }
  const guess = nearest(name, packs.keys())
  const known = [...packs.keys()].join(', ') || 'there is none'
  const hint =
    guess === undefined ? `packs that can be extended: ${known}` : `did you mean "${guess}"?`
  return { problems: [{ path: ['extends'], says: `unknown pack; ${hint}` }] }
}

function overrideProblems(
  changes: RuleChanges,
  base: RulePack | undefined,
  extended: string | undefined,
): Problem[] {
  if (base !== undefined) return changeProblems(changes, ['override'], base.rules)
  if (Object.keys(changes).length === 0 || extended !== undefined) return []
  const says = 'there is nothing to override; say with extends whose rules these are'
  return [{ path: ['override'], atKey: true, says }]
}

/** The rules of the extended pack with their changes, without those that the file writes anew. */
function inherited(
  base: RulePack | undefined,
  changes: RuleChanges,
  own: readonly RuleDefinition[],
): RuleDefinition[] {
  return (base?.rules ?? []).flatMap((rule) => {
    const change = changes[rule.name] ?? {}
    if (change === 'off' || own.some((each) => each.name === rule.name)) return []
    return [changedRule(rule, change)]
  })
}

/** Names that mean something in every expression. */
function takenNames(probes: readonly ProbeMeasures[]): Set<string> {
  const taken = new Set<string>([
    ...textNames,
    ...aggregateNames,
    othersWord,
    'abs',
    'glob',
    'size',
  ])
  for (const probe of probes) for (const measure of probe.measures) taken.add(measure.name)
  return taken
}

function paramProblems(
  rules: readonly RuleDefinition[],
  windows: Readonly<Record<string, number>>,
  probes: readonly ProbeMeasures[],
): Problem[] {
  const taken = takenNames(probes)
  return rules.flatMap((rule, index) =>
    Object.keys(rule.params ?? {}).flatMap((param): Problem[] => {
      const path = ['rules', index, 'params', param]
      if (taken.has(param) || Object.hasOwn(windows, param)) {
        const says = 'this name has a meaning in expressions already; name the number otherwise'
        return [{ path, atKey: true, says }]
      }
      const uses = new RegExp(`\\b${param}\\b`, 'u')
      if ([rule.when, rule.clearWhen ?? '', rule.says].some((text) => uses.test(text))) return []
      return [{ path, atKey: true, says: 'no expression of the rule names this number' }]
    }),
  )
}

function windowProblems(
  windows: Readonly<Record<string, number>>,
  probes: readonly ProbeMeasures[],
): Problem[] {
  const taken = takenNames(probes)
  return Object.keys(windows)
    .filter((window) => taken.has(window))
    .map((window) => ({
      path: ['windows', window],
      atKey: true,
      says: 'this name has a meaning in expressions already; name the window otherwise',
    }))
}

function nameProblems(rules: readonly RuleDefinition[]): Problem[] {
  return rules.flatMap((rule, index): Problem[] => {
    const path = ['rules', index, 'name']
    if (rule.name === unreachable) {
      return [{ path, says: `"${unreachable}" is the built-in rule about the outcome of looks` }]
    }
    const first = rules.findIndex((other) => other.name === rule.name)
    if (first === index) return []
    return [{ path, says: `the name stands twice; rules[${first}] has it already` }]
  })
}

function probeProblems(
  rules: readonly RuleDefinition[],
  probes: readonly ProbeMeasures[],
): Problem[] {
  const types = probes.map((probe) => probe.type)
  return rules.flatMap((rule, index) =>
    (rule.probes ?? []).flatMap((type, position): Problem[] => {
      if (types.includes(type)) return []
      const guess = nearest(type, types)
      const hint = guess === undefined ? `known: ${types.join(', ')}` : `did you mean "${guess}"?`
      return [{ path: ['rules', index, 'probes', position], says: `unknown probe; ${hint}` }]
    }),
  )
}

const keys = { when: 'when', clearWhen: 'clear_when', says: 'says' } as const

/** The place in the file of an error in an expression or a sentence. */
function place(error: RuleError, index: number, text: string, document: ConfigDocument): Problem {
  const path: Path = ['rules', index, keys[error.field]]
  const hint = error.nearest === undefined ? '' : `; did you mean "${error.nearest}"?`
  const scalar = document.places.get(placeKey(path))
  const says = `${error.message}${hint}`
  if (scalar === undefined) return { path, says }
  const value = valueAt(document.value, path)
  const offset = offsetInScalar(text.slice(scalar.value, scalar.end), value, error)
  return { path, says, offset: scalar.value + offset }
}

function valueAt(data: unknown, path: Path): string {
  let value = data
  for (const step of path) value = (value as Record<string | number, unknown>)[step]
  return String(value)
}
