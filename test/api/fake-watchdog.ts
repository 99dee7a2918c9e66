import { createHash } from 'node:crypto'
import type {
  ActiveFault,
  Command,
  DemoPort,
  DrillPort,
  SelfReport,
  WatchdogPort,
} from '../../src/api/watchdog-port.ts'
import type { Received } from '../../src/app/alerting/reactions.ts'
import type { Picture } from '../../src/core/picture.ts'
import type { CommandResult } from '../../src/core/command.ts'
import type { JournalDraft, JournalEntry } from '../../src/core/journal.ts'
import type { GroupView, WatchdogView } from '../../src/core/view.ts'
import type { GroupRequest, PullAnswer } from '../../src/plugin/actuator.ts'
import type { InboundRequest } from '../../src/plugin/reaction.ts'
import type { JournalQuery } from '../../src/plugin/store.ts'
import { sampleView } from './sample-view.ts'

/** A watchdog that shows what a test sets and remembers what it was told. */
export class FakeWatchdog implements WatchdogPort {
  current: WatchdogView
  readonly commands: Command[] = []
  readonly asked: GroupRequest[] = []
  readonly received: InboundRequest[] = []
  nextReceived: Received = { ok: true, says: 'done' }
  groupAnswer: PullAnswer = { status: 200, body: '{}' }
  readonly entries: JournalEntry[] = []
  nextResult: CommandResult = { ok: true, says: 'done' }
  readyReport: SelfReport = { ok: true, says: 'ready' }
  aliveReport: SelfReport = { ok: true, says: 'the loop turned 0.2 s ago' }
  demo?: DemoPort
  drills?: DrillPort
  journalReads = 0
  readonly #stateListeners = new Set<() => void>()
  readonly #journalListeners = new Set<(entry: JournalEntry) => void>()

  constructor(wall: number) {
    this.current = sampleView(wall)
  }

  get listeners(): number {
    return this.#stateListeners.size + this.#journalListeners.size
  }

  /** Changes the view and tells everybody. */
  show(change: Partial<WatchdogView>): void {
    this.current = { ...this.current, ...change }
    for (const listener of this.#stateListeners) listener()
  }

  /** Changes one group and tells everybody. */
  showGroup(name: string, change: Partial<GroupView>): void {
    const groups = this.current.groups.map((group) =>
      group.name === name ? { ...group, ...change } : group,
    )
    this.show({ groups })
  }

  /** Appends to the journal and tells everybody. */
  record(draft: JournalDraft, at = this.current.wall): JournalEntry {
    const previous = this.entries.at(-1)?.hash ?? '0'.repeat(64)
    const seq = this.entries.length + 1
    const hash = createHash('sha256').update(`${previous}${seq}`).digest('hex')
    const entry = { ...draft, seq, at, previous, hash }
    this.entries.push(entry)
    for (const listener of this.#journalListeners) listener(entry)
    return entry
  }

  /** Gives it a lab with two faults on offer. */
  withDemo(): this {
    const active: ActiveFault[] = []
    this.demo = {
      faults: () => ({
        offers: [
          { target: 'cdn-a', fault: 'freeze', says: 'The playlist stops moving' },
          { target: 'cdn-a', fault: 'not-found', says: 'Every answer is 404' },
          { target: 'cdn-b', fault: 'slow', says: 'Segments arrive slower than they last' },
        ],
        active,
      }),
      inject: async ({ target, fault, forMs }) => {
        const since = this.current.wall
        active.push({ id: `fault-${active.length}`, target, fault, since, until: since + forMs })
        return { ok: true, says: `${fault} at ${target}` }
      },
      heal: async (id) => {
        const index = active.findIndex((fault) => fault.id === id)
        if (index < 0) {
          return { ok: false, code: 'not-found', says: 'No such fault.', todo: 'List them.' }
        }
        active.splice(index, 1)
        return { ok: true, says: 'healed' }
      },
    }
    this.show({ demo: { lab: 'http://127.0.0.1:8650/', viewer: 'http://127.0.0.1:8650/viewer' } })
    return this
  }

  view(): WatchdogView {
    return this.current
  }

  subscribe(listener: () => void): () => void {
    this.#stateListeners.add(listener)
    return () => this.#stateListeners.delete(listener)
  }

  async journal(query: JournalQuery): Promise<readonly JournalEntry[]> {
    this.journalReads += 1
    const { after = 0, before = Number.POSITIVE_INFINITY, group, kinds, limit } = query
    const found = this.entries.filter(
      (entry) =>
        entry.seq > after &&
        entry.seq < before &&
        (group === undefined || entry.group === group) &&
        (kinds === undefined || kinds.includes(entry.kind)),
    )
    return (query.newestFirst === true ? found.toReversed() : found).slice(0, limit)
  }

  onJournal(listener: (entry: JournalEntry) => void): () => void {
    this.#journalListeners.add(listener)
    return () => this.#journalListeners.delete(listener)
  }

  async command(command: Command): Promise<CommandResult> {
    this.commands.push(command)
    return this.nextResult
  }

  pull(route: string, group: string, path: string): PullAnswer | undefined {
    const weight = this.current.groups.find((each) => each.name === group)?.allocation?.[path]
    if (weight === undefined) return undefined
    const yes = route === 'serve' ? weight > 0 : weight === 0
    return { status: yes ? 200 : 503, body: yes ? 'yes\n' : 'no\n' }
  }

  pullGroup(route: string, group: string, request: GroupRequest): PullAnswer | undefined {
    const isKnown = this.current.groups.some(({ name }) => name === group)
    if (!isKnown || route !== 'steering') return undefined
    this.asked.push(request)
    return this.groupAnswer
  }

  receive(notifier: string, request: InboundRequest): Received | undefined {
    if (notifier !== 'on-call') return undefined
    this.received.push(request)
    return this.nextReceived
  }

  health(group: string, path: string) {
    return this.current.groups
      .find((each) => each.name === group)
      ?.paths.find((each) => each.name === path)
  }

  /** By full name of the path. */
  readonly pictures = new Map<string, Picture>()

  picture(group: string, path: string): Picture | undefined {
    return this.pictures.get(`${group}/${path}`)
  }

  async metrics() {
    return { contentType: 'text/plain; version=0.0.4', body: 'changeover_up 1\n' }
  }

  ready(): SelfReport {
    return this.readyReport
  }

  alive(): SelfReport {
    return this.aliveReport
  }
}
