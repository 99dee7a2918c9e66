import type { DrillSummary } from '../core/drill-report.ts'
import { trendOf } from './drill-words.ts'

const WIDTH = 12
const GAP = 3
const HEIGHT = 30

/** One time over the newest drills of a plan: bars, the objective as a line, hatched where it did not pass. */
export function DrillTrend({ drills }: { readonly drills: readonly DrillSummary[] }) {
  const trend = trendOf(drills)
  if (trend === undefined) return null
  const { bars, label, objective, says } = trend
  const width = bars.length * (WIDTH + GAP)
  return (
    <figure class="trend">
      <svg width={width} height={HEIGHT + 2} role="img" aria-label={says}>
        <title>{says}</title>
        {bars.map(({ id, outcome, share }, index) => {
          const x = index * (WIDTH + GAP)
          const height = share === undefined ? 0 : Math.max(2, share * HEIGHT)
          const y = HEIGHT - height
          return share === undefined ? (
            <path key={id} class="missing" d={`M${x + 2} ${HEIGHT - 8}l8 8m0-8l-8 8`} />
          ) : (
            <rect
              key={id}
              class={outcome === 'PASSED' ? 'passed' : 'other'}
              x={x + 0.5}
              y={y + 0.5}
              width={WIDTH - 1}
              height={Math.max(1, height - 1)}
            />
          )
        })}
        {objective !== undefined && (
          <path class="objective" d={`M0 ${HEIGHT - objective * HEIGHT + 0.5}h${width}`} />
        )}
      </svg>
      <figcaption>
        {label}, the last {bars.length}
        {objective !== undefined && '; the line is the objective'}
      </figcaption>
    </figure>
  )
}
