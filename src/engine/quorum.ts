import type { SeenContinuity } from '../core/continuity.ts'
import type {
  Health,
  PathHealth,
  RuleAlarm,
  RuleVerdict,
  VantageHealth,
  VantageReport,
  Vote,
  WitnessStatement,
} from '../core/health.ts'
import type { QuorumSettings, VantageSettings } from '../core/settings.ts'

/** The thresholds that hold for `vantages` configured vantages; never above what is configured. */
export interface Thresholds {
  readonly quorum: number
  readonly minFresh: number
  readonly domains: number
}

/**
 * Thresholds over the *configured* vantages (invariant 3: the denominator never shrinks to those
 * that happen to answer): q = min(C, max(at_least, ceil(fraction × C))).
 */
export function thresholds(
  settings: QuorumSettings,
  vantages: readonly VantageSettings[],
): Thresholds {
  const configured = vantages.length
  const share = Math.ceil(settings.fraction * configured)
  const domains = new Set(vantages.map((vantage) => vantage.domain)).size
  return {
    quorum: Math.min(configured, Math.max(settings.atLeast, share)),
    minFresh: Math.min(configured, settings.minFresh),
    domains: Math.min(domains, settings.domains),
  }
}

export interface QuorumInput {
  /** The full name of the path. */
  readonly path: string
  readonly vantages: readonly VantageSettings[]
  readonly settings: QuorumSettings
  /** The newest report of each vantage that ever reported. */
  readonly reports: ReadonlyMap<string, VantageReport>
  /** A report whose newest sample is older than this many milliseconds counts as unknown (invariant 4). */
  readonly staleAfterMs: number
  /** What witnesses say; one that is absent is not needed. */
  readonly witnesses?: readonly WitnessStatement[]
  /** What the path was before, so that `since` survives. */
  readonly previous?: PathHealth
}

/**
 * Health of one path from what every configured vantage says. Pure.
 * Reports of vantages that are not configured never count.
 */
export function quorumHealth(input: QuorumInput, now: number): PathHealth {
  const votes = input.vantages.map((vantage) => castVote(input, vantage, now))
  const limits = thresholds(input.settings, input.vantages)
  const voted = judge(votes, limits)
  const against =
    voted === 'down'
      ? (input.witnesses ?? []).filter((each) => contradicts(each, input.staleAfterMs, now))
      : []
  const health = against.length > 0 ? 'contested' : voted
  const spokesman = speaksFor(input, votes, voted)
  const verdict = spokesman?.active[0]
  const badNow = input.vantages.filter((vantage, index) => {
    const report = input.reports.get(vantage.name)
    return votes[index]?.health === 'down' && report !== undefined && isBadNow(report)
  }).length
  const alarms = alarmsOf(input, votes, limits)
  const continuity = newestContinuity(input)
  const suspect = input.vantages.some(
    (vantage) => input.reports.get(vantage.name)?.suspect === true,
  )
  return {
    path: input.path,
    health,
    suspect,
    isRecovering: health === 'down' && badNow < limits.quorum,
    since: input.previous?.health === health ? input.previous.since : now,
    says: explain(votes, limits, voted, spokesman) + objection(against),
    votes,
    ...(against.length > 0 && { vetoedBy: against.map(({ name }) => name) }),
    ...(verdict?.diagnosis !== undefined && health !== 'up' && { diagnosis: verdict.diagnosis }),
    ...(verdict?.runbook !== undefined && health !== 'up' && { runbook: verdict.runbook }),
    ...(continuity !== undefined && { continuity }),
    ...(alarms.length > 0 && { alarms }),
  }
}

/** The fingerprint of the configured vantage that saw the path well last. */
function newestContinuity({ reports, vantages }: QuorumInput): SeenContinuity | undefined {
  let newest: SeenContinuity | undefined
  for (const { name } of vantages) {
    const seen = reports.get(name)?.continuity
    if (seen !== undefined && (newest === undefined || seen.at > newest.at)) newest = seen
  }
  return newest
}

/** Every rule that a vantage with a vote does not find quiet, and whether as many as quorum find it bad now. */
function alarmsOf(
  input: QuorumInput,
  votes: readonly Vote[],
  limits: Thresholds,
): readonly RuleAlarm[] {
  const found = new Map<string, { count: number; readonly domains: Set<string> }>()
  for (const vote of votes) {
    const report = vote.health === 'unknown' ? undefined : input.reports.get(vote.vantage)
    if (report === undefined || report.active.length + report.pending.length === 0) continue
    for (const verdict of report.pending) ensure(found, verdict.rule)
    for (const verdict of report.active) {
      const bad = ensure(found, verdict.rule)
      if (verdict.isClearing) continue
      bad.count += 1
      bad.domains.add(vote.domain)
    }
  }
  if (found.size === 0) return []
  return [...found].map(([rule, bad]) => ({
    rule,
    isAgreed: bad.count >= limits.quorum && bad.domains.size >= limits.domains,
  }))
}

function ensure(
  found: Map<string, { count: number; readonly domains: Set<string> }>,
  rule: string,
): { count: number; readonly domains: Set<string> } {
  const known = found.get(rule) ?? { count: 0, domains: new Set<string>() }
  found.set(rule, known)
  return known
}

