import type { CapacitySettings, SharingSettings } from '../core/settings.ts'
import { normalised } from '../engine/group/weights.ts'
import type { Path, Problem } from './document.ts'
import type { FileGroup } from './file-schema.ts'
import { sharingDefaults, weightedKeys, weightedPathKeys } from './sharing-schema.ts'

/** How a weighted group shares its traffic, every default filled in; `names` in the order of the file. */
export function buildSharing(
  group: FileGroup,
  names: readonly string[],
): SharingSettings | undefined {
  if (group.strategy !== 'weighted') return undefined
  const { velocity, ramp } = group
  const weights = names.map((name) => [name, group.paths[name]?.weight ?? 1] as const)
  const maxima = names.map((name) => [name, group.paths[name]?.max_weight ?? 100] as const)
  return {
    weights: normalised(Object.fromEntries(weights)),
    maxWeights: Object.fromEntries(maxima),
    minServing: group.min_serving ?? sharingDefaults.minServing,
    ...(velocity !== undefined && {
      velocity: { points: velocity.points, perMs: velocity.per },
    }),
    panic: {
      fraction: group.panic_fraction ?? sharingDefaults.panicFraction,
      answer: group.panic ?? sharingDefaults.panic,
    },
    ...(ramp !== undefined && {
      ramp: {
        steps: ramp.steps,
        everyMs: ramp.every,
        ...(ramp.gate !== undefined && { gate: ramp.gate }),
      },
    }),
  }
}

/** What a group declares of demand and capacity; `undefined` where it declares nothing. */
export function buildCapacity(group: FileGroup): CapacitySettings | undefined {
  const declared = Object.entries(group.paths).flatMap(([name, { capacity }]) =>
    capacity === undefined ? [] : [[name, capacity] as const],
  )
  const { demand } = group
  if (demand === undefined && declared.length === 0) return undefined
  return { ...(demand !== undefined && { demand }), paths: Object.fromEntries(declared) }
}

/** What is wrong between the values of sharing. */
export function sharingProblems(group: FileGroup, at: Path): Problem[] {
  return group.strategy === 'weighted' ? weightedProblems(group, at) : standbyProblems(group, at)
}

function standbyProblems(group: FileGroup, at: Path): Problem[] {
  const says = 'belongs to strategy: weighted'
  const ofGroup = weightedKeys
    .filter((key) => group[key] !== undefined)
    .map((key) => ({ path: [...at, key], atKey: true, says }))
  const ofPaths = Object.entries(group.paths).flatMap(([name, path]) =>
    weightedPathKeys
      .filter((key) => path[key] !== undefined)
      .map((key) => ({ path: [...at, 'paths', name, key], atKey: true, says })),
  )
  return [...ofGroup, ...ofPaths]
}

function weightedProblems(group: FileGroup, at: Path): Problem[] {
  const problems: Problem[] = []
  const paths = Object.entries(group.paths)
  const weights = normalised(
    Object.fromEntries(paths.map(([name, { weight }]) => [name, weight ?? 1])),
  )
  if (paths.every(([, { weight }]) => weight === 0)) {
    problems.push({ path: [...at, 'paths'], atKey: true, says: 'every weight is 0' })
  }
  for (const [name, { max_weight: most = 100 }] of paths) {
    const share = weights[name] ?? 0
    if (share <= most) continue
    const says = `is less than its configured share of ${share} %`
    problems.push({ path: [...at, 'paths', name, 'max_weight'], says })
  }
  const least = group.min_serving ?? 1
  if (least > paths.length) {
    const says = `there are only ${paths.length} paths`
    problems.push({ path: [...at, 'min_serving'], says })
  }
  const { ramp } = group
  const steps = ramp?.steps ?? [100]
  if (steps.some((step, index) => step <= (steps[index - 1] ?? 0)) || steps.at(-1) !== 100) {
    const says = 'must rise and end with 100'
    problems.push({ path: [...at, 'ramp', 'steps'], says })
  }
  return problems
}
