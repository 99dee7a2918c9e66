import type { GroupState } from '../../core/group.ts'
import type { Proposal } from './situation.ts'

/** What a strategy makes of a situation before any guard is asked. */
export type Outlook =
  | { readonly kind: 'propose'; readonly proposal: Proposal }
  | {
      readonly kind: 'stay'
      readonly state: GroupState
      readonly says: string
      readonly whyNot?: { readonly guard: string; readonly says: string }
    }
  | { readonly kind: 'freeze'; readonly says: string }
