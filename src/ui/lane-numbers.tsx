import { useRef } from 'preact/hooks'
import type { GroupView, MeasurementView } from '../core/view.ts'
import { measured, measurementLabel } from './numbers.ts'
import { hasOldNumbers } from './path-detail.tsx'
import { useNow } from './ticker.ts'

const MOST_COLUMNS = 6

/** What people want to see first, where the probe measures it. */
const first = [
  /^playlist_age|^media_age|^stream_stall|^incoming_age/u,
  /^edge_age|latency/u,
  /^bitrate/u,
  /download_ratio/u,
  /first_byte|ttfb|rtt/u,
  /missing|drop|lost|continuity/u,
]

/** The main numbers of every path side by side, for walls with few groups. */
export function LaneNumbers({ group }: { readonly group: GroupView }) {
  const now = useNow()
  // Some looks measure less than others: what was measured once keeps its column.
  const known = useRef(new Map<string, MeasurementView>())
  for (const each of group.paths.flatMap((path) => path.measurements)) {
    known.current.set(each.name, each)
  }
  const columns = choose([...known.current.values()])
  if (columns.length === 0) return null
  return (
    <table class="lane-numbers">
      <thead>
        <tr>
          <th scope="col">newest sample</th>
          {columns.map(({ name, help }) => (
            <th key={name} scope="col" title={help}>
              {measurementLabel(name)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {group.paths.map((path) => (
          <tr key={path.name} class={hasOldNumbers(path, now) ? 'old' : ''}>
            <th scope="row">{path.name}</th>
            {columns.map(({ name }) => {
              const found = path.measurements.find((each) => each.name === name)
              return <td key={name}>{found === undefined ? '–' : measured(found)}</td>
            })}
          </tr>
        ))}
      </tbody>
    </table>
  )
}

/** What people want to see first, then what is left; the order does not depend on the values. */
function choose(known: readonly MeasurementView[]): readonly MeasurementView[] {
  const wanted = first.flatMap((pattern) => known.find(({ name }) => pattern.test(name)) ?? [])
  return [...new Set([...wanted, ...known])].slice(0, MOST_COLUMNS)
}
