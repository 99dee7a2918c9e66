import type { Mutation } from './mutation.ts'

/** Groups that share traffic, and their ramps. */
export const weightMutations: readonly Mutation[] = [
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
