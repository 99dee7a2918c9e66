import { z } from 'zod'
import { placeKey, type ConfigDocument, type Path, type Problem } from '../../config/document.ts'
import { name } from '../../config/fields.ts'
import { group } from '../../config/file-schema.ts'
import { noRuleOf } from '../../config/gate-problems.ts'
import { inputSchema } from '../../config/plugin-options.ts'
import { profiles, type Profile } from '../../config/profiles.ts'
import { groupProblems } from '../../config/relations.ts'
import { plainWords, sayIssue } from '../../config/say-issue.ts'
import { pathSharing } from '../../config/sharing-schema.ts'
import { nearest } from '../../core/nearest.ts'
import { filedProbe } from './default-settings.ts'

/** What a scenario says of its group, in the words of the configuration, and already found right. */
export interface DeclaredGroup {
  /** Keys of the group but `paths`, as they stand in the file. */
  readonly keys: Readonly<Record<string, unknown>>
  /** Every path in order of preference, with its keys as they stand in the file. */
  readonly paths: readonly {
    readonly name: string
    readonly keys: Readonly<Record<string, unknown>>
  }[]
}

const types = { probes: [filedProbe.type], actuators: [], notifiers: [] }

/** Keys that decide something in a world where every write is applied at once. */
function groupBlock(profile: Profile) {
  return group(profiles[profile], types)
    .pick({
      strategy: true,
      role: true,
      demand: true,
      min_serving: true,
      velocity: true,
      panic_fraction: true,
      panic: true,
      ramp: true,
      leave_after: true,
      holddown: true,
      budget: true,
      failback: true,
      flaps: true,
      calendar: true,
    })
    .extend({
      paths: z
        .record(name(), z.strictObject({ domain: name().optional(), ...pathSharing() }))
        .optional(),
    })
}

/** What is to be judged: the `group` of a scenario, and what else the scenario says. */
export interface GroupBlockSource {
  readonly raw: Readonly<Record<string, unknown>>
  readonly at: Path
  readonly profile: Profile
  /** Short names of the paths that something is given for, in order. */
  readonly given: readonly string[]
  /** Whether the date and time of the first look is known. */
  readonly hasDate: boolean
  /** Names of all rules. */
  readonly rules: readonly string[]
  readonly document: ConfigDocument
}

/** Judges the `group` of a scenario as the configuration's would be; problems at their places. */
export function readGroupBlock(source: GroupBlockSource): {
  readonly declared: DeclaredGroup
  readonly problems: readonly Problem[]
} {
  const { raw, at, profile, document } = source
  const { paths: own, ...keys } = raw
  const order = document.order.get(placeKey([...at, 'paths'])) ?? source.given
  const keysOf = (path: string) =>
    (own as Record<string, Record<string, unknown>> | undefined)?.[path]
  const schema = groupBlock(profile)
  const parsed = schema.safeParse(raw, plainWords)
  if (!parsed.success) {
    const context = { at, raw, schema: inputSchema(schema), document }
    const problems = parsed.error.issues.flatMap((issue) => sayIssue(issue, context))
    return { declared: { keys: {}, paths: [] }, problems }
  }
  const declared = { keys, paths: order.map((path) => ({ name: path, keys: keysOf(path) ?? {} })) }
  const full = group(profiles[profile], types).safeParse({
    ...keys,
    paths: Object.fromEntries(
      order.map((path) => [path, { type: filedProbe.type, ...keysOf(path) }]),
    ),
  })
  return {
    declared,
    problems: [
      ...(full.success ? groupProblems(full.data, at) : []),
      ...pathProblems(source, order),
      ...gateProblem(source, parsed.data.ramp?.gate),
      ...dateProblems(source),
    ],
  }
}

/** A path that nothing is given for would be unknown for ever, and one that is not declared nothing at all. */
function pathProblems({ at, given }: GroupBlockSource, declared: readonly string[]): Problem[] {
  return declared
    .filter((path) => !given.includes(path))
    .map((path) => ({
      path: [...at, 'paths', path],
      atKey: true,
      says: `nothing is given for this path${suggestion(path, given)}`,
    }))
}

function gateProblem({ at, rules }: GroupBlockSource, gate: string | undefined): Problem[] {
  const says = gate === undefined ? undefined : noRuleOf(gate, rules)
  return says === undefined ? [] : [{ path: [...at, 'ramp', 'gate'], says }]
}

/** Calendars are read from a date; without one, what they say would be chance. */
function dateProblems({ raw, at, hasDate }: GroupBlockSource): Problem[] {
  if (hasDate) return []
  const says = 'needs `begins` in the test: the date and time of the first look'
  const { calendar, failback } = raw
  const hasWindow = typeof failback === 'object' && failback !== null && 'window' in failback
  return [
    ...(calendar === undefined ? [] : [{ path: [...at, 'calendar'], atKey: true, says }]),
    ...(hasWindow ? [{ path: [...at, 'failback', 'window'], atKey: true, says }] : []),
  ]
}

function suggestion(word: string, known: readonly string[]): string {
  const guess = nearest(word, known)
  return guess === undefined ? '' : `; did you mean "${guess}"?`
}
