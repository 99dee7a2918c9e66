import type { Proposal, Situation } from './situation.ts'

/** A pure veto over a proposal. */
export interface Guard {
  readonly name: string
  /** A person may bypass it by name. Never-empty and fencing cannot be bypassed. */
  readonly bypassable: boolean
  ask(proposal: Proposal, situation: Situation): { readonly pass: boolean; readonly says: string }
}
