import { describe, expect, test } from 'vitest'
import type { CalendarEntry, WeeklyPeriod } from '../../src/core/calendar.ts'
import { askCalendar, isOpen, nextInCalendar } from '../../src/engine/calendar.ts'

function weekly(more: Partial<WeeklyPeriod> = {}): WeeklyPeriod {
  return {
    repeats: 'weekly',
    days: ['fri', 'sat'],
    from: 18 * 60,
    to: 90,
    timeZone: 'Europe/Berlin',
    ...more,
  }
}

function entry(more: Partial<CalendarEntry> = {}): CalendarEntry {
  return { name: 'show', kind: 'freeze', stops: 'all', period: weekly(), ...more }
}

const at = (iso: string) => Date.parse(iso)
const ask = (entries: readonly CalendarEntry[], iso: string, reason = 'failover' as const) =>
  askCalendar(entries, reason, at(iso))

describe('what comes next', () => {
  const final = entry({
    name: 'final',
    period: { repeats: 'once', from: '2027-07-19 18:00', to: '2027-07-19 22:00', timeZone: 'UTC' },
  })

  test.each([
    [
      'the soonest of all',
      [final, entry()],
      'freeze show from Fri 2026-11-20 18:00 (Europe/Berlin)',
    ],
    ['a date, however far', [final], 'freeze final from Mon 2027-07-19 18:00 (UTC)'],
    [
      'a window of failback alone',
      [entry({ kind: 'window', stops: 'failback-only' })],
      'change window of failback show from Fri 2026-11-20 18:00 (Europe/Berlin)',
    ],
    ['nothing', [], undefined],
  ])('is %s', (_, entries, says) => {
    expect(nextInCalendar(entries, at('2026-11-19T12:00:00Z'))).toBe(says)
  })

  test('is the next time, while one lasts', () => {
    expect(nextInCalendar([entry()], at('2026-11-20T20:00:00Z'))).toBe(
      'freeze show from Sat 2026-11-21 18:00 (Europe/Berlin)',
    )
  })
})

describe('a freeze', () => {
  test.each([
    ['2026-11-20T16:59:59Z', true],
    ['2026-11-20T17:00:00Z', false],
    ['2026-11-20T23:30:00Z', false],
    ['2026-11-21T00:29:59Z', false],
    ['2026-11-21T00:30:00Z', true],
    ['2026-11-21T17:00:00Z', false],
    ['2026-11-22T17:00:00Z', true],
    ['2026-11-19T17:00:00Z', true],
  ])('over midnight, at %s: %s', (iso, pass) => {
    expect(ask([entry()], iso).pass).toBe(pass)
  })

  test('says its name, and when it ends, by the clock of its zone', () => {
    expect(ask([entry()], '2026-11-20T17:00:00Z')).toEqual({
      pass: false,
      says: 'freeze show until Sat 2026-11-21 01:30 (Europe/Berlin)',
    })
  })

  test('of failback only lets failing paths be left, and people steer', () => {
    const only = entry({ stops: 'failback-only' })
    const now = at('2026-11-20T17:00:00Z')

    const answers = (['failover', 'steer', 'failback'] as const).map(
      (reason) => askCalendar([only], reason, now).pass,
    )

    expect(answers).toEqual([true, true, false])
  })

  test('comes no more after its last date', () => {
    const last = entry({ period: weekly({ until: '2026-11-20' }) })

    expect(ask([last], '2026-11-21T00:00:00Z').pass).toBe(false)
    expect(ask([last], '2026-11-21T18:00:00Z')).toEqual({
      pass: true,
      says: 'nothing in the calendar',
    })
  })

  test('between two dates lasts without a break, and is over then', () => {
    const holidays = entry({
      name: 'holidays',
      period: {
        repeats: 'once',
        from: '2026-12-24 18:00',
        to: '2027-01-02 06:00',
        timeZone: 'America/New_York',
      },
    })
    const asked = [
      '2026-12-24T22:59:59Z',
      '2026-12-24T23:00:00Z',
      '2026-12-29T03:00:00Z',
      '2027-01-02T11:00:00Z',
    ].map((iso) => ask([holidays], iso))

    expect(asked.map(({ pass }) => pass)).toEqual([true, false, false, true])
    expect(asked[2]?.says).toBe('freeze holidays until Sat 2027-01-02 06:00 (America/New_York)')
  })

  test.each([
    // Clocks are put back at 03:00: the hour from 02:00 comes twice, and all of it is frozen.
    ['2026-10-25T00:00:00Z', false],
    ['2026-10-25T00:59:59Z', false],
    ['2026-10-25T01:29:59Z', false],
    ['2026-10-25T01:30:00Z', true],
    // Clocks are put forward at 02:00: 02:30 is 03:30 then.
    ['2026-03-29T00:59:59Z', true],
    ['2026-03-29T01:00:00Z', false],
    ['2026-03-29T01:29:59Z', false],
    ['2026-03-29T01:30:00Z', true],
  ])('from 02:00 to 02:30 where clocks are changed, at %s: %s', (iso, pass) => {
    const night = entry({ period: weekly({ days: ['sun'], from: 120, to: 150 }) })

    expect(ask([night], iso).pass).toBe(pass)
  })

  test('of the whole day ends with it', () => {
    const day = entry({ period: weekly({ days: ['sun'], from: 0, to: 1_440, timeZone: 'UTC' }) })

    expect(ask([day], '2026-11-22T23:59:59Z').says).toBe(
      'freeze show until Mon 2026-11-23 00:00 (UTC)',
    )
    expect(ask([day], '2026-11-23T00:00:00Z').pass).toBe(true)
  })
})

