import { describeAllocation, sameAllocation } from '../../core/allocation.ts'
import type { Command, CommandFault, CommandResult } from '../../core/command.ts'
import { formatDuration } from '../../core/duration.ts'
import type { Proposal, Situation } from '../../engine/group/situation.ts'
import { weighSteer } from '../../engine/group/decide.ts'
import { bypassableGuards, firstVeto } from '../../engine/group/guards.ts'
import type { ChangeDeps } from './change-deps.ts'
import { endDrill, keepCarried, startDrill } from './drill-commands.ts'
import { wantedBy } from './wanted-by.ts'
import { without } from './group-record.ts'
import { adoptWorld, type ReadBack } from './read-back.ts'

/** What carrying out a command needs. */
export interface CommandContext {
  readonly change: ChangeDeps
  /** Identity of this process. */
  readonly owner: string
  readonly situation: () => Situation
  readonly foreign: ReadBack | undefined
  readonly startObserving: () => void
  /** Makes the change, or tells why not; `weigh` is asked once more after the pre-check, on what is true by then. */
  readonly act: (proposal: Proposal, weigh: Weigh) => Promise<string | undefined>
}

/** A proposal and the answers of its guards, on the situation of now. */
export type Weigh = () => ReturnType<typeof weighSteer>

type PersonCommand = Extract<Command, { kind: 'release' | 'ack' | 'adopt' }>

const maxHoldMs = 30 * 24 * 3_600_000

/** Carries out one command between two evaluations. */
export async function carryOutCommand(
  command: Command,
  context: CommandContext,
): Promise<CommandResult> {
  if (command.kind === 'steer') return await steer(command, context)
  if (command.kind === 'hold') return await hold(command, context)
  if (command.kind === 'release') return await release(command, context)
  if (command.kind === 'ack') return await acknowledge(command, context)
  if (command.kind === 'drill') return await startDrill(command, context)
  if (command.kind === 'end-drill') return await endDrill(command, context)
  if (command.kind === 'carried') return await keepCarried(command, context)
  return await adopt(command, context)
}

async function steer(
  command: Extract<Command, { kind: 'steer' }>,
  { change, situation, act }: CommandContext,
): Promise<CommandResult> {
  const { settings } = change
  const before = situation()
  const wanted = wantedBy(command, settings)
  if (!wanted.ok) return wanted
  // `--apply` is how a person says in advise that the traffic shall really move.
  const bypass = command.apply ? [...command.bypass, 'mode'] : command.bypass
  const unknown = command.bypass.find(
    (name) => name !== 'precheck' && !bypassableGuards.includes(name),
  )
  if (unknown !== undefined) {
    return refusal(
      'invalid',
      `${unknown} is no guard that can be bypassed`,
      `Guards that can: ${[...bypassableGuards, 'precheck'].join(', ')}.`,
    )
  }
  if (before.memory.row.frozen !== undefined) {
    return refusal(
      'refused',
      `the group is frozen: ${before.memory.row.frozen.says}`,
      `Look, then: changeover ack ${settings.name}`,
    )
  }
  if (before.memory.row.intent !== undefined) {
    return refusal(
      'unavailable',
      'an earlier change waits to be judged, until its targets can be read',
      'Try again in a moment.',
    )
  }
  if (before.memory.row.allocation === undefined) {
    return refusal(
      'refused',
      'what the actuators serve was not read back yet',
      'Try again in a moment.',
    )
  }
  const { allocation } = before.memory.row
  if (sameAllocation(allocation, wanted.to)) {
    return refusal(
      'invalid',
      `the traffic is on ${describeAllocation(allocation)} already`,
      `To keep it there: changeover hold ${settings.name}`,
    )
  }
  const weigh = () => weighSteer(situation(), wanted.to, command.actor, bypass, command.reason)
  const { proposal, guards } = weigh()
  const veto = firstVeto(guards)
  if (veto !== undefined) {
    const todo = bypassableGuards.includes(veto.guard)
      ? `To do it all the same: ${veto.guard === 'mode' ? '--apply' : `--bypass ${veto.guard}`}`
      : 'This guard cannot be bypassed.'
    const refused = refusal('refused', `${veto.guard}: ${veto.says}`, todo)
    // The mode is overruled by `apply`, and not by naming it.
    const isNamed = veto.guard !== 'mode' && bypassableGuards.includes(veto.guard)
    return isNamed ? { ...refused, guard: veto.guard } : refused
  }
  const bypassed = guards.filter((guard) => guard.bypassed === true).map((guard) => guard.guard)
  await change.record.append([
    {
      kind: 'steer',
      group: settings.name,
      path: proposal.target,
      actor: command.actor,
      says: `${command.actor} steers to ${describeAllocation(wanted.to)}: ${command.reason}${bypassed.length > 0 ? ` (bypasses ${bypassed.join(', ')})` : ''}`,
      data: { bypassed },
    },
  ])
  await act(proposal, weigh)
  const after = situation().memory.row
  const isThere = sameAllocation(after.allocation ?? {}, wanted.to)
  if (isThere && after.version > before.memory.row.version) {
    return {
      ok: true,
      says: `traffic is on ${describeAllocation(wanted.to)}, held for ${formatDuration(settings.impliedHoldMs)}`,
    }
  }
  return refusal(
    'conflict',
    after.frozen?.says ?? `the change to ${describeAllocation(wanted.to)} was not made`,
    `The journal says why: changeover journal --group ${settings.name}`,
  )
}

