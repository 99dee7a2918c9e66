import { remedies, type Diagnosis } from '../core/diagnosis.ts'
import type { RuleVerdict } from '../core/health.ts'
import type { Finding } from '../core/sample.ts'
import type { ExitCode } from './io.ts'
import type { ProbeOutcome } from './probe-session.ts'

/** What a pull comes to. */
export interface ProbeVerdict {
  readonly code: Extract<ExitCode, 0 | 1 | 3>
  readonly verdict: 'good' | 'good, with remarks' | 'bad' | 'unknown'
  readonly says: string
  /** What is wrong, from the closed list, each once. */
  readonly diagnoses: readonly Diagnosis[]
}

/** A stall shows after three target durations without a new segment. */
const stallTargets = 3

/** One failed look, or a rule of class down, is bad; a viewer would have noticed. */
export function verdictOf({ samples, watch }: ProbeOutcome): ProbeVerdict {
  const { active, pending } = watch.report
  const rules = [...active, ...pending]
  const known = samples.filter(({ outcome }) => outcome !== 'unknown')
  const failed = samples.filter(({ outcome }) => outcome === 'fail')
  const findings = newestFindings(samples)
  const diagnoses = distinct([
    ...failed.map((sample) => sample.diagnosis ?? 'unreachable'),
    ...rules.map(({ diagnosis }) => diagnosis),
    ...findings.map(({ diagnosis }) => diagnosis),
  ])
  if (known.length === 0) {
    const says = samples.at(-1)?.reason ?? 'no look was completed'
    return { code: 3, verdict: 'unknown', says, diagnoses }
  }
  const last = failed.at(-1)
  if (last !== undefined) {
    const says = `${failed.length} of ${known.length} looks failed: ${last.reason ?? 'no reason given'}`
    return { code: 1, verdict: 'bad', says, diagnoses }
  }
  const down = rules.find((rule) => rule.class === 'down')
  if (down !== undefined) return { code: 1, verdict: 'bad', says: sentence(down), diagnoses }
  const looks = known.length === 1 ? 'the look passed' : `all ${known.length} looks passed`
  const remark = rules.map(sentence).at(0) ?? findings.find(isRemark)?.says
  if (remark !== undefined) {
    return { code: 0, verdict: 'good, with remarks', says: `${looks}, but ${remark}`, diagnoses }
  }
  return { code: 0, verdict: 'good', says: `${looks}${shortness({ samples })}`, diagnoses }
}

/** The findings of the newest look, each once; older ones were told anew if they still hold. */
export function newestFindings(samples: ProbeOutcome['samples']): readonly Finding[] {
  const seen = new Map<string, Finding>()
  for (const finding of samples.flatMap((sample) => sample.findings)) {
    seen.set(`${finding.code} ${finding.rendition ?? ''}`, finding)
  }
  return [...seen.values()]
}

/** What to do about a diagnosis. */
export function remedyOf(diagnosis: Diagnosis): string {
  return remedies[diagnosis]
}

function isRemark({ severity }: Finding): boolean {
  return severity !== 'info'
}

function sentence({ rule, says }: RuleVerdict): string {
  return `${says} (${rule})`
}

/** Watched for less than a stall takes to show. */
function shortness({ samples }: Pick<ProbeOutcome, 'samples'>): string {
  const [first] = samples
  const last = samples.at(-1)
  const target = last?.measurements['target_duration_seconds']
  if (first === undefined || last === undefined || target === undefined) return ''
  const needed = stallTargets * target
  if ((last.at - first.at) / 1_000 >= needed) return ''
  return `; a standing playlist would only show with --for ${Math.ceil(needed) + 1}s`
}

function distinct(diagnoses: readonly (Diagnosis | undefined)[]): readonly Diagnosis[] {
  return [...new Set(diagnoses.filter((each) => each !== undefined))]
}
