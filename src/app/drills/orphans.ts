import type { DrillSummary } from '../../core/drill-report.ts'
import type { DrillKind } from '../../core/drill.ts'
import { summaryIn } from './drill-history.ts'
import type { DrillHost } from './drill-host.ts'
import { endFault } from './fault-hook.ts'

interface Orphan {
  readonly id: string
  readonly plan: string
  readonly group: string
  readonly kind: DrillKind
  readonly actor: string
  readonly at: number
  readonly isOwn: boolean
}

/** How many entries of a group are looked through for drills without an outcome. */
const mostEntries = 200

/**
 * Drills whose process ended before they were judged. Whoever leads their group heals what they broke,
 * returns what they moved (the engine does), and calls them INTERRUPTED (invariant 42).
 */
export class Orphans {
  readonly #host: DrillHost
  readonly #conclude: (summary: DrillSummary) => Promise<void>
  /** By group: the term of leadership for which the journal was looked through. */
  readonly #looked = new Map<string, number>()
  #waiting: readonly Orphan[] = []

  constructor(host: DrillHost, conclude: (summary: DrillSummary) => Promise<void>) {
    this.#host = host
    this.#conclude = conclude
  }

  /** Looks for them at each new term, and ends those that hold nothing any more. `running` is no orphan. */
  async look(running: string | undefined): Promise<void> {
    for (const { name } of this.#host.settings().groups) {
      const token = this.#host.termOf(name)
      if (token === undefined || this.#looked.get(name) === token) continue
      const found = await this.#find(name)
      if (found === undefined) continue
      this.#looked.set(name, token)
      const fresh = found.filter(({ id }) => id !== running)
      const known = new Set(this.#waiting.map(({ id }) => id))
      this.#waiting = [...this.#waiting, ...fresh.filter(({ id }) => !known.has(id))]
      for (const orphan of fresh) await this.#heal(orphan)
    }
    for (const orphan of this.#waiting) await this.#end(orphan)
  }

  async #end(orphan: Orphan): Promise<void> {
    const situation = this.#host.snapshot(orphan.group)?.situation
    if (situation?.lease === undefined) return
    if (situation.memory.row.drill?.id === orphan.id || situation.memory.row.intent !== undefined) {
      return
    }
    this.#waiting = this.#waiting.filter((each) => each !== orphan)
    await this.#conclude({
      id: orphan.id,
      plan: orphan.plan,
      group: orphan.group,
      kind: orphan.kind,
      outcome: 'INTERRUPTED',
      says: 'the process that ran it ended before it could be judged',
      actor: orphan.actor,
      startedAt: orphan.at,
      endedAt: this.#host.clock.wall(),
      times: {},
    })
  }

  async #heal({ group, id, plan }: Orphan): Promise<void> {
    const found = this.#host.settings().drills.find((each) => each.name === plan)
    if (found?.fault === undefined) return
    const subject = { drill: id, plan, group, path: found.away ?? '', forMs: found.maxMs }
    await endFault(this.#host.net, found.fault, subject, undefined)
  }

  async #find(group: string): Promise<Orphan[] | undefined> {
    const entries = await this.#host.store
      .entries({ kinds: ['drill'], group, limit: mostEntries, newestFirst: true })
      .catch(() => undefined)
    if (entries === undefined) return undefined
    const judged = new Set(entries.flatMap((entry) => summaryIn(entry)?.id ?? []))
    return entries.flatMap(({ actor = '', data = {} }): Orphan[] => {
      const { at, drill, event, kind, owner, plan } = data
      if (event !== 'begins' || typeof drill !== 'string' || judged.has(drill)) return []
      if (typeof plan !== 'string' || typeof at !== 'number') return []
      const isOwn = owner === this.#host.owner
      return [{ id: drill, plan, group, kind: kind as DrillKind, actor, at, isOwn }]
    })
  }
}
