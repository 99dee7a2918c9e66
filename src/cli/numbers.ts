/** A measured value with a unit that reads well: `42 ms`, `5.83 Mbit/s`, `2.92 MB`, `18 %`. */
export function measured(value: number, unit: string): string {
  switch (unit) {
    case 'seconds':
      return Math.abs(value) < 1 ? `${digits(value * 1_000)} ms` : `${digits(value)} s`
    case 'bits_per_second':
      return scaled(value, ['bit/s', 'kbit/s', 'Mbit/s', 'Gbit/s'])
    case 'bytes':
      return scaled(value, ['B', 'kB', 'MB', 'GB'])
    case 'ratio':
      return `${digits(value * 100)} %`
    case 'days':
      return `${digits(value)} d`
    case 'count':
      return String(Math.round(value * 100) / 100)
    default:
      return `${digits(value)} ${unit}`
  }
}

function scaled(value: number, units: readonly string[]): string {
  let rest = value
  let unit = 0
  while (Math.abs(rest) >= 1_000 && unit < units.length - 1) {
    rest /= 1_000
    unit += 1
  }
  return `${digits(rest)} ${units[unit]}`
}

/** Three figures that count, and never less than the whole part. */
function digits(value: number): string {
  const size = Math.abs(value)
  if (size >= 100 || Number.isInteger(value)) return String(Math.round(value))
  return String(Number(value.toPrecision(3)))
}
