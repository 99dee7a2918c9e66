import type { GroupView, WatchdogView } from '../core/view.ts'
import { describeAllocation } from '../core/allocation.ts'
import { formatDuration } from '../core/duration.ts'
import { Changes } from './changes.tsx'
import type { DialogRequest } from './dialog-request.ts'
import { RunningDrill } from './drill-lines.tsx'
import { DrillSection } from './drills.tsx'
import { effectInWords } from './effect-words.ts'
import type { Live } from './live.ts'
import { Ago, For, Until } from './moments.tsx'
import { PathDetail } from './path-detail.tsx'
import { Mark } from './shapes.tsx'
import { silencesOn } from './silence-choice.ts'
import { SilencedBanner } from './silences.tsx'
import { Timeline } from './timeline.tsx'
import { isReady, sentence, stateInWords, tally } from './words.ts'

interface GroupPanelProps {
  readonly live: Live
  readonly group: GroupView
  readonly view: WatchdogView
  readonly onClose: () => void
  readonly onDialog: (request: DialogRequest) => void
}

/** Why a group does what it does: sentence, guards, paths, change in progress, history. */
export function GroupPanel({ live, group, view, onClose, onDialog }: GroupPanelProps) {
  const { says, detail, kind } = tally(group)
  return (
    <>
      <div class="panel-head">
        <h2>
          {group.title} <span class="lane-full">{group.name}</span>
        </h2>
        <button type="button" class="quiet" onClick={onClose} aria-label="Close, back to overview">
          Close
        </button>
      </div>
      <div class="panel-state">
        <div class={`tally ${kind}`}>
          <b>{says}</b>
          <span>{detail}</span>
        </div>
        <p>
          <strong>{stateInWords(group)}</strong> for <For since={group.since} />. {group.says}
        </p>
      </div>
      <Banners group={group} />
      <SilencedBanner silences={silencesOn(view.silences, group, undefined, view.wall)} />
      {group.drill?.running !== undefined && (
        <RunningDrill running={group.drill.running} onDialog={onDialog} />
      )}
      <Actions group={group} onDialog={onDialog} />
      <Guards group={group} />
      <Change group={group} />
      <Changes live={live} group={group} />
      <h3>Paths</h3>
      {group.paths.map((path) => (
        <PathDetail
          key={path.name}
          group={group.name}
          path={path}
          isOpen={path.weight > 0 || !isReady(path)}
          silences={silencesOn(view.silences, group, path.name, view.wall)}
          onSilence={() =>
            onDialog({ kind: 'silence', about: { group: group.name, path: path.name } })
          }
        />
      ))}
      <Facts group={group} wall={view.wall} />
      <DrillSection live={live} view={view} group={group.name} onDialog={onDialog} />
      <h3>History of this group</h3>
      <Timeline entries={live.journal.filter((entry) => entry.group === group.name)} isDetailed />
    </>
  )
}

function Banners({ group }: { readonly group: GroupView }) {
  const { calendar, effect, fault, frozen, hold, whyNot } = group
  return (
    <>
      {frozen !== undefined && (
        <p class="banner frozen">
          <strong>
            Frozen since <For since={frozen.since} />, until a person acknowledges.
          </strong>{' '}
          {frozen.says}
        </p>
      )}
      {hold !== undefined && (
        <p class="banner held">
          <strong>
            Held by {hold.owner} for another <Until at={hold.until} />.
          </strong>{' '}
          {hold.reason}. Nothing automatic is written while it lasts.
        </p>
      )}
      {calendar?.open === false && (
        <p class="banner held">
          <strong>Nothing is moved by itself: {calendar.says}.</strong> A person can steer, and
          bypass the calendar by name.
        </p>
      )}
      {effect !== undefined && effect.behind.length > 0 && (
        <p class="banner partial">
          <strong>A part of the viewers may still be served by what was left.</strong>{' '}
          {sentence(effectInWords(effect))}
        </p>
      )}
      {fault !== undefined && (
        <p class="banner where">
          <strong>Where: {fault.place}.</strong> {fault.says}.
        </p>
      )}
      {whyNot !== undefined && (
        <p class="banner why-not">
          <strong>Not moved, because of {whyNot.guard}:</strong> {whyNot.says}
        </p>
      )}
    </>
  )
}

