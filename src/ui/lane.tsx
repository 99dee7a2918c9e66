import type { GroupView, PathView } from '../core/view.ts'
import { effectInShort, effectInWords } from './effect-words.ts'
import { LaneNumbers } from './lane-numbers.tsx'
import { Ago, For, Until } from './moments.tsx'
import { HealthShape, Mark } from './shapes.tsx'
import { SwitchDrawing } from './switch-drawing.tsx'
import { serverNow } from './ticker.ts'
import { isActing, pathInWords, stateInWords, tally, toneOf } from './words.ts'

interface LaneProps {
  readonly group: GroupView
  /** Wall time of the view, which the time left is counted from. */
  readonly wall: number
  readonly isOpen: boolean
  readonly onOpen: (name: string) => void
  /** There is room for numbers. */
  readonly isRoomy: boolean
}

/** One group on the wall: what is on air, which way, whether the standby is ready, and why. */
export function Lane({ group, wall, isOpen, onOpen, isRoomy }: LaneProps) {
  const { kind, says, detail } = tally(group)
  return (
    <li class={`lane ${toneOf(group)}${isOpen ? ' open' : ''}`}>
      <button
        type="button"
        class="lane-open"
        aria-expanded={isOpen}
        aria-controls="panel"
        data-group={group.name}
        aria-label={`${group.title}, ${group.name}: ${says} ${detail}. ${stateInWords(group)}. Why?`}
        onClick={() => onOpen(group.name)}
      />
      <div class="lane-name">
        <strong>{group.title}</strong>
        <StateWords group={group} />
        <span class="lane-full">
          <span>{group.name}</span>
          <span class="lane-more" aria-hidden="true">
            Why?
          </span>
        </span>
      </div>
      <ul class="lane-paths">
        {group.paths.map((path) => (
          <PathLine key={path.name} path={path} />
        ))}
      </ul>
      <SwitchDrawing group={group} />
      <div class={`tally ${kind}`}>
        <b>{says}</b>
        <span>{detail}</span>
      </div>
      <div class="lane-why">
        <p title={group.says}>{group.says}</p>
        <LaneFacts group={group} wall={wall} />
      </div>
      {isRoomy && <LaneNumbers group={group} />}
    </li>
  )
}

/** The state in words, with a mark where traffic is kept or moved. */
function StateWords({ group }: { readonly group: GroupView }) {
  const kind =
    group.state === 'FROZEN'
      ? 'frozen'
      : group.state === 'HELD'
        ? 'held'
        : isActing(group)
          ? 'acting'
          : undefined
  return (
    <span class="lane-state">
      {kind !== undefined && <Mark kind={kind} label={kind} />}
      {stateInWords(group)}
    </span>
  )
}

function PathLine({ path }: { readonly path: PathView }) {
  return (
    <li class={path.weight > 0 ? 'carrying' : ''}>
      <HealthShape health={path.health} />
      <span class="path-name">{path.name}</span>
      <span class="path-words">
        {pathInWords(path)}{' '}
        <small>
          <For since={path.since} />
        </small>
      </span>
    </li>
  )
}

function LaneFacts({ group, wall }: { readonly group: GroupView; readonly wall: number }) {
  const { budget, drill, effect, holddownLeftMs, lastChange } = group
  const rehearsed = drill?.running
  return (
    <div class="facts">
      <Budget left={budget.left} of={budget.of} />
      {holddownLeftMs > 0 && wall + holddownLeftMs > serverNow() && (
        <span class="fact strong">
          holddown <Until at={wall + holddownLeftMs} />
        </span>
      )}
      {effect !== undefined && (
        <span
          class={effect.behind.length > 0 ? 'fact partial' : 'fact'}
          title={effectInWords(effect)}
        >
          {effectInShort(effect)}
        </span>
      )}
      {rehearsed !== undefined && (
        <span class="fact strong" title={rehearsed.says}>
          drill {rehearsed.plan}
        </span>
      )}
      {lastChange !== undefined && effect === undefined && rehearsed === undefined && (
        <span class="fact">
          moved <Ago at={lastChange.at} />
        </span>
      )}
    </div>
  )
}

const MOST_PIPS = 5

/** The automatic changes left, as one dot each where they are few. */
function Budget({ left, of }: { readonly left: number; readonly of: number }) {
  const says = `${left} of ${of} automatic changes left`
  return (
    <span class="pips" role="img" aria-label={says} title={says}>
      budget
      <span>
        {of > MOST_PIPS
          ? `${left} of ${of}`
          : Array.from({ length: of }, (_, index) => (
              <i key={index} class={index < left ? 'pip' : 'pip used'} />
            ))}
      </span>
    </span>
  )
}

/** A group on one line, for walls with many. */
export function NarrowLane({ group, isOpen, onOpen }: Omit<LaneProps, 'wall' | 'isRoomy'>) {
  const { kind, says, detail } = tally(group)
  return (
    <li class={`lane narrow ${toneOf(group)}${isOpen ? ' open' : ''}`}>
      <button
        type="button"
        class="lane-open"
        aria-expanded={isOpen}
        aria-controls="panel"
        data-group={group.name}
        aria-label={`${group.title}, ${group.name}: ${says} ${detail}. ${stateInWords(group)}. Why?`}
        onClick={() => onOpen(group.name)}
      />
      <strong>{group.title}</strong>
      <span class="lane-full" title={group.name}>
        {group.name.split('/')[1]}
      </span>
      <span class="lane-shapes">
        {group.paths.map((path) => (
          <span key={path.name} class={path.weight > 0 ? 'carrying' : ''}>
            <HealthShape health={path.health} />
          </span>
        ))}
      </span>
      <span class={`tally ${kind}`}>
        <b>{says}</b>
        <span>{detail}</span>
      </span>
      <StateWords group={group} />
    </li>
  )
}
