import type { Mutation } from './mutation.ts'

const decide = 'src/engine/group/decide.ts'
const drill = 'src/engine/group/drill.ts'
const drillOver = 'src/app/group/drill-over.ts'
const guards = 'src/engine/group/guards.ts'

/** Rehearsals: what they begin on, what goes before them, and that they come back. */
export const drillMutations: readonly Mutation[] = [
  {
    name: 'drill: begins while what serves is not well',
    file: drill,
    find: "    if (health?.health !== 'up') {\n      return {",
    replace: "    if (health?.health === 'unknown') {\n      return {",
  },
  {
    name: 'drill: begins on a standby that is suspect or blurry',
    file: drill,
    find: "return health?.health === 'up' && !health.suspect",
    replace: "return health?.health !== 'down'",
  },
  {
    name: 'drill: begins in a frozen group',
    file: drill,
    find: 'if (frozen !== undefined) return {',
    replace: "if (frozen?.says === '') return {",
  },
  {
    name: 'drill: begins during another one',
    file: drill,
    find: "if (drill !== undefined) return { guard: 'drill'",
    replace: "if (drill?.plan === '') return { guard: 'drill'",
  },
  {
    name: 'drill: begins with an actuator that cannot be read',
    file: drill,
    find: 'if (bad !== undefined) {',
    replace: "if (bad?.type === '') {",
  },
  {
    name: 'drill: takes the last slot of the budget',
    file: guards,
    find: "const reserve = isDrill || proposal.reason === 'failback' ? 1 : 0",
    replace: "const reserve = proposal.reason === 'failback' ? 1 : 0",
  },
  {
    name: 'drill: its own budget counts for nothing',
    file: guards,
    find: 'if (isDrill && drills >= settings.drillBudget.changes) {',
    replace: 'if (isDrill && drills > 1e9) {',
  },
  {
    name: 'drill: returns to a path that is configured no longer',
    file: 'src/engine/group/drill.ts',
    find: 'Object.entries(drill.from).filter(([name]) => known.has(name))',
    replace: 'Object.entries(drill.from).filter(([name]) => known.has(name) || true)',
  },
  {
    name: 'drill: takes a place in the blast radius',
    file: 'src/app/group/change.ts',
    find: 'if (intent.drill === undefined) deps.installation.charge(intent.id, settings.name)',
    replace: 'deps.installation.charge(intent.id, settings.name)',
  },
  {
    name: 'drill: starts a holddown',
    file: 'src/app/group/change.ts',
    find: 'holddownUntil: intent.drill === undefined ? now + settings.holddownMs : memory.holddownUntil,',
    replace: 'holddownUntil: now + settings.holddownMs,',
  },
  {
    name: 'drill: goes before a failing path',
    file: decide,
    find: "  if (decision?.kind === 'change') return decision\n  if (down.length > 0) return leaveDown(situation, down, without)\n",
    replace: "  if (decision?.kind === 'change') return decision\n",
  },
  {
    name: 'drill: a failing path does not end it',
    file: drill,
    find: 'if (down.length > 0) return `${down.join',
    replace: 'if (down.length > 99) return `${down.join',
  },
  {
    name: 'drill: a successor does not end it',
    file: drill,
    find: 'if (owner !== undefined && owner !== drill.owner) return',
    replace: 'if (owner === drill.id) return',
  },
  {
    name: 'drill: its time is never up',
    file: drill,
    find: "return now < (memory.drillTimes?.until ?? 0) ? undefined : 'its time is up'",
    replace: "return now < (memory.drillTimes?.until ?? 0) * 1e9 ? undefined : 'its time is up'",
  },
  {
    name: 'drill: returns to a path that is not well',
    file: drill,
    find: "if (health !== 'up') return `${name} is ${health}`",
    replace: "if (health === '') return `${name} is ${health}`",
  },
  {
    name: 'drill: failback ends it before its time',
    file: decide,
    find: 'if (drill !== undefined) return underHold(situation, drilled(situation, drill, down, without))',
    replace:
      'if (drill !== undefined && down.length > 0) return underHold(situation, drilled(situation, drill, down, without))',
  },
  {
    name: 'drill: holds on to traffic that a person moved',
    file: drillOver,
    find: 'if (drill.to !== undefined && sameAllocation(drill.to, intent.to)) return row',
    replace: 'if (drill.to !== undefined) return row',
  },
  {
    name: 'drill: is not over when the world was edited',
    file: drillOver,
    find: 'if (drill === undefined || says === undefined) return',
    replace: 'if (drill === undefined || says !== undefined) return',
  },
  {
    name: 'drill: nobody hears that it did not return',
    file: 'src/engine/group/conditions.ts',
    find: 'notRestored(situation, decision),',
    replace: 'undefined,',
  },
  {
    name: 'drill: is run though it was missed',
    file: 'src/app/drills/drills.ts',
    find: 'this.#skip(plan, `it was due at ${iso(at)} and is not run late`)',
    replace: "void this.run(name, 'schedule', `${at}`)",
  },
  {
    name: 'drill: is run by the calendar of a process that does not lead, too',
    file: 'src/app/drills/drills.ts',
    find: 'situation !== undefined && situation.lease === undefined && situation.store.ok',
    replace: 'situation !== undefined && situation.lease === undefined && !situation.store.ok',
  },
  {
    name: 'drill: what another process proved is not known',
    file: 'src/app/drills/drill-history.ts',
    find: 'if (this.isRead && now - this.#readAt < catchUpMs) return false',
    replace: 'if (this.isRead && now - this.#readAt < Infinity) return false',
  },
  {
    name: 'drill: nobody hears that none passed',
    file: 'src/app/drills/overdue.ts',
    find: 'if (wall - since <= drillWithinMs) return []',
    replace: 'if (wall - since >= 0) return []',
  },
  {
    name: 'drill: what failed proves as much as what passed',
    file: 'src/app/drills/overdue.ts',
    find: "own.find(({ outcome }) => outcome === 'PASSED')",
    replace: "own.find(({ outcome }) => outcome !== 'SKIPPED')",
  },
  {
    name: 'drill: a fault of the lab has no end of its own',
    file: 'src/app/drills/fault-hook.ts',
    find: 'for: `${Math.ceil(subject.forMs / 1_000)}s`,',
    replace: "for: '1d',",
  },
  {
    name: 'drill: viewers pull beyond their ceiling',
    file: 'src/app/drills/virtual-viewers.ts',
    find: 'if (missing <= 0 && !isBlind) {',
    replace: 'if (missing <= 1e12) {',
  },
  {
    name: 'drill: viewers begin side by side before anybody knows what a segment weighs',
    file: 'src/app/drills/virtual-viewers.ts',
    find: 'if (missing <= 0 && !isBlind) {',
    replace: 'if (missing <= 0) {',
  },
  {
    name: 'drill: what another incident ended counts as measured',
    file: 'src/app/drills/load-drill.ts',
    find: "if (judged.outcome === 'PASSED' || judged.outcome === 'FAILED') await keep(load)",
    replace: 'await keep(load)',
  },
  {
    name: 'drill: a ceiling counts as the limit of a path',
    file: 'src/app/drills/load-drill.ts',
    find: "isLimit: measured.limitedBy === 'path' && troubled >",
    replace: 'isLimit: troubled >= 0 || troubled >',
  },
  {
    name: 'capacity: what was measured goes before what is declared',
    file: 'src/engine/group/capacity.ts',
    find: 'if (declared !== undefined) {',
    replace: 'if (declared === -1) {',
  },
  {
    name: 'capacity: what was carried speaks against a path',
    file: 'src/engine/group/capacity.ts',
    find: "capacity === undefined || capacity.source === 'at-least'",
    replace: 'capacity === undefined',
  },
  {
    name: 'drill: judged once more by the next process',
    file: 'src/app/drills/orphans.ts',
    find: " || typeof drill !== 'string' || judged.has(drill)) return []",
    replace: " || typeof drill !== 'string') return []",
  },
  {
    name: 'drill: judged also by a process that leads no longer',
    file: 'src/app/drills/judgement.ts',
    find: "if (lease === undefined) return store.ok ? 'by-another' : 'later'",
    replace:
      "if (lease === undefined) return (await host.store.commit({ entries: [entry] })).ok ? 'written' : 'later'",
  },
  {
    name: 'drill: a verdict that nobody heard of is written again',
    file: 'src/app/drills/judgement.ts',
    find: "if (isThere !== 'no') return isThere",
    replace: "if (isThere === 'later') return isThere",
  },
]
