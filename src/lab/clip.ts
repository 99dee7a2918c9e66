import { readFile } from 'node:fs/promises'
import { readTracks, type Frame } from './read-clip.ts'

/** Length of the loop in whole seconds. */
export const LOOP_SECONDS = 8

/** Frames a second of every rendition. */
export const FRAME_RATE = 25

const TICKS_PER_SECOND = 90_000
const AUDIO_CODEC = 'mp4a.40.2'

/** The qualities of the ladder, best first, with the PIDs of `clip/make.sh`. */
const ladder = [
  { name: '360p', width: 640, height: 360, video: 0x100, black: 0x102 },
  { name: '180p', width: 320, height: 180, video: 0x101, black: 0x103 },
] as const
const TONE = 0x110
const SILENCE = 0x111

/** One quality of the ladder. */
export type RenditionName = (typeof ladder)[number]['name']

/** The names of all renditions, best first. */
export const renditionNames: readonly RenditionName[] = ladder.map(({ name }) => name)

/** Whether `name` is a rendition of the clip. */
export function isRendition(name: string): name is RenditionName {
  return ladder.some((step) => step.name === name)
}

/** What is to be seen and heard. */
export interface Look {
  readonly picture: 'test' | 'black'
  readonly sound: 'tone' | 'silence'
}

/** The frames of one second of the clip, in order of time; `ticks` count from the clip's start. */
export interface ClipSecond {
  readonly video: readonly Frame[]
  readonly audio: readonly Frame[]
}

/** One rendition as the multivariant playlist describes it. */
export interface Rendition {
  readonly name: RenditionName
  readonly width: number
  readonly height: number
  /** RFC 6381 names, as in the CODECS attribute. */
  readonly codecs: string
}

/**
 * The recorded material: a loop of `LOOP_SECONDS` seconds in two renditions, each also with a
 * black picture and with silence. Frames are shared, never copied.
 */
export class Clip {
  readonly renditions: readonly Rendition[]
  readonly #tracks: ReadonlyMap<string, readonly (readonly Frame[])[]>

  /** Reads the bytes of `clip/clip.m2t`. Throws when a track is missing or short. */
  constructor(stream: Buffer) {
    const read = readTracks(stream)
    const track = (pid: number) => {
      const frames = read.get(pid)
      if (!frames?.[0]) throw new Error(`the clip has no stream with PID ${pid}`)
      return frames
    }
    const start = track(ladder[0].video)[0]?.ticks ?? 0
    const tone = loopOf(track(TONE), start)
    const tracks = new Map<string, readonly (readonly Frame[])[]>([
      ['tone', bySecond(tone)],
      ['silence', bySecond(redub(tone, track(SILENCE).slice(-1)))],
    ])
    this.renditions = ladder.map(({ name, width, height, video, black }) => {
      const picture = loopOf(track(video), start)
      tracks.set(`test/${name}`, bySecond(picture))
      tracks.set(`black/${name}`, bySecond(redub(picture, track(black))))
      return { name, width, height, codecs: `${avcCodec(picture[0])},${AUDIO_CODEC}` }
    })
    this.#tracks = tracks
  }

  /** The frames of the second `index` of the loop (0 to `LOOP_SECONDS` − 1). */
  second(rendition: RenditionName, look: Look, index: number): ClipSecond {
    return {
      video: this.#tracks.get(`${look.picture}/${rendition}`)?.[index] ?? [],
      audio: this.#tracks.get(look.sound)?.[index] ?? [],
    }
  }
}

/** Reads the clip that is shipped beside this file. Rejects when it is missing or damaged. */
export async function loadClip(): Promise<Clip> {
  return new Clip(await readFile(new URL('clip/clip.m2t', import.meta.url)))
}

/** The frames from `start` on for one loop, with times from the clip's start. */
function loopOf(frames: readonly Frame[], start: number): readonly Frame[] {
  const end = start + LOOP_SECONDS * TICKS_PER_SECOND
  return frames
    .filter(({ ticks }) => ticks >= start && ticks < end)
    .map((frame) => ({ ...frame, ticks: frame.ticks - start }))
}

/** The times of `frames` with the contents of `donor`, repeated. */
function redub(frames: readonly Frame[], donor: readonly Frame[]): readonly Frame[] {
  return frames.map((frame, index) => ({
    ...frame,
    data: donor[index % donor.length]?.data ?? frame.data,
  }))
}

function bySecond(frames: readonly Frame[]): readonly (readonly Frame[])[] {
  const seconds = Array.from({ length: LOOP_SECONDS }, (): Frame[] => [])
  for (const frame of frames) seconds[Math.floor(frame.ticks / TICKS_PER_SECOND)]?.push(frame)
  if (seconds.some((second) => second.length === 0)) throw new Error('the clip has a gap')
  return seconds
}

/** `avc1.PPCCLL` from the first sequence parameter set (RFC 6381, 3.3; ISO 14496-10, 7.3.2.1). */
function avcCodec(key: Frame | undefined): string {
  const at = key?.data.indexOf(Buffer.of(0, 0, 1, 0x67)) ?? -1
  if (!key || at < 0) throw new Error('the clip does not begin with a sequence parameter set')
  return `avc1.${key.data.subarray(at + 4, at + 7).toString('hex')}`
}
