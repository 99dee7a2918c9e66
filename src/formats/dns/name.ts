/** RFC 1035 section 2.3.4: labels of 1 to 63 letters, 253 in all as text. */
export function isDomainName(name: string): boolean {
  return name.length <= 253 && /^[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*$/iu.test(name)
}

/**
 * A name as it stands in a message, never compressed (RFC 1035 section 3.1). The empty name and `.`
 * are the root. Throws `RangeError` for what is no name.
 */
export function encodeName(name: string): Buffer {
  const bare = name.replace(/\.$/u, '')
  if (bare === '') return Buffer.of(0)
  if (!isDomainName(bare)) throw new RangeError(`${JSON.stringify(name)} is not a domain name`)
  const labels = bare.split('.').map((label) => Buffer.from(`\0${label}`, 'latin1'))
  for (const label of labels) label[0] = label.length - 1
  return Buffer.concat([...labels, Buffer.of(0)])
}

/**
 * Reads a name at `at`, following compression (RFC 1035 section 4.1.4); pointers only lead back, so
 * that it always ends. Lower case, without the final dot; bytes that are no letters come as `\ddd`.
 * `undefined` where it is damaged.
 */
export function decodeName(
  message: Buffer,
  at: number,
): { readonly name: string; readonly end: number } | undefined {
  const labels: string[] = []
  let length = 0
  let end: number | undefined
  let position = at
  for (;;) {
    const size = message[position]
    if (size === undefined) return undefined
    if (size === 0) break
    if ((size & 0xc0) === 0xc0) {
      if (position + 2 > message.length) return undefined
      const target = message.readUInt16BE(position) & 0x3fff
      if (target >= position) return undefined
      end ??= position + 2
      position = target
      continue
    }
    length += size + 1
    if (size > 63 || length > 254 || position + 1 + size > message.length) return undefined
    labels.push(labelText(message.subarray(position + 1, position + 1 + size)))
    position += 1 + size
  }
  return { name: labels.join('.'), end: end ?? position + 1 }
}

function labelText(label: Buffer): string {
  return label
    .toString('latin1')
    .replaceAll(/[^\w-]/gu, (letter) => `\\${String(letter.charCodeAt(0)).padStart(3, '0')}`)
    .toLowerCase()
}
