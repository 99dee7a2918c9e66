const levels = '▁▂▃▄▅▆▇█'

/**
 * Values as a row of bars from zero to the largest, oldest first; a gap is a space. At most
 * `columns` bars: the newest are kept. Empty where nothing was measured.
 */
export function sparkline(values: readonly (number | undefined)[], columns: number): string {
  const shown = values.slice(-columns)
  const most = Math.max(0, ...shown.filter(isNumber))
  if (!shown.some(isNumber)) return ''
  return shown
    .map((value) => {
      if (!isNumber(value)) return ' '
      const level = most === 0 ? 0 : Math.round((Math.max(0, value) / most) * (levels.length - 1))
      return levels.charAt(level)
    })
    .join('')
}

function isNumber(value: number | undefined): value is number {
  return value !== undefined && Number.isFinite(value)
}
