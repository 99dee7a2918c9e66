import { describe, expect, test } from 'vitest'
import { groupName, killProcess, startProcess } from '../../../src/simulation/world.ts'
import {
  isOpen,
  onA,
  onB,
  phase,
  reload,
  says,
  show,
  stateOf,
  steady,
  until,
  targetOf,
} from './scene.ts'

describe('processes', () => {
  test('stopping in good order ends what is being written, and leaves the rest to the successor', async () => {
    const { world, process, options } = await steady()
    world.target.trouble.slowMs = 1_000
    show(world, { 'cdn-a': 'bad' })
    await until(world, () => isOpen(world))

    void process.watchdog.stop()
    await world.clock.advance(10_000)
    expect(world.target.allocation).toEqual(onB)
    expect(phase(world)).toBe('applied')

    killProcess(process)
    const successor = await startProcess(world, options)
    await world.clock.advance(120_000)
    expect(says(world, 'verified')).toHaveLength(1)
    expect(stateOf(successor)).toBe('STEADY')
  })

  test('new settings are taken over between two evaluations, whoever hands them over', async () => {
    const { world, process } = await steady()
    const controller = process.watchdog.controller(groupName)
    if (controller === undefined) throw new Error('no controller')
    const holddown = () => controller.snapshot().situation.settings.holddownMs
    const { settings } = controller.snapshot().situation
    show(world, { 'cdn-a': 'bad' })
    await until(world, () => phase(world) === 'applied')

    controller.reconfigure({ ...settings, holddownMs: 1_000 }, [])
    const during = holddown()
    await until(world, () => !isOpen(world))
    await world.clock.advance(2_000)

    expect([during, holddown()]).toEqual([settings.holddownMs, 1_000])
  })

  test('who looks from outside is not told that a loop stands still which judges what another left', async () => {
    const { world, process, options } = await steady()
    world.target.trouble.slowMs = 3_000
    show(world, { 'cdn-a': 'bad' })
    await until(world, () => isOpen(world))
    killProcess(process)
    const successor = await startProcess(world, options)

    let longest = 0
    let judged = 0
    for (let step = 0; step < 1_200; step += 1) {
      await world.clock.advance(100)
      const { busy, lastTurn } = successor.watchdog.controller(groupName)?.snapshot() ?? {}
      if (busy !== undefined) judged += 100
      else if (lastTurn !== undefined) longest = Math.max(longest, world.clock.now() - lastTurn)
    }

    expect(judged).toBeGreaterThan(10_000)
    expect(longest).toBeLessThan(10_000)
  })

  test('a reload waits until the change under way is over', async () => {
    const { world, process } = await steady()
    world.target.trouble.slowMs = 1_000
    show(world, { 'cdn-a': 'bad' })
    await until(world, () => isOpen(world))

    const [group] = world.settings.groups
    if (group === undefined) throw new Error('no group')
    await reload(world, process, { groups: [{ ...group, holddownMs: 1_000 }] })
    const before = process.watchdog.settings.groups[0]?.holddownMs
    await until(world, () => phase(world) === 'applied')
    const applied = process.watchdog.settings.groups[0]?.holddownMs
    await world.clock.advance(60_000)

    expect([before, applied]).toEqual([group.holddownMs, group.holddownMs])
    expect(says(world, 'config')).toEqual([
      'a reload waits for the change of channel-1/cdn to end',
      'the configuration was reloaded',
    ])
    expect(says(world, 'verified')).toHaveLength(1)
    const { situation } = process.watchdog.controller(groupName)?.snapshot() ?? {}
    expect(situation?.settings.holddownMs).toBe(1_000)
  })

  test('a reload does not wait for ever: a change that nobody can judge is bounded too', async () => {
    const { world, process, options } = await steady()
    show(world, { 'cdn-a': 'bad' })
    await until(world, () => phase(world) === 'applied')
    killProcess(process)
    world.target.trouble.readErrorUntil = Number.MAX_SAFE_INTEGER
    const successor = await startProcess(world, options)
    await world.clock.advance(60_000)

    const [group] = world.settings.groups
    if (group === undefined) throw new Error('no group')
    await reload(world, successor, { groups: [{ ...group, holddownMs: 1_000 }] })
    const before = successor.watchdog.settings.groups[0]?.holddownMs
    await world.clock.advance(110_000)

    expect([before, successor.watchdog.settings.groups[0]?.holddownMs]).toEqual([120_000, 1_000])
  })

  test('a process that ends does not wait for the change that its reload waits for', async () => {
    const { world, process } = await steady()
    show(world, { 'cdn-a': 'bad' })
    world.publicTrouble = () => 'bad'
    await until(world, () => phase(world) === 'applied')
    await reload(world, process, {})

    let isOver = false
    void process.watchdog.stop().then(() => (isOver = true))
    await world.clock.advance(3_000)

    expect(isOver).toBe(true)
    expect(says(world, 'config')).toEqual(['a reload waits for the change of channel-1/cdn to end'])
  })

  test('what a change decides to serve while a reload waits can still refuse it', async () => {
    const { world, process } = await steady()
    show(world, { 'cdn-a': 'bad' })
    await until(world, () => phase(world) === 'applied')
    const { compileRuleSet } = await import('../../../src/engine/rules/rule-set.ts')
    const rules = compileRuleSet([], [])
    if (!rules.ok) throw new Error('no rules')

    const next = { ...world.settings, mode: 'advise' as const }
    const reloaded = process.watchdog.reload(next, rules.set, () => 'it serves')
    await world.clock.advance(90_000)

    expect(await reloaded).toBe('it serves')
    expect(process.watchdog.settings.mode).toBe('armed')
  })

  test('a store that was away for longer than the lease makes no edit of our own lag', async () => {
    const busy = { budget: { changes: 9, perMs: 3_600_000 }, holddownMs: 10_000 }
    const { world, process } = await steady({ layout: ['push', 'best-effort'], group: busy })
    targetOf(world, 1).trouble.refuseUntil = 130_000
    show(world, { 'cdn-a': 'bad' })
    await world.clock.advance(70_000)

    process.store.available = false
    await world.clock.advance(30_000)
    process.store.available = true
    await world.clock.advance(60_000)
    show(world, { 'cdn-b': 'bad' })
    await world.clock.advance(120_000)

    expect(world.target.allocation).toEqual(onA)
    expect(targetOf(world, 1).allocation).toEqual(onA)
  })

  test('a path that traffic is about to move to counts as serving, so that no reload removes it', async () => {
    const { world, process } = await steady()
    world.target.trouble.slowMs = 1_000
    show(world, { 'cdn-a': 'bad' })
    await until(world, () => isOpen(world))

    expect(process.watchdog.serving(groupName)).toEqual(['cdn-a', 'cdn-b'])
  })

  test('a standby process answers what the leader applied', async () => {
    const { world, options } = await steady({ layout: ['pull', 'push'] })
    const second = await startProcess(world, options)
    show(world, { 'cdn-a': 'bad' })
    await world.clock.advance(60_000)

    expect(second.watchdog.published(groupName)).toEqual({ allocation: onB, serveAll: false })
  })

  test('a change that was aborted after a crash starts no holddown', async () => {
    const { world, process, options } = await steady()
    process.dieAt = 'before-call'
    show(world, { 'cdn-a': 'bad' })
    await until(world, () => process.dead)
    const successor = await startProcess(world, options)
    await world.clock.advance(120_000)

    const { memory } = successor.watchdog.controller(groupName)?.snapshot().situation ?? {}
    expect(memory?.changes).toMatchObject([{ target: 'cdn-b', charge: 1 }])
  })

  test('after a restart a path left as down is not returned to, whatever the wall clock did', async () => {
    const { world, process, options } = await steady()
    show(world, { 'cdn-a': 'bad' })
    await until(world, () => says(world, 'verified').length > 0)
    show(world, {})
    await world.clock.advance(60_000)

    killProcess(process)
    world.clock.jumpWall(3_000_000)
    const successor = await startProcess(world, options)
    await world.clock.advance(25_000)
    show(world, { 'cdn-b': 'bad' })
    await world.clock.advance(60_000)

    expect(world.target.allocation).toEqual(onB)
    expect(stateOf(successor)).toBe('ALL-DOWN')
  })

  test('after a restart a path that was left days ago may be gone to at once', async () => {
    const failback = { auto: false, stableForMs: 600_000, maxWaitMs: 7_200_000, window: [] }
    const { world, process, options } = await steady({ group: { failback } })
    show(world, { 'cdn-a': 'bad' })
    await until(world, () => says(world, 'verified').length > 0)
    show(world, {})
    await world.clock.advance(120_000)

    killProcess(process)
    world.clock.jumpWall(3 * 86_400_000)
    await startProcess(world, options)
    await world.clock.advance(60_000)
    show(world, { 'cdn-b': 'bad' })
    await world.clock.advance(45_000)

    expect(world.target.allocation).toEqual({ 'cdn-a': 100, 'cdn-b': 0 })
  })

  test('a new term as leader in the same process forgets no time, whatever the wall clock did', async () => {
    const { world, process } = await steady()
    show(world, { 'cdn-a': 'bad' })
    await until(world, () => says(world, 'verified').length > 0)
    const before = process.watchdog.controller(groupName)?.snapshot().situation.memory

    world.clock.jumpWall(3_000_000)
    process.clock.pause(16_000)
    await world.clock.advance(20_000)
    const after = process.watchdog.controller(groupName)?.snapshot().situation.memory

    expect(after?.row.token).toBe(before?.row.token)
    expect(after?.changes.map((change) => change.at)).toEqual(
      before?.changes.map((change) => change.at),
    )
    expect(after?.holddownUntil).toBe(before?.holddownUntil)
  })

  test('a relapse is one, whatever the wall clock did since the failback', async () => {
    const failback = { auto: true, stableForMs: 90_000, maxWaitMs: 600_000, window: [] }
    const budget = { changes: 9, perMs: 3_600_000 }
    const { world } = await steady({ group: { budget, failback, holddownMs: 30_000 } })
    show(world, { 'cdn-a': 'bad' })
    await world.clock.advance(60_000)
    show(world, {})
    await until(world, () => world.target.allocation['cdn-a'] === 100, 600_000)
    await world.clock.advance(60_000)

    world.clock.jumpWall(2 * 3_600_000)
    show(world, { 'cdn-a': 'bad' })
    await until(world, () => world.target.allocation['cdn-b'] === 100)
    show(world, {})
    await world.clock.advance(30 * 60_000)

    expect(world.target.allocation).toEqual(onB)
  })

  test('a pulled group with one that is not required goes on from what it published', async () => {
    const { world, process, options } = await steady({ layout: ['pull', 'best-effort'] })
    targetOf(world, 1).trouble.refuseUntil = Number.MAX_SAFE_INTEGER
    show(world, { 'cdn-a': 'bad' })
    await until(world, () => phase(world) === 'applied')
    killProcess(process)
    const successor = await startProcess(world, options)
    await world.clock.advance(120_000)

    expect(successor.watchdog.published(groupName)).toEqual({ allocation: onB, serveAll: false })
    expect(stateOf(successor)).toBe('STEADY')
    expect(says(world, 'foreign-edit')).toEqual([])
  })

  test('a defect in an actuator is told, and the loop goes on', async () => {
    const { world, process } = await steady()
    const broken = world.target
    const original = broken.allocation
    Object.defineProperty(broken, 'allocation', {
      configurable: true,
      get: () => {
        throw new TypeError('no such field')
      },
    })
    await world.clock.advance(60_000)
    Object.defineProperty(broken, 'allocation', { value: original, writable: true })
    show(world, { 'cdn-a': 'bad' })
    await world.clock.advance(120_000)

    expect(world.target.allocation).toEqual(onB)
    expect(stateOf(process)).toBe('STEADY')
  })

  test('a look that never ends holds no decision', async () => {
    const { world } = await steady({ paths: 3 })
    world.sight = (path, vantage) => {
      if (path === 'cdn-b' && vantage === 'fra') return 'hung'
      return path === 'cdn-a' ? 'bad' : 'good'
    }
    await world.clock.advance(120_000)

    expect(world.target.allocation).toMatchObject({ 'cdn-c': 100 })
  })
})
