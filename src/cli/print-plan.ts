import { existsSync } from 'node:fs'
import { describeAllocation, type Allocation } from '../core/allocation.ts'
import { ChangeoverError } from '../core/errors.ts'
import type { Settings } from '../core/settings.ts'
import type { Cli } from './cli.ts'
import type { ExitCode } from './io.ts'
import { painter, type Paint } from './paint.ts'
import { planGroup, type ActuatorPlan, type GroupPlan } from './plan-group.ts'
import { storeFile } from './store-file.ts'
import { stopSignal } from './follow.ts'
import { textTable } from './text-table.ts'

interface PlanRequest {
  readonly config: string
  readonly group?: string
  readonly json?: true
}

/** Prints the plan of every group that was asked for; 3 where an actuator could not be read. */
export async function printPlan(
  { composition, io }: Cli,
  settings: Settings,
  request: PlanRequest,
): Promise<ExitCode> {
  const groups = settings.groups.filter(
    ({ name }) => request.group === undefined || request.group === name,
  )
  if (groups.length === 0) {
    throw new ChangeoverError(
      'NOT_FOUND',
      `There is no group ${request.group} in ${request.config}.`,
      {
        todo: `There are: ${settings.groups.map(({ name }) => name).join(', ')}.`,
      },
    )
  }
  const applied = await appliedAllocations(composition, settings, request.config)
  const signal = stopSignal(composition)
  const plans: GroupPlan[] = []
  for (const group of groups) {
    plans.push(await planGroup(composition, group, applied.get(group.name), signal))
  }
  if (request.json === true) io.out(`${JSON.stringify({ groups: plans })}\n`)
  else for (const plan of plans) io.out(planText(plan, io.width, painter(io)))
  return plans.every(({ actuators }) => actuators.every(({ ok }) => ok)) ? 0 : 3
}

/** What was applied last, by group, as far as there is a store to remember it. */
async function appliedAllocations(
  composition: Cli['composition'],
  settings: Settings,
  config: string,
): Promise<ReadonlyMap<string, Allocation>> {
  const applied = new Map<string, Allocation>()
  if (!existsSync(storeFile(settings, config))) return applied
  const store = await composition.openStore(settings, config)
  try {
    for (const { name } of settings.groups) {
      const row = await store.group(name)
      if (row?.allocation !== undefined) applied.set(name, row.allocation)
    }
    return applied
  } finally {
    await store.close()
  }
}

function planText(plan: GroupPlan, width: number, paint: Paint): string {
  const rows = plan.actuators.flatMap((actuator) => [
    [actuator.ok ? ' ' : paint('bad', '✖'), actuator.type, actuator.says],
    ...stepLines(actuator).map((line) => ['', '', line]),
  ])
  const lines =
    rows.length === 0
      ? '  no actuator: nothing can be moved\n'
      : textTable(rows, { width, indent: 2 })
  return `${paint('strong', plan.group)} wants ${describeAllocation(plan.wanted)} (${plan.why})\n${lines}`
}

function stepLines({ ok, ours, steps }: ActuatorPlan): string[] {
  if (!ok) return ['cannot be read, so nothing would be written']
  if (ours === false) {
    return [
      'not ours: nothing is written until a person says `changeover adopt`; then:',
      ...steps.map((step) => `→ ${step}`),
    ]
  }
  return steps.length === 0 ? ['nothing to do'] : steps.map((step) => `→ ${step}`)
}
