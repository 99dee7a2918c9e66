import { availableParallelism, cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'

/** The flags of one benchmark, each with its default; `--name value` on the command line. */
export function flags<Defaults extends Readonly<Record<string, string | number>>>(
  defaults: Defaults,
): { readonly [Name in keyof Defaults]: Defaults[Name] extends number ? number : string } {
  const options = Object.fromEntries(
    Object.keys(defaults).map((name) => [name, { type: 'string' as const }]),
  )
  // Every benchmark gets all arguments of `npm run bench`: what is meant for another is left alone.
  const { values } = parseArgs({ options, strict: false, allowPositionals: true })
  const read = Object.entries(defaults).map(([name, byDefault]) => {
    const given = values[name]
    if (typeof given !== 'string') return [name, byDefault]
    if (typeof byDefault === 'string') return [name, given]
    const number = Number(given)
    if (!Number.isFinite(number) || number <= 0) throw new Error(`--${name} must be above 0`)
    return [name, number]
  })
  return Object.fromEntries(read)
}

/** Says what the numbers below were measured on. */
export function printEnvironment(): void {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor'
  const load = loadavg().map((value) => value.toFixed(2))
  console.log(
    `Node ${process.version}, ${availableParallelism()} × ${model}, load average ${load.join(' ')}\n`,
  )
}

/** Prints a Markdown table and, below it, the load average at the end. */
export function printTable(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  console.log([line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n'))
  console.log(`\nload average at the end ${loadavg()[0]?.toFixed(2) ?? ''}`)
}

/** The value below which `share` (0 to 1) of `values` lie, by nearest rank; NaN where there are none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const rank = Math.ceil(sorted.length * share) - 1
  return sorted[Math.min(sorted.length - 1, Math.max(0, rank))] ?? Number.NaN
}

/** The middle of several runs. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/** `1,234,567`. */
export function whole(value: number): string {
  return Math.round(value).toLocaleString('en-GB')
}