function Actions(props: {
  readonly group: GroupView
  readonly onDialog: (request: DialogRequest) => void
}) {
  const { group, onDialog } = props
  const ask = (kind: 'steer' | 'hold' | 'release' | 'ack' | 'adopt') => () =>
    onDialog({ kind, group })
  return (
    <div class="actions" role="toolbar" aria-label="What a person can do">
      <button type="button" onClick={ask('steer')}>
        Steer…
      </button>
      {group.hold === undefined ? (
        <button type="button" onClick={ask('hold')}>
          Hold…
        </button>
      ) : (
        <button type="button" onClick={ask('release')}>
          Release…
        </button>
      )}
      {group.frozen !== undefined && (
        <button type="button" class="primary" onClick={ask('ack')}>
          Acknowledge…
        </button>
      )}
      {(group.state === 'OBSERVE' || group.state === 'HELD') && (
        <button type="button" onClick={ask('adopt')}>
          Adopt…
        </button>
      )}
      <button
        type="button"
        onClick={() => onDialog({ kind: 'silence', about: { group: group.name } })}
      >
        Silence…
      </button>
    </div>
  )
}

function Guards({ group }: { readonly group: GroupView }) {
  if (group.guards.length === 0) {
    return <p class="aside">No change is proposed, so no guard was asked.</p>
  }
  return (
    <>
      <h3>What the newest proposal had to pass</h3>
      <ol class="guards">
        {group.guards.map(({ guard, pass, bypassed, says }) => (
          <li key={guard} class={pass ? '' : 'vetoes'}>
            {bypassed === true ? (
              <Mark kind="bypassed" label="bypassed" />
            ) : (
              <Mark kind={pass ? 'pass' : 'veto'} label={pass ? 'passes' : 'vetoes'} />
            )}
            <span class="guard">{guard}</span>
            <span>
              {bypassed === true && <b>bypassed: </b>}
              {says}
            </span>
          </li>
        ))}
      </ol>
    </>
  )
}

function Change({ group }: { readonly group: GroupView }) {
  const { intent } = group
  if (intent === undefined) return null
  return (
    <>
      <h3>
        Change in progress: {intent.reason} to {intent.target}
      </h3>
      <p class="aside">
        {intent.compensating && 'Compensating. '}
        {intent.basis.says}
      </p>
      <ol class="guards">
        {intent.steps.map((step) => (
          <li key={step.actuator} class={step.result === 'failed' ? 'vetoes' : ''}>
            <Mark
              kind={
                step.result === 'applied' ? 'pass' : step.result === 'waiting' ? 'waiting' : 'veto'
              }
              label={step.result}
            />
            <span class="guard">{step.type}</span>
            <span>
              <b>{step.result}: </b>
              {step.says}
            </span>
          </li>
        ))}
      </ol>
    </>
  )
}

function Facts({ group, wall }: { readonly group: GroupView; readonly wall: number }) {
  const { budget, lastChange } = group
  return (
    <>
      <h3>Limits and actuators</h3>
      <dl class="details">
        <dt>Budget</dt>
        <dd>
          {budget.left} of {budget.of} automatic changes per {formatDuration(budget.perMs)} left
        </dd>
        <dt>Holddown</dt>
        <dd>
          {group.holddownLeftMs > 0 ? (
            <>
              another <Until at={wall + group.holddownLeftMs} />
            </>
          ) : (
            'none'
          )}
        </dd>
        <dt>Failback</dt>
        <dd>
          {group.failback.auto ? 'automatic' : 'by a person'}. {group.failback.says}
        </dd>
        {group.calendar !== undefined && (
          <>
            <dt>Calendar</dt>
            <dd class={group.calendar.open ? '' : 'bad'}>
              {!group.calendar.open && <Mark kind="veto" label="closed" />}
              {group.calendar.says}
              {group.calendar.next !== undefined && `. Next: ${group.calendar.next}`}
            </dd>
          </>
        )}
        {lastChange !== undefined && (
          <>
            <dt>Last change</dt>
            <dd>
              {lastChange.reason} to{' '}
              {group.strategy === 'weighted'
                ? describeAllocation(lastChange.to)
                : lastChange.target}
              , <Ago at={lastChange.at} />
            </dd>
          </>
        )}
        <dt>Leader</dt>
        <dd>
          {group.leader ? `this process, token ${group.token ?? 'unknown'}` : 'another process'}
        </dd>
        {group.actuators.map((actuator, index) => (
          <div key={`${actuator.type} ${index}`}>
            <dt>{actuator.type}</dt>
            <dd class={actuator.ok ? '' : 'bad'}>
              {!actuator.ok && <Mark kind="veto" label="in trouble" />}
              {actuator.says}
            </dd>
          </div>
        ))}
      </dl>
    </>
  )
}
