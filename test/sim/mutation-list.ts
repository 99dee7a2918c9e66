/** One safety line taken out of the source: `find` stands in `file` exactly once. */
export interface Mutation {
  readonly name: string
  readonly file: string
  readonly find: string
  readonly replace: string
}

const alerting = 'src/app/alerting/alerting.ts'
const change = 'src/app/group/change.ts'
const controller = 'src/app/group/group-controller.ts'
const prepare = 'src/app/group/prepare-change.ts'
const convergence = 'src/app/group/converge.ts'
const giveUp = 'src/app/group/give-up.ts'
const guards = 'src/engine/group/guards.ts'
const memory = 'src/engine/group/memory.ts'
const readBack = 'src/app/group/read-back.ts'
const record = 'src/app/group/group-record.ts'
const recovery = 'src/app/group/recovery.ts'
const targets = 'src/engine/group/targets.ts'
const verify = 'src/app/group/verify-change.ts'
const installation = 'src/app/installation.ts'
const calendar = 'src/engine/calendar.ts'
const penalty = 'src/engine/group/penalty.ts'
const quorum = 'src/engine/quorum.ts'

const guardNames = [
  'mode',
  'hold',
  'calendar',
  'leader',
  'store',
  'holddown',
  'budget',
  'blast-radius',
  'never-empty',
  'min-serving',
  'max-weight',
  'velocity',
]

