import type { Diagnosis } from './diagnosis.ts'
import type { RuleClass } from './health.ts'

/** One rule as a rule file gives it; what is absent comes from the profile's timing. */
export interface RuleDefinition {
  readonly name: string
  readonly class: RuleClass
  /** Numbers that `when`, `clear_when` and `says` may name, so that they can be changed without a copy of the rule. */
  readonly params?: Readonly<Record<string, number>>
  /** A CEL expression over the measurements of one path at one vantage; true is bad. */
  readonly when: string
  /** Where given, the rule clears only while this is true, in place of `when` being false. */
  readonly clearWhen?: string
  readonly forMs?: number
  readonly ratio?: { readonly bad: number; readonly of: number }
  readonly clearForMs?: number
  /** Not judged for this long, what the rule found counts no more; absent: it counts until judged. */
  readonly staleAfterMs?: number
  readonly severity: 'critical' | 'warning'
  /** A sentence with `{measurement}` placeholders. */
  readonly says: string
  readonly diagnosis?: Diagnosis
  readonly runbook?: string
  /** Probe types it applies to; absent: wherever its measurements exist. */
  readonly probes?: readonly string[]
}

/** What of a rule may be changed for a pack that inherits it, a stream, a group or a path. */
export type RuleChange = Partial<
  Pick<
    RuleDefinition,
    'class' | 'params' | 'forMs' | 'ratio' | 'clearForMs' | 'staleAfterMs' | 'severity' | 'runbook'
  >
>

/** Changes by the name of the rule; `off` leaves it out. */
export type RuleChanges = Readonly<Record<string, RuleChange | 'off'>>

/** One rule file, checked; what it inherits is in it. */
export interface RulePack {
  readonly name: string
  /** The pack whose place it takes. */
  readonly extends?: string
  /** Named window lengths in milliseconds. */
  readonly windows: Readonly<Record<string, number>>
  readonly rules: readonly RuleDefinition[]
}
