import type { Finding, Measurements, Observation } from '../../src/core/sample.ts'
import type { Asked } from '../../src/plugin/dns/ask.ts'
import type { Question, Server } from '../../src/formats/dns/question.ts'

/** One server and what it said. */
export interface ServerLook {
  readonly server: Server
  readonly asked: Asked
}

/** Everything that one look brought. */
export interface Look {
  readonly question: Question
  /** Normalised and sorted; empty where nothing is expected. */
  readonly expect: readonly string[]
  readonly servers: readonly ServerLook[]
  readonly resolvers: readonly ServerLook[]
}

interface Answered {
  readonly server: Server
  readonly code: string
  readonly values: readonly string[]
  readonly ttl: number | undefined
  readonly ms: number
}

/** The observation of one look: what was measured is kept whatever failed. */
export function observation({ question, expect, servers, resolvers }: Look): Observation {
  const answers = servers.flatMap((look) => answered(look, true) ?? [])
  const cached = resolvers.flatMap((look) => answered(look, false) ?? [])
  const common = mostGiven(answers)
  const others = answers.filter((answer) => keyOf(answer) !== (common && keyOf(common)))
  const findings: Finding[] = [
    ...servers.flatMap((look) => faultFinding(look, true)),
    ...resolvers.flatMap((look) => faultFinding(look, false)),
    ...others.map((other) => disagreement(other, common, question)),
    ...(expect.length === 0 ? [] : cached.flatMap((answer) => lag(answer, expect, question))),
  ]
  const asked = { answers, cached, common, others, servers, resolvers, expect }
  const measurements = measured(asked)
  const wrong = verdict(question, expect, servers, resolvers, common, answers, cached)
  return wrong === undefined
    ? { outcome: 'pass', measurements, findings }
    : { ...wrong, measurements, findings }
}

type Wrong = Pick<Observation, 'outcome' | 'reason' | 'diagnosis'>

function verdict(
  question: Question,
  expect: readonly string[],
  servers: readonly ServerLook[],
  resolvers: readonly ServerLook[],
  common: Answered | undefined,
  answers: readonly Answered[],
  cached: readonly Answered[],
): Wrong | undefined {
  const [judged, looks, kind] =
    servers.length > 0
      ? [answers, servers, 'authoritative servers']
      : [cached, resolvers, 'resolvers']
  const best = common ?? mostGiven(judged)
  const shown = `${question.name} (${question.type})`
  if (best === undefined) {
    const isLocal = looks.every(({ asked }) => !asked.ok && asked.local)
    const first =
      looks[0] === undefined ? 'none is known' : complaint(looks[0], kind !== 'resolvers')
    const reason = `None of ${looks.length} ${kind} answers for ${shown}: ${first}.`
    if (isLocal) return { outcome: 'unknown', reason }
    return { outcome: 'fail', reason, diagnosis: 'unreachable' }
  }
  if (judged.every(({ values }) => values.length === 0)) {
    const what = best.code === 'NXDOMAIN' ? 'does not exist' : 'has no such record'
    const reason = `${shown} ${what}, say ${judged.length} of ${looks.length} ${kind}.`
    return { outcome: 'fail', reason, diagnosis: 'not-found' }
  }
  if (expect.length === 0 || judged.some((answer) => isExpected(answer, expect))) return undefined
  const reason = `None of ${looks.length} ${kind} answers ${say(expect)} for ${shown}; ${best.server.shown} answers ${say(best.values)}.`
  return { outcome: 'fail', reason, diagnosis: 'wrong-content' }
}

