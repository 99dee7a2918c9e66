import { describe, expect, it } from 'vitest'
import { readEnvironment } from '../../src/platform/environment.ts'
import { watchLoopLag } from '../../src/platform/loop-lag.ts'
import { realIds } from '../../src/platform/real-ids.ts'
import { realRandom } from '../../src/platform/real-random.ts'
import { watchSignals } from '../../src/platform/signals.ts'

describe('real chance', () => {
  it('is spread over [0, 1)', () => {
    const random = realRandom()

    const drawn = Array.from({ length: 5_000 }, () => random.next())

    expect(drawn.every((value) => value >= 0 && value < 1)).toBe(true)
    expect(drawn.reduce((sum, value) => sum + value, 0) / drawn.length).toBeCloseTo(0.5, 1)
    expect(new Set(drawn).size).toBeGreaterThan(4_990)
  })
})

describe('real identities', () => {
  it('are UUIDs of version 7 with the time in front', () => {
    const before = Date.now()
    const id = realIds().next()

    const stamp = Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)

    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(stamp).toBeGreaterThanOrEqual(before)
    expect(stamp).toBeLessThanOrEqual(Date.now())
  })

  it('sort in the order in which they were made and never repeat', () => {
    const ids = realIds()

    const made = Array.from({ length: 20_000 }, () => ids.next())

    expect(made.toSorted()).toEqual(made)
    expect(new Set(made).size).toBe(made.length)
  })
})

describe('the environment', () => {
  it('gives what is set, also when it is empty, and undefined for what is not', () => {
    process.env['CHANGEOVER_TEST_EMPTY'] = ''

    const values = [readEnvironment('CHANGEOVER_TEST_EMPTY'), readEnvironment('CHANGEOVER_TEST_NO')]
    delete process.env['CHANGEOVER_TEST_EMPTY']

    expect(values).toEqual(['', undefined])
  })
})

describe('the signals of the process', () => {
  it('stop once, then count as impatience, and reload on SIGHUP', () => {
    const seen: string[] = []
    const signals = watchSignals({
      onReload: () => seen.push('reload'),
      onImpatience: () => seen.push('impatience'),
    })
    signals.stop.addEventListener('abort', () => seen.push(String(signals.stop.reason)))

    process.emit('SIGHUP', 'SIGHUP')
    process.emit('SIGTERM', 'SIGTERM')
    process.emit('SIGINT', 'SIGINT')
    signals.close()

    expect(seen).toEqual(['reload', 'SIGTERM', 'impatience'])
  })

  it('are given back on close', () => {
    const before = process.listenerCount('SIGTERM')

    const signals = watchSignals()
    const during = process.listenerCount('SIGTERM')
    signals.close()

    expect([during, process.listenerCount('SIGTERM')]).toEqual([before + 1, before])
  })
})

describe('the lag of the event loop', () => {
  it('shows a blocked loop, and starts afresh with each reading', async () => {
    const watch = watchLoopLag()
    await new Promise((resolve) => setTimeout(resolve, 60))
    const until = performance.now() + 80
    while (performance.now() < until);
    await new Promise((resolve) => setTimeout(resolve, 40))

    const blocked = watch.read()
    const atOnce = watch.read()
    watch.close()

    expect(blocked.maxMs).toBeGreaterThan(50)
    expect(blocked.p50Ms).toBeLessThan(blocked.maxMs)
    expect(atOnce).toEqual({ p50Ms: 0, p99Ms: 0, maxMs: 0 })
  })
})
