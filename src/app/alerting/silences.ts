import type { Clock, Ids } from '../../core/clock.ts'
import type { JournalDraft, JournalEntry } from '../../core/journal.ts'
import {
  describeMatch,
  LONGEST_SILENCE_MS,
  type Silence,
  type SilenceMatch,
} from '../../core/silence.ts'
import { timeText } from '../../core/time-text.ts'
import type { Durable } from './durable.ts'

/** What a person asks for. Times are wall milliseconds since the epoch. */
export interface SilenceOrder {
  readonly match: SilenceMatch
  readonly owner: string
  readonly reason: string
  readonly from: number
  readonly until: number
}

/** More than these at one time is a mistake of a program. */
const MOST = 1_000

/**
 * The silences of the installation. They live in the journal, so that every process of one store
 * knows them and a restart forgets none; where the store is down a new one holds all the same, and
 * is written once it can be.
 */
export class Silences {
  readonly #clock: Clock
  readonly #ids: Ids
  readonly #durable: Durable
  readonly #byId = new Map<string, Silence>()
  #readTo = 0

  constructor(clock: Clock, ids: Ids, durable: Durable) {
    this.#clock = clock
    this.#ids = ids
    this.#durable = durable
  }

  /** Those that last or are to come, the one that ends first first. */
  list(): readonly Silence[] {
    const wall = this.#clock.wall()
    for (const { id, until } of this.#byId.values()) if (until <= wall) this.#byId.delete(id)
    return [...this.#byId.values()].sort((a, b) => a.until - b.until)
  }

  /** Begins a silence; `undefined` where there are too many. */
  add(order: SilenceOrder): Silence | undefined {
    if (this.list().length >= MOST) return undefined
    const silence: Silence = { id: this.#ids.next(), ...order }
    this.#byId.set(silence.id, silence)
    void this.#durable.note(setDraft(silence))
    return silence
  }

  /** Ends a silence before its time; `undefined` where there is none of this identity. */
  end(id: string, actor: string, reason: string): Silence | undefined {
    const silence = this.list().find((each) => each.id === id)
    if (silence === undefined) return undefined
    this.#byId.delete(id)
    void this.#durable.note({
      kind: 'silence',
      actor,
      says: `${actor} ended the silence of ${describeMatch(silence.match)}: ${reason}`,
      data: { event: 'ended', id, reason },
    })
    return silence
  }

  /** Takes in what any process wrote since the last reading; false where the store is down. */
  async read(): Promise<boolean> {
    const oldest = this.#clock.wall() - 2 * LONGEST_SILENCE_MS
    const entries = await this.#durable.entriesOf('silence', this.#readTo, oldest)
    if (entries === undefined) return false
    const ended = new Set(
      entries.flatMap(({ data }) => (data?.['event'] === 'ended' ? [data['id']] : [])),
    )
    for (const entry of entries) {
      this.#readTo = Math.max(this.#readTo, entry.seq)
      const silence = silenceIn(entry)
      if (silence !== undefined && !ended.has(silence.id)) this.#byId.set(silence.id, silence)
    }
    for (const id of ended) if (typeof id === 'string') this.#byId.delete(id)
    return true
  }
}

function setDraft({ id, match, owner, reason, from, until }: Silence): JournalDraft {
  const time = `from ${timeText(from)} to ${timeText(until)} UTC`
  return {
    kind: 'silence',
    actor: owner,
    says: `${owner} silences ${describeMatch(match)} ${time}: ${reason}`,
    data: { event: 'set', id, match, owner, reason, from, until },
  }
}

/** The journal is ours, but people can edit it. */
function silenceIn({ data }: JournalEntry): Silence | undefined {
  const { event, id, match, owner, reason, from, until } = (data ?? {}) as Partial<
    Silence & { event: string }
  >
  const isWhole =
    event === 'set' &&
    typeof id === 'string' &&
    typeof match === 'object' &&
    Object.keys(match).length > 0 &&
    typeof owner === 'string' &&
    typeof reason === 'string' &&
    typeof from === 'number' &&
    typeof until === 'number'
  return isWhole ? { id, match, owner, reason, from, until } : undefined
}
