import { describeAllocation, sameAllocation, type Allocation } from '../core/allocation.ts'
import type { Mode } from '../core/group.ts'
import type { GroupView, PathView } from '../core/view.ts'
import { HealthShape } from './shapes.tsx'
import { countdown } from './times.ts'
import { WeightFields, weightsFault } from './weight-fields.tsx'

/** What the person chose in the steer dialog. */
export interface SteerChoice {
  readonly path: string
  /** In a weighted group, in place of the path. */
  readonly weights?: Allocation
  readonly apply: boolean
  readonly bypass: readonly string[]
}

/** Guards that nobody can bypass; the server refuses it in any case. */
const unbypassable: readonly string[] = ['leader', 'store', 'never-empty']

/** The choice as the API takes it. */
export function steerBody(choice: SteerChoice): object {
  const { path, weights, apply, bypass } = choice
  const target = weights === undefined ? { path } : { weights }
  return { ...target, ...(apply && { apply }), ...(bypass.length > 0 && { bypass }) }
}

/** What a person begins with: nothing chosen, or the weights as they are. */
export function firstChoice(group: GroupView | undefined): SteerChoice {
  const weights = group?.strategy === 'weighted' ? group.allocation : undefined
  return { path: '', apply: false, bypass: [], ...(weights !== undefined && { weights }) }
}

/** Why a choice cannot be sent; `undefined` where it can. */
export function choiceFault({ weights }: SteerChoice): string | undefined {
  return weights === undefined ? undefined : weightsFault(weights)
}

/** Which path, what will happen, through what, when it takes effect, and what stands against it. */
export function SteerFields(props: {
  readonly group: GroupView
  readonly mode: Mode
  readonly choice: SteerChoice
  /** The guard that refused the last attempt, where it can be bypassed. */
  readonly refused: { readonly guard: string; readonly says: string } | undefined
  readonly onChange: (choice: SteerChoice) => void
}) {
  const { group, mode, choice, onChange } = props
  return (
    <>
      {choice.weights === undefined ? (
        <PathFields {...props} />
      ) : (
        <WeightFields
          group={group}
          weights={choice.weights}
          onChange={(weights) => onChange({ ...choice, weights })}
        />
      )}
      <Consequences group={group} choice={choice} />
      <Bypasses {...props} />
      {mode !== 'armed' && (
        <label class="check">
          <input
            type="checkbox"
            name="apply"
            checked={choice.apply}
            onChange={(event) => onChange({ ...choice, apply: event.currentTarget.checked })}
          />
          The mode is {mode}, which changes nothing: really move the traffic.
        </label>
      )}
    </>
  )
}

function PathFields(props: {
  readonly group: GroupView
  readonly choice: SteerChoice
  readonly onChange: (choice: SteerChoice) => void
}) {
  const { group, choice, onChange } = props
  return (
    <fieldset class="targets">
      <legend>To which path</legend>
      {group.paths.map((path) => (
        <label key={path.name}>
          <input
            type="radio"
            name="path"
            required
            value={path.name}
            disabled={path.weight === 100}
            checked={choice.path === path.name}
            onChange={() => onChange({ ...choice, path: path.name })}
          />
          <HealthShape health={path.health} />
          <strong>{path.name}</strong>
          <span>
            {path.weight === 0
              ? path.health
              : `${path.health}, carries ${path.weight === 100 ? 'the traffic' : `${path.weight} %`} now`}
          </span>
        </label>
      ))}
    </fieldset>
  )
}

/** What a choice would come to: from, to, and the paths that would get more than they carry. */
function effectOf(
  group: GroupView,
  { path, weights }: SteerChoice,
):
  | { readonly from: string; readonly to: string; readonly raised: readonly PathView[] }
  | undefined {
  if (weights === undefined) {
    const target = group.paths.find((each) => each.name === path)
    if (target === undefined) return undefined
    return { from: group.active ?? 'nothing', to: target.name, raised: [target] }
  }
  const now = group.allocation ?? {}
  if (weightsFault(weights) !== undefined || sameAllocation(now, weights)) return undefined
  return {
    from: describeAllocation(now),
    to: describeAllocation(weights),
    raised: group.paths.filter((each) => (weights[each.name] ?? 0) > (now[each.name] ?? 0)),
  }
}

