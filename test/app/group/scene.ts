import { expect } from 'vitest'
import type { Command, CommandResult } from '../../../src/core/command.ts'
import type { JournalKind } from '../../../src/core/journal.ts'
import { compileRuleSet } from '../../../src/engine/rules/rule-set.ts'
import type { SimulatedTarget } from '../../../src/simulation/target.ts'
import {
  createWorld,
  groupName,
  startProcess,
  type Process,
  type Sight,
  type World,
  type WorldOptions,
} from '../../../src/simulation/world.ts'

/** A world that earned its health: 60 virtual seconds after the start. */
export async function steady(
  overrides: Omit<WorldOptions, 'seed'> = {},
): Promise<{ world: World; process: Process; options: WorldOptions }> {
  const options = { seed: 5, ...overrides }
  const world = createWorld(options)
  const process = await startProcess(world, options)
  await world.clock.advance(60_000)
  expect(stateOf(process)).toBe('STEADY')
  return { world, process, options }
}

/** The state that a process's controller shows of a group. */
export function stateOf(process: Process, group = groupName): string | undefined {
  return process.watchdog.controller(group)?.snapshot().state
}

/** The sentences of journal entries of a kind, in order. */
export function says(world: World, kind: JournalKind): string[] {
  return world.disk.journal.filter((entry) => entry.kind === kind).map((entry) => entry.says)
}

/** From now on the named paths look like this to every vantage. */
export function show(world: World, sights: Readonly<Record<string, Sight>>): void {
  world.sight = (path) => sights[path] ?? 'good'
}

/** How often people were told of incidents whose key contains `part`. */
export function pages(world: World, part: string): number {
  return world.notices.filter(
    ({ notice }) => notice.action === 'trigger' && notice.key.includes(part),
  ).length
}

/** Lets time pass until `is` holds, in steps of 10 ms; fails after `limitMs`. */
export async function until(world: World, is: () => boolean, limitMs = 120_000): Promise<void> {
  const end = world.clock.now() + limitMs
  while (!is()) {
    if (world.clock.now() >= end) throw new Error('it did not come to that')
    await world.clock.advance(10)
  }
}

/** What ana asks for, answered after `ms` virtual milliseconds; `undefined` where she still waits then. */
export async function ask(
  world: World,
  process: Process,
  command: Pick<Command, 'kind'> & Partial<Command>,
  ms = 2_000,
): Promise<CommandResult | undefined> {
  let answer: CommandResult | undefined
  const full = { group: groupName, actor: 'ana', reason: 'test', ...command } as Command
  void process.watchdog.command(full).then((result) => (answer = result))
  await world.clock.advance(ms)
  return answer
}

export const onA = { 'cdn-a': 100, 'cdn-b': 0 }
export const onB = { 'cdn-a': 0, 'cdn-b': 100 }

/** Whether an intent is open on the disk. */
export function isOpen(world: World): boolean {
  return world.disk.rows.get(groupName)?.intent !== undefined
}

/** How far the open intent on the disk has come. */
export function phase(world: World): string | undefined {
  return world.disk.rows.get(groupName)?.intent?.phase
}

/** A reload to other settings, with no rules but the built-in ones, which is not waited for. */
export async function reload(
  world: World,
  process: Process,
  change: Partial<World['settings']>,
): Promise<void> {
  const rules = compileRuleSet([], [])
  if (!rules.ok) throw new Error('no rules')
  world.settings = { ...world.settings, ...change }
  void process.watchdog.reload(world.settings, rules.set)
  await world.clock.advance(100)
}

/** The n-th push target of the first group. */
export function targetOf(world: World, position: number): SimulatedTarget {
  const target = world.targets.get(`${groupName}#${position}`)
  if (target === undefined) throw new Error('no such target')
  return target
}
