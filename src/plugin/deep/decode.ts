import type { Clock } from '../../core/clock.ts'
import { mostPictureBytes } from '../../core/picture.ts'
import { redactText } from '../../core/redact.ts'
import { LastJpeg } from '../../formats/picture/last-jpeg.ts'
import { thumbnailBytes, thumbnailSize } from '../../formats/picture/thumbnail.ts'
import { soundBytesPerSecond, soundRate } from '../../formats/sound/silence-watch.ts'
import type { Processes } from '../processes.ts'

/** The program that decodes. */
export const decoderProgram = 'ffmpeg'

/** What to say where it is not installed. */
export const missingDecoder =
  'Pictures and sound are not looked at (`deep`): ffmpeg is not installed here (package ffmpeg on Debian and Ubuntu).'

/** Decodes of one machine at once; a decode takes a tenth of a second or so, on one core. */
const atOnce = 2
/** Media that waits for its turn, of all paths together; beyond that a piece is let go. */
const mostWaitingBytes = 256 * 2 ** 20
/** Beyond these an answer is refused: a segment has a few key frames and some seconds of sound. */
const mostThumbnails = 600
const mostSoundSeconds = 120
/** What people are shown: the aspect is kept inside of it. */
const pictureSize = { width: 320, height: 180 } as const
/** FFmpeg's scale of quality, 2 best to 31: some ten kilobytes. */
const pictureQuality = 7
/** No picture of a stream has more pixels; it bounds the memory that a forged one can ask for. */
const mostPixels = 8_192 * 8_192
const mostWords = 200

/** A piece of media, whole enough to be decoded by itself. */
export interface DecodeRequest {
  readonly media: Buffer
  /** The container is never guessed: some that FFmpeg knows name other files to open. */
  readonly container: 'mpegts' | 'mp4' | 'flv' | 'hevc'
  readonly hasPicture: boolean
  readonly hasSound: boolean
}

export type Decoded =
  | {
      readonly ok: true
      /** Key frames in order, 64 by 36 pixels of one byte. */
      readonly thumbnails: readonly Buffer[]
      /** One channel at 8 kHz, 16 bits, signed, low byte first. */
      readonly sound: Buffer
      /** The newest key frame as a JPEG for people; absent where there is no picture. */
      readonly jpeg?: Buffer
    }
  /** Nothing is known of picture and sound; one sentence says why. */
  | { readonly ok: false; readonly says: string }

const tooMany = 'Too many decodes wait: picture and sound are not looked at.'

/** Who waits for a turn, by machine: the limit is for all paths together. */
const turns = new WeakMap<Processes, Turns>()

/**
 * Decodes the key frames and the sound of a piece of media with FFmpeg, at low priority. It ends at
 * `deadlineAt` (monotonic milliseconds), waiting for its turn included, and never throws.
 */
export async function decode(
  request: DecodeRequest,
  { clock, processes, signal }: DecodeContext,
  deadlineAt: number,
): Promise<Decoded> {
  if (processes?.find(decoderProgram) === undefined) return { ok: false, says: missingDecoder }
  if (!request.hasPicture && !request.hasSound) {
    return { ok: false, says: 'There is neither picture nor sound to decode.' }
  }
  let queue = turns.get(processes)
  if (queue === undefined) turns.set(processes, (queue = new Turns()))
  if (!(await queue.begin(request.media.length))) return { ok: false, says: tooMany }
  try {
    if (signal.aborted || clock.now() >= deadlineAt) {
      return { ok: false, says: tooMany }
    }
    return await run(request, { clock, processes, signal }, deadlineAt)
  } finally {
    queue.end()
  }
}

/** What a decode needs of a session. */
interface DecodeContext {
  readonly clock: Clock
  readonly processes?: Processes | undefined
  readonly signal: AbortSignal
}