/**
 * Whether a witness contradicts a down: it sees the path up or degraded, on evidence that is not
 * stale. A witness that knows nothing, or is of two minds, contradicts nothing.
 */
function contradicts(witness: WitnessStatement, staleAfterMs: number, now: number): boolean {
  if (witness.health !== 'up' && witness.health !== 'degraded') return false
  return witness.seenAt !== undefined && now - witness.seenAt <= staleAfterMs
}

function objection(against: readonly WitnessStatement[]): string {
  return against
    .map(({ name, health, says }) => `, yet the witness ${name} sees it ${health}: ${says}`)
    .join('')
}

/**
 * What a further check of a path says as a witness: the same quorum over the same vantages, so that
 * no single observer can veto. A vantage where a down-class rule is pending is about to change its
 * mind: it counts as unknown, so that a witness does not hold up what it will confirm.
 */
export function checkAsWitness(
  name: string,
  input: Pick<QuorumInput, 'vantages' | 'settings' | 'reports' | 'staleAfterMs'>,
  now: number,
): WitnessStatement {
  const votes = input.vantages.map((vantage): Vote => {
    const vote = castVote(input, vantage, now)
    const isSuspect = input.reports.get(vantage.name)?.suspect === true
    return isSuspect && vote.health !== 'down' ? { ...vote, health: 'unknown' } : vote
  })
  const limits = thresholds(input.settings, input.vantages)
  const health = judge(votes, limits)
  const seen = votes.flatMap((vote) =>
    vote.health === 'unknown' ? [] : (input.reports.get(vote.vantage)?.seenAt ?? []),
  )
  return {
    name,
    health,
    ...(seen.length > 0 && { seenAt: Math.max(...seen) }),
    says: explain(votes, limits, health, speaksFor(input, votes, health)),
  }
}

/** Whether a report that says down stands on bad evidence now, and not only on a `clear_for` that is owed. */
export function isBadNow(report: VantageReport): boolean {
  return report.active.some((rule) => rule.class === 'down' && !rule.isClearing)
}

function castVote(
  input: Pick<QuorumInput, 'reports' | 'staleAfterMs'>,
  vantage: VantageSettings,
  now: number,
): Vote {
  const report = input.reports.get(vantage.name)
  const said = { vantage: vantage.name, domain: vantage.domain }
  if (report === undefined) return { ...said, health: 'unknown', says: 'has not reported yet' }
  if (report.seenAt !== undefined && now - report.seenAt > input.staleAfterMs) {
    const age = ((now - report.seenAt) / 1000).toFixed(1)
    return { ...said, health: 'unknown', says: `newest sample is ${age} s old` }
  }
  return { ...said, health: report.health, says: report.says }
}

function judge(votes: readonly Vote[], limits: Thresholds): Health {
  const count = (health: VantageHealth) => votes.filter((vote) => vote.health === health).length
  const down = count('down')
  const degraded = count('degraded')
  const up = count('up')
  if (down + degraded + up < limits.minFresh) return 'unknown'
  const domains = new Set(votes.filter((vote) => vote.health === 'down').map((vote) => vote.domain))
    .size
  if (down >= limits.quorum && domains >= limits.domains) return 'down'
  if (up >= limits.quorum && down + degraded < limits.quorum) return 'up'
  if (down === 0 && up + degraded >= limits.quorum) return 'degraded'
  return 'contested'
}

/** The report whose sentence stands for the outcome: the first that voted so, or the first with an active rule. */
function speaksFor(
  input: Pick<QuorumInput, 'reports'>,
  votes: readonly Vote[],
  health: Health,
): VantageReport | undefined {
  const wanted = health === 'contested' ? ['down', 'degraded'] : [health]
  const voter = votes.find((vote) => wanted.includes(vote.health))
  return voter === undefined ? undefined : input.reports.get(voter.vantage)
}

function explain(
  votes: readonly Vote[],
  limits: Thresholds,
  health: Health,
  spokesman: VantageReport | undefined,
): string {
  const only = votes[0]
  if (votes.length === 1 && only !== undefined) return only.says
  const reason = describeRule(spokesman?.active[0]) ?? spokesman?.says
  const saying = (wanted: VantageHealth) =>
    votes.filter((vote) => vote.health === wanted).map((vote) => vote.vantage)
  if (health === 'unknown') {
    const known = votes.filter((vote) => vote.health !== 'unknown').length
    return `${known} of ${votes.length} vantages know, ${limits.minFresh} needed`
  }
  if (health === 'contested') {
    const tally = (['up', 'degraded', 'down', 'unknown'] as const)
      .map((each) => ({ each, names: saying(each) }))
      .filter(({ names }) => names.length > 0)
      .map(
        ({ each, names }) => `${names.join(', ')} ${names.length === 1 ? 'says' : 'say'} ${each}`,
      )
    return `vantages disagree: ${tally.join('; ')}${reason === undefined ? '' : ` (${reason})`}`
  }
  const names = health === 'degraded' ? [...saying('degraded'), ...saying('up')] : saying(health)
  return `${names.length} of ${votes.length} vantages say ${health} (${names.join(', ')})${reason === undefined ? '' : `: ${reason}`}`
}

function describeRule(verdict: RuleVerdict | undefined): string | undefined {
  return verdict === undefined ? undefined : `${verdict.rule}: ${verdict.says}`
}
