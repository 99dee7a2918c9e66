import { heaviest, serving } from '../../core/allocation.ts'
import { formatDuration } from '../../core/duration.ts'
import type { PathHealth } from '../../core/health.ts'
import type { DrillPlan } from '../../core/drill-plan.ts'
import type { DrillCheck } from '../../core/drill-report.ts'
import { decide } from '../../engine/group/decide.ts'
import { drillsSpent, spent } from '../../engine/group/memory.ts'
import type { Situation } from '../../engine/group/situation.ts'
import { candidates } from '../../engine/group/targets.ts'
import type { Verified } from '../group/change-deps.ts'

/**
 * Is everything ready for a failover? Nothing is moved and nothing written: fresh looks, the readings
 * of the actuators, holds and budgets.
 */
export function readinessChecks(
  situation: Situation,
  looks: ReadonlyMap<string, Verified>,
): DrillCheck[] {
  const { memory, settings, now } = situation
  const { allocation = {}, frozen, hold } = memory.row
  const on = serving(allocation)
  const checks: DrillCheck[] = []
  const add = (name: string, ok: boolean, says: string) => checks.push({ name, ok, says })
  add(
    'leader',
    situation.lease !== undefined,
    situation.lease === undefined ? 'another process leads this group' : 'this process leads',
  )
  add('store', situation.store.ok, situation.store.says)
  for (const { name } of settings.paths) {
    const path = situation.paths.get(name)
    const role = on.includes(name) ? 'serving' : 'standby'
    add(
      `${role} ${name}`,
      path?.health === 'up',
      `${name} is ${path?.health ?? 'unknown'}: ${path?.says ?? ''}`,
    )
    const look = looks.get(name)
    if (look !== undefined) add(`fresh look ${name}`, look.ok, look.says)
  }
  for (const { type, ok, lags, says } of situation.actuators ?? []) {
    add(`actuator ${type}`, ok && lags !== true, says)
  }
  if (settings.actuators.length === 0) add('actuator', false, 'no actuator is configured')
  add(
    'hold',
    hold === undefined,
    hold === undefined ? 'no hold' : `held by ${hold.owner}: ${hold.reason}`,
  )
  add('frozen', frozen === undefined, frozen?.says ?? 'not frozen')
  const used = spent(memory, settings, now)
  const { changes, perMs } = settings.budget
  add('budget', used < changes, `${used} of ${changes} changes per ${formatDuration(perMs)} used`)
  const drills = drillsSpent(memory, settings, now)
  add('drill budget', true, `${drills} of ${settings.drillBudget.changes} drills used`)
  add('mode', true, `mode is ${situation.mode}`)
  return checks
}

/**
 * Would it be decided rightly? The engine is asked on a copy of what it knows, with evidence put in:
 * a failing path is left for an eligible one, and blurry, contested and unknown ones are not.
 */
export function adviceChecks(situation: Situation, plan: DrillPlan): DrillCheck[] {
  const allocation = situation.memory.row.allocation ?? {}
  const away = plan.away ?? heaviest(allocation) ?? ''
  const checks: DrillCheck[] = []
  const armed: Situation = { ...situation, mode: 'armed' }
  const left = decide(withHealth(armed, [away], 'down'))
  const expected = candidates(withHealth(armed, [away], 'down'), [away]).find(
    ({ eligible }) => eligible,
  )
  const isRight =
    left.kind === 'change' &&
    left.proposal.reason === 'failover' &&
    left.proposal.leaving.includes(away) &&
    expected !== undefined &&
    (left.proposal.to[away] ?? 0) === 0
  checks.push({ name: `${away} is down`, ok: isRight, says: left.says })
  for (const health of ['degraded', 'contested', 'unknown'] as const) {
    const decision = decide(withHealth(armed, [away], health))
    const isLeft = decision.kind === 'change' && decision.proposal.reason === 'failover'
    checks.push({ name: `${away} is ${health}`, ok: !isLeft, says: decision.says })
  }
  const all = settings(situation)
  const none = decide(withHealth(armed, all, 'down'))
  checks.push({ name: 'every path is down', ok: none.kind !== 'change', says: none.says })
  return checks
}

function settings({ settings: { paths } }: Situation): string[] {
  return paths.map(({ name }) => name)
}

function withHealth(
  situation: Situation,
  names: readonly string[],
  health: PathHealth['health'],
): Situation {
  const since = situation.now - situation.settings.pageAfterMs
  const paths = new Map(
    [...situation.paths].map(([name, path]): [string, PathHealth] => [
      name,
      names.includes(name)
        ? {
            ...path,
            health,
            since,
            isRecovering: false,
            suspect: false,
            says: 'injected by a drill',
          }
        : path,
    ]),
  )
  return { ...situation, paths }
}
