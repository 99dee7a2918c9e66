import type { Mutation } from './mutation.ts'

const prepare = 'src/app/group/prepare-change.ts'
const targets = 'src/engine/group/targets.ts'
const quorum = 'src/engine/quorum.ts'

/** From samples to health, and which path may be gone to. */
export const evidenceMutations: readonly Mutation[] = [
  {
    name: 'evidence: quorum of one',
    file: quorum,
    find: 'quorum: Math.min(configured, Math.max(settings.atLeast, share)),',
    replace: 'quorum: Math.min(1, share),',
  },
  {
    name: 'evidence: denominator is what answers, not what is configured',
    file: quorum,
    find: 'if (down + degraded + up < limits.minFresh) return',
    replace: 'if (down + degraded + up < 1) return',
  },
  {
    name: 'evidence: stale counts',
    file: quorum,
    find: 'now - report.seenAt > input.staleAfterMs',
    replace: 'now - report.seenAt > 1e9',
  },
  {
    name: 'evidence: a witness that contradicts has no say',
    file: quorum,
    find: "const health = against.length > 0 ? 'contested' : voted",
    replace: 'const health = voted',
  },
  {
    name: 'evidence: a contested path is down',
    file: quorum,
    find: "  return 'contested'\n",
    replace: "  return 'down'\n",
  },
  {
    name: 'evidence: a recovering path is left',
    file: 'src/engine/group/decide.ts',
    find: 'if (recovering.length === down.length) {',
    replace: 'if (recovering.length === down.length && now < 0) {',
  },
  {
    name: 'evidence: a degraded active path is left',
    file: targets,
    find: "situation.paths.get(name)?.health === 'down')",
    replace: "['down', 'degraded'].includes(situation.paths.get(name)?.health ?? ''))",
  },
  {
    name: 'target: unknown is eligible',
    file: targets,
    find: "if (health === undefined || health.health === 'unknown') return",
    replace: 'if (health === undefined) return',
  },
  {
    name: 'target: down is eligible',
    file: targets,
    find: "  if (health.health === 'down') return `${name} is down`\n",
    replace: '',
  },
  {
    name: 'target: contested is eligible',
    file: targets,
    find: "  if (health.health === 'contested') return `${name} is contested`\n",
    replace: '',
  },
  {
    name: 'target: a path left as down is returned to',
    file: targets,
    find: 'if (returned.has(name)) return',
    replace: 'if (returned.has(name) && returned.has("")) return',
  },
  {
    name: 'target: the pre-check does not count',
    file: prepare,
    find: "if (failed.length > 0 && proposal.person?.bypass.includes('precheck') !== true) {",
    replace: "if (failed.length > 0 && proposal.person?.bypass.includes('precheck') === true) {",
  },
  {
    name: 'target: an old pre-check counts',
    file: prepare,
    find: 'if (clock.now() - checkedAt > settings.precheckTtlMs) {',
    replace: 'if (clock.now() - checkedAt > 1e9) {',
  },
  {
    name: 'pre-check: not decided again after it',
    file: prepare,
    find: "return again.kind === 'change' && isSame(again.proposal, proposal) ? again.guards : undefined",
    replace:
      "return again.kind === 'change' && isSame(again.proposal, proposal) ? again.guards : [{ guard: 'none', pass: true, says: '' }]",
  },
  {
    name: 'pre-check: a hanging look is waited for',
    file: prepare,
    find: 'const seen = await withDeadline(clock, settings.precheckTtlMs, signal, (inner) =>',
    replace: 'const seen = await withDeadline(clock, 1e9, signal, (inner) =>',
  },
  {
    name: 'pre-check: a target out of line is no edit',
    file: 'src/app/group/expected-versions.ts',
    find: 'if (!isInLine && isDeciding) {',
    replace: 'if (!isInLine && isDeciding && type === "") {',
  },
  {
    name: 'pre-check: whatever lags is written',
    file: 'src/app/group/expected-versions.ts',
    find: 'versions.push(isInLine || isOwnLag ? version : undefined)',
    replace: 'versions.push(version ?? String(isOwnLag))',
  },
]
