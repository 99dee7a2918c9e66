import { formatDuration } from '../../core/duration.ts'
import type { Proposal, Situation } from '../../engine/group/situation.ts'
import { weighSteer } from '../../engine/group/decide.ts'
import { bypassableGuards, firstVeto } from '../../engine/group/guards.ts'
import type { ChangeDeps } from './change.ts'
import { without } from './group-record.ts'
import { adoptWorld, type ReadBack } from './read-back.ts'

/** What a person may ask of a group. Every command has an actor and a reason. */
export type Command =
  | {
      readonly kind: 'steer'
      readonly path: string
      readonly actor: string
      readonly reason: string
      /** Guards to bypass, by name. */
      readonly bypass: readonly string[]
    }
  | {
      readonly kind: 'hold'
      readonly actor: string
      readonly reason: string
      readonly forMs: number
    }
  | { readonly kind: 'release'; readonly actor: string; readonly reason: string }
  | { readonly kind: 'ack'; readonly actor: string; readonly reason: string }
  | { readonly kind: 'adopt'; readonly actor: string; readonly reason: string }

/** What came of it, in a sentence; a refusal says what to do. */
export type Answer =
  | { readonly ok: true; readonly says: string }
  | { readonly ok: false; readonly code: string; readonly says: string; readonly todo: string }

interface CommandContext {
  readonly change: ChangeDeps
  readonly situation: () => Situation
  readonly foreign: ReadBack | undefined
  readonly startObserving: () => void
  readonly act: (proposal: Proposal) => Promise<void>
}

const maxHoldMs = 7 * 24 * 3_600_000

/** Carries out one command between two evaluations. */
export async function carryOutCommand(command: Command, context: CommandContext): Promise<Answer> {
  if (command.kind === 'steer') return await steer(command, context)
  if (command.kind === 'hold') return await hold(command, context)
  if (command.kind === 'release') return await release(command, context)
  if (command.kind === 'ack') return await acknowledge(command, context)
  return await adopt(command, context)
}

async function steer(
  command: Extract<Command, { kind: 'steer' }>,
  { change, situation, act }: CommandContext,
): Promise<Answer> {
  const { settings } = change
  const before = situation()
  const names = settings.paths.map((path) => path.name)
  if (!names.includes(command.path)) {
    return refusal(
      'NOT_FOUND',
      `${settings.name} has no path ${command.path}`,
      `Paths: ${names.join(', ')}.`,
    )
  }
  const unknown = command.bypass.find(
    (name) => name !== 'precheck' && !bypassableGuards.includes(name),
  )
  if (unknown !== undefined) {
    return refusal(
      'USAGE',
      `${unknown} is no guard that can be bypassed`,
      `Guards that can: ${[...bypassableGuards, 'precheck'].join(', ')}.`,
    )
  }
  if (before.memory.row.frozen !== undefined) {
    return refusal(
      'REFUSED',
      `the group is frozen: ${before.memory.row.frozen.says}`,
      `Look, then: changeover ack ${settings.name}`,
    )
  }
  if (before.memory.row.allocation === undefined) {
    return refusal(
      'REFUSED',
      'what the actuators serve was not read back yet',
      'Try again in a moment.',
    )
  }
  const { proposal, guards } = weighSteer(
    before,
    command.path,
    command.actor,
    command.bypass,
    command.reason,
  )
  const veto = firstVeto(guards)
  if (veto !== undefined) {
    const todo = bypassableGuards.includes(veto.guard)
      ? `To do it all the same: --bypass ${veto.guard}`
      : 'This guard cannot be bypassed.'
    return refusal('REFUSED', `${veto.guard}: ${veto.says}`, todo)
  }
  const bypassed = guards.filter((guard) => guard.bypassed === true).map((guard) => guard.guard)
  await change.record.append([
    {
      kind: 'steer',
      group: settings.name,
      path: command.path,
      actor: command.actor,
      says: `${command.actor} steers to ${command.path}: ${command.reason}${bypassed.length > 0 ? ` (bypasses ${bypassed.join(', ')})` : ''}`,
      data: { bypassed },
    },
  ])
  await act(proposal)
  const after = situation().memory.row
  if (after.allocation?.[command.path] === 100 && after.version > before.memory.row.version) {
    return {
      ok: true,
      says: `traffic is on ${command.path}, held for ${formatDuration(settings.impliedHoldMs)}`,
    }
  }
  return refusal(
    'FAILED',
    after.frozen?.says ?? `the change to ${command.path} was not made`,
    `The journal says why: changeover journal --group ${settings.name}`,
  )
}

async function hold(
  command: Extract<Command, { kind: 'hold' }>,
  { change }: CommandContext,
): Promise<Answer> {
  const { clock, record, settings } = change
  if (command.forMs <= 0 || command.forMs > maxHoldMs) {
    return refusal('USAGE', 'a hold lasts from 1s to 7d', 'Give --for, for instance --for 2h.')
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
  command: Extract<Command, { kind: 'release' }>,
  { change, startObserving }: CommandContext,
): Promise<Answer> {
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
  command: Extract<Command, { kind: 'ack' }>,
  { change, startObserving }: CommandContext,
): Promise<Answer> {
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
  command: Extract<Command, { kind: 'adopt' }>,
  { change, foreign, startObserving }: CommandContext,
): Promise<Answer> {
  if (foreign?.result !== 'foreign') return { ok: true, says: 'there is nothing to adopt' }
  const adopted = await adoptWorld(change, foreign.observed, command.actor)
  if (!adopted) return notWritten(change.record.storeHealth.says)
  startObserving()
  return { ok: true, says: 'taken over as it is' }
}

function refusal(code: string, says: string, todo: string): Answer {
  return { ok: false, code, says, todo }
}

function notWritten(says: string): Answer {
  return refusal(
    'STORE_UNAVAILABLE',
    `not recorded: ${says}`,
    'Make the store writable, then try again.',
  )
}
