import type { Mutation } from './mutation.ts'

const alerting = 'src/app/alerting/alerting.ts'
const incidents = 'src/app/alerting/incidents.ts'
const change = 'src/app/group/change.ts'
const controller = 'src/app/group/group-controller.ts'
const prepare = 'src/app/group/prepare-change.ts'
const memory = 'src/engine/group/memory.ts'
const readBack = 'src/app/group/read-back.ts'
const record = 'src/app/group/group-record.ts'

/** People, what they are told, and what survives a restart, a reload and a store that fails. */
export const peopleMutations: readonly Mutation[] = [
  {
    name: 'people: a change event is not in the transaction of its change',
    file: 'src/app/tapped-store.ts',
    find: 'await store.commit(outbox.length === 0 ? commit : { ...commit, outbox })',
    replace: 'await store.commit(outbox.length === 999 ? { ...commit, outbox } : commit)',
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
    find: "    else if (result.cause !== 'limited') this.forget()\n",
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
    find: '...(knownTimes(entry, before) ?? { at: ago(entry.at), aheadMs: entry.at - wall }),',
    replace: '...{ at: ago(entry.at), aheadMs: entry.at - wall },',
  },
  {
    name: 'clock: a path left as down is forgotten by a jump',
    file: memory,
    find: '(change === newest && now < memory.holddownUntil && now - change.at < clockDoubtMs),',
    replace: '(change === newest && now < 0 && now - change.at < clockDoubtMs),',
  },
  {
    name: 'clock: a path left days ago counts as left just now',
    file: memory,
    find: '(change === newest && now < memory.holddownUntil && now - change.at < clockDoubtMs),',
    replace: '(change === newest && now < memory.holddownUntil),',
  },
  {
    name: 'paging: waits for the end of an evaluation',
    file: 'src/app/group/keep-paging.ts',
    find: "if (conditions.some((condition) => condition.severity === 'critical')) deps.tell(now)",
    replace: 'if (conditions.length < 0) deps.tell(now)',
  },
  {
    name: 'paging: views keep what an evaluation said before it hung',
    file: 'src/app/group/keep-paging.ts',
    find: 'if (busy === undefined) deps.show(now)',
    replace: '',
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
    file: 'src/app/alerting/due-at.ts',
    find: 'if (goneAt !== undefined) return ending === undefined ? goneAt + clearForMs : Infinity',
    replace: 'if (goneAt !== undefined) return ending === undefined ? goneAt : Infinity',
  },
  {
    name: 'paging: called over by a process that leads no longer',
    file: incidents,
    find: '      incident.goneAt = undefined\n      incident.ending?.abort()\n',
    replace: '',
  },
  {
    name: 'paging: what another process ended is taken for open still',
    file: incidents,
    find: 'ending !== undefined || !isWritten(key)',
    replace: 'ending !== undefined || isWritten(key)',
  },
  {
    name: 'paging: what could not be written is forgotten',
    file: incidents,
    find: 'ending !== undefined || !isWritten(key)',
    replace: 'ending !== undefined',
  },
  {
    name: 'paging: what a process that stands by shows is never read anew',
    file: alerting,
    find: "(this.#incidents.isAnyAside ? this.#recall('aside') : this.#silences.read())",
    replace: 'this.#silences.read()',
  },
  {
    name: 'paging: a process that stands by tells services again of what it does not judge',
    file: incidents,
    find: 'filter(({ now }) => !this.#aside.has(now.group))',
    replace: 'filter(() => true)',
  },
  {
    name: 'paging: what ends just now comes back',
    file: alerting,
    find: "which === 'all' || this.#incidents.isAside(record.condition.group)",
    replace: "which === 'all' || true",
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
    find: 'const sent = this.#deliveries.send(items)\n    this.#notes.add(incidentDraft(event, incident.record, clock.wall(), more), sent)',
    replace:
      'void this.#durable.note(incidentDraft(event, incident.record, clock.wall(), more)).then(() => this.#deliveries.send(items))',
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
    name: 'reload: a stricter rule leaves a path that recovers at once',
    file: 'src/engine/rules/rule-state.ts',
    find: "    this.#earnsAnew = this.phase === 'clearing'\n",
    replace: '    this.#earnsAnew = false\n',
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
]