async function run(
  { media, container, hasPicture, hasSound }: DecodeRequest,
  { clock, processes, signal }: DecodeContext & { readonly processes: Processes },
  deadlineAt: number,
): Promise<Decoded> {
  const picture = new Capped(mostThumbnails * thumbnailBytes)
  const sound = new Capped(mostSoundSeconds * soundBytesPerSecond)
  const shown = new LastJpeg(mostPictureBytes)
  let words = ''
  let stop = () => {}
  const over = new AbortController()
  const ended = Promise.withResolvers<void>()
  const started = await processes.start({
    program: decoderProgram,
    args: () => commandLine(container, hasPicture, hasSound),
    input: media,
    isPatient: true,
    onOutput: (chunk) => {
      if (!picture.push(chunk)) stop()
    },
    onSecondOutput: (chunk) => {
      if (!sound.push(chunk)) stop()
    },
    onThirdOutput: (chunk) => shown.push(chunk),
    onError: (text) => (words = `${words}${text}`.slice(0, mostWords)),
    onEnd: () => ended.resolve(),
  })
  if (!started.ok) return { ok: false, says: `FFmpeg cannot be used: ${started.says}.` }
  stop = () => started.stop()
  const onAbort = () => stop()
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) stop()
  let isLate = false
  void clock.sleep(deadlineAt - clock.now(), over.signal).then((elapsed) => {
    isLate = elapsed
    if (elapsed) stop()
    return undefined
  })
  await ended.promise
  over.abort('ended')
  signal.removeEventListener('abort', onAbort)
  if (isLate) return { ok: false, says: 'FFmpeg did not finish in time.' }
  if (picture.isFull || sound.isFull) {
    return { ok: false, says: 'FFmpeg found more key frames or sound than a segment can hold.' }
  }
  const thumbnails = split(picture.bytes())
  const pcm = sound.bytes()
  if (thumbnails.length > 0 || pcm.length > 0) {
    const jpeg = shown.image
    return { ok: true, thumbnails, sound: pcm, ...(jpeg !== undefined && { jpeg }) }
  }
  const first = redactText(words.split('\n')[0]?.trim() ?? '')
  return { ok: false, says: `FFmpeg could decode nothing${first === '' ? '' : `: ${first}`}.` }
}

/** Key frames alone: a fifth of the work of decoding everything. */
function commandLine(
  container: DecodeRequest['container'],
  hasPicture: boolean,
  hasSound: boolean,
): readonly string[] {
  const { width, height } = thumbnailSize
  const fit = `${pictureSize.width}:${pictureSize.height}:flags=area:force_original_aspect_ratio=decrease:force_divisible_by=2`
  return [
    ...'-hide_banner -nostdin -nostats -loglevel error -protocol_whitelist pipe'.split(' '),
    ...`-threads 1 -max_pixels ${mostPixels} -skip_frame nokey -f ${container} -i pipe:0`.split(
      ' ',
    ),
    ...(hasPicture
      ? [
          ...`-map 0:v:0 -vf scale=${width}:${height}:flags=area,format=gray`.split(' '),
          ...'-fps_mode passthrough -f rawvideo pipe:1'.split(' '),
          ...`-map 0:v:0 -vf scale=${fit},format=yuvj420p -c:v mjpeg -q:v ${pictureQuality}`.split(
            ' ',
          ),
          ...'-fps_mode passthrough -f image2pipe pipe:4'.split(' '),
        ]
      : []),
    ...(hasSound ? `-map 0:a:0 -ac 1 -ar ${soundRate} -f s16le pipe:3`.split(' ') : []),
  ]
}

function split(bytes: Buffer): readonly Buffer[] {
  return Array.from({ length: Math.floor(bytes.length / thumbnailBytes) }, (_, nth) =>
    bytes.subarray(nth * thumbnailBytes, (nth + 1) * thumbnailBytes),
  )
}

/** Bytes up to a limit. */
class Capped {
  readonly #most: number
  readonly #chunks: Buffer[] = []
  #bytes = 0

  constructor(most: number) {
    this.#most = most
  }

  get isFull(): boolean {
    return this.#bytes > this.#most
  }

  /** `false` where it is too much. */
  push(chunk: Buffer): boolean {
    this.#bytes += chunk.length
    if (this.isFull) return false
    this.#chunks.push(chunk)
    return true
  }

  bytes(): Buffer {
    return Buffer.concat(this.#chunks)
  }
}

/** Lets so many go on at once, the others in the order they came. */
class Turns {
  readonly #waiting: (() => void)[] = []
  #waitingBytes = 0
  #running = 0

  /** Resolves when its turn has come; to `false` at once where more waits than memory should hold. */
  async begin(bytes: number): Promise<boolean> {
    if (this.#running < atOnce) {
      this.#running++
      return true
    }
    if (this.#waitingBytes + bytes > mostWaitingBytes) return false
    this.#waitingBytes += bytes
    await new Promise<void>((resolve) => this.#waiting.push(resolve))
    this.#waitingBytes -= bytes
    return true
  }

  end(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#running--
    else next()
  }
}
