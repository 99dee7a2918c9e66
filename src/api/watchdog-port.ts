import type { Health } from '../core/health.ts'
import type { JournalEntry } from '../core/journal.ts'
import type { Picture } from '../core/picture.ts'
import type { SilenceMatch } from '../core/silence.ts'
import type { DrillOutlookView, DrillsView, WatchdogView } from '../core/view.ts'
import type { Command as GroupCommand, CommandResult } from '../core/command.ts'
import type { Received } from '../app/alerting/reactions.ts'
import type { PictureKind } from '../app/path-pictures.ts'
import type { GroupRequest, PullAnswer } from '../plugin/actuator.ts'
import type { InboundRequest } from '../plugin/reaction.ts'
import type { JournalQuery } from '../plugin/store.ts'

/** What a person asks for: of a group, or to look after an incident. */
export type Command =
  | GroupCommand
  | {
      readonly kind: 'ack-incident'
      readonly key: string
      readonly actor: string
      /** What the person does about it, or knows of it. */
      readonly reason?: string
    }
  | SilenceCommand

/** What a person asks for about silences. */
export type SilenceCommand =
  | {
      readonly kind: 'silence'
      readonly match: SilenceMatch
      readonly actor: string
      readonly reason: string
      /** Milliseconds until it begins, and how long it then lasts. */
      readonly inMs: number
      readonly forMs: number
    }
  | {
      readonly kind: 'end-silence'
      readonly id: string
      readonly actor: string
      readonly reason: string
    }

/** The state of one aspect of the process itself. */
export interface SelfReport {
  readonly ok: boolean
  readonly says: string
}

/** A fault of the lab that the demo offers on a button. */
export interface FaultOffer {
  /** What breaks, by the lab's own name: an edge or the origin. */
  readonly target: string
  readonly fault: string
  /** One sentence: what viewers would see. */
  readonly says: string
}

/** A fault that is under way in the lab. Times are wall milliseconds since the epoch. */
export interface ActiveFault {
  readonly id: string
  readonly target: string
  readonly fault: string
  readonly since: number
  readonly until?: number
}

/** The breakable stream of the demo. */
export interface DemoPort {
  faults(): { readonly offers: readonly FaultOffer[]; readonly active: readonly ActiveFault[] }
  inject(fault: {
    readonly target: string
    readonly fault: string
    readonly forMs: number
  }): Promise<CommandResult>
  heal(id: string): Promise<CommandResult>
}

/** Rehearsals. */
export interface DrillPort {
  /** All of them, or those of one group; `limit` outcomes at most, 20 where it is not given. */
  view(of?: { readonly group?: string; readonly limit?: number }): DrillsView
  /** What a drill would do if it began now, and what would keep it; `undefined` where there is no such drill. */
  outlook(name: string, actor: string): DrillOutlookView | undefined
  /** Ids of the reports that are kept. */
  reports(): Promise<readonly string[]>
  /** A report as it was kept; `undefined` where there is none of that id. */
  report(id: string, form: 'json' | 'html' | 'xml'): Promise<string | undefined>
  /** Begins a drill and answers at once. */
  run(
    name: string,
    actor: string,
    reason: string,
  ): Promise<CommandResult & { readonly id?: string }>
  /** Ends the running drill; with `id` only where that is the one. */
  abort(actor: string, reason: string, id?: string): CommandResult
}

/** Everything that the HTTP API needs of the watchdog. It never throws for what a caller asks. */
export interface WatchdogPort {
  view(): WatchdogView
  /** Calls `listener` after anything in the view changed, new samples included; returns how to stop. */
  subscribe(listener: () => void): () => void
  journal(query: JournalQuery): Promise<readonly JournalEntry[]>
  /** Calls `listener` for each new entry, in order of sequence; returns how to stop. */
  onJournal(listener: (entry: JournalEntry) => void): () => void
  command(command: Command): Promise<CommandResult>
  /** The answer of the group's pull actuator at `route`; `undefined` where there is none. */
  pull(
    route: string,
    group: string,
    path: string,
    query: Readonly<Record<string, string>>,
  ): PullAnswer | undefined
  /** The answer of the pull actuator that speaks for the whole group at `route`; `undefined` where there is none. */
  pullGroup(route: string, group: string, request: GroupRequest): PullAnswer | undefined
  /** What the service of a notifier tells us; `undefined` where no notifier of this name listens to its service. */
  receive(notifier: string, request: InboundRequest): Received | undefined
  /** Health of a path by quorum; `undefined` where no such path is configured. */
  health(
    group: string,
    path: string,
  ): { readonly health: Health; readonly says: string } | undefined
  /** A picture of a path; `undefined` where there is no such path, or no picture of it. */
  picture(group: string, path: string, kind: PictureKind): Picture | undefined
  metrics(): Promise<{ readonly contentType: string; readonly body: string }>
  /** Whether it watches and could act: configuration loaded, store readable, groups read back. */
  ready(): SelfReport
  /** Whether the loop still turns: last tick and loop lag. */
  alive(): SelfReport
  readonly demo?: DemoPort
  readonly drills?: DrillPort
}
