import type { Allocation } from '../core/allocation.ts'
import type { GroupView } from '../core/view.ts'
import { HealthShape } from './shapes.tsx'

/** What is wrong with the weights of a person; `undefined` where they add up. */
export function weightsFault(weights: Allocation): string | undefined {
  const sum = Object.values(weights).reduce((all, each) => all + each, 0)
  if (sum === 100) return undefined
  return sum < 100 ? `${100 - sum} are still to be given` : `${sum - 100} are too many`
}

/** A number for each path of a weighted group, what carries now and is configured, and whether they add up. */
export function WeightFields(props: {
  readonly group: GroupView
  readonly weights: Allocation
  readonly onChange: (weights: Allocation) => void
}) {
  const { group, weights, onChange } = props
  const fault = weightsFault(weights)
  const presets = [
    { label: 'As it is', weights: group.allocation },
    { label: 'As configured', weights: group.weights },
  ]
  return (
    <fieldset class="weights">
      <legend>How much on which path, in percent</legend>
      {group.paths.map((path) => (
        <label key={path.name} class="weight">
          <HealthShape health={path.health} />
          <strong>{path.name}</strong>
          <span>
            {path.health}, carries {path.weight} % now
          </span>
          <input
            type="number"
            name={`weight-${path.name}`}
            aria-label={`Percent on ${path.name}`}
            min={0}
            max={100}
            step={1}
            required
            value={weights[path.name] ?? 0}
            onInput={(event) => {
              const value = Math.trunc(Number(event.currentTarget.value))
              onChange({ ...weights, [path.name]: Number.isFinite(value) ? value : 0 })
            }}
          />
        </label>
      ))}
      <div class="weights-foot">
        <span role="status" class={fault === undefined ? '' : 'caution'}>
          {fault === undefined ? 'Together 100 %.' : `Together not 100 %: ${fault}.`}
        </span>
        {presets.map(({ label, weights: preset }) =>
          preset === undefined ? null : (
            <button key={label} type="button" class="quiet" onClick={() => onChange(preset)}>
              {label}
            </button>
          ),
        )}
        {group.paths.map((path) => (
          <button
            key={path.name}
            type="button"
            class="quiet"
            onClick={() =>
              onChange(
                Object.fromEntries(
                  group.paths.map(({ name }) => [name, name === path.name ? 100 : 0]),
                ),
              )
            }
          >
            All on {path.name}
          </button>
        ))}
      </div>
    </fieldset>
  )
}
