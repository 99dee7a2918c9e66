import type { Finding } from '../../src/core/sample.ts'
import type { Meter, Reading } from './meter.ts'
import type { TrackJumps } from './track.ts'

const words = { video: 'picture', audio: 'sound' } as const
const kinds = ['video', 'audio'] as const

/** What is worth saying of a look, and what was said before. */
export class Findings {
  #summary = ''
  readonly #codecs: { video: string | undefined; audio: string | undefined } = {
    video: undefined,
    audio: undefined,
  }

  /** Everything that this look noticed, the worst first. */
  of(reading: Reading, meter: Meter, wasMoved: boolean): readonly Finding[] {
    const found: Finding[] = kinds.flatMap((kind) => jumps(words[kind], reading[kind]))
    if (reading.malformed > 0) {
      found.push({
        code: 'media-malformed',
        diagnosis: 'spec-violation',
        severity: 'warning',
        says: `Messages whose header cannot be read, since the last look: ${reading.malformed}.`,
      })
    }
    for (const kind of kinds) {
      const codec = meter.configs[kind]?.codec
      const before = this.#codecs[kind]
      if (codec === undefined) continue
      this.#codecs[kind] = codec
      if (before === undefined || before === codec) continue
      found.push({
        code: 'codec-changed',
        severity: 'warning',
        says: `The ${words[kind]} changed from ${before} to ${codec}.`,
      })
    }
    if (wasMoved) {
      found.push({
        code: 'moved',
        severity: 'info',
        says: 'The server asked to connect anew, here or elsewhere; it was obeyed.',
      })
    }
    const summary = meter.hasMedia ? summaryOf(meter) : ''
    if (summary !== '' && summary !== this.#summary) {
      found.push({ code: 'media', severity: 'info', says: summary })
      this.#summary = summary
    }
    return found
  }
}

function jumps(what: string, { gapMs, gaps, regressions }: TrackJumps): readonly Finding[] {
  const seconds = (gapMs / 1_000).toFixed(2)
  const found: Finding[] = []
  if (gaps > 0) {
    found.push({
      code: 'timestamp-gap',
      diagnosis: 'media-gap',
      severity: 'warning',
      says: `Time stamps of the ${what} jump by ${seconds} s (${gaps} times since the last look).`,
    })
  }
  if (regressions > 0) {
    found.push({
      code: 'timestamp-regression',
      diagnosis: 'media-gap',
      severity: 'warning',
      says: `Time stamps of the ${what} go back, by ${seconds} s at most (${regressions} times since the last look).`,
    })
  }
  return found
}

/** What the stream is, in words: codecs as they are set up, the rest as announced. */
function summaryOf({ announced, configs }: Meter): string {
  const { width, height, frameRate } = announced
  const { video, audio } = configs
  const picture = [
    video === undefined ? 'No picture' : `Picture ${video.codec}`,
    video === undefined || width === undefined ? '' : ` ${width}×${height}`,
    video === undefined || frameRate === undefined ? '' : ` at ${round(frameRate)} frames/s`,
  ].join('')
  const sound = [
    audio === undefined ? 'no sound' : `sound ${audio.codec}`,
    audio?.sampleRate === undefined ? '' : ` ${audio.sampleRate / 1_000} kHz`,
    audio?.channels === undefined ? '' : `, ${channelsOf(audio.channels)}`,
  ].join('')
  return `${picture}; ${sound}.`
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}

function channelsOf(count: number): string {
  return count === 1 ? 'mono' : count === 2 ? 'stereo' : `${count} channels`
}
