import { describe, expect, test } from 'vitest'
import {
  createWorld,
  killProcess,
  startProcess,
  type World,
} from '../../../src/simulation/world.ts'
import type { JournalKind } from '../../../src/core/journal.ts'
import type { GroupSettings } from '../../../src/core/settings.ts'
import { pages, says, stateOf, until } from './scene.ts'

const minute = 60_000

/** Five groups, of which one may change per five minutes; priorities by group. */
async function five(
  priorities: Readonly<Record<string, number>> = {},
  beyond: 'queue' | 'freeze' = 'queue',
  more: Partial<GroupSettings> = {},
) {
  const options = { seed: 5, groups: 5 }
  const world = createWorld(options)
  world.settings = {
    ...world.settings,
    installation: {
      ...world.settings.installation,
      blastRadius: { groups: 1, fraction: 0, perMs: 5 * minute, beyond },
    },
    groups: world.settings.groups.map((group) => ({
      ...group,
      ...more,
      priority: priorities[group.stream] ?? 500,
    })),
  }
  const process = await startProcess(world, options)
  await world.clock.advance(60_000)
  return { world, process, options }
}

/** From now on the path cdn-a of these streams is bad. */
function fail(world: World, streams: readonly string[]): void {
  world.sight = (path, _, group) =>
    path === 'cdn-a' && streams.some((stream) => group.startsWith(`${stream}/`)) ? 'bad' : 'good'
}

/** Streams whose traffic moved, with the minute since `from`. */
function moves(world: World, from: number): string[] {
  return world.disk.journal.flatMap(({ kind, group = '' }, index) => {
    if (kind !== 'applied') return []
    const at = (world.stamps[index] ?? 0) - from
    return [`${Math.floor(at / minute)}: ${group.split('/')[0] ?? ''}`]
  })
}

/** The monotonic times of journal entries of a kind. */
function stampsOf(world: World, kind: JournalKind): number[] {
  return world.disk.journal.flatMap((entry, index) =>
    entry.kind === kind ? [world.stamps[index] ?? 0] : [],
  )
}

describe('more fails at once than may be changed at once', () => {
  test('changes go in waves, the higher priority first, with one page for all who wait', async () => {
    const { world } = await five({ 'channel-1': 1, 'channel-3': 900, 'channel-4': 700 })
    const began = world.clock.now()

    fail(world, ['channel-5'])
    await world.clock.advance(minute)
    fail(world, ['channel-1', 'channel-2', 'channel-3', 'channel-4', 'channel-5'])
    await world.clock.advance(21 * minute)

    expect(moves(world, began)).toEqual([
      '0: channel-5',
      '5: channel-3',
      '10: channel-4',
      '15: channel-2',
      '20: channel-1',
    ])
    expect(pages(world, 'installation#blast-radius')).toBe(1)
    expect(says(world, 'decision').join()).toContain('after channel-3/cdn')
  })

  test('a group whose turn comes and whose target cannot be written lets the others go', async () => {
    const { world } = await five({ 'channel-1': 900 })
    const began = world.clock.now()
    const target = world.targets.get('channel-1/cdn#0')
    if (target === undefined) throw new Error('no target')
    target.trouble.readErrorUntil = Number.MAX_SAFE_INTEGER

    fail(world, ['channel-1', 'channel-2'])
    await world.clock.advance(2 * minute)

    expect(moves(world, began)).toEqual(['0: channel-2'])
  })

  test('a group whose turn comes and which is never ready in time lets the others go', async () => {
    const { world } = await five({ 'channel-1': 900 }, 'queue', {
      callTimeoutMs: 8_000,
      precheckTtlMs: 3_000,
    })
    const began = world.clock.now()
    const target = world.targets.get('channel-1/cdn#0')
    if (target === undefined) throw new Error('no target')
    target.trouble.slowMs = 5_000

    fail(world, ['channel-1'])
    await world.clock.advance(20_000)
    fail(world, ['channel-1', 'channel-2'])
    await world.clock.advance(2 * minute)

    expect(says(world, 'decision')).toContain('the pre-check of cdn-b took too long')
    expect(moves(world, began)).toEqual([expect.stringMatching(/: channel-2$/u)])
  })

  test('the window runs from when traffic moved, and not from when the change began', async () => {
    const { world } = await five()
    const target = world.targets.get('channel-1/cdn#0')
    if (target === undefined) throw new Error('no target')
    // Calls are answered at last, within what a change may take.
    const refuse = () => (target.trouble.failUntil = world.clock.now() + 8_000)
    world.triggers.push({ kind: 'intent', run: refuse })

    fail(world, ['channel-1'])
    await until(world, () => says(world, 'applied').length === 1)
    const [applied = 0] = stampsOf(world, 'applied')
    expect(applied - (stampsOf(world, 'intent')[0] ?? applied)).toBeGreaterThan(5_000)
    fail(world, ['channel-1', 'channel-2'])
    await world.clock.advance(7 * minute)

    const [, next = 0] = stampsOf(world, 'intent')
    expect(next).toBeGreaterThanOrEqual(applied + 5 * minute)
  })

  test('leaders in two processes share the limit, and neither has to hear of the other first', async () => {
    const { world, process: second, options } = await five()
    const all = world.settings
    // The first group leads a process of its own, which knows of no other group.
    killProcess(second)
    await world.clock.advance(30_000)
    world.settings = { ...all, groups: all.groups.slice(0, 1) }
    await startProcess(world, options)
    await world.clock.advance(5_000)
    world.settings = all
    await startProcess(world, options)
    await world.clock.advance(60_000)
    const began = world.clock.now()

    fail(world, ['channel-2'])
    await world.clock.advance(minute)
    fail(world, ['channel-1', 'channel-2'])
    await world.clock.advance(8 * minute)

    expect(moves(world, began)).toEqual(['0: channel-2', '5: channel-1'])
    expect(says(world, 'decision').join()).toContain(
      'the change was not begun: another process changed channel-2/cdn meanwhile',
    )
  })

  test('a successor counts what the process before it changed', async () => {
    const { world, process, options } = await five()
    fail(world, ['channel-1'])
    await world.clock.advance(30_000)
    const [applied = 0] = stampsOf(world, 'applied')
    expect(applied).toBeGreaterThan(0)

    // Every lease has ended by the time it starts: it never stood aside and watched.
    killProcess(process)
    await world.clock.advance(30_000)
    await startProcess(world, options)
    await world.clock.advance(45_000)
    fail(world, ['channel-1', 'channel-2'])
    await world.clock.advance(7 * minute)

    const [, next = 0] = stampsOf(world, 'intent')
    expect(next).toBeGreaterThanOrEqual(applied + 5 * minute)
    // It knew by itself: no intent was tried that the store had to refuse.
    expect(says(world, 'decision').join()).not.toContain('the change was not begun')
  })

  test('freezes every further group where that is wanted, until a person looks', async () => {
    const { world, process } = await five({}, 'freeze')

    fail(world, ['channel-1', 'channel-2', 'channel-3'])
    await world.clock.advance(12 * minute)

    expect(says(world, 'applied')).toHaveLength(1)
    const states = ['channel-1/cdn', 'channel-2/cdn', 'channel-3/cdn', 'channel-4/cdn'].map(
      (name) => stateOf(process, name),
    )
    expect(states.filter((state) => state === 'FROZEN')).toHaveLength(2)
    expect(states[3]).toBe('STEADY')
    expect(says(world, 'frozen')[0]).toContain('a person must look (changeover ack)')
  })
})
