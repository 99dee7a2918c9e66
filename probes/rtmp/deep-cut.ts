import { readAudio } from '../../src/formats/flv/audio.ts'
import {
  asElementaryStream,
  readHevcSetup,
  type HevcSetup,
} from '../../src/formats/flv/hevc-stream.ts'
import type { MediaPacket } from '../../src/formats/flv/packet.ts'
import { readTags, writeTag } from '../../src/formats/flv/tags.ts'
import { readVideo } from '../../src/formats/flv/video.ts'
import type { DecodeRequest } from '../../src/plugin/deep/decode.ts'
import type { DeepOptions } from '../../src/plugin/deep/options.ts'
import { StreamDeepWatch } from '../../src/plugin/deep/stream-watch.ts'
import type { ProbeContext } from '../../src/plugin/probe.ts'

const tagTypes = { audio: 8, video: 9 } as const
type Kind = keyof typeof tagTypes

/** The signature, version 1, sound and picture, a header of nine bytes, and no tag before the first. */
const fileHeader = Buffer.from('464c5601050000000900000000', 'hex')
/** Legacy headers, which every FFmpeg reads: H.264 and its frame types, AAC and MP3 at 44 kHz in 16 bits. */
const avc = 0x07
const keyFrame = 0x10
const otherFrame = 0x20
const aac = 0xaf
const mp3 = 0x2f

/** The deep tier of an RTMP path: keeps what sets decoders up, and cuts pieces out of messages. */
export class RtmpDeepWatch extends StreamDeepWatch {
  readonly #setups: Record<Kind, Buffer | undefined>

  constructor(options: DeepOptions, context: ProbeContext) {
    const setups: Record<Kind, Buffer | undefined> = { audio: undefined, video: undefined }
    super(options, context, (bytes) => cutRtmp(bytes, setups))
    this.#setups = setups
  }

  /** An audio or video message. */
  take(kind: Kind, timestamp: number, payload: Buffer): void {
    const { packets } = kind === 'video' ? readVideo(payload) : readAudio(payload)
    if (packets.some(({ kind: what, track }) => what === 'config' && track === 0)) {
      this.#setups[kind] = Buffer.from(payload)
    }
    if (this.isTaking) this.push(writeTag({ type: tagTypes[kind], timestamp, payload }))
  }

  override restart(): void {
    super.restart()
    this.#setups.audio = undefined
    this.#setups.video = undefined
  }
}

/**
 * Makes of messages what every FFmpeg can read: H.264, AAC and MP3 as an FLV file with legacy
 * headers, HEVC as an elementary stream beside it, since FFmpeg before 6.1 takes enhanced headers
 * for other codecs.
 */
export function cutRtmp(
  bytes: Buffer,
  setups: Readonly<Record<Kind, Buffer | undefined>>,
): readonly DecodeRequest[] | { readonly ok: false; readonly why: string } {
  const file: Buffer[] = [fileHeader]
  const hevc: Buffer[] = []
  const unknown = new Set<string>()
  let hevcSetup: HevcSetup | undefined
  const has = { picture: false, sound: false }

  function video(timestamp: number, { codec, kind, isKey, body, compositionMs = 0 }: MediaPacket) {
    if (kind === 'frames' && !isKey) return
    if (codec === 'hvc1') {
      if (kind === 'config') hevcSetup = readHevcSetup(body)
      if (kind === 'config' && hevcSetup !== undefined) hevc.push(hevcSetup.parameterSets)
      if (kind === 'frames') hevc.push(asElementaryStream(body, hevcSetup?.lengthSize ?? 4))
    } else if (codec === 'avc1') {
      const head = Buffer.from([
        (isKey ? keyFrame : otherFrame) | avc,
        kind === 'config' ? 0 : 1,
        0,
        0,
        0,
      ])
      head.writeIntBE(kind === 'config' ? 0 : compositionMs, 2, 3)
      write('video', timestamp, Buffer.concat([head, body]))
      has.picture ||= kind === 'frames'
    } else unknown.add(codec)
  }

  function audio(timestamp: number, { codec, kind, body }: MediaPacket) {
    if (codec === 'mp4a') {
      const head = Buffer.from([aac, kind === 'config' ? 0 : 1])
      write('audio', timestamp, Buffer.concat([head, body]))
    } else if (codec === '.mp3') {
      write('audio', timestamp, Buffer.concat([Buffer.from([mp3]), body]))
    } else return
    has.sound ||= kind === 'frames'
  }

  function write(kind: Kind, timestamp: number, payload: Buffer) {
    file.push(writeTag({ type: tagTypes[kind], timestamp, payload }))
  }

  const { tags } = readTags(bytes)
  const first = tags[0]?.timestamp ?? 0
  const before = (['video', 'audio'] as const).flatMap((kind) => {
    const payload = setups[kind]
    return payload === undefined ? [] : [{ type: tagTypes[kind], timestamp: first, payload }]
  })
  for (const { type, timestamp, payload } of [...before, ...tags]) {
    const isVideo = type === tagTypes.video
    const { packets } = isVideo ? readVideo(payload) : readAudio(payload)
    for (const packet of packets) {
      const isMedia = packet.kind === 'config' || packet.kind === 'frames'
      if (!isMedia || packet.track !== 0 || packet.body.length === 0) continue
      if (isVideo) video(timestamp, packet)
      else audio(timestamp, packet)
    }
  }
  const flv = { media: Buffer.concat(file), container: 'flv' } as const
  const requests: DecodeRequest[] = []
  if (hevc.length > 0) {
    const kinds = { hasPicture: true, hasSound: false }
    requests.push({ media: Buffer.concat(hevc), container: 'hevc', ...kinds })
  }
  if (has.picture || has.sound) {
    requests.push({ ...flv, hasPicture: has.picture, hasSound: has.sound })
  }
  if (requests.length > 0) return requests
  const [codec] = unknown
  if (codec === undefined) return { ok: false, why: 'no key frame and no sound came' }
  return { ok: false, why: `the picture is ${codec}, which is not taken apart here` }
}
