import { answerFaults } from './answer-faults.ts'
import { deliveryFaults } from './delivery-faults.ts'
import type { FaultKind } from './fault-kind.ts'
import { viewFaults } from './view-faults.ts'

const kinds = { ...viewFaults, ...answerFaults, ...deliveryFaults } as const

/** The closed list of faults. */
export type FaultName = keyof typeof kinds

/** The names of all faults, in the order of the documentation. */
export const faultNames = Object.keys(kinds) as readonly FaultName[]

/** What the fault `name` does. */
export function faultKind(name: FaultName): FaultKind {
  return kinds[name]
}

/** Whether `name` is a fault of the list. */
export function isFault(name: string): name is FaultName {
  return Object.hasOwn(kinds, name)
}
