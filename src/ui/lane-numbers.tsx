import type { GroupView, MeasurementView } from '../core/view.ts'
import { measured, measurementLabel } from './numbers.ts'
import { OLD_AFTER_MS } from './path-detail.tsx'
import { useNow } from './ticker.ts'

const MOST_COLUMNS = 6

/** What people want to see first, where the probe measures it. */
const first = [
  /^playlist_age/u,
  /^edge_age|latency/u,
  /^bitrate/u,
  /download_ratio/u,
  /first_byte|ttfb|rtt/u,
  /missing|drop|lost|continuity/u,
]

/** The main numbers of every path side by side, for walls with few groups. */
export function LaneNumbers({ group }: { readonly group: GroupView }) {
  const now = useNow()
  const columns = choose(group)
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
          <tr
            key={path.name}
            class={path.seenAt === undefined || now - path.seenAt > OLD_AFTER_MS ? 'old' : ''}
          >
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

/** The same columns for all paths, in an order that does not depend on the values. */
function choose(group: GroupView): readonly MeasurementView[] {
  const known = new Map(
    group.paths.flatMap((path) => path.measurements).map((each) => [each.name, each]),
  )
  const all = [...known.values()]
  const wanted = first.flatMap((pattern) => all.find(({ name }) => pattern.test(name)) ?? [])
  return [...new Set([...wanted, ...all])].slice(0, MOST_COLUMNS)
}