function measured(asked: {
  readonly answers: readonly Answered[]
  readonly cached: readonly Answered[]
  readonly common: Answered | undefined
  readonly others: readonly Answered[]
  readonly servers: readonly ServerLook[]
  readonly resolvers: readonly ServerLook[]
  readonly expect: readonly string[]
}): Measurements {
  const { answers, cached, common, others, servers, resolvers, expect } = asked
  const ttls = answers.flatMap(({ ttl }) => ttl ?? [])
  const share = (part: readonly Answered[], whole: readonly ServerLook[]) =>
    part.filter((answer) => isExpected(answer, expect)).length / whole.length
  return {
    ...(servers.length > 0 && {
      dns_servers: servers.length,
      // Where the fault is ours, nothing is known of the server.
      dns_servers_failed: servers.filter((look) => hasFailed(look, true)).length,
      ...(expect.length > 0 && { dns_converged_ratio: share(answers, servers) }),
    }),
    ...(common !== undefined && {
      dns_servers_disagreeing: others.length,
      dns_answers: common.values.length,
      dns_answer_seconds: Math.max(...answers.map(({ ms }) => ms)) / 1_000,
    }),
    ...(ttls.length > 0 && { dns_ttl_seconds: Math.min(...ttls) }),
    ...(resolvers.length > 0 && {
      dns_resolvers_failed: resolvers.filter((look) => hasFailed(look, false)).length,
      ...(expect.length > 0 && { dns_resolvers_converged_ratio: share(cached, resolvers) }),
    }),
  }
}

/** What a server said, where it is an answer: for the zone, where it should know it by itself. */
function answered({ server, asked }: ServerLook, byItself: boolean): Answered | undefined {
  if (!asked.ok) return undefined
  const { code, isAuthoritative, values, ttl } = asked.reply
  if (code !== 'NOERROR' && code !== 'NXDOMAIN') return undefined
  if (byItself && !isAuthoritative) return undefined
  return { server, code, values, ttl, ms: asked.ms }
}

function hasFailed(look: ServerLook, byItself: boolean): boolean {
  if (!look.asked.ok) return !look.asked.local
  return answered(look, byItself) === undefined
}

function complaint({ server, asked }: ServerLook, byItself: boolean): string {
  if (!asked.ok) return asked.says
  const { code } = asked.reply
  if (byItself && code === 'NOERROR') return `${server.shown} is not authoritative for it`
  return `${server.shown} answers ${code}`
}

function faultFinding(look: ServerLook, byItself: boolean): Finding[] {
  if (!hasFailed(look, byItself)) return []
  const code = byItself ? 'server-failed' : 'resolver-failed'
  return [
    { code, diagnosis: 'unreachable', severity: 'warning', says: `${complaint(look, byItself)}.` },
  ]
}

function disagreement(other: Answered, common: Answered | undefined, { name }: Question): Finding {
  const most = common === undefined ? '' : `, most say ${say(common.values)}`
  const says = `${other.server.shown} answers ${say(other.values)} for ${name}${most}.`
  return { code: 'servers-disagree', diagnosis: 'wrong-content', severity: 'warning', says }
}

/** A resolver that still has the old answer is no fault: it may, for as long as the TTL says. */
function lag(answer: Answered, expect: readonly string[], { name }: Question): Finding[] {
  if (isExpected(answer, expect)) return []
  const rest = answer.ttl === undefined ? '' : `, for ${answer.ttl} s more`
  const says = `The resolver ${answer.server.shown} answers ${say(answer.values)} for ${name}${rest}.`
  return [{ code: 'resolver-lags', severity: 'info', says }]
}

/** The answer that most servers give; of two that are given as often, the first in order. */
function mostGiven(answers: readonly Answered[]): Answered | undefined {
  let best: Answered | undefined
  let most = 0
  for (const answer of answers) {
    const count = answers.filter((other) => keyOf(other) === keyOf(answer)).length
    if (count > most) [best, most] = [answer, count]
  }
  return best
}

function keyOf({ code, values }: Answered): string {
  return JSON.stringify([code, values])
}

function isExpected({ values }: Answered, expect: readonly string[]): boolean {
  return JSON.stringify(values) === JSON.stringify(expect)
}

/** At most three values of at most 60 letters: an answer of strangers must not fill a page. */
function say(values: readonly string[]): string {
  if (values.length === 0) return 'nothing'
  const shown = values.slice(0, 3).map((value) => value.slice(0, 60).replaceAll(/\p{C}/gu, '?'))
  return `${shown.join(' and ')}${values.length > 3 ? ` and ${values.length - 3} more` : ''}`
}
