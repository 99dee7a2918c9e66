import { describeAllocation, heaviest } from '../core/allocation.ts'
import type { ChangeView, GroupView } from '../core/view.ts'
import { changeKinds } from '../engine/group/change-list.ts'
import { useAnswer } from './answer.ts'
import { groupAddress } from './api-client.ts'
import { inEffectInWords } from './effect-words.ts'
import type { Live } from './live.ts'
import { Ago } from './moments.tsx'
import { Mark } from './shapes.tsx'
import { timeOfDay } from './times.ts'
import { sentence } from './words.ts'

const MOST = 6

/** The newest changes of a group: when each was applied, verified and in effect. */
export function Changes({ live, group }: { readonly live: Live; readonly group: GroupView }) {
  const newest = live.journal.find(
    (entry) => entry.group === group.name && changeKinds.includes(entry.kind),
  )
  const { data, failure } = useAnswer<{ readonly changes: readonly ChangeView[] }>(
    groupAddress(group.name, `changes?limit=${MOST}`),
    newest?.seq ?? 0,
  )
  const changes = data?.changes ?? []
  if (changes.length === 0 && failure === undefined) return null
  const declaredMs = Math.max(0, ...group.actuators.map(({ settleMs }) => settleMs))
  return (
    <>
      <h3>Changes</h3>
      {failure !== undefined && <p class="aside">{sentence(failure.message)}</p>}
      <ol class="changes">
        {changes.map((change, index) => (
          <Line
            key={`${change.intent} ${change.appliedAt}`}
            // How far the newest has come is in the stream of events, and so is fresher there.
            change={index === 0 ? withEffect(change, group) : change}
            group={group}
            declaredMs={index === 0 ? declaredMs : undefined}
          />
        ))}
      </ol>
    </>
  )
}

function withEffect(change: ChangeView, { effect }: GroupView): ChangeView {
  const { effect: _, ...rest } = change
  return effect?.intent === change.intent ? { ...rest, effect } : rest
}

function Line(props: {
  readonly change: ChangeView
  readonly group: GroupView
  readonly declaredMs: number | undefined
}) {
  const { change, group } = props
  const { actor, appliedAt, effect, reason, to, verified } = change
  const target = group.strategy === 'weighted' ? describeAllocation(to) : (heaviest(to) ?? '')
  const isPartial = (effect?.behind.length ?? 0) > 0
  return (
    <li class={isPartial ? 'partial' : ''}>
      <b>
        {reason} to {target}
      </b>{' '}
      <span class="who">
        {actor !== undefined && `by ${actor}, `}
        <Ago at={appliedAt} />
      </span>
      <p>
        {isPartial && <Mark kind="waiting" label="not in effect everywhere" />}
        {sentence(inEffectInWords(change, props.declaredMs))}
        {verified !== undefined &&
          (verified.ok
            ? ` Verified ${timeOfDay(verified.at)}.`
            : ` ${sentence(verified.says ?? 'not verified')}`)}
      </p>
    </li>
  )
}
