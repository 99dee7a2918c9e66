import { formatBitRate } from '../../core/bit-rate.ts'
import type { Command, CommandResult } from '../../core/command.ts'
import { formatDuration } from '../../core/duration.ts'
import { withCarried } from '../../engine/group/capacity.ts'
import { drillTimes } from '../../engine/group/memory.ts'
import { weighDrill } from '../../engine/group/drill.ts'
import type { CommandContext } from './commands.ts'

/**
 * Begins a drill, where nothing is in its way (invariant 41). A `switch` moves the traffic at once; for
 * a `fault` the row only remembers where the traffic belongs, and the watchdog does the rest.
 */
export async function startDrill(
  command: Extract<Command, { kind: 'drill' }>,
  { act, change, owner, situation }: CommandContext,
): Promise<CommandResult> {
  const { record, settings, clock } = change
  const { actor, drill } = command
  const by = { actor, owner }
  const outlook = weighDrill(situation(), by, drill)
  if (outlook.kind === 'not-ready') {
    return refusal(`${settings.name} is not ready for a drill: ${outlook.says}`)
  }
  const { proposal } = outlook
  const opens = proposal.drill?.opens
  if (opens === undefined) return refusal('there is nothing to begin')
  const begins = {
    kind: 'drill' as const,
    group: settings.name,
    path: opens.away,
    actor,
    says: `drill ${drill.plan} begins (${drill.kind}): away from ${opens.away} for ${formatDuration(drill.stayMs)}: ${command.reason}`,
    data: { event: 'moves', drill: drill.id, plan: drill.plan },
  }
  if (drill.kind === 'fault') {
    const saved = await record.save((row) => ({ ...row, drill: opens }), [begins])
    if (!saved.ok) return unavailable(saved.says)
    const times = drillTimes(opens, clock.now(), clock.wall())
    record.remember((memory) => ({ ...memory, drillTimes: times }))
    return { ok: true, says: `${opens.away} may break now` }
  }
  const before = situation().memory.row.version
  await record.append([begins])
  const why = await act(proposal, () => {
    const again = weighDrill(situation(), by, drill)
    if (again.kind === 'ready') return again
    const veto = { guard: again.guard, pass: false, says: again.says }
    return { proposal, guards: [veto] }
  })
  const { row } = situation().memory
  if (row.version > before) return { ok: true, says: proposal.says }
  return refusal(
    `the traffic of ${settings.name} was not moved: ${why ?? 'the journal says why'}`,
    'conflict',
  )
}

/** Ends a drill before its time: the next evaluation returns the traffic, as soon as it may. */
export async function endDrill(
  command: Extract<Command, { kind: 'end-drill' }>,
  { change, situation }: Pick<CommandContext, 'change' | 'situation'>,
): Promise<CommandResult> {
  const { drill } = situation().memory.row
  if (drill?.id !== command.drill) return { ok: true, says: 'that drill holds no traffic' }
  if (drill.ends !== undefined) return { ok: true, says: `it ends already: ${drill.ends}` }
  const says = `drill ${drill.plan} is ended by ${command.actor}: ${command.reason}`
  const saved = await change.record.save(
    (row) => ({ ...row, drill: { ...drill, ends: command.reason } }),
    [
      {
        kind: 'drill',
        group: change.settings.name,
        path: drill.away,
        actor: command.actor,
        says,
        data: { event: 'ends', drill: drill.id, plan: drill.plan },
      },
    ],
  )
  if (!saved.ok) return unavailable(saved.says)
  return { ok: true, says: 'the traffic returns as soon as it may' }
}

/** Keeps in the row what a load drill measured, for whoever leads the group from now on. */
export async function keepCarried(
  command: Extract<Command, { kind: 'carried' }>,
  { change }: Pick<CommandContext, 'change'>,
): Promise<CommandResult> {
  const { record, settings } = change
  const { actor, drill, group, isLimit, load, path } = command
  const names = settings.paths.map(({ name }) => name)
  if (!names.includes(path)) {
    return {
      ok: false,
      code: 'not-found',
      says: `${group} has no path ${path}`,
      todo: `Its paths: ${names.join(', ')}.`,
    }
  }
  const says = `${path} ${isLimit ? 'carried no more than' : 'carried'} ${formatBitRate(load.bitsPerSecond)} in drill ${load.plan}`
  const saved = await record.save(
    (row) => {
      const known = Object.entries(row.carried ?? {}).filter(([name]) => names.includes(name))
      const carried = withCarried(row.carried?.[path], load, isLimit)
      return { ...row, carried: { ...Object.fromEntries(known), [path]: carried } }
    },
    [
      {
        kind: 'drill',
        group,
        path,
        actor,
        says,
        data: { event: 'carried', drill, isLimit, ...load },
      },
    ],
  )
  return saved.ok ? { ok: true, says } : unavailable(saved.says)
}

function refusal(says: string, code: 'refused' | 'conflict' = 'refused'): CommandResult {
  return { ok: false, code, says, todo: 'See: changeover explain, and docs/drills.md.' }
}

function unavailable(says: string): CommandResult {
  const todo = 'Make the store writable, then try again.'
  return { ok: false, code: 'unavailable', says: `not recorded: ${says}`, todo }
}
