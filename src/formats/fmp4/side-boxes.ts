import { fullBox, uint32, uint64 } from './box.ts'
import type { EventMessage, ReferenceTime, SegmentIndex } from './model.ts'

/** Seconds from the epoch of NTP (1900) to that of Unix (1970), by RFC 5905. */
const ntpToUnix = 2_208_988_800
/** Texts of events are cut here. */
const longestText = 256

/** Reads a producer reference time (ISO/IEC 14496-12, section 8.16.5). */
export function readReferenceTime(prft: Buffer): ReferenceTime | undefined {
  const full = fullBox(prft)
  const trackId = uint32(prft, 4)
  const seconds = uint32(prft, 8)
  const fraction = uint32(prft, 12)
  const mediaTime = full?.version === 0 ? uint32(prft, 16) : uint64(prft, 16)
  if (full === undefined || trackId === undefined || mediaTime === undefined) return undefined
  if (seconds === undefined || fraction === undefined || seconds < ntpToUnix) return undefined
  const wall = (seconds - ntpToUnix) * 1_000 + (fraction * 1_000) / 2 ** 32
  return { trackId, wall, mediaTime, moment: full.flags }
}

/** Reads an event message (ISO/IEC 23009-1, section 5.10.3.3). */
export function readEvent(emsg: Buffer): EventMessage | undefined {
  const full = fullBox(emsg)
  if (full === undefined || full.version > 1) return undefined
  const isRelative = full.version === 0
  const texts = terminated(emsg, isRelative ? 4 : 24)
  if (texts === undefined) return undefined
  const at = isRelative ? texts.end : 4
  const timescale = uint32(emsg, at)
  const time = isRelative ? uint32(emsg, at + 4) : uint64(emsg, at + 4)
  const after = at + (isRelative ? 8 : 12)
  const duration = uint32(emsg, after)
  const id = uint32(emsg, after + 4)
  if (timescale === undefined || time === undefined) return undefined
  if (duration === undefined || id === undefined) return undefined
  const { scheme, value } = texts
  return { scheme, value, timescale, time, isRelative, duration, id }
}

/** Two texts that each end with a zero byte. */
function terminated(body: Buffer, from: number) {
  const first = body.indexOf(0, from)
  const second = first < 0 ? -1 : body.indexOf(0, first + 1)
  if (second < 0) return undefined
  return {
    scheme: body.toString('utf8', from, Math.min(first, from + longestText)),
    value: body.toString('utf8', first + 1, Math.min(second, first + 1 + longestText)),
    end: second + 1,
  }
}

/** Reads a segment index (ISO/IEC 14496-12, section 8.16.3). */
export function readIndex(sidx: Buffer): SegmentIndex | undefined {
  const full = fullBox(sidx)
  const timescale = uint32(sidx, 8)
  if (full === undefined || timescale === undefined || timescale === 0) return undefined
  const isWide = full.version !== 0
  const earliest = isWide ? uint64(sidx, 12) : uint32(sidx, 12)
  const at = isWide ? 28 : 20
  if (earliest === undefined || at + 4 > sidx.length) return undefined
  const references = sidx.readUInt16BE(at + 2)
  if (at + 4 + references * 12 > sidx.length) return undefined
  let duration = 0
  for (let nth = 0; nth < references; nth++) duration += sidx.readUInt32BE(at + 8 + nth * 12)
  return { timescale, earliest, duration, references }
}
