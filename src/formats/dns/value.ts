import { decodeName, encodeName, isDomainName } from './name.ts'

/** Records that steer viewers and encoders, and the one that bears our mark. */
export type ValueType = 'A' | 'AAAA' | 'CNAME' | 'TXT'

/**
 * The data of a record for a value as people write it: an address, a name with or without its final
 * dot, or text of at most 255 bytes. Throws `RangeError` for anything else.
 */
export function encodeValue(type: ValueType, value: string): Buffer {
  switch (type) {
    case 'A':
      if (!isIpv4(value)) throw new RangeError(`${value} is no IPv4 address`)
      return Buffer.from(value.split('.').map(Number))
    case 'AAAA': {
      const groups = ipv6Groups(value)
      if (groups === undefined) throw new RangeError(`${value} is no IPv6 address`)
      return Buffer.from(groups.flatMap((group) => [group >> 8, group & 0xff]))
    }
    case 'CNAME':
      return encodeName(value)
    case 'TXT': {
      const text = Buffer.from(value)
      if (text.length > 255) throw new RangeError('a text of more than 255 bytes')
      return Buffer.concat([Buffer.of(text.length), text])
    }
  }
}

/** The value in the data of a record, in its normal form; `undefined` where it is damaged. */
export function decodeValue(type: ValueType, data: Buffer): string | undefined {
  switch (type) {
    case 'A':
      return data.length === 4 ? [...data].join('.') : undefined
    case 'AAAA':
      return data.length === 16 ? normalIpv6(groupsOf(data).join(':')) : undefined
    case 'CNAME': {
      const found = decodeName(data, 0)
      return found?.end === data.length ? found.name : undefined
    }
    case 'TXT':
      return data[0] === data.length - 1 ? data.subarray(1).toString() : undefined
  }
}

/** Which record a target of traffic needs, by how it is written; `undefined` for what is none. */
export function typeOfValue(value: string): Exclude<ValueType, 'TXT'> | undefined {
  if (isIpv4(value)) return 'A'
  if (value.includes(':')) return normalIpv6(value) === undefined ? undefined : 'AAAA'
  const bare = value.replace(/\.$/u, '')
  // Four numbers that are no address are a slip, not a name.
  return isDomainName(bare) && !/^[\d.]+$/u.test(bare) ? 'CNAME' : undefined
}

/** An address in its one short form (RFC 5952), or a name in lower case without its final dot. */
export function normalTarget(value: string): string {
  return normalIpv6(value) ?? value.toLowerCase().replace(/\.$/u, '')
}

function isIpv4(value: string): boolean {
  return /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/u.test(value)
}

function normalIpv6(value: string): string | undefined {
  return value.includes(':') ? URL.parse(`http://[${value}]`)?.hostname.slice(1, -1) : undefined
}

function ipv6Groups(value: string): number[] | undefined {
  const normal = normalIpv6(value)
  if (normal === undefined) return undefined
  const [head = '', tail] = normal.split('::')
  const parse = (text: string) =>
    text === '' ? [] : text.split(':').map((group) => parseInt(group, 16))
  const before = parse(head)
  const after = parse(tail ?? '')
  const gap = tail === undefined ? 0 : 8 - before.length - after.length
  return [...before, ...Array.from({ length: gap }, () => 0), ...after]
}

function groupsOf(data: Buffer): string[] {
  return Array.from({ length: 8 }, (_, index) => data.readUInt16BE(index * 2).toString(16))
}