function Consequences(props: { readonly group: GroupView; readonly choice: SteerChoice }) {
  const { group, choice } = props
  const effect = effectOf(group, choice)
  const { actuators } = group
  const settleMs = Math.max(0, ...actuators.map((actuator) => actuator.settleMs))
  const through = actuators.map((actuator) => actuator.type).join(', then ')
  return (
    <div class="consequences" aria-live="polite">
      <p>
        {effect === undefined ? (
          `Choose ${choice.weights === undefined ? 'a path' : 'other weights'} to see what will happen.`
        ) : (
          <>
            The traffic of {group.title} goes from <b>{effect.from}</b> to <b>{effect.to}</b>
            {through === '' ? '' : `, through ${through}`}.{' '}
            {settleMs > 0
              ? `In effect everywhere about ${countdown(settleMs)} after that.`
              : 'It takes effect at once.'}{' '}
            Then the group is held, so that nothing automatic undoes it.
          </>
        )}
      </p>
      {effect?.raised
        .filter(({ health }) => health !== 'up')
        .map(({ name, health, says }) => (
          <p key={name} class="caution">
            {name} is {health}: {says}
          </p>
        ))}
      {actuators
        .filter((actuator) => !actuator.ok)
        .map((actuator) => (
          <p key={actuator.type} class="caution">
            {actuator.type}: {actuator.says}
          </p>
        ))}
    </div>
  )
}

/** Only what vetoes now is offered, so that nobody bypasses a guard out of habit. */
function Bypasses(props: {
  readonly group: GroupView
  readonly choice: SteerChoice
  readonly refused: { readonly guard: string; readonly says: string } | undefined
  readonly onChange: (choice: SteerChoice) => void
}) {
  const { group, choice, refused, onChange } = props
  const vetoes = group.guards.filter(
    ({ guard, pass }) => !pass && guard !== 'mode' && !unbypassable.includes(guard),
  )
  const isHeld = group.hold !== undefined && !vetoes.some(({ guard }) => guard === 'hold')
  const offered = [
    ...(isHeld ? [{ guard: 'hold', says: `held by ${group.hold?.owner ?? 'somebody'}` }] : []),
    ...(group.holddownLeftMs > 0 && !vetoes.some(({ guard }) => guard === 'holddown')
      ? [{ guard: 'holddown', says: `holddown for ${countdown(group.holddownLeftMs)}` }]
      : []),
    ...(group.calendar?.open === false && !vetoes.some(({ guard }) => guard === 'calendar')
      ? [{ guard: 'calendar', says: group.calendar.says }]
      : []),
    ...vetoes,
  ]
  // What only this move runs into, such as the maximum weight of a path, the server says first.
  if (refused !== undefined && !offered.some(({ guard }) => guard === refused.guard)) {
    offered.push(refused)
  }
  if (offered.length === 0) return null
  return (
    <fieldset class="bypasses">
      <legend>What stands against it; tick what you bypass</legend>
      {offered.map(({ guard, says }) => (
        <label key={guard} class="check">
          <input
            type="checkbox"
            name="bypass"
            value={guard}
            checked={choice.bypass.includes(guard)}
            onChange={(event) =>
              onChange({
                ...choice,
                bypass: event.currentTarget.checked
                  ? [...choice.bypass, guard]
                  : choice.bypass.filter((each) => each !== guard),
              })
            }
          />
          <span>
            <b>{guard}</b>: {says}
          </span>
        </label>
      ))}
    </fieldset>
  )
}
