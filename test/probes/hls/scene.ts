import type { Observation } from '../../../src/core/sample.ts'
import type { Due, ProbeContext, Purpose } from '../../../src/plugin/probe.ts'
import hls from '../../../probes/hls.ts'
import { FakeClock } from '../../fakes/fake-clock.ts'
import { ScriptedNet } from '../../fakes/scripted-net.ts'
import { TsWriter } from '../../formats/mpegts/ts-writer.ts'

export const origin = 'https://cdn.example/live'

/** A live stream as a scripted network serves it: one encoder clock, any number of renditions. */
export class LiveStream {
  readonly target: number
  /** How many segments a playlist lists. */
  readonly window = 5
  readonly withDates: boolean
  readonly #startedAt: number
  readonly #wallAtStart: number

  constructor(clock: FakeClock, target: number, withDates = true) {
    this.target = target
    this.withDates = withDates
    this.#startedAt = clock.now() - 60 * target * 1_000
    this.#wallAtStart = clock.wall() - 60 * target * 1_000
  }

  /** The sequence number of the newest whole segment at `now`. */
  newest(now: number): number {
    return Math.floor((now - this.#startedAt) / 1_000 / this.target) - 1
  }

  /** The media playlist at `now`. */
  playlist(now: number, name: string): string {
    const last = this.newest(now)
    const first = Math.max(0, last - this.window + 1)
    const lines = [
      '#EXTM3U',
      '#EXT-X-VERSION:3',
      `#EXT-X-TARGETDURATION:${this.target}`,
      `#EXT-X-MEDIA-SEQUENCE:${first}`,
    ]
    for (let sequence = first; sequence <= last; sequence++) {
      const at = new Date(this.#wallAtStart + sequence * this.target * 1_000)
      if (this.withDates) lines.push(`#EXT-X-PROGRAM-DATE-TIME:${at.toISOString()}`)
      lines.push(`#EXTINF:${this.target.toFixed(6)},`, `${name}-${sequence}.ts`)
    }
    return `${lines.join('\n')}\n`
  }

  /** The segment that a URL names: `…/hi-61.ts`. */
  segment(url: string, bytesPerFrame = 400): Buffer {
    const sequence = Number(/-(\d+)\.ts/u.exec(url)?.[1])
    return new TsWriter().segment(sequence * this.target * 90_000, this.target, bytesPerFrame)
  }
}

export const multivariant = [
  '#EXTM3U',
  '#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID="cc",NAME="CC1",INSTREAM-ID="CC1"',
  '#EXT-X-STREAM-INF:BANDWIDTH=300000,RESOLUTION=1280x720,CODECS="avc1.64001f,mp4a.40.2",CLOSED-CAPTIONS="cc"',
  'hi.m3u8',
  '#EXT-X-STREAM-INF:BANDWIDTH=200000,RESOLUTION=640x360,CODECS="avc1.64001f,mp4a.40.2",CLOSED-CAPTIONS="cc"',
  'lo.m3u8',
].join('\n')

/** A network that serves a healthy stream of two variants at `origin`. */
export function healthy(clock: FakeClock, stream: LiveStream): ScriptedNet {
  const net = new ScriptedNet(clock)
  net.on(`${origin}/main.m3u8`, { body: multivariant })
  for (const name of ['hi', 'lo']) {
    net.on(`${origin}/${name}.m3u8`, (now) => ({ body: stream.playlist(now, name) }))
    net.on(new RegExp(`/${name}-\\d+\\.ts`, 'u'), (_now, { url }) => ({
      body: stream.segment(url),
    }))
  }
  return net
}

export interface Watching {
  /** One look after `ms` milliseconds; the clock stands at its end. */
  readonly look: (ms?: number, purpose?: Purpose) => Promise<Observation>
}

/** A session of the probe on this network. */
export function watch(
  clock: FakeClock,
  net: ScriptedNet,
  input: Readonly<Record<string, unknown>> = {},
  everyMs = 3_000,
  more: Pick<ProbeContext, 'processes' | 'showPicture'> = {},
): Watching {
  const queue: Due[] = []
  const waiting: ((due: Due) => void)[] = []
  async function* dues(): AsyncGenerator<Due> {
    for (;;) yield queue.shift() ?? (await new Promise<Due>((resolve) => waiting.push(resolve)))
  }
  const options = hls.options.parse({ url: `${origin}/main.m3u8`, ...input })
  const observations = hls.observe(options, {
    clock,
    random: { next: () => 0.5 },
    net,
    due: dues(),
    signal: new AbortController().signal,
    everyMs,
    ...more,
  })
  const iterator = observations[Symbol.asyncIterator]()
  return {
    async look(ms = 0, purpose = 'interval') {
      await clock.advance(ms)
      const next = iterator.next()
      const due = { at: clock.now(), purpose }
      const waiter = waiting.shift()
      if (waiter) waiter(due)
      else queue.push(due)
      const result = await clock.run(next)
      if (result.done) throw new Error('the session ended')
      return result.value
    },
  }
}
