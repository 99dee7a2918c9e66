import dash from '../../../probes/dash.ts'
import type { Observation } from '../../../src/core/sample.ts'
import type { Due, Purpose } from '../../../src/plugin/probe.ts'
import { FakeClock } from '../../fakes/fake-clock.ts'
import { type ScriptedAnswer, ScriptedNet } from '../../fakes/scripted-net.ts'
import { fragment, initSegment } from '../../formats/fmp4/box-writer.ts'

export const origin = 'https://cdn.example/live'

type Addressing = 'number' | 'timeline'

/** A live stream as a packager serves it: two pictures and a sound in segments of equal length. */
export class DashStream {
  readonly seconds: number
  readonly addressing: Addressing
  /** More attributes and elements of the manifest. */
  attributes = ''
  top = ''
  /** Its clock minus the probe's, in milliseconds. */
  skewMs = 0
  /** Monotonic time at which the encoder stopped. */
  stoppedAt = Number.POSITIVE_INFINITY
  /** Seconds of media that are left out from this number on. */
  hole: { readonly from: number; readonly seconds: number } | undefined
  producedLate: number | undefined
  readonly #clock: FakeClock
  readonly #startedAt: number

  constructor(clock: FakeClock, addressing: Addressing, seconds = 2) {
    this.#clock = clock
    this.addressing = addressing
    this.seconds = seconds
    this.#startedAt = clock.now() - 100 * seconds * 1_000
  }

  #wallAt(now: number): number {
    return this.#clock.wall() - this.#clock.now() + now + this.skewMs
  }

  /** The number of the newest whole segment, counted from 1. */
  newest(now: number): number {
    return Math.floor((Math.min(now, this.stoppedAt) - this.#startedAt) / 1_000 / this.seconds)
  }

  manifest(now: number): string {
    const at = new Date(this.#wallAt(this.#startedAt)).toISOString()
    const last = this.newest(now)
    const ticks = this.seconds * 90_000
    const timeline = `<SegmentTimeline><S t="${(last - 5) * ticks}" d="${ticks}" r="4"/></SegmentTimeline>`
    const template =
      this.addressing === 'number'
        ? `<SegmentTemplate timescale="90000" duration="${ticks}" startNumber="1" media="$RepresentationID$-$Number$.m4s" initialization="$RepresentationID$-init.mp4"/>`
        : `<SegmentTemplate timescale="90000" startNumber="${last - 4}" media="$RepresentationID$-$Number$.m4s" initialization="$RepresentationID$-init.mp4">${timeline}</SegmentTemplate>`
    return `<?xml version="1.0"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="dynamic" availabilityStartTime="${at}"
  minimumUpdatePeriod="PT1S" timeShiftBufferDepth="PT${5 * this.seconds}S" ${this.attributes}>${this.top}
<Period id="p0" start="PT0S">
<AdaptationSet id="v" contentType="video" mimeType="video/mp4" codecs="avc1.64001f">${template}
<Representation id="hi" bandwidth="8000" width="1280" height="720"/>
<Representation id="lo" bandwidth="6000" width="640" height="360"/>
</AdaptationSet>
<AdaptationSet id="a" contentType="audio" mimeType="audio/mp4" codecs="mp4a.40.2">${template}
<Representation id="en" bandwidth="5000"/>
</AdaptationSet>
</Period></MPD>`
  }

  /** What is there under the address of a segment at `now`. */
  segment(url: string, now: number): ScriptedAnswer {
    const number = Number(/-(\d+)\.m4s/u.exec(url)?.[1])
    if (number < 1 || number > this.newest(now)) return { status: 404 }
    const ticks = this.seconds * 90_000
    const missing = this.hole !== undefined && number >= this.hole.from ? this.hole.seconds : 0
    const decodeTime = (number - 1) * ticks + missing * 90_000
    const startsAt = this.#startedAt + (number - 1) * this.seconds * 1_000
    return {
      body: fragment({
        sequence: number,
        decodeTime,
        samples: 50,
        sampleDuration: ticks / 50,
        bytes: 1_000,
        ...(this.producedLate !== undefined && {
          producedAt: this.#wallAt(startsAt) - this.producedLate * 1_000,
        }),
      }),
    }
  }
}

/** A network that serves a stream at `origin`. */
export function serving(clock: FakeClock, stream: DashStream): ScriptedNet {
  return new ScriptedNet(clock)
    .on(`${origin}/main.mpd`, (now) => ({ body: stream.manifest(now) }))
    .on(/-init\.mp4$/u, { body: initSegment() })
    .on(/\d\.m4s/u, (now, { url, method }) => {
      const answer = stream.segment(url, now)
      return method === 'HEAD' ? { status: answer.status ?? 200 } : answer
    })
}

/** A session of the probe on this network; each call of `look` is one look after `ms` milliseconds. */
export function watch(
  clock: FakeClock,
  net: ScriptedNet,
  input: Readonly<Record<string, unknown>> = {},
  everyMs = 2_000,
) {
  const queue: Due[] = []
  const waiting: ((due: Due) => void)[] = []
  async function* dues(): AsyncGenerator<Due> {
    for (;;) yield queue.shift() ?? (await new Promise<Due>((resolve) => waiting.push(resolve)))
  }
  const options = dash.options.parse({ url: `${origin}/main.mpd`, ...input })
  const observations = dash.observe(options, {
    clock,
    random: { next: () => 0.5 },
    net,
    due: dues(),
    signal: new AbortController().signal,
    everyMs,
  })
  const looks = observations[Symbol.asyncIterator]()
  return async (ms = everyMs, purpose: Purpose = 'interval'): Promise<Observation> => {
    await clock.advance(ms)
    const next = looks.next()
    const due = { at: clock.now(), purpose }
    const waiter = waiting.shift()
    if (waiter) waiter(due)
    else queue.push(due)
    const result = await clock.run(next)
    if (result.done) throw new Error('the session ended')
    return result.value
  }
}
