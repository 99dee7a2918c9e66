const table = new Int32Array(256)
for (let byte = 0; byte < 256; byte++) {
  let value = byte << 24
  for (let bit = 0; bit < 8; bit++) value = value < 0 ? (value << 1) ^ 0x04c1_1db7 : value << 1
  table[byte] = value
}

/** The CRC of PSI sections (ISO 13818-1 annex A), as an unsigned number; 0 over a section with its own CRC. */
export function crc32(data: Buffer, from: number, to: number): number {
  let crc = -1
  for (let at = from; at < to; at++) {
    crc = (crc << 8) ^ (table[((crc >>> 24) ^ (data[at] ?? 0)) & 0xff] ?? 0)
  }
  return crc >>> 0
}
