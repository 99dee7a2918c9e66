import type { Clock } from '../core/clock.ts'
import type { JournalEntry } from '../core/journal.ts'
import type { WatchdogPort } from './watchdog-port.ts'

/** The whole view is sent at most this often to one client, in milliseconds. */
const STATE_EVERY_MS = 500
/** A comment is sent after this much silence, so that a client notices a dead connection. */
const HEARTBEAT_MS = 5_000
/** Entries that wait in memory for one client; beyond it they are read from the journal again. */
const MOST_WAITING = 256
const JOURNAL_BATCH = 200
const MOST_CLIENTS = 64
const RETRY_MS = 1_000

/** The stream of events that status pages follow. */
export interface LiveFeed {
  /**
   * A new client's stream of server-sent events: the view at once and on change, and the journal's
   * entries after `after`, or new ones only. `undefined` where there are too many clients.
   */
  connect(after?: number): ReadableStream<Uint8Array> | undefined
}

interface Client {
  /** Sequence of the last entry sent. */
  cursor: number | undefined
  waiting: JournalEntry[]
  /** Entries must be read from the journal: the client resumes, or was too slow for memory. */
  behind: boolean
  seenChange: number
  stateAt: number
  wake: (news: 'state' | 'entry') => void
}

interface Frame {
  readonly change: number
  readonly at: number
  readonly text: string
}

/**
 * Feeds every client at its own pace. Nothing is produced before the client has taken the last
 * event, so a slow one costs a bounded amount of memory and skips states, never journal entries.
 */
export function createLiveFeed(
  port: Pick<WatchdogPort, 'view' | 'subscribe' | 'journal' | 'onJournal'>,
  clock: Clock,
): LiveFeed {
  const clients = new Set<Client>()
  let stops: (() => void)[] = []
  let changes = 0
  let newest: Frame | undefined

  function start(): void {
    stops = [port.subscribe(changed), port.onJournal(recorded)]
  }

  function changed(): void {
    changes += 1
    for (const client of clients) client.wake('state')
  }

  function recorded(entry: JournalEntry): void {
    for (const client of clients) {
      if (client.waiting.length < MOST_WAITING) client.waiting.push(entry)
      else fallBehind(client)
      client.wake('entry')
    }
  }

  /** Serialised once for clients that ask at nearly the same time. */
  function state(): Frame {
    const at = clock.now()
    if (newest !== undefined && (newest.change === changes || at - newest.at < 100)) return newest
    newest = { change: changes, at, text: event('state', JSON.stringify(port.view())) }
    return newest
  }

  async function* frames(client: Client, signal: AbortSignal): AsyncGenerator<string> {
    yield `retry: ${RETRY_MS}\n\n`
    while (!signal.aborted) {
      const sinceState = clock.now() - client.stateAt
      if (client.seenChange !== changes && sinceState >= STATE_EVERY_MS) {
        const frame = state()
        client.seenChange = frame.change
        client.stateAt = clock.now()
        yield frame.text
      }
      const entries = await nextEntries(port, client)
      if (entries === undefined) await clock.sleep(RETRY_MS, signal)
      for (const entry of entries ?? []) {
        client.cursor = entry.seq
        yield event('journal', JSON.stringify(entry), entry.seq)
      }
      if (client.behind || client.waiting.length > 0 || signal.aborted) continue
      const dirty = client.seenChange !== changes
      const waitMs = dirty ? STATE_EVERY_MS - (clock.now() - client.stateAt) : HEARTBEAT_MS
      const elapsed = await pause(client, Math.max(1, waitMs), dirty, signal)
      if (elapsed && !dirty) yield ': heartbeat\n\n'
    }
  }

  /** Waits until something happens or `ms` have passed; tells whether they have. */
  async function pause(
    client: Client,
    ms: number,
    dirty: boolean,
    signal: AbortSignal,
  ): Promise<boolean> {
    const woken = new AbortController()
    const stop = () => woken.abort()
    signal.addEventListener('abort', stop, { once: true })
    // While the throttle holds a changed state back, another change is no news; an entry is.
    client.wake = (news) => {
      if (news === 'entry' || !dirty) stop()
    }
    try {
      return await clock.sleep(ms, woken.signal)
    } finally {
      client.wake = nothing
      signal.removeEventListener('abort', stop)
    }
  }

  return {
    connect(after) {
      if (clients.size >= MOST_CLIENTS) return undefined
      const client: Client = {
        cursor: after,
        waiting: [],
        behind: after !== undefined,
        seenChange: -1,
        stateAt: Number.NEGATIVE_INFINITY,
        wake: nothing,
      }
      const ended = new AbortController()
      const source = frames(client, ended.signal)
      if (clients.size === 0) start()
      clients.add(client)
      const leave = () => {
        ended.abort()
        clients.delete(client)
        if (clients.size > 0) return
        for (const stop of stops) stop()
        stops = []
      }
      const encoder = new TextEncoder()
      return new ReadableStream<Uint8Array>(
        {
          async pull(controller) {
            const { done, value } = await source.next()
            if (!done) controller.enqueue(encoder.encode(value))
          },
          cancel: leave,
        },
        { highWaterMark: 0 },
      )
    },
  }
}

/** The entries to send next; `undefined` where the journal cannot be read now. */
async function nextEntries(
  port: Pick<WatchdogPort, 'journal'>,
  client: Client,
): Promise<readonly JournalEntry[] | undefined> {
  if (client.behind) {
    const after = client.cursor ?? 0
    const entries = await port.journal({ after, limit: JOURNAL_BATCH }).catch(() => undefined)
    if (entries === undefined) return undefined
    if (entries.length < JOURNAL_BATCH) client.behind = false
    return entries
  }
  const { waiting, cursor = -1 } = client
  client.waiting = []
  // What was read from the journal may have been announced as well.
  return waiting.filter((entry) => entry.seq > cursor)
}

function fallBehind(client: Client): void {
  const first = client.waiting[0]
  if (client.cursor === undefined && first !== undefined) client.cursor = first.seq - 1
  client.waiting = []
  client.behind = true
}

/** One server-sent event (HTML standard, section 9.2). `data` has no line breaks: it is JSON. */
function event(name: string, data: string, id?: number): string {
  const tail = id === undefined ? '' : `id: ${id}\n`
  return `event: ${name}\n${tail}data: ${data}\n\n`
}

function nothing(): void {}
