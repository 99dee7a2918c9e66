import { useRef, useState } from 'preact/hooks'
import type { GroupView, WatchdogView } from '../core/view.ts'
import { Lane, NarrowLane } from './lane.tsx'
import { isActing, toneOf } from './words.ts'

/** More groups than this get one line each. */
const MOST_WIDE = 14
/** Up to this many groups show their numbers on the wall. */
const MOST_ROOMY = 4

const filters = {
  all: { label: 'All', takes: () => true },
  attention: {
    label: 'Attention',
    takes: (group: GroupView) => toneOf(group) !== 'calm',
  },
  acting: { label: 'Acting', takes: isActing },
  stopped: {
    label: 'Held or frozen',
    takes: (group: GroupView) => group.hold !== undefined || group.frozen !== undefined,
  },
} as const

type FilterName = keyof typeof filters

interface WallProps {
  readonly view: WatchdogView
  readonly open: string | undefined
  readonly onOpen: (name: string) => void
}

/** All groups in the order of the configuration, which never changes under the pointer. */
export function Wall({ view, open, onOpen }: WallProps) {
  const [filter, setFilter] = useState<FilterName>('all')
  const [text, setText] = useState('')
  const shown = useSteady(
    view.groups.filter((group) => filters[filter].takes(group) && matches(group, text)),
    `${filter} ${text}`,
  )
  const names = new Set(shown.names)
  const groups = view.groups.filter((group) => names.has(group.name))
  const isNarrow = groups.length > MOST_WIDE
  return (
    <section class="wall" aria-label="Groups" {...shown.holders}>
      <div class="filters" role="toolbar" aria-label="Filter">
        {(Object.keys(filters) as FilterName[]).map((name) => (
          <button
            key={name}
            type="button"
            class="chip"
            aria-pressed={filter === name}
            onClick={() => setFilter(name)}
          >
            {filters[name].label}{' '}
            <b>{view.groups.filter((group) => filters[name].takes(group)).length}</b>
          </button>
        ))}
        <input
          type="search"
          id="find"
          placeholder="Find a stream  ( / )"
          aria-label="Find a stream, group, path or state"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </div>
      <ul class={isNarrow ? 'lanes narrow' : 'lanes'} onKeyDown={moveFocus}>
        {groups.map((group) =>
          isNarrow ? (
            <NarrowLane
              key={group.name}
              group={group}
              isOpen={open === group.name}
              onOpen={onOpen}
            />
          ) : (
            <Lane
              key={group.name}
              group={group}
              wall={view.wall}
              isRoomy={view.groups.length <= MOST_ROOMY}
              isOpen={open === group.name}
              onOpen={onOpen}
            />
          ),
        )}
      </ul>
      {groups.length === 0 && <p class="nothing">No group is like that now.</p>}
    </section>
  )
}

/**
 * While the pointer is over the wall the set of groups shown stays as it is, so that no click lands
 * on another group than was meant; it follows the states again when the pointer leaves.
 */
function useSteady(wanted: readonly GroupView[], choice: string) {
  const isOver = useRef(false)
  const kept = useRef<{ choice: string; names: readonly string[] }>({ choice: '', names: [] })
  const names = wanted.map((group) => group.name)
  if (!isOver.current || kept.current.choice !== choice) kept.current = { choice, names }
  return {
    names: kept.current.names,
    holders: {
      onPointerEnter: () => {
        isOver.current = true
      },
      onPointerLeave: () => {
        isOver.current = false
      },
    },
  }
}

function matches(group: GroupView, text: string): boolean {
  const words = text.toLowerCase().split(/\s+/u).filter(Boolean)
  const hay = [group.title, group.name, group.state, ...group.paths.map((path) => path.name)]
    .join(' ')
    .toLowerCase()
  return words.every((word) => hay.includes(word))
}

/** Up and down go from group to group. */
function moveFocus(event: KeyboardEvent & { currentTarget: HTMLElement }): void {
  const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
  if (step === 0) return
  const buttons = [...event.currentTarget.querySelectorAll<HTMLElement>('.lane-open')]
  const index = buttons.findIndex((button) => button === document.activeElement)
  const next = buttons[index + step]
  if (index < 0 || next === undefined) return
  event.preventDefault()
  next.focus()
}
