const wrap = 2 ** 33 * 300

/** Ticks of the program clock in a millisecond (ISO 13818-1 2.4.2.1: 27 MHz). */
export const ticksPerMs = 27_000

/**
 * The clock reference in the adaptation field of the packet at `at`, in ticks of 27 MHz, or −1 where
 * it has none (ISO 13818-1 2.4.3.5). The packet must have an adaptation field.
 */
export function readPcr(data: Buffer, at: number): number {
  if ((data[at + 4] ?? 0) < 7 || ((data[at + 5] ?? 0) & 0x10) === 0) return -1
  const low = data[at + 10] ?? 0
  const base = data.readUInt32BE(at + 6) * 2 + (low >> 7)
  return base * 300 + ((low & 1) << 8) + (data[at + 11] ?? 0)
}

/** Ticks from one clock reference to another, both modulo 2^33 × 300, by the shorter way. */
export function pcrDifference(from: number, to: number): number {
  const forward = (((to - from) % wrap) + wrap) % wrap
  return forward >= wrap / 2 ? forward - wrap : forward
}
