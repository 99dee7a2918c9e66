import type { JournalEntry } from '../core/journal.ts'
import { useNow } from './ticker.ts'
import { ago, dayOf, timeOfDay } from './times.ts'
import { entryWeight, kindInWords } from './words.ts'

const MOST_SHOWN = 150
/** Younger entries also say how long ago. */
const RECENT_MS = 3_600_000

interface TimelineProps {
  /** Newest first. */
  readonly entries: readonly JournalEntry[]
  /** Titles of groups by name; absent where all entries are of one group. */
  readonly titles?: ReadonlyMap<string, string>
  /** Show steps and other details too. */
  readonly isDetailed: boolean
}

/** The journal as a story, newest first. */
export function Timeline({ entries, titles, isDetailed }: TimelineProps) {
  const now = useNow()
  const shown = entries
    .filter((entry) => isDetailed || entryWeight(entry.kind) !== 'detail')
    .slice(0, MOST_SHOWN)
  if (shown.length === 0) return <p class="nothing">Nothing happened yet.</p>
  return (
    <ol class="timeline">
      {shown.map((entry, index) => {
        const day = dayOf(entry.at, now)
        const before = shown[index - 1]
        const isNewDay = before !== undefined && dayOf(before.at, now) !== day
        return (
          <Entry
            key={entry.seq}
            entry={entry}
            titles={titles}
            day={isNewDay ? day : ''}
            now={now}
          />
        )
      })}
    </ol>
  )
}

function Entry(props: {
  readonly entry: JournalEntry
  readonly titles: ReadonlyMap<string, string> | undefined
  readonly day: string
  readonly now: number
}) {
  const { entry, titles, day, now } = props
  const title = entry.group === undefined ? undefined : (titles?.get(entry.group) ?? entry.group)
  return (
    <>
      {day !== '' && <li class="day">{day}</li>}
      <li class={`entry ${entryWeight(entry.kind)}`}>
        <time dateTime={new Date(entry.at).toISOString()}>{timeOfDay(entry.at)}</time>
        <div>
          <span class="kind">{kindInWords(entry.kind)}</span>
          {titles !== undefined && title !== undefined && <span class="where">{title}</span>}
          {entry.actor !== undefined && <span class="who">by {entry.actor}</span>}
          {now - entry.at < RECENT_MS && <span class="ago">{ago(entry.at, now)}</span>}
          <p>{entry.says}</p>
        </div>
      </li>
    </>
  )
}
