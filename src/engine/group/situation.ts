import { raisedPaths, type Allocation } from '../../core/allocation.ts'
import type { Basis, ChangeReason, GuardAnswer, Mode, PathBasis, Ramp } from '../../core/group.ts'
import type { DrillStep } from '../../core/drill.ts'
import type { PathHealth } from '../../core/health.ts'
import type { GroupSettings } from '../../core/settings.ts'
import type { Effect } from './effect.ts'
import { spent, type GroupMemory } from './memory.ts'
import { pointsAt } from './penalty.ts'

/** Everything that the engine may look at when it decides. Values only. */
export interface Situation {
  readonly settings: GroupSettings
  readonly memory: GroupMemory
  /** Health by short name, for every configured path. */
  readonly paths: ReadonlyMap<string, PathHealth>
  readonly mode: Mode
  /** The lease of this process, or `undefined` where somebody else leads. */
  readonly lease: { readonly token: number; readonly leftMs: number } | undefined
  readonly store: { readonly ok: boolean; readonly says: string }
  /** What the installation's blast radius says of one more change; `freezes`: and that a person must look. */
  readonly installation: {
    readonly pass: boolean
    readonly says: string
    readonly freezes?: boolean
  }
  /** Identity of this process: a drill of another one ends. */
  readonly owner?: string
  /** Actuators as they were read last: those that cannot be read or lag behind are told to people. */
  readonly actuators?: readonly {
    readonly type: string
    readonly ok: boolean
    readonly lags?: boolean
    readonly says: string
  }[]
  /** The last change, as long as it is applied and not yet in effect everywhere. */
  readonly effect?: Effect | undefined
  /** Monotonic milliseconds. */
  readonly now: number
  /** Wall milliseconds since the epoch, which calendars and the age of what a drill measured alone go by. */
  readonly wall: number
}

/** A change that is proposed and not yet allowed. */
export interface Proposal {
  readonly reason: ChangeReason
  readonly from: Allocation
  readonly to: Allocation
  readonly target: string
  readonly leaving: readonly string[]
  /** What it costs of the budget. */
  readonly charge: number
  /** A person: guards that are named here do not veto, where they can be bypassed. */
  readonly person?: { readonly actor: string; readonly bypass: readonly string[] }
  /** The ramp as it stands once this is applied. */
  readonly ramp?: Ramp
  /** For a rehearsal: which, and whether it goes out or comes back. */
  readonly drill?: DrillStep
  readonly says: string
}

/** The paths that are looked at right before a change: its target, and all that get more (invariant 9). */
export function enteredPaths({
  from,
  to,
  target,
}: Pick<Proposal, 'from' | 'to' | 'target'>): readonly string[] {
  return [...new Set([target, ...raisedPaths(from, to)])]
}

/** The snapshot that is stored with an intent (invariant 8), and with every decision that is explained. */
export function basisOf(situation: Situation, guards: readonly GuardAnswer[], says: string): Basis {
  const { memory, settings, mode, now } = situation
  const paths = Object.fromEntries(
    [...situation.paths].map(([name, path]): [string, PathBasis] => [
      name,
      {
        health: path.health,
        says: path.says,
        ...(path.diagnosis !== undefined && { diagnosis: path.diagnosis }),
        forMs: Math.max(0, Math.round(now - path.since)),
        votes: path.votes.map((vote) => ({
          vantage: vote.vantage,
          health: vote.health,
          says: vote.says,
        })),
      },
    ]),
  )
  const penalties = [...memory.penalties].map(([name, penalty]): [string, number] => [
    name,
    Math.round(pointsAt(penalty, settings.flaps, now)),
  ])
  return {
    paths,
    guards,
    says,
    mode,
    ...(memory.row.allocation !== undefined && { allocation: memory.row.allocation }),
    timers: {
      holddownLeftMs: Math.max(0, Math.round(memory.holddownUntil - now)),
      budgetUsed: spent(memory, settings, now),
      budgetOf: settings.budget.changes,
      relapses: memory.row.failback.relapses,
      penalties: Object.fromEntries(penalties),
    },
  }
}

/** The sentence that an intent is kept under: with what is wrong with each path that is left. */
export function intentSays(situation: Situation, { leaving, says }: Proposal): string {
  return leaving.reduce((text, name) => {
    const path = situation.paths.get(name)
    if (path === undefined) return text
    const what = path.diagnosis === undefined ? path.says : `${path.diagnosis}: ${path.says}`
    const bare = `${name} is ${path.health}`
    return text.replace(bare, () => `${bare} (${what})`)
  }, says)
}
