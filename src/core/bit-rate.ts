/** A bit rate for people, in bits a second, with three digits in the unit that reads best. */
export function formatBitRate(bitsPerSecond: number): string {
  const steps = [
    [1e9, 'Gbit/s'],
    [1e6, 'Mbit/s'],
    [1e3, 'kbit/s'],
  ] as const
  const [size, unit] = steps.find(([each]) => bitsPerSecond >= each) ?? [1, 'bit/s']
  return `${Number((bitsPerSecond / size).toPrecision(3))} ${unit}`
}
