/** One tag of an FLV file or of an aggregate message (Adobe FLV 10.1, annex E.4.1). */
export interface FlvTag {
  /** 8 audio, 9 video, 18 script data: the types of RTMP messages. */
  readonly type: number
  /** Milliseconds, modulo 2^32. */
  readonly timestamp: number
  readonly payload: Buffer
}

export interface FlvTags {
  readonly tags: readonly FlvTag[]
  /** What ended reading before the bytes did. */
  readonly problem?: string
}

const TAG_HEADER = 11
const BACK_POINTER = 4
const SIGNATURE = Buffer.from('FLV')
/** An aggregate message of 8 MiB could hold half a million empty tags. */
const MOST_TAGS = 16_384

/**
 * Reads tags, each followed by its back pointer. That of the last one may be missing, as some
 * servers leave it out of aggregate messages. Payloads are views of `bytes`.
 */
export function readTags(bytes: Buffer): FlvTags {
  const tags: FlvTag[] = []
  for (let at = 0; at < bytes.length;) {
    if (tags.length === MOST_TAGS) return { tags, problem: `more than ${MOST_TAGS} tags` }
    if (bytes.length - at < TAG_HEADER) return { tags, problem: 'the bytes end inside a tag' }
    const start = at + TAG_HEADER
    const end = start + bytes.readUIntBE(at + 1, 3)
    if (end > bytes.length) return { tags, problem: 'the bytes end inside a tag' }
    tags.push({
      // The upper bits say that a filter (encryption) was applied; the type is the lower five.
      type: (bytes[at] ?? 0) & 0x1f,
      // The upper 8 bits of the time come last.
      timestamp: ((bytes[at + 7] ?? 0) * 2 ** 24 + bytes.readUIntBE(at + 4, 3)) >>> 0,
      payload: bytes.subarray(start, end),
    })
    at = end + BACK_POINTER
  }
  return { tags }
}

/** The tags of a file: its header, and the back pointer of 0 before the first tag, are passed over. */
export function readFlvFile(bytes: Buffer): FlvTags {
  if (bytes.length < 9 || !bytes.subarray(0, 3).equals(SIGNATURE)) {
    return { tags: [], problem: 'the bytes do not begin as an FLV file' }
  }
  const start = bytes.readUInt32BE(5) + BACK_POINTER
  if (start > bytes.length) return { tags: [], problem: 'the header reaches beyond the bytes' }
  return readTags(bytes.subarray(start))
}

/** Writes one tag with its back pointer. */
export function writeTag({ type, timestamp, payload }: FlvTag): Buffer {
  const tag = Buffer.alloc(TAG_HEADER + payload.length + BACK_POINTER)
  tag[0] = type
  tag.writeUIntBE(payload.length, 1, 3)
  tag.writeUIntBE(timestamp & 0xffffff, 4, 3)
  tag[7] = timestamp >>> 24
  payload.copy(tag, TAG_HEADER)
  tag.writeUInt32BE(TAG_HEADER + payload.length, tag.length - BACK_POINTER)
  return tag
}
