const levels = '▁▂▃▄▅▆▇█'

/**
 * Values as a row of bars from zero to the largest, oldest first; a gap is a space. At most
 * `columns` bars: the newest are kept. Empty where nothing was measured.
 */
export function sparkline(values: readonly (number | undefined)[], columns: number): string {
  const shown = values.slice(-columns)
  const most = Math.max(...shown.map((value) => value ?? 0))
  if (shown.every((value) => value === undefined)) return ''
  return shown
    .map((value) => {
      if (value === undefined || !Number.isFinite(value)) return ' '
      const level = most <= 0 ? 0 : Math.round((Math.max(0, value) / most) * (levels.length - 1))
      return levels.charAt(level)
    })
    .join('')
}
