const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
type Unit = keyof typeof unitMs

const units: readonly Unit[] = ['d', 'h', 'm', 's', 'ms']

const term = /(\d+(?:\.\d+)?)(ms|s|m|h|d)/gu
const whole = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/u

/**
 * Milliseconds of a duration such as `2s`, `250ms`, `1m30s` or `1.5h`. Each unit may occur once,
 * larger before smaller. `undefined` for anything else; a number without a unit is no duration,
 * because nobody can tell seconds from milliseconds in it. The result is a whole number.
 */
export function parseDuration(text: string): number | undefined {
  if (text.length > 40 || !whole.test(text)) return undefined
  let total = 0
  let last = -1
  for (const [, amount, unit] of text.matchAll(term)) {
    const rank = units.indexOf(unit as Unit)
    if (rank <= last) return undefined
    last = rank
    total += Number(amount) * unitMs[unit as Unit]
  }
  const rounded = Math.round(total)
  return Number.isSafeInteger(rounded) ? rounded : undefined
}

/**
 * The shortest text that `parseDuration` reads back as the same number of milliseconds: `1m30s`,
 * `250ms`, `0s`. Takes whole numbers from 0 up; fractions are rounded, negative numbers get a minus sign.
 */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms)) return String(ms)
  let rest = Math.round(Math.abs(ms))
  if (rest === 0) return '0s'
  let text = ms < 0 ? '-' : ''
  for (const unit of units) {
    const count = Math.floor(rest / unitMs[unit])
    if (count === 0) continue
    text += `${count}${unit}`
    rest -= count * unitMs[unit]
  }
  return text
}
