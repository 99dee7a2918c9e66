import { child, children, fullBox, uint32, uint64 } from './box.ts'
import { mostTracks } from './init.ts'
import type { Init } from './model.ts'

/** The samples of one track in one fragment. */
export interface Run {
  readonly trackId: number
  readonly decodeTime: number | undefined
  readonly samples: number
  /** In ticks; absent where the duration of some sample is stated nowhere. */
  readonly duration: number | undefined
  readonly startsWithKey: boolean | undefined
}

/** One movie fragment (`moof`). */
export interface Fragment {
  readonly sequence: number | undefined
  readonly runs: readonly Run[]
  /** A table that claims more samples than it has bytes for, or is cut off. */
  readonly damaged: boolean
}

/** Flags of `tfhd` and `trun` (ISO/IEC 14496-12, sections 8.8.7 and 8.8.8): what is present. */
const header = { base: 0x1, description: 0x2, duration: 0x8, size: 0x10, flags: 0x20 } as const
const run = {
  offset: 0x1,
  firstFlags: 0x4,
  duration: 0x100,
  size: 0x200,
  flags: 0x400,
  composition: 0x800,
} as const
/** sample_is_non_sync_sample (section 8.8.3.1). */
const nonSync = 0x1_0000

/** Reads the body of a `moof`; what the fragment leaves out comes from the initialisation segment. */
export function readFragment(moof: Buffer, init: Init | undefined): Fragment {
  const runs: Run[] = []
  let sequence: number | undefined
  let damaged = false
  for (const box of children(moof)) {
    if (box.type === 'mfhd') sequence = uint32(box.body, 4)
    if (box.type !== 'traf' || runs.length >= mostTracks) continue
    const read = readTrackFragment(box.body, init)
    if (read === undefined) damaged = true
    else runs.push(read)
  }
  return { sequence, runs, damaged: damaged || sequence === undefined }
}

function readTrackFragment(traf: Buffer, init: Init | undefined): Run | undefined {
  const defaults = readTrackHeader(child(traf, 'tfhd'), init)
  if (defaults === undefined) return undefined
  const { trackId } = defaults
  let decodeTime: number | undefined
  let samples = 0
  let duration: number | undefined = 0
  let startsWithKey: boolean | undefined
  for (const { type, body } of children(traf)) {
    if (type === 'tfdt') decodeTime = body[0] === 1 ? uint64(body, 4) : uint32(body, 4)
    if (type !== 'trun') continue
    const table = readRun(body, defaults)
    if (table === undefined) return undefined
    if (samples === 0) startsWithKey = table.startsWithKey
    samples += table.samples
    if (table.duration === undefined) duration = undefined
    else if (duration !== undefined) duration += table.duration
  }
  return { trackId, decodeTime, samples, duration, startsWithKey }
}

interface Defaults {
  readonly trackId: number
  readonly duration: number | undefined
  readonly flags: number | undefined
}

function readTrackHeader(tfhd: Buffer | undefined, init: Init | undefined): Defaults | undefined {
  const full = tfhd === undefined ? undefined : fullBox(tfhd)
  const trackId = uint32(tfhd, 4)
  if (full === undefined || trackId === undefined) return undefined
  const track = init?.tracks.find(({ id }) => id === trackId)
  const { flags: has } = full
  let at = 8
  if (has & header.base) at += 8
  if (has & header.description) at += 4
  const duration = has & header.duration ? uint32(tfhd, at) : track?.defaultDuration
  if (has & header.duration) at += 4
  if (has & header.size) at += 4
  const flags = has & header.flags ? uint32(tfhd, at) : track?.defaultFlags
  return { trackId, duration, flags }
}

/** A table of samples. Without fields of their own, samples cost no time whatever their number. */
function readRun(trun: Buffer, defaults: Defaults) {
  const full = fullBox(trun)
  const samples = uint32(trun, 4)
  if (full === undefined || samples === undefined) return undefined
  const { flags: has } = full
  let at = 8
  if (has & run.offset) at += 4
  const firstFlags = has & run.firstFlags ? uint32(trun, at) : undefined
  if (has & run.firstFlags) at += 4
  const flagsAt = (has & run.duration ? 4 : 0) + (has & run.size ? 4 : 0)
  const width = flagsAt + (has & run.flags ? 4 : 0) + (has & run.composition ? 4 : 0)
  if (at + samples * width > trun.length) return undefined
  let duration: number | undefined
  if (has & run.duration) {
    duration = 0
    for (let nth = 0; nth < samples; nth++) duration += trun.readUInt32BE(at + nth * width)
  } else if (defaults.duration !== undefined) duration = samples * defaults.duration
  const ownFlags = has & run.flags && samples > 0 ? uint32(trun, at + flagsAt) : undefined
  const flags = firstFlags ?? ownFlags ?? defaults.flags
  return {
    samples,
    duration,
    startsWithKey: flags === undefined ? undefined : (flags & nonSync) === 0,
  }
}
