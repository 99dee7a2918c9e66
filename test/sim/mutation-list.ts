import { actingMutations } from './mutations/acting.ts'
import { continuityMutations } from './mutations/continuity.ts'
import { drillMutations } from './mutations/drills.ts'
import { effectMutations } from './mutations/effect.ts'
import { evidenceMutations } from './mutations/evidence.ts'
import { peopleMutations } from './mutations/people.ts'
import { rateMutations } from './mutations/rate.ts'
import { weightMutations } from './mutations/weights.ts'
import type { Mutation } from './mutations/mutation.ts'

const guards = 'src/engine/group/guards.ts'

const guardNames = [
  'mode',
  'hold',
  'calendar',
  'leader',
  'store',
  'leave-after',
  'holddown',
  'budget',
  'blast-radius',
  'never-empty',
  'continuity',
  'capacity',
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
  ...evidenceMutations,
  ...rateMutations,
  ...actingMutations,
  ...effectMutations,
  ...peopleMutations,
  ...weightMutations,
  ...drillMutations,
  ...continuityMutations,
]