describe('change windows', () => {
  const nightly = entry({
    name: 'nightly',
    kind: 'window',
    period: weekly({ days: ['mon', 'tue'], from: 120, to: 300, timeZone: 'UTC' }),
  })

  test('let changes through while one of them lasts, and name the next one otherwise', () => {
    expect(ask([nightly], '2026-11-23T03:00:00Z')).toEqual({
      pass: true,
      says: 'change window nightly until Mon 2026-11-23 05:00 (UTC)',
    })
    expect(ask([nightly], '2026-11-24T05:00:00Z')).toEqual({
      pass: false,
      says: 'outside every change window; nightly opens Mon 2026-11-30 02:00 (UTC)',
    })
  })

  test('are enough if one of several lasts', () => {
    const weekend = entry({
      name: 'weekend',
      kind: 'window',
      period: weekly({ days: ['sat'], from: 0, to: 1_440, timeZone: 'UTC' }),
    })

    expect(ask([nightly, weekend], '2026-11-21T10:00:00Z').pass).toBe(true)
    expect(ask([nightly, weekend], '2026-11-22T10:00:00Z').says).toContain('nightly opens Mon')
  })

  test('yield to a freeze', () => {
    const frozen = entry({ name: 'final', period: weekly({ days: ['mon'], from: 0, to: 1_440 }) })

    expect(ask([nightly, frozen], '2026-11-23T03:00:00Z').says).toContain('freeze final')
  })

  test('that do not come again limit nothing', () => {
    const over: CalendarEntry = {
      ...nightly,
      period: {
        repeats: 'once',
        from: '2026-01-01 00:00',
        to: '2026-01-02 00:00',
        timeZone: 'UTC',
      },
    }

    expect(ask([over], '2026-11-21T10:00:00Z').pass).toBe(true)
  })
})

describe('the window of failback', () => {
  const nights = weekly({ days: ['mon'], from: 120, to: 300, timeZone: 'UTC' })

  test('is always open where there is none', () => {
    expect(isOpen([], 0).open).toBe(true)
  })

  test('says when it opens', () => {
    expect(isOpen([nights], at('2026-11-21T10:00:00Z'))).toEqual({
      open: false,
      says: 'its window opens Mon 2026-11-23 02:00 (UTC)',
    })
    expect(isOpen([nights], at('2026-11-23T02:00:00Z')).open).toBe(true)
  })
})
