import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { cronProblem, cronSchedules } from '../../src/platform/cron-schedules.ts'
import type { Schedule } from '../../src/plugin/schedules.ts'

const minute = 60_000
let schedule: Schedule | undefined

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  schedule?.stop()
  vi.useRealTimers()
})

function at(iso: string): number {
  return Date.parse(iso)
}

/** A job from this moment on; what it did and was told. */
function begin(
  now: string,
  cron: string,
  { timeZone = 'UTC', run = async () => {} }: { timeZone?: string; run?: () => Promise<void> } = {},
) {
  vi.setSystemTime(at(now))
  const ran: string[] = []
  const missed: string[] = []
  schedule = cronSchedules().start({
    cron,
    timeZone,
    run: async () => {
      ran.push(new Date().toISOString())
      await run()
    },
    onMissed: (wall) => missed.push(new Date(wall).toISOString()),
  })
  return { ran, missed, schedule }
}

describe('a schedule', () => {
  test('runs at its times, and at no other', async () => {
    const { ran, missed } = begin('2026-03-04T09:58:30Z', '0,2 10 * * 3')

    await vi.advanceTimersByTimeAsync(10 * minute)

    expect(ran).toEqual(['2026-03-04T10:00:00.000Z', '2026-03-04T10:02:00.000Z'])
    expect(missed).toEqual([])
  })

  test.for([
    ['2026-07-01T00:00:00Z', 'Europe/Berlin', '2026-07-01T08:00:00Z'],
    ['2026-01-01T00:00:00Z', 'Europe/Berlin', '2026-01-01T09:00:00Z'],
    ['2026-01-01T00:00:00Z', 'Asia/Kolkata', '2026-01-01T04:30:00Z'],
    ['2026-01-01T00:00:00Z', 'America/Los_Angeles', '2026-01-01T18:00:00Z'],
  ] as const)('after %s comes at ten in %s: %s', ([now, timeZone, next]) => {
    const { schedule: job } = begin(now, '0 10 * * *', { timeZone })

    expect(job.next()).toBe(at(next))
  })

  test('whose run goes on tells of its next time, and does not run twice at once', async () => {
    const never = new Promise<void>(() => {})
    const { ran, missed } = begin('2026-03-04T09:59:30Z', '* 10 * * *', { run: () => never })

    await vi.advanceTimersByTimeAsync(2 * minute)

    expect(ran).toEqual(['2026-03-04T10:00:00.000Z'])
    expect(missed).toEqual(['2026-03-04T10:01:00.000Z'])
  })

  test('is never run late: what came while the process was suspended is told, and not made up for', async () => {
    const { ran, missed } = begin('2026-03-04T09:59:30Z', '0 10 * * *')

    // Timers do not know that the machine slept for ten minutes.
    vi.setSystemTime(at('2026-03-04T10:09:30Z'))
    await vi.advanceTimersByTimeAsync(2 * minute)

    expect(ran).toEqual([])
    expect(missed).toEqual(['2026-03-04T10:00:00.000Z'])
  })

  test('does nothing any more once it is stopped', async () => {
    const { ran, schedule: job } = begin('2026-03-04T09:59:30Z', '* * * * *')

    job.stop()
    await vi.advanceTimersByTimeAsync(5 * minute)

    expect(ran).toEqual([])
  })
})

describe('what was missed while nothing ran', () => {
  test.for([
    [
      'the newest of several',
      '2026-03-01T00:00:00Z',
      '2026-03-04T12:00:00Z',
      '2026-03-04T10:00:00Z',
    ],
    [
      'the very minute of the end',
      '2026-03-04T09:00:00Z',
      '2026-03-04T10:00:00Z',
      '2026-03-04T10:00:00Z',
    ],
    ['not the minute of the beginning', '2026-03-04T10:00:00Z', '2026-03-04T11:00:00Z', undefined],
    ['nothing in between', '2026-03-04T10:01:00Z', '2026-03-05T09:59:00Z', undefined],
    ['nothing in a time that goes back', '2026-03-05T00:00:00Z', '2026-03-04T00:00:00Z', undefined],
  ] as const)('%s', ([, from, to, missed]) => {
    const { schedule: job } = begin('2026-03-04T00:00:00Z', '0 10 * * *')

    expect(job.missed(at(from), at(to))).toBe(missed && at(missed))
  })

  test('is looked for in its own time zone', () => {
    const { schedule: job } = begin('2026-07-04T00:00:00Z', '0 10 * * *', {
      timeZone: 'Asia/Tokyo',
    })

    const missed = job.missed(at('2026-07-04T00:30:00Z'), at('2026-07-04T02:00:00Z'))

    expect(missed).toBe(at('2026-07-04T01:00:00Z'))
  })

  test('is told of eight days at most', () => {
    const { schedule: job } = begin('2026-03-04T00:00:00Z', '0 10 1 * *')

    expect(job.missed(at('2026-01-01T00:00:00Z'), at('2026-03-09T00:00:00Z'))).toBe(
      at('2026-03-01T10:00:00Z'),
    )
    expect(job.missed(at('2026-01-01T00:00:00Z'), at('2026-03-20T00:00:00Z'))).toBeUndefined()
  })
})

describe('a cron expression', () => {
  test.for(['0 10 * * 3', '*/15 8-18 * * 1-5', '0 0 1 1 *'])('%s is right', (cron) => {
    expect(cronProblem(cron)).toBeUndefined()
  })

  test.for([
    ['0 10 * *', 'expected five fields'],
    ['0 0 10 * * 3', 'expected five fields'],
    ['61 10 * * 3', 'minute'],
    ['0 25 * * *', 'hour'],
    ['0 10 * * x', 'day'],
  ] as const)('%s is refused: %s', ([cron, says]) => {
    expect(cronProblem(cron)?.toLowerCase()).toContain(says)
  })
})
