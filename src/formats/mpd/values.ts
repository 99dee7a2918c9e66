import { isoTime } from '../m3u8/iso-time.ts'

const durationForm =
  /^(-)?P(?:(\d{1,6})Y)?(?:(\d{1,6})M)?(?:(\d{1,9})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,12})M)?(?:(\d{1,15}(?:\.\d{1,20})?)S)?)?$/u

/**
 * Seconds of an `xs:duration` such as `PT1H2.5S` (XML Schema part 2, section 3.2.6); a year counts
 * 365 days and a month 30. `undefined` where it is none.
 */
export function readDuration(text: string | undefined): number | undefined {
  const match = text === undefined ? null : durationForm.exec(text.trim())
  if (match === null || /[PT]$/u.test(text?.trim() ?? '')) return undefined
  const [, sign, years, months, days, hours, minutes, seconds] = match
  const whole =
    (Number(years ?? 0) * 365 + Number(months ?? 0) * 30 + Number(days ?? 0)) * 86_400 +
    Number(hours ?? 0) * 3_600 +
    Number(minutes ?? 0) * 60 +
    Number(seconds ?? 0)
  return sign === '-' ? -whole : whole
}

/** Wall milliseconds of an `xs:dateTime`; without a zone it is UTC (ISO/IEC 23009-1, 5.3.1.2). */
export function readDateTime(text: string | undefined): number | undefined {
  return isoTime(text?.trim())
}

/** A whole number that is not negative, at most 2^53 - 1. */
export function readUint(text: string | undefined): number | undefined {
  if (text === undefined || !/^\s*\d{1,16}\s*$/u.test(text)) return undefined
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : undefined
}

/** A whole number that is not negative, at most 2^64 - 1: times of fine time scales pass 2^53. */
export function readTicks(text: string | undefined): bigint | undefined {
  if (text === undefined || !/^\s*\d{1,20}\s*$/u.test(text)) return undefined
  const value = BigInt(text.trim())
  return value < 2n ** 64n ? value : undefined
}

/** A number with or without a fraction; `INF` is infinite. */
export function readNumber(text: string | undefined): number | undefined {
  const trimmed = text?.trim()
  if (trimmed === 'INF') return Number.POSITIVE_INFINITY
  if (trimmed === undefined || !/^-?\d{1,15}(?:\.\d{1,15})?$/u.test(trimmed)) return undefined
  return Number(trimmed)
}

/** A byte range `first-last` as the header Range writes it, or `first-` to the end. */
export function readRange(text: string | undefined): string | undefined {
  const trimmed = text?.trim()
  return trimmed !== undefined && /^\d{1,16}-(?:\d{1,16})?$/u.test(trimmed) ? trimmed : undefined
}
