import { z } from 'zod'
import type { Continuity } from '../../core/continuity.ts'
import { isDiagnosis } from '../../core/diagnosis.ts'
import type { JournalEntry, JournalKind } from '../../core/journal.ts'
import { redactText } from '../../core/redact.ts'
import type { Sample } from '../../core/sample.ts'
import { continuityShape, RecordedContinuity } from './recorded-continuity.ts'

/** The version of the format: it rises when an older reader would misread a newer file. */
export const recordingFormat = 1

const weights = z.record(z.string(), z.number().min(0).max(100))
const instant = { at: z.number(), wall: z.number() }

const groupShape = z.object({
  /** `<stream>/<group>` */
  name: z.string().regex(/^[^/\s]+\/[^/\s]+$/u, 'expected <stream>/<group>'),
  paths: z
    .array(
      z.object({
        name: z.string().min(1),
        /** The type of the probe. */
        type: z.string().min(1),
        everyMs: z.number().positive(),
        domain: z.string().optional(),
      }),
    )
    .min(1),
  /** Further checks of its paths, named `<path>@<witness>`. */
  witnesses: z
    .array(
      z.object({
        name: z.string().min(3),
        type: z.string().min(1),
        everyMs: z.number().positive(),
      }),
    )
    .optional(),
  /** What serves; absent where the world was not read back yet. */
  allocation: weights.optional(),
  /** Who holds the group, where somebody does. */
  heldBy: z.string().optional(),
})

const header = z.object({
  kind: z.literal('header'),
  format: z.literal(recordingFormat, `expected format ${recordingFormat}`),
  /** Of the program that wrote it. */
  version: z.string(),
  /** One process: its monotonic times go on from file to file. */
  run: z.string(),
  ...instant,
  profile: z.enum(['default', 'broadcast', 'demo']),
  mode: z.enum(['off', 'advise', 'armed']),
  /** The vantages whose samples are in the file, the own one first. */
  vantages: z.array(z.object({ name: z.string().min(1), domain: z.string().min(1) })).min(1),
  groups: z.array(groupShape),
})

const groups = z.object({ kind: z.literal('groups'), ...instant, groups: z.array(groupShape) })

const sample = z.object({
  kind: z.literal('sample'),
  ...instant,
  path: z.string(),
  vantage: z.string(),
  probe: z.string(),
  outcome: z.enum(['pass', 'fail', 'unknown']),
  reason: z.string().optional(),
  diagnosis: z.string().optional(),
  measurements: z.record(z.string(), z.number()),
  mediaSequence: z.number().optional(),
  /** Wall time of the live edge, and how old it was; milliseconds. */
  edgeAt: z.number().optional(),
  edgeAgeMs: z.number().optional(),
  /** Where it is not as in the line before of the same path and vantage. */
  stream: continuityShape.optional(),
})

const event = z.object({
  kind: z.literal('event'),
  ...instant,
  what: z.enum([
    'applied',
    'verify-failed',
    'aborted',
    'frozen',
    'foreign-edit',
    'adopted',
    'hold',
    'release',
    'ack',
  ]),
  group: z.string(),
  actor: z.string().optional(),
  says: z.string(),
  /** Of a change: the identity of its intent, which a compensation shares, and why it was made. */
  intent: z.string().optional(),
  reason: z.enum(['failover', 'failback', 'steer', 'ramp', 'spread', 'drill']).optional(),
  from: weights.optional(),
  to: weights.optional(),
})

/** The vantage's check of itself: while it is not ok, its samples say nothing. */
const self = z.object({ kind: z.literal('self'), ...instant, ok: z.boolean(), says: z.string() })

/** So many lines could not be written before this one. */
const lost = z.object({ kind: z.literal('lost'), ...instant, lines: z.number() })

const line = z.discriminatedUnion('kind', [header, groups, sample, event, self, lost])

/** One line of a recording. `at` is monotonic, of the process that wrote it; `wall` stamps. Milliseconds. */
export type RecordedLine = z.output<typeof line>
export type RecordingHeader = z.output<typeof header>
export type RecordedGroup = z.output<typeof groupShape>
export type RecordedSample = z.output<typeof sample>
export type RecordedEvent = z.output<typeof event>

