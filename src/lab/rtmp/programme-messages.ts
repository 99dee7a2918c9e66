import { LOOP_SECONDS, type Clip, type Look } from '../clip.ts'
import { flvPicture, flvSound, flvSoundConfig } from './flv-frames.ts'

/** A message of the endless programme. */
export interface ProgrammeMessage {
  readonly kind: 'audio' | 'video'
  /** Milliseconds since the Unix epoch. */
  readonly at: number
  readonly isKey: boolean
  readonly payload: Buffer
  /** What sets the decoder up for it, where it can change here. */
  readonly config: Buffer | undefined
}

const TICKS_PER_MS = 90
const RENDITION = '360p'

/**
 * The programme as RTMP carries it: like the segments a function of the clock, so that time stamps go
 * on where they were after a restart. Seconds of the clip are made once and shared.
 */
export class ProgrammeMessages {
  readonly #clip: Clip
  readonly #seconds = new Map<string, readonly ProgrammeMessage[]>()

  constructor(clip: Clip) {
    this.#clip = clip
  }

  /** The messages of a second since the epoch, in order of time; each second begins with a key frame. */
  second(second: number, look: Look): readonly ProgrammeMessage[] {
    const index = second % LOOP_SECONDS
    const shift = second * 1_000
    return this.#of(index, look).map((message) => ({ ...message, at: message.at + shift }))
  }

  /** Times count from the beginning of the second. */
  #of(index: number, look: Look): readonly ProgrammeMessage[] {
    const key = `${index}/${look.picture}/${look.sound}`
    const known = this.#seconds.get(key)
    if (known !== undefined) return known
    const { video, audio } = this.#clip.second(RENDITION, look, index)
    const time = (ticks: number) => ticks / TICKS_PER_MS - index * 1_000
    const pictures = video.map(({ ticks, key: isKey, data }): ProgrammeMessage => {
      return { kind: 'video', at: time(ticks), isKey, ...flvPicture(data, isKey) }
    })
    const sounds = audio.map(({ ticks, data }, position): ProgrammeMessage => {
      const config = position === 0 ? flvSoundConfig(data) : undefined
      return { kind: 'audio', at: time(ticks), isKey: true, payload: flvSound(data), config }
    })
    const made = [...pictures, ...sounds].sort((a, b) => a.at - b.at)
    this.#seconds.set(key, made)
    return made
  }
}
