import type { Action, TargetGroupTuple } from '@aws-sdk/client-elastic-load-balancing-v2'

/** The forwarding of a listener or rule, for the paths of one group. */
export interface Forward {
  readonly actions: readonly Action[]
  readonly weights: ReadonlyMap<string, number>
  readonly groups: Readonly<Record<string, string>>
  /** Names of target groups with weight that are no path of the group. */
  readonly others: readonly string[]
  /** How long viewers are kept at a target group, where they are. */
  readonly stickySeconds: number | undefined
}

/** Finds the target group of each path; what is wrong, as a sentence, where one is missing. */
export function readForward(
  actions: readonly Action[] | undefined,
  groups: Readonly<Record<string, string>>,
  paths: readonly string[],
): Forward | { readonly says: string } {
  if (actions === undefined) return { says: 'the answer names no such listener or rule' }
  const forward = actions.find(({ Type }) => Type === 'forward')
  if (forward === undefined) return { says: 'the listener or rule does not forward' }
  const tuples = tuplesOf(forward)
  const weights = new Map<string, number>()
  for (const path of paths) {
    const arn = groups[path]
    if (arn === undefined) return { says: `target_groups names none for path ${path}` }
    const tuple = tuples.find(({ TargetGroupArn }) => TargetGroupArn === arn)
    if (tuple === undefined) {
      return { says: `it does not forward to ${nameOf(arn)}: add it there first, with weight 0` }
    }
    weights.set(path, tuple.Weight ?? 1)
  }
  const own = new Set(paths.map((path) => groups[path]))
  const { Enabled, DurationSeconds } = forward.ForwardConfig?.TargetGroupStickinessConfig ?? {}
  return {
    actions,
    weights,
    groups,
    others: tuples
      .filter(({ TargetGroupArn, Weight }) => !own.has(TargetGroupArn) && (Weight ?? 1) > 0)
      .map(({ TargetGroupArn }) => nameOf(TargetGroupArn ?? '')),
    stickySeconds: Enabled === true ? DurationSeconds : undefined,
  }
}

/** Everything that a write sends back as it was read: the actions without the weights of the paths. */
export function restOf({ actions, groups }: Forward): unknown {
  const own = new Set(Object.values(groups))
  return actions.map((action) => {
    if (action.Type !== 'forward') return action
    const { TargetGroupArn: _single, ForwardConfig, ...more } = action
    const tuples = tuplesOf(action)
      .map(({ TargetGroupArn: arn = '', Weight }) => (own.has(arn) ? arn : `${arn} ${Weight}`))
      .toSorted()
    return { ...more, tuples, sticky: ForwardConfig?.TargetGroupStickinessConfig }
  })
}

/** The actions as they were read, with other weights for the paths of the group. */
export function actionsWith(
  { actions, groups }: Forward,
  weights: Readonly<Record<string, number>>,
): Action[] {
  const pathOf = new Map(Object.entries(groups).map(([path, arn]) => [arn, path]))
  return actions.map((action): Action => {
    if (action.AuthenticateOidcConfig !== undefined) {
      // The secret is never answered; without this the API asks for it again.
      const AuthenticateOidcConfig = {
        ...action.AuthenticateOidcConfig,
        UseExistingClientSecret: true,
      }
      return { ...action, AuthenticateOidcConfig }
    }
    if (action.Type !== 'forward') return action
    // Beside several target groups the API refuses a single one.
    const { TargetGroupArn: _single, ...rest } = action
    const TargetGroups = tuplesOf(action).map((tuple): TargetGroupTuple => {
      const path = pathOf.get(tuple.TargetGroupArn ?? '')
      const weight = path === undefined ? undefined : weights[path]
      return weight === undefined ? tuple : { ...tuple, Weight: weight }
    })
    return { ...rest, ForwardConfig: { ...action.ForwardConfig, TargetGroups } }
  })
}

function tuplesOf({ ForwardConfig, TargetGroupArn }: Action): readonly TargetGroupTuple[] {
  return ForwardConfig?.TargetGroups ?? (TargetGroupArn === undefined ? [] : [{ TargetGroupArn }])
}

/** `live-a` of `…:targetgroup/live-a/6d0ecf831eec9f09`. */
function nameOf(arn: string): string {
  return `target group ${/targetgroup\/([^/]+)/u.exec(arn)?.[1] ?? arn}`
}
