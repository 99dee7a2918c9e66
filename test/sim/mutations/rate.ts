import type { Mutation } from './mutation.ts'

const change = 'src/app/group/change.ts'
const controller = 'src/app/group/group-controller.ts'
const guards = 'src/engine/group/guards.ts'
const memory = 'src/engine/group/memory.ts'
const record = 'src/app/group/group-record.ts'
const targets = 'src/engine/group/targets.ts'
const installation = 'src/app/installation.ts'
const calendar = 'src/engine/calendar.ts'
const penalty = 'src/engine/group/penalty.ts'

/** How often and when traffic may move. */
export const rateMutations: readonly Mutation[] = [
  {
    name: 'rate: holddown does not run from applied',
    file: change,
    find: 'holddownUntil: intent.drill === undefined ? now + settings.holddownMs :',
    replace: 'holddownUntil: intent.drill === undefined ? memory.holddownUntil :',
  },
  {
    name: 'rate: no holddown after a restart',
    file: memory,
    find: 'const full = isChanged ? now + settings.holddownMs : now',
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
    find: "const reserve = isDrill || proposal.reason === 'failback' ? 1 : 0",
    replace: 'const reserve = isDrill ? 1 : 0',
  },
  {
    name: 'rate: changes of an earlier process do not count for the blast radius',
    file: controller,
    find: '      this.#token = token\n      this.#deps.installation.recall(this.#settings.name, this.#record.memory.changes)\n',
    replace: '      this.#token = token\n',
  },
  {
    name: 'rate: the store does not judge the blast radius over all processes',
    file: change,
    find: 'const limit = isFree ? undefined : installation.room(settings.name)',
    replace: 'const limit = isFree ? undefined : undefined',
  },
  {
    name: 'rate: every change is taken for new where the wall clock went back',
    file: 'src/app/installation.ts',
    find: 'if (newest === undefined || aheadMs === undefined) return now - at',
    replace: 'if (newest !== -1) return now - at',
  },
  {
    name: 'rate: by how much the wall clock went back is not remembered',
    file: 'src/engine/group/memory.ts',
    find: '{ at: ago(entry.at), aheadMs: entry.at - wall }',
    replace: '{ at: ago(entry.at) }',
  },
  {
    name: 'rate: the blast radius forgets at the intent, not at applied',
    file: change,
    find: '  deps.installation.refund(intent.id)\n  if (intent.drill === undefined) deps.installation.charge(intent.id, settings.name)\n',
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
    find: '    (isFlapping(path.name) ? 16 : 0) +\n',
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
]
