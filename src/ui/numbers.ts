import type { MeasurementView } from '../core/view.ts'

const suffixes = /_(?:seconds|bits_per_second|count|days)$/u
const acronyms = /^(?:cdn|dns|hls|http|mpd|pcr|pts|rtmp|rtt|srt|tcp|tls|ts|ttfb)$/u

/** `playlist_age_seconds` as `Playlist age`: the unit stands beside the value. */
export function measurementLabel(name: string): string {
  const words = name
    .replace(suffixes, '')
    .replace(/_bytes$/u, '_size')
    .split('_')
  const label = words.map((word) => (acronyms.test(word) ? word.toUpperCase() : word)).join(' ')
  return label.charAt(0).toUpperCase() + label.slice(1)
}

/** A measured value with a unit that reads well: `42 ms`, `5.83 Mbit/s`, `2.9 MB`, `18 %`. */
export function measured({ value, unit }: Pick<MeasurementView, 'value' | 'unit'>): string {
  switch (unit) {
    case 'seconds':
      if (Math.abs(value) < 1) return `${digits(value * 1000)} ms`
      return value < 600 ? `${digits(value)} s` : `${digits(value / 60)} min`
    case 'bits_per_second':
      return scaled(value, 1000, ['bit/s', 'kbit/s', 'Mbit/s', 'Gbit/s', 'Tbit/s'])
    case 'bytes':
      return scaled(value, 1000, ['B', 'kB', 'MB', 'GB', 'TB'])
    case 'ratio':
      return `${Number((value * 100).toFixed(1))} %`
    case 'days':
      return `${digits(value)} d`
    case 'count':
      return value.toLocaleString('en-GB', { maximumFractionDigits: 2 }).replaceAll(',', '\u202F')
    default:
      return `${digits(value)} ${unit}`
  }
}

function scaled(value: number, step: number, units: readonly string[]): string {
  let rest = value
  let index = 0
  while (Math.abs(rest) >= step && index < units.length - 1) {
    rest /= step
    index += 1
  }
  return `${digits(rest)} ${units[index] ?? ''}`
}

/** Three significant digits, without exponent. */
function digits(value: number): string {
  const size = Math.abs(value)
  if (size >= 100) return String(Math.round(value))
  return String(Number(value.toPrecision(3)))
}