async function hold(
  command: Extract<Command, { kind: 'hold' }>,
  { change }: CommandContext,
): Promise<CommandResult> {
  const { clock, record, settings } = change
  if (command.forMs < 1_000 || command.forMs > maxHoldMs) {
    return refusal('invalid', 'a hold lasts from 1s to 30d', 'Give --for, for instance --for 2h.')
  }
  const wall = clock.wall()
  const lasting = formatDuration(command.forMs)
  const saved = await record.save(
    (row) => ({
      ...row,
      state: 'HELD',
      hold: {
        owner: command.actor,
        reason: command.reason,
        since: wall,
        until: wall + command.forMs,
      },
    }),
    [
      {
        kind: 'hold',
        group: settings.name,
        actor: command.actor,
        says: `${command.actor} holds the group for ${lasting}: ${command.reason}`,
      },
    ],
  )
  if (!saved.ok) return notWritten(saved.says)
  record.remember((memory) => ({ ...memory, holdUntil: clock.now() + command.forMs }))
  return { ok: true, says: `held for ${lasting}; nothing automatic is written until then` }
}

async function release(
  command: PersonCommand,
  { change, startObserving }: CommandContext,
): Promise<CommandResult> {
  const { record, settings } = change
  const { hold: current } = record.memory.row
  if (current === undefined) return { ok: true, says: 'there was no hold' }
  const saved = await record.save(
    (row) => ({ ...without(row, 'hold'), state: 'OBSERVE' }),
    [
      {
        kind: 'release',
        group: settings.name,
        actor: command.actor,
        says: `${command.actor} releases the hold of ${current.owner}: ${command.reason}`,
      },
    ],
  )
  if (!saved.ok) return notWritten(saved.says)
  startObserving()
  return { ok: true, says: 'released; the world is read back before anything is decided' }
}

async function acknowledge(
  command: PersonCommand,
  { change, startObserving }: CommandContext,
): Promise<CommandResult> {
  const { record, settings } = change
  const { frozen } = record.memory.row
  if (frozen === undefined) return { ok: true, says: 'the group was not frozen' }
  const saved = await record.save(
    (row) => {
      // The person who looked forgives what was spent; holddown stays. What serves is read back afresh.
      const { allocation: _, ...rest } = without(row, 'frozen')
      const ledger = row.ledger.map((entry) => ({ ...entry, charge: 0 }))
      return { ...rest, state: 'OBSERVE', ledger }
    },
    [
      {
        kind: 'ack',
        group: settings.name,
        actor: command.actor,
        says: `${command.actor} acknowledges: ${command.reason} (was frozen: ${frozen.says})`,
      },
    ],
  )
  if (!saved.ok) return notWritten(saved.says)
  record.remember((memory) => ({
    ...memory,
    changes: memory.changes.map((each) => ({ ...each, charge: 0 })),
  }))
  startObserving()
  return { ok: true, says: 'acknowledged; the world is read back before anything is decided' }
}

async function adopt(
  command: PersonCommand,
  { change, foreign, startObserving }: CommandContext,
): Promise<CommandResult> {
  if (foreign?.result !== 'foreign') return { ok: true, says: 'there is nothing to adopt' }
  const adopted = await adoptWorld(change, foreign.observed, command.actor)
  if (!adopted) return notWritten(change.record.storeHealth.says)
  startObserving()
  return { ok: true, says: 'taken over as it is' }
}

function refusal(
  code: CommandFault,
  says: string,
  todo: string,
): Extract<CommandResult, { ok: false }> {
  return { ok: false, code, says, todo }
}

function notWritten(says: string): CommandResult {
  return refusal('unavailable', `not recorded: ${says}`, 'Make the store writable, then try again.')
}
