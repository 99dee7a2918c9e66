import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  dayOf,
  formatLocal,
  instantsOf,
  localTime,
  parseLocal,
  weekdayOf,
} from '../../src/engine/local-time.ts'

/** The part of the platform's own time zone arithmetic that is compared with. */
interface Zoned {
  readonly epochMilliseconds: number
  readonly year: number
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly dayOfWeek: number
}
const { Temporal } = globalThis as unknown as {
  readonly Temporal: {
    readonly Instant: {
      fromEpochMilliseconds(ms: number): { toZonedDateTimeISO(zone: string): Zoned }
    }
    readonly PlainDateTime: {
      from(text: string): {
        toZonedDateTime(zone: string, how: { disambiguation: string }): Zoned
      }
    }
  }
}

const zones = [
  'UTC',
  'Europe/Berlin',
  'Europe/London',
  'America/New_York',
  'America/Sao_Paulo',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Africa/Casablanca',
]
const zone = fc.constantFrom(...zones)
/** 2015 to 2035, in minutes: clocks are put forward and back often enough. */
const minute = fc.integer({ min: 23_668_560, max: 34_187_040 })

describe('local time', () => {
  test('is what the platform itself says, in every zone', () => {
    fc.assert(
      fc.property(zone, minute, (timeZone, minutes) => {
        const wall = minutes * 60_000
        const zoned = Temporal.Instant.fromEpochMilliseconds(wall).toZonedDateTimeISO(timeZone)

        const local = localTime(wall, timeZone)

        const { date, time } = formatLocal(local)
        expect(`${date} ${time}`).toBe(textOf(zoned))
        expect(weekdayOf(dayOf(local))).toBe(zoned.dayOfWeek % 7)
      }),
      { numRuns: 500 },
    )
  })

  test('turns back into the first and the last moment at which clocks show it', () => {
    fc.assert(
      fc.property(zone, minute, (timeZone, minutes) => {
        const local = minutes * 60_000
        const { date, time } = formatLocal(local)
        const plain = Temporal.PlainDateTime.from(`${date}T${time}`)
        const at = (disambiguation: string) =>
          plain.toZonedDateTime(timeZone, { disambiguation }).epochMilliseconds

        const { first, last } = instantsOf(local, timeZone)

        expect([first, last]).toEqual([at('compatible'), at('later')])
      }),
      { numRuns: 500 },
    )
  })

  test.each([
    // The last hour before clocks are put back comes twice.
    ['2026-10-25 02:30', '2026-10-25T00:30:00Z', '2026-10-25T01:30:00Z'],
    // 02:30 is left out.
    ['2026-03-29 02:30', '2026-03-29T01:30:00Z', '2026-03-29T01:30:00Z'],
    ['2026-07-01 12:00', '2026-07-01T10:00:00Z', '2026-07-01T10:00:00Z'],
  ])('%s in Berlin', (text, first, last) => {
    expect(instantsOf(parseLocal(text), 'Europe/Berlin')).toEqual({
      first: Date.parse(first),
      last: Date.parse(last),
    })
  })

  test.each(['2026-02-30', '2026-13-01', '2026-01-01 25:00', '2026-1-1', 'tomorrow', ''])(
    '%j is no date',
    (text) => {
      expect(parseLocal(text)).toBeNaN()
    },
  )

  test('refuses a time zone that there is none of', () => {
    expect(() => localTime(0, 'Mars/Olympus')).toThrow(RangeError)
  })
})

function textOf({ year, month, day, hour, minute: minutes }: Zoned): string {
  const two = (value: number) => String(value).padStart(2, '0')
  return `${year}-${two(month)}-${two(day)} ${two(hour)}:${two(minutes)}`
}
