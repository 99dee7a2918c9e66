import type { Allocation } from './allocation.ts'
import type { MeasuredLoad } from './group.ts'

/** What a person asks for. `group` is the full name, `reason` is never empty. */
export type Command =
  | {
      readonly kind: 'steer'
      readonly group: string
      /** Short name of the path that shall carry the traffic … */
      readonly path?: string
      /** … or, in a weighted group, the weights of paths, which add up to 100; what is not named gets 0. */
      readonly weights?: Allocation
      readonly actor: string
      readonly reason: string
      /** In `advise`: really move the traffic. */
      readonly apply: boolean
      /** Names of the guards that the person bypasses. */
      readonly bypass: readonly string[]
    }
  | {
      readonly kind: 'hold'
      readonly group: string
      readonly actor: string
      readonly reason: string
      /** From 1 s to 30 days, in milliseconds. */
      readonly forMs: number
    }
  | {
      /** `ack` leaves FROZEN; `adopt` takes over a record that was not ours. */
      readonly kind: 'release' | 'ack' | 'adopt'
      readonly group: string
      readonly actor: string
      readonly reason: string
    }
  | {
      /** Begins a rehearsal: a `switch` moves traffic, a `fault` waits for the watchdog to do so. */
      readonly kind: 'drill'
      readonly group: string
      readonly actor: string
      readonly reason: string
      readonly drill: {
        readonly id: string
        readonly plan: string
        readonly kind: 'switch' | 'fault'
        /** Short name of the path to be left; what serves most where absent. */
        readonly away?: string
        /** Milliseconds after which traffic returns … */
        readonly stayMs: number
        /** … and after which people are paged that it did not. */
        readonly maxMs: number
      }
    }
  | {
      /** Ends a rehearsal before its time: traffic returns as soon as it may. */
      readonly kind: 'end-drill'
      readonly group: string
      readonly actor: string
      readonly reason: string
      readonly drill: string
    }
  | {
      /** Keeps what a load drill measured of a path. */
      readonly kind: 'carried'
      readonly group: string
      /** Short name. */
      readonly path: string
      readonly actor: string
      readonly reason: string
      readonly drill: string
      readonly load: MeasuredLoad
      /** It was asked for more, and gave no more. */
      readonly isLimit: boolean
    }

/**
 * Why a command was not done. `not-found`: no such group, path or incident. `invalid`: it makes no
 * sense now. `refused`: a guard vetoes. `conflict`: the change was begun and did not hold.
 * `unavailable`: store or actuator cannot be reached.
 */
export type CommandFault = 'not-found' | 'invalid' | 'refused' | 'conflict' | 'unavailable'

/** The answer to a command, in a sentence; a refusal says what to do. */
export type CommandResult =
  | { readonly ok: true; readonly says: string }
  | {
      readonly ok: false
      readonly code: CommandFault
      readonly says: string
      readonly todo: string
      /** The guard that vetoes, where naming it would bypass it. */
      readonly guard?: string
    }
