/** What a journal entry records. Names are never reused. */
export type JournalKind =
  | 'boot'
  | 'stop'
  | 'config'
  | 'health'
  | 'state'
  | 'decision'
  | 'intent'
  | 'step'
  | 'applied'
  | 'verified'
  | 'verify-failed'
  | 'effective'
  | 'rolled-back'
  | 'aborted'
  | 'frozen'
  | 'foreign-edit'
  | 'adopted'
  | 'hold'
  | 'release'
  | 'steer'
  | 'ack'
  | 'incident'
  | 'notice'
  | 'drill'
  | 'silence'

/** What a writer gives; the store adds sequence, time and hashes. */
export interface JournalDraft {
  readonly kind: JournalKind
  /** `<stream>/<group>`, absent for entries about the installation. */
  readonly group?: string
  /** Short name of the path. */
  readonly path?: string
  /** Who, where a person acted. */
  readonly actor?: string
  /** One sentence for people. */
  readonly says: string
  /** Plain JSON for machines; keys are written in the order given. */
  readonly data?: Readonly<Record<string, unknown>>
}

/**
 * One line of the append-only journal. `hash` is SHA-256 over the previous hash and the canonical
 * JSON of everything else, so that deleting or editing an entry is detected.
 */
export interface JournalEntry extends JournalDraft {
  /** From 1, without gaps. */
  readonly seq: number
  /** Wall milliseconds since the epoch. */
  readonly at: number
  readonly previous: string
  readonly hash: string
}