export type ParsedLine =
  | { readonly ok: true; readonly line: RecordedLine }
  | { readonly ok: false; readonly says: string }

/** Reads one line. What a newer program added to it is left out. Never throws. */
export function parseLine(text: string): ParsedLine {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { ok: false, says: 'this is no line of JSON' }
  }
  const parsed = line.safeParse(value)
  if (parsed.success) return { ok: true, line: parsed.data }
  const [issue] = parsed.error.issues
  const where = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.join('.')}: `
  return { ok: false, says: `${where}${issue?.message ?? 'not a line of a recording'}` }
}

/** Writes one line, with its line break. */
export function formatLine(value: RecordedLine): string {
  return `${JSON.stringify({ ...value, at: rounded(value.at), wall: Math.round(value.wall) })}\n`
}

/** A sample as it is recorded: its findings stay out. `stream` is what describes it, where that is news. */
export function recordedSample(sample: Sample, stream?: Continuity): RecordedSample {
  const { at, wall, path, vantage, probe, outcome, reason, diagnosis, continuity } = sample
  const measurements: Record<string, number> = {}
  for (const [name, value] of Object.entries(sample.measurements)) {
    if (Number.isFinite(value)) measurements[name] = rounded(value)
  }
  return {
    kind: 'sample',
    at,
    wall,
    path,
    vantage,
    probe,
    outcome,
    ...(reason !== undefined && { reason: redactText(reason) }),
    ...(diagnosis !== undefined && { diagnosis }),
    measurements,
    ...(continuity?.mediaSequence !== undefined && { mediaSequence: continuity.mediaSequence }),
    ...(continuity?.edgeAt !== undefined && { edgeAt: Math.round(continuity.edgeAt) }),
    ...(continuity?.edgeAgeMs !== undefined && { edgeAgeMs: Math.round(continuity.edgeAgeMs) }),
    ...(stream !== undefined && { stream: continuityShape.parse(stream) }),
  }
}

/** The sample that a line stands for. */
export function sampleOf(
  recorded: RecordedSample,
  at: number,
  known: RecordedContinuity = new RecordedContinuity(),
): Sample {
  const {
    kind: _kind,
    diagnosis,
    reason,
    mediaSequence,
    edgeAt,
    edgeAgeMs,
    stream,
    ...rest
  } = recorded
  const described = known.known(rest.path, rest.vantage, stream)
  const continuity: Continuity = {
    ...described,
    ...(mediaSequence !== undefined && { mediaSequence }),
    ...(edgeAt !== undefined && { edgeAt }),
    ...(edgeAgeMs !== undefined && { edgeAgeMs }),
  }
  return {
    ...rest,
    at,
    findings: [],
    ...(reason !== undefined && { reason }),
    ...(diagnosis !== undefined && isDiagnosis(diagnosis) && { diagnosis }),
    ...(rest.outcome === 'pass' && Object.keys(continuity).length > 0 && { continuity }),
  }
}

const kinds: ReadonlySet<JournalKind> = new Set(event.shape.what.options)

/** What of the journal is recorded: changes, and what people did; `undefined` for everything else. */
export function recordedEvent(entry: JournalEntry, at: number): RecordedEvent | undefined {
  const { kind, group, actor, says, data } = entry
  if (!kinds.has(kind) || group === undefined) return undefined
  const given = event.safeParse({
    kind: 'event',
    at,
    wall: entry.at,
    what: kind,
    group,
    actor,
    says: redactText(says),
    intent: data?.['intent'],
    reason: data?.['reason'],
    from: data?.['from'],
    to: data?.['to'] ?? data?.['allocation'],
  })
  return given.success ? given.data : undefined
}

/**
 * Whole numbers stay as they are. Others keep six figures below 1 and four decimals above: finer
 * than any limit of a rule, and times finer than any look.
 */
function rounded(value: number): number {
  if (Number.isInteger(value)) return value
  if (Math.abs(value) < 1) return Number(value.toPrecision(6))
  return Math.round(value * 10_000) / 10_000
}
