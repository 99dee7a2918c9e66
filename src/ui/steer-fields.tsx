import type { Mode } from '../core/group.ts'
import type { GroupView, PathView } from '../core/view.ts'
import { HealthShape } from './shapes.tsx'
import { countdown } from './times.ts'

/** What the person chose in the steer dialog. */
export interface SteerChoice {
  readonly path: string
  readonly apply: boolean
  readonly bypass: readonly string[]
}

/** Guards that nobody can bypass; the server refuses it in any case. */
const unbypassable: readonly string[] = ['leader', 'store', 'never-empty']

/** The choice as the API takes it. */
export function steerBody(choice: SteerChoice): object {
  const { path, apply, bypass } = choice
  return { path, ...(apply && { apply }), ...(bypass.length > 0 && { bypass }) }
}

/** Which path, what will happen, through what, when it takes effect, and what stands against it. */
export function SteerFields(props: {
  readonly group: GroupView
  readonly mode: Mode
  readonly choice: SteerChoice
  readonly onChange: (choice: SteerChoice) => void
}) {
  const { group, mode, choice, onChange } = props
  const target = group.paths.find((path) => path.name === choice.path)
  return (
    <>
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
      <Consequences group={group} target={target} />
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

function Consequences(props: { readonly group: GroupView; readonly target: PathView | undefined }) {
  const { group, target } = props
  const { actuators } = group
  const settleMs = Math.max(0, ...actuators.map((actuator) => actuator.settleMs))
  const through = actuators.map((actuator) => actuator.type).join(', then ')
  return (
    <div class="consequences" aria-live="polite">
      <p>
        {target === undefined ? (
          'Choose a path to see what will happen.'
        ) : (
          <>
            The traffic of {group.title} goes from <b>{group.active ?? 'nothing'}</b> to{' '}
            <b>{target.name}</b>
            {through === '' ? '' : `, through ${through}`}.{' '}
            {settleMs > 0
              ? `In effect everywhere about ${countdown(settleMs)} after that.`
              : 'It takes effect at once.'}{' '}
            Then the group is held, so that nothing automatic undoes it.
          </>
        )}
      </p>
      {target !== undefined && target.health !== 'up' && (
        <p class="caution">
          {target.name} is {target.health}: {target.says}
        </p>
      )}
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
  readonly onChange: (choice: SteerChoice) => void
}) {
  const { group, choice, onChange } = props
  const vetoes = group.guards.filter(
    ({ guard, pass }) => !pass && guard !== 'mode' && !unbypassable.includes(guard),
  )
  const isHeld = group.hold !== undefined && !vetoes.some(({ guard }) => guard === 'hold')
  const offered = [
    ...(isHeld ? [{ guard: 'hold', says: `held by ${group.hold?.owner ?? 'somebody'}` }] : []),
    ...(group.holddownLeftMs > 0 && !vetoes.some(({ guard }) => guard === 'holddown')
      ? [{ guard: 'holddown', says: `holddown for ${countdown(group.holddownLeftMs)}` }]
      : []),
    ...vetoes,
  ]
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
