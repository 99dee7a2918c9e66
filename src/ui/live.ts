import { useEffect, useState } from 'preact/hooks'
import type { JournalEntry } from '../core/journal.ts'
import type { WatchdogView } from '../core/view.ts'
import { ApiFailure, ask, askJson, type Session } from './api-client.ts'
import { readEvents } from './event-stream.ts'
import { setServerTime } from './ticker.ts'

/** Entries that the page keeps. */
const MOST_ENTRIES = 400
const retryMs = [300, 1_000, 2_000, 4_000] as const

/** `locked`: the server wants a token first. */
type Connection =
  | { readonly state: 'connecting' | 'live' | 'locked' }
  /** Browser time at which it was lost. */
  | { readonly state: 'lost'; readonly since: number }

/** What the page knows, and how fresh that is. */
export interface Live {
  readonly view?: WatchdogView
  /** Newest first. */
  readonly journal: readonly JournalEntry[]
  readonly session?: Session
  readonly connection: Connection
}

/** Follows the watchdog; `round` changes when the token does, and starts afresh. */
export function useLive(round: number): Live {
  const [live, setLive] = useState<Live>({ journal: [], connection: { state: 'connecting' } })
  useEffect(() => {
    const ended = new AbortController()
    void followForever((change) => setLive((old) => ({ ...old, ...change(old) })), ended.signal)
    return () => ended.abort()
  }, [round])
  return live
}

type Change = (change: (old: Live) => Partial<Live>) => void

async function followForever(change: Change, signal: AbortSignal): Promise<void> {
  let last = 0
  let failures = 0
  const seen = (entries: readonly JournalEntry[]) => {
    last = Math.max(last, ...entries.map((entry) => entry.seq))
    change((old) => ({ journal: merge(entries, old.journal) }))
  }
  while (!signal.aborted) {
    try {
      const session = await askJson<Session>('/api/v1/session', signal)
      change(() => ({ session }))
      if (last === 0) {
        const { entries } = await askJson<{ entries: JournalEntry[] }>(
          '/api/v1/journal?limit=200',
          signal,
        )
        seen(entries)
      }
      const response = await ask(`/api/v1/events?after=${last}`, { signal })
      await readEvents(
        response,
        ({ name, data }) => {
          failures = 0
          if (name === 'journal') seen([JSON.parse(data) as JournalEntry])
          if (name !== 'state') return
          const view = JSON.parse(data) as WatchdogView
          setServerTime(view.wall)
          change(() => ({ view, connection: { state: 'live' } }))
        },
        signal,
      )
    } catch (error) {
      if (error instanceof ApiFailure && error.code.startsWith('token-')) {
        change(() => ({ connection: { state: 'locked' } }))
        return
      }
    }
    if (signal.aborted) return
    change(({ connection }) => ({
      connection: connection.state === 'lost' ? connection : { state: 'lost', since: Date.now() },
    }))
    await new Promise((resolve) => {
      setTimeout(resolve, retryMs[Math.min(failures, retryMs.length - 1)])
    })
    failures += 1
  }
}

/** Newest first, each once. */
function merge(
  fresh: readonly JournalEntry[],
  known: readonly JournalEntry[],
): readonly JournalEntry[] {
  const bySeq = new Map([...known, ...fresh].map((entry) => [entry.seq, entry]))
  return [...bySeq.values()].sort((a, b) => b.seq - a.seq).slice(0, MOST_ENTRIES)
}