/** Every guard, and the lines that safety hangs on. */
export const mutations: readonly Mutation[] = [
  ...guardNames.map((name) => ({
    name: `guard: ${name}`,
    file: guards,
    find: '.filter((guard) => !without.includes(guard.name))',
    replace: `.filter((guard) => guard.name !== '${name}' && !without.includes(guard.name))`,
  })),
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
  {
    name: 'rate: holddown does not run from applied',
    file: change,
    find: '    holddownUntil: now + settings.holddownMs,\n',
    replace: '',
  },
  {
    name: 'rate: no holddown after a restart',
    file: memory,
    find: 'const full = changes.length > 0 ? now + settings.holddownMs : now',
    replace: 'const full = now',
  },
  {
    name: 'rate: the exception of a holddown may be used again',
    file: guards,
    find: 'if (exceptionUsed(memory, settings, now)) {',
    replace: 'if (exceptionUsed(memory, settings, now) && leftMs < 0) {',
  },
  {
    name: 'rate: a change in holddown is charged once',
    file: 'src/engine/group/decide.ts',
    find: '    leaving: down,\n    charge: now < memory.holddownUntil ? 2 : 1,',
    replace: '    leaving: down,\n    charge: 1,',
  },
  {
    name: 'rate: failback takes the last slot',
    file: guards,
    find: "const reserve = proposal.reason === 'failback' ? 1 : 0",
    replace: 'const reserve = 0',
  },
  {
    name: 'rate: changes of an earlier process do not count for the blast radius',
    file: controller,
    find: '      this.#token = token\n      this.#deps.installation.recall(this.#settings.name, this.#record.memory.changes)\n',
    replace: '      this.#token = token\n',
  },
  {
    name: 'rate: the blast radius forgets at the intent, not at applied',
    file: change,
    find: '  deps.installation.refund(intent.id)\n  deps.installation.charge(intent.id, settings.name)\n',
    replace: '',
  },
  {
    name: 'failback: not blocked after a relapse',
    file: change,
    find: '...(relapsed && { failbackBlockedUntil: now + settings.budget.perMs }),',
    replace: '',
  },
  {
    name: 'failback: waits for the same time after a relapse',
    file: 'src/engine/group/failback.ts',
    find: 'settings.stableForMs * 2 ** Math.min(relapses, 30)',
    replace: 'settings.stableForMs * 2 ** Math.min(relapses, 0)',
  },
  {
    name: 'failback: at once',
    file: 'src/engine/group/failback.ts',
    find: 'if (upFor < wait) {',
    replace: 'if (upFor < wait && upFor < 0) {',
  },
  {
    name: 'failback: away from an unknown path',
    file: 'src/engine/group/failback.ts',
    find: "  if (situation.paths.get(active)?.health === 'unknown') return {}\n",
    replace: '',
  },
  {
    name: 'failback: a relapse is judged by the wall clock',
    file: 'src/engine/group/failback.ts',
    find: 'last === undefined ? wall - lastAt : now - last.at',
    replace: 'last === last ? wall - lastAt : 0',
  },
  {
    name: 'flaps: a path that goes down again and again is as good as any',
    file: targets,
    find: '    (isFlapping(path.name) ? 8 : 0) +\n',
    replace: '',
  },
  {
    name: 'flaps: failback does not wait',
    file: 'src/engine/group/failback.ts',
    find: '  if (forgivenMs > 0) {\n',
    replace: '  if (forgivenMs < 0) {\n',
  },
  {
    name: 'flaps: one failure counts again and again',
    file: penalty,
    find: "if (health === 'down' && known?.isDown !== true)",
    replace: "if (health === 'down')",
  },
  {
    name: 'flaps: nothing decays',
    file: penalty,
    find: 'return penalty.points * 2 **',
    replace: 'return penalty.points * 1 **',
  },
  {
    name: 'flaps: forgotten by a restart',
    file: record,
    find: 'const row = { ...pruned, penalties, token',
    replace: 'const row = { ...pruned, penalties: {}, token',
  },
  {
    name: 'flaps: keep off the only target',
    file: targets,
    find: '  if (returned.has(name)) return',
    replace:
      '  if (isSuppressed(situation.memory.penalties.get(name), situation.settings.flaps, situation.now)) return `${name} flaps`\n  if (returned.has(name)) return',
  },
  {
    name: 'calendar: a freeze of failback stops failover too',
    file: calendar,
    find: "stops === 'all' || reason === 'failback'",
    replace: "stops === 'all' || reason !== 'steer'",
  },
  {
    name: 'calendar: windows are always open',
    file: calendar,
    find: 'const open = windows.find(({ next }) => next.starts <= wall)',
    replace: 'const open = windows[0]',
  },
  {
    name: 'calendar: a night ends at midnight',
    file: calendar,
    find: 'for (let day = today - 2;',
    replace: 'for (let day = today;',
  },
  {
    name: 'calendar: an hour that comes twice counts once',
    file: calendar,
    find: 'ends: instantsOf(endsLocal, period.timeZone).last,',
    replace: 'ends: instantsOf(endsLocal, period.timeZone).first,',
  },
  {
    name: 'calendar: failback at any time',
    file: 'src/engine/group/failback.ts',
    find: '  if (!window.open) return',
    replace: "  if (!window.open && active === '') return",
  },
  {
    name: 'queue: whoever comes first goes first',
    file: installation,
    find: 'return a.tries - b.tries || b.priority - a.priority ||',
    replace: 'return a.tries - b.tries ||',
  },
  {
    name: 'queue: a return goes before a failing path',
    file: installation,
    find: 'if (a.isUrgent !== b.isUrgent) return a.isUrgent ? -1 : 1',
    replace: 'if (a.isUrgent !== b.isUrgent) return a.isUrgent ? 1 : -1',
  },
  {
    name: 'queue: a group that cannot go keeps the others waiting',
    file: controller,
    find: '      this.#deps.installation.tried(this.#settings.name)\n',
    replace: '',
  },
  {
    name: 'queue: a group that stopped asking keeps the others waiting',
    file: installation,
    find: 'now - seenAt < freshMs',
    replace: 'seenAt <= now',
  },
  {
    name: 'queue: nobody is told',
    file: 'src/app/queue-conditions.ts',
    find: '  if (queue === undefined) return []\n',
    replace: '  if (queue === undefined || wall > 0) return []\n',
  },
  {
    name: 'queue: a breach that is to freeze does not',
    file: 'src/engine/group/decide.ts',
    find: "if (isBreach && proposal.reason === 'failover') {",
    replace: "if (isBreach && proposal.reason === 'steer') {",
  },
  {
    name: 'intent: written after the act',
    file: change,
    find: '  if (!opened.ok) {\n    installation.refund(intent.id)\n    return\n  }\n',
    replace: '',
  },
  {
    name: 'intent: a second one beside the first',
    file: change,
    find: 'if (lease === undefined || record.memory.row.intent !== undefined) return',
    replace: 'if (lease === undefined) return',
  },
  {
    name: 'commit: taken for done though it was not recorded',
    file: change,
    find: '  if (!saved.ok) return false\n',
    replace: '',
  },
  {
    name: 'lease: not asked before a write',
    file: convergence,
    find: "if (!(await options.confirm())) return end('lost', 'the lease of this group ended')",
    replace: 'await options.confirm()',
  },
  {
    name: 'lease: a call may begin with less left than it takes',
    file: 'src/app/group/lease-keeper.ts',
    find: 'lease.token === token && lease.leftMs > callTimeoutMs',
    replace: 'lease.token === token && lease.leftMs > 0',
  },
  {
    name: 'lease: any token will do',
    file: 'src/app/group/lease-keeper.ts',
    find: 'lease.token === token && lease.leftMs > callTimeoutMs',
    replace: 'token > 0 && lease.leftMs > callTimeoutMs',
  },
  {
    name: 'lease: time left counts from the answer of the store',
    file: 'src/app/group/lease-keeper.ts',
    find: 'until: askedAt + lease.leftMs',
    replace: 'until: Math.max(askedAt, this.#clock.now()) + lease.leftMs',
  },
  {
    name: 'deadline: calls may begin after it',
    file: convergence,
    find: 'if (clock.now() >= deadline || signal.aborted) break',
    replace: 'if (signal.aborted) break',
  },
  {
    name: 'compare-and-set: a moved version is ours',
    file: convergence,
    find: '    if (!isOwn) {\n',
    replace: '    if (!isOwn && signal.aborted) {\n',
  },
  {
    name: 'compare-and-set: an own late write is taken for an edit',
    file: convergence,
    find: "if (!isUncertain) return end('conflict', answer.says)",
    replace: "return end('conflict', answer.says)",
  },
  {
    name: 'read error: taken for an answer',
    file: convergence,
    find: "      if (!read.retry) return end('failed', trouble)\n",
    replace: "      return end('applied', trouble)\n",
  },
  {
    name: 'roll-back: what was written stays',
    file: giveUp,
    find: 'if (done === undefined || !done.wrote || done === edited) continue',
    replace: 'if (done === undefined || done.wrote || done === edited) continue',
  },
  {
    name: 'roll-back: overwrites what it finds',
    file: giveUp,
    find: '      trail: done.trail,\n',
    replace:
      "      trail: { written: [{ says: '', data: {} }, ...actuator.target?.plan({ allocation: intent.from, version: '', ours: true, says: '' }, intent.to) ?? []], wanted: intent.to },\n",
  },
  {
    name: 'roll-back: does not wait for an unanswered write',
    file: giveUp,
    find: '    await clock.sleep(settings.callTimeoutMs)\n',
    replace: '',
  },
  {
    name: 'roll-back: an abort that was not recorded is forgotten',
    file: giveUp,
    find: '  if (!saved.ok) return\n  deps.installation.refund(intent.id)\n',
    replace: '  deps.installation.refund(intent.id)\n',
  },
  {
    name: 'recovery: judges at once',
    file: recovery,
    find: 'return Math.min(ceiling, Math.max(callTimeoutMs, left))',
    replace: 'return Math.min(0, ceiling, left)',
  },
  {
    name: 'recovery: replays',
    file: recovery,
    find: '  } else if (isOrigin && !intent.compensating) {\n',
    replace:
      "  } else if (isOrigin && !intent.compensating) {\n    await commitApplied(deps, { ...intent, steps })\n  } else if (isOrigin && intent.id === '') {\n",
  },
  {
    name: 'recovery: whatever the world shows is the origin',
    file: recovery,
    find: '  } else if (isOrigin && !intent.compensating) {\n',
    replace: '  } else if (!intent.compensating) {\n',
  },
  {
    name: 'recovery: an unreadable target is passed over',
    file: recovery,
    find: '      if (decides(actuator, deps.actuators)) return says\n',
    replace: "      if (says === '') return says\n",
  },
  {
    name: 'recovery: a publication does not count',
    file: recovery,
    find: 'isTarget = sameAllocation(published, intent.to)',
    replace: 'isTarget = false && sameAllocation(published, intent.to)',
  },
  {
    name: 'verification: none',
    file: verify,
    find: '  const verified = await deps.verify(enteredPaths(intent), signal)\n',
    replace: '  const verified = { ...(await deps.verify(intent.target, signal)), ok: true }\n',
  },
  {
    name: 'verification: not seeing is failing',
    file: verify,
    find: 'if (verified.isBlind === true) {',
    replace: "if (verified.isBlind === true && intent.id === '') {",
  },
  {
    name: 'verification: compensates during a hold, and in any mode',
    file: verify,
    find: 'if (veto !== undefined) {',
    replace: "if (veto !== undefined && intent.id === '') {",
  },
  {
    name: 'verification: compensates again and again',
    file: verify,
    find: 'const next = intent.compensating ? undefined : compensationFor(deps.situation(), intent)',
    replace: 'const next = compensationFor(deps.situation(), intent)',
  },
  {
    name: 'verification: one bad look decides',
    file: 'src/app/group/verify-looks.ts',
    find: '} while (clock.now() + verifyPauseMs < until &&',
    replace: '} while (clock.now() + verifyPauseMs < 0 &&',
  },
  {
    name: 'people: a hold waits for the end of the change',
    file: 'src/app/group/verify-looks.ts',
    find: 'while (await clock.sleep(verifyPauseMs, signal)) await serveHolds()',
    replace: 'while (await clock.sleep(verifyPauseMs, signal)) await Promise.resolve()',
  },
  {
    name: 'people: a foreign edit holds nothing',
    file: readBack,
    find: "state: 'OBSERVE', ...(!isLonger && { hold: implied }) }",
    replace: "state: 'OBSERVE', ...(!isLonger && {}) }",
  },
  {
    name: 'people: an implied hold shortens a given one',
    file: readBack,
    find: 'const isLonger = row.hold !== undefined && row.hold.until > implied.until',
    replace: "const isLonger = row.hold?.owner === ''",
  },
  {
    name: 'people: a record that is not ours is taken over',
    file: readBack,
    find: 'if (stranger !== undefined && published === undefined) {',
    replace: 'if (stranger !== undefined && published !== undefined) {',
  },
  {
    name: 'people: a frozen group goes on by itself',
    file: 'src/engine/group/decide.ts',
    find: "  if (row.frozen !== undefined) return stay('FROZEN', row.frozen.says)\n",
    replace: '',
  },
  {
    name: 'people: the guards of a steer are not asked again',
    file: prepare,
    find: 'stillWanted(deps, proposal) : deps.weigh().guards',
    replace: "stillWanted(deps, proposal) : [{ guard: 'none', pass: true, says: '' }]",
  },
  {
    name: 'targets: one of them that was edited goes unnoticed',
    file: readBack,
    find: "  return { result: 'split', readings, says: shown.join(', ') }",
    replace:
      "  return shown.length > 0 ? { result: 'same', readings } : { result: 'split', readings, says: '' }",
  },
  {
    name: 'targets: one that is not required decides',
    file: 'src/app/group/bound-actuator.ts',
    find: 'return actuator.required || !all.some((each) => each.required)',
    replace: 'return actuator.required || all.length > 0',
  },
  {
    name: 'store: an unknown commit is taken for none',
    file: record,
    find: '    else this.forget()\n',
    replace: "    else if (result.cause === 'fenced') this.forget()\n",
  },
  {
    name: 'store: a commit is waited for without end',
    file: record,
    find: 'const result: CommitResult = (await withDeadline(this.#clock, callTimeoutMs, undefined, () =>',
    replace: 'const result: CommitResult = (await withDeadline(this.#clock, 1e9, undefined, () =>',
  },
  {
    name: 'store: what was published is forgotten with the row',
    file: record,
    find: '    this.#last = this.#memory ?? this.#last\n    this.#memory = undefined\n',
    replace: '    this.#last = undefined\n    this.#memory = undefined\n',
  },
  {
    name: 'clock: times of this process are taken from the wall',
    file: memory,
    find: 'at: knownAt(entry, before) ?? ago(entry.at),',
    replace: 'at: ago(entry.at),',
  },
  {
    name: 'clock: a path left as down is forgotten by a jump',
    file: memory,
    find: 'now - change.at < settings.holddownMs || (change === newest && now < memory.holddownUntil),',
    replace: 'now - change.at < settings.holddownMs || (change === newest && now < 0),',
  },
  {
    name: 'paging: waits for the end of an evaluation',
    file: 'src/app/group/keep-paging.ts',
    find: "if (conditions.some((condition) => condition.severity === 'critical')) deps.tell(now)",
    replace: 'if (conditions.length < 0) deps.tell(now)',
  },
  {
    name: 'paging: a down active path waits for ever',
    file: 'src/engine/group/conditions.ts',
    find: 'if (isServing && ageMs < settings.pageAfterMs && !isStuck(decision)) continue',
    replace: 'if (isServing && !isStuck(decision)) continue',
  },
  {
    name: 'paging: a failed verification is not told',
    file: 'src/engine/group/conditions.ts',
    find: 'if (failed === undefined || now >= failed.until) return undefined',
    replace: 'if (failed === undefined || now >= 0) return undefined',
  },
  {
    name: 'paging: over as soon as it is gone',
    file: alerting,
    find: 'return ending === undefined ? goneAt + this.#options.clearForMs : Infinity',
    replace: 'return ending === undefined ? goneAt : Infinity',
  },
  {
    name: 'paging: called over by a process that leads no longer',
    file: alerting,
    find: '      incident.goneAt = undefined\n      incident.ending?.abort()\n    }\n    this.#advance()\n',
    replace: '    }\n    this.#advance()\n',
  },
  {
    name: 'paging: what an earlier leader opened is not taken over',
    file: alerting,
    find: '    await this.#restore()\n    const list',
    replace: '    const list',
  },
  {
    name: 'paging: told only once the journal is written',
    file: alerting,
    find: 'this.#note(incidentDraft(event, incident.record, clock.wall()), this.#deliveries.send(items))',
    replace:
      'void this.#durable.note(incidentDraft(event, incident.record, clock.wall())).then(() => this.#deliveries.send(items))',
  },
  {
    name: 'alive: a long change counts as a loop that stands still',
    file: controller,
    find: '    this.#lastTurn = this.#deps.clock.now()\n  }\n\n  /** Another process leads, or',
    replace: '  }\n\n  /** Another process leads, or',
  },
  {
    name: 'alive: evaluations leave no trace',
    file: controller,
    find: '    this.#lastTurn = this.#deps.clock.now()\n    this.#next?.()\n',
    replace: '    this.#next?.()\n',
  },
  {
    name: 'reload: an altered rule goes on where it was',
    file: 'src/engine/rules/watched-rule.ts',
    find: '  if (!alike) old.state.restart(timers)\n',
    replace: '',
  },
  {
    name: 'standby: commands wait for ever',
    file: controller,
    find: '    this.#people.refuseAll(why)\n',
    replace: '',
  },
  {
    name: 'stop: breaks off what is being written',
    file: change,
    find: '  const { signal } = new AbortController()\n',
    replace: '  const signal = AbortSignal.abort()\n',
  },
  {
    name: 'reload: takes over in the middle of a change',
    file: controller,
    find: '    this.wake()\n  }\n\n  /** Hands over what a person wants',
    replace: '    this.#next()\n    this.wake()\n  }\n\n  /** Hands over what a person wants',
  },
  {
    name: 'reload: does not wait for open changes',
    file: 'src/app/settle-changes.ts',
    find: '  if (first.length === 0) return\n',
    replace: '  if (first.length >= 0) return\n',
  },
  {
    name: 'reload: waits for ever',
    file: 'src/app/settle-changes.ts',
    find: 'while (clock.now() < until && ',
    replace: 'while (until > 0 && ',
  },
  {
    name: 'reload: a mode that takes power away waits too',
    file: 'src/app/watchdog.ts',
    find: "if (settings.mode !== 'armed') this.#settings =",
    replace: "if (settings.mode === 'armed') this.#settings =",
  },
  {
    name: 'memory: our own lag is forgotten with the row',
    file: memory,
    find: 'before.row.version === row.version && { lagging: before.lagging }),',
    replace: 'before.row.version < 0 && { lagging: before.lagging }),',
  },
  {
    name: 'memory: refused targets are forgotten with the row',
    file: memory,
    find: 'rejected: before?.rejected ?? new Map(),',
    replace: 'rejected: new Map(),',
  },
  {
    name: 'reload: removes the path that traffic is moving to',
    file: controller,
    find: '...serving(intent?.to ?? {})',
    replace: '...serving({})',
  },
  {
    name: 'weights: a maximum counts for nothing',
    file: 'src/engine/group/evacuate.ts',
    find: 'room: Math.max(0, (sharing.maxWeights[name] ?? 100) - (from[name] ?? 0)),',
    replace: 'room: 100,',
  },
  {
    name: 'weights: the last path keeps to its maximum',
    file: 'src/engine/group/evacuate.ts',
    find: 'if (left > 0 && only !== undefined && more.length === 0) {',
    replace: 'if (left > 200 && only !== undefined && more.length === 0) {',
  },
  {
    name: 'weights: weight returns while what serves is unknown',
    file: 'src/engine/group/weighted.ts',
    find: "if (blank !== '') return { kind: 'stay', state: 'STEADY', says: `${serves}; ${blank}` }",
    replace: '',
  },
  {
    name: 'weights: weight returns before its time',
    file: 'src/engine/group/goal.ts',
    find: '(name) => weightOf(name) > current(name) && ready.get(name)?.due === undefined,',
    replace: "(name) => weightOf(name) > current(name) && name === '',",
  },
  {
    name: 'weights: panic is no reason to stay',
    file: 'src/engine/group/weighted.ts',
    find: 'if (percent === undefined || percent >= sharing.panic.fraction * 100) return undefined',
    replace: 'if (percent !== -1) return undefined',
  },
  {
    name: 'weights: spread while something is unknown',
    file: 'src/engine/group/weighted.ts',
    find: "if (panic.answer === 'hold' || unseen || target === undefined) return stay",
    replace: "if (panic.answer === 'hold' || target === undefined) return stay",
  },
  {
    name: 'ramp: the gate is never bad',
    file: 'src/engine/group/weighted.ts',
    find: 'const bad = gateBadOn(situation, ramp)',
    replace: "const bad = gateBadOn(situation, { ...ramp, gate: '' })",
  },
  {
    name: 'ramp: set back again and again',
    file: 'src/engine/group/weighted.ts',
    find: 'if (ramp.setbacks > 0) {',
    replace: 'if (ramp.setbacks > 99) {',
  },
  {
    name: 'ramp: steps do not wait',
    file: 'src/engine/group/ramp.ts',
    find: 'return Math.max(memory.changes.at(-1)?.at ?? 0, memory.observingSince) + ramp.everyMs',
    replace: 'return Math.max(memory.changes.at(-1)?.at ?? 0, memory.observingSince)',
  },
  {
    name: 'ramp: other weights do not end it',
    file: 'src/engine/group/ramp.ts',
    find: 'return sameAllocation(ramp.weights, settings.sharing.weights) ? ramp : undefined',
    replace: 'return ramp',
  },
  {
    name: 'ramp: a step costs a slot of the budget',
    file: 'src/engine/group/weighted.ts',
    find: "proposal: { reason: 'ramp', from, target, leaving: [], charge: 0, says, ...step },",
    replace: "proposal: { reason: 'ramp', from, target, leaving: [], charge: 1, says, ...step },",
  },
  {
    name: 'ramp: the way back keeps what went down',
    file: 'src/engine/group/compensation.ts',
    find: 'return down.length === 0 ? back : evacuate(',
    replace: 'return down.length < 99 ? back : evacuate(',
  },
  {
    name: 'weights: a relapse does not count',
    file: 'src/engine/group/failback.ts',
    find: '.some((each) => each.returning?.some((name) => change.leaving.includes(name)) === true)',
    replace: '.some((each) => each.charge > 99)',
  },
]
