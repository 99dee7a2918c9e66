import type { GroupView, PathView } from '../core/view.ts'
import { isReady, tally } from './words.ts'

/** Height of one path's row in the style sheet, and the width of the drawing, in pixels. */
const ROW = 26
const WIDTH = 132
const CONTACT = 58
const POLE = 112

/**
 * The group as the switch that it is: every path ends at a contact, and a heavy line closes from
 * the one that carries the traffic to the output. The text beside it says the same in words.
 */
export function SwitchDrawing({ group }: { readonly group: GroupView }) {
  const height = group.paths.length * ROW
  const middle = height / 2
  const { kind } = tally(group)
  const moving = ['ACTUATE', 'VERIFY', 'ROLLBACK'].includes(group.state)
  return (
    <svg
      class={`switch ${kind}${moving ? ' moving' : ''}`}
      width={WIDTH}
      height={height}
      viewBox={`0 0 ${WIDTH} ${height}`}
      aria-hidden="true"
    >
      {group.paths.map((path, index) => (
        <Wire key={path.name} path={path} y={index * ROW + ROW / 2} middle={middle} />
      ))}
      <path class="wire carries" d={`M${POLE} ${middle}H${WIDTH}`} />
      <circle class="pole" cx={POLE} cy={middle} r="4.5" />
    </svg>
  )
}

function Wire({
  path,
  y,
  middle,
}: {
  readonly path: PathView
  readonly y: number
  readonly middle: number
}) {
  if (path.weight === 0) {
    return (
      <g class={isReady(path) ? 'standby' : 'standby unready'}>
        <path class="wire" d={`M0 ${y}H${CONTACT - 5}`} />
        <circle class="contact" cx={CONTACT} cy={y} r="3.5" />
      </g>
    )
  }
  // A share is drawn as thickness: 2 px for almost nothing, 5 px for everything.
  const width = 2 + (3 * path.weight) / 100
  return (
    <path
      class="wire carries"
      stroke-width={width}
      d={`M0 ${y}H${CONTACT}L${POLE - 18} ${middle}H${POLE}`}
    />
  )
}
