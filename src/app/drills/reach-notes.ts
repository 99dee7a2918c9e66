import type { DrillReach } from '../../core/drill-report.ts'
import type { Effect } from '../../engine/group/effect.ts'
import type { DrillFacts } from './drill-facts.ts'

/** What was seen last of how far one move has come. */
type Seen = Pick<Effect, 'behind' | 'reached'>

/**
 * Remembers how far each move of a drill came: who was seen to say it after how long, and who was not
 * before the next move. What is asked is the same that the group itself follows its changes by.
 */
export class ReachNotes {
  readonly #seen = new Map<string, Seen>()

  /** What the group sees of its last change now. */
  note(effect: Effect | undefined): void {
    if (effect !== undefined) this.#seen.set(effect.intent, effect)
  }

  /** The journal's word that a change is in effect everywhere. */
  done(data: Readonly<Record<string, unknown>> | undefined): void {
    const { intent, reached } = data ?? {}
    if (typeof intent !== 'string' || !Array.isArray(reached)) return
    this.#seen.set(intent, { behind: [], reached: reached as NonNullable<Seen['reached']> })
  }

  /** Everybody, of the way out first; nothing where nobody is asked. */
  list({ back, out }: DrillFacts): DrillReach[] {
    return (['out', 'back'] as const).flatMap((move): DrillReach[] => {
      const intent = (move === 'out' ? out : back)?.intent
      const { behind = [], reached = [] } = this.#seen.get(intent ?? '') ?? {}
      const until = move === 'out' ? 'before the way back' : 'before the drill ended'
      return [
        ...reached.map(({ who, kind, ms }) => ({
          move,
          who,
          kind,
          ms: Math.round(ms),
          says: 'from applied until it was first seen to say it',
        })),
        ...behind.map(({ who, kind, says }) => ({
          move,
          who,
          kind,
          says: `not in effect ${until}: ${says}`,
        })),
      ]
    })
  }
}
