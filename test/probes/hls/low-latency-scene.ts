import type { HttpRequest } from '../../../src/plugin/net.ts'
import type { FakeClock } from '../../fakes/fake-clock.ts'
import { type ScriptedAnswer, ScriptedNet } from '../../fakes/scripted-net.ts'
import { origin } from './scene.ts'

/** Segments of two seconds in parts of half a second; eight segments are listed. */
const target = 2
const partSeconds = 0.5
const partsEach = target / partSeconds
const window = 8

/** How a low-latency server may misbehave. */
export interface Misbehaviour {
  /** Answers a request that should wait at once, with what there is. */
  readonly ignoresWaiting?: boolean
  /** Never answers a request that waits. */
  readonly hangs?: boolean
  /** Answers a request that waits with this status. */
  readonly status?: number
  /** Skips segments that nobody can know. */
  readonly skipsTooMuch?: boolean
  /** Promises parts of other names than those that come. */
  readonly wrongHints?: boolean
  /** Reports the other rendition at this segment. */
  readonly reports?: number
  /** Each part takes so many times as long as it lasts. */
  readonly slow?: number
}

/** A low-latency live stream of two renditions, `hi` and `lo`, as a scripted network serves it. */
export class LowLatencyStream {
  readonly #clock: FakeClock
  readonly #startedAt: number
  readonly #wallAtStart: number
  is: Misbehaviour = {}

  constructor(clock: FakeClock) {
    this.#clock = clock
    this.#startedAt = clock.now() - 100_000
    this.#wallAtStart = clock.wall() - 100_000
  }

  /** A network with this stream behind `main.m3u8`. */
  net(): ScriptedNet {
    const net = new ScriptedNet(this.#clock)
    const variants = ['hi', 'lo'].flatMap((name, at) => [
      `#EXT-X-STREAM-INF:BANDWIDTH=${300_000 - at * 100_000}`,
      `${name}.m3u8`,
    ])
    net.on(`${origin}/main.m3u8`, { body: ['#EXTM3U', ...variants].join('\n') })
    for (const [name, other] of [
      ['hi', 'lo'],
      ['lo', 'hi'],
    ] as const) {
      net.on(`${origin}/${name}.m3u8`, (now, request) => this.#answer(now, request, name, other))
    }
    return net
  }

  #answer(now: number, request: HttpRequest, name: string, other: string): ScriptedAnswer {
    const query = new URL(request.url).searchParams
    const sequence = query.get('_HLS_msn')
    if (sequence === null) return { body: this.playlist(now, name, other) }
    if (this.is.hangs) return { hang: true }
    if (this.is.status !== undefined) return { status: this.is.status }
    const part = Number(query.get('_HLS_part') ?? partsEach - 1)
    const nth = Number(sequence) * partsEach + part + 1
    const end = nth * partSeconds * 1_000 * (this.is.slow ?? 1)
    const wait = this.is.ignoresWaiting ? 0 : Math.max(0, this.#startedAt + end - now)
    const skips = query.has('_HLS_skip')
    return { body: this.playlist(now + wait, name, other, skips), afterMs: wait + 5 }
  }

  /** The media playlist at `now`, or what has changed in it. */
  playlist(now: number, name: string, other: string, skips = false): string {
    const elapsed = (now - this.#startedAt) / (this.is.slow ?? 1)
    const parts = Math.floor(elapsed / 1_000 / partSeconds)
    const next = Math.floor(parts / partsEach)
    const first = next - window
    const lines = [
      '#EXTM3U',
      '#EXT-X-VERSION:9',
      `#EXT-X-TARGETDURATION:${target}`,
      '#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.5,CAN-SKIP-UNTIL=12',
      `#EXT-X-PART-INF:PART-TARGET=${partSeconds}`,
      `#EXT-X-MEDIA-SEQUENCE:${first}`,
    ]
    const skipped = skips ? (this.is.skipsTooMuch ? window + 4 : 2) : 0
    if (skips) lines.push(`#EXT-X-SKIP:SKIPPED-SEGMENTS=${skipped}`)
    for (let sequence = first + skipped; sequence < next; sequence++) {
      const at = new Date(this.#wallAtStart + sequence * target * 1_000)
      lines.push(`#EXT-X-PROGRAM-DATE-TIME:${at.toISOString()}`)
      if (sequence >= next - 2) lines.push(...this.#parts(name, sequence, partsEach))
      lines.push(`#EXTINF:${target},`, `${name}-${sequence}.ts`)
    }
    lines.push(...this.#parts(name, next, parts % partsEach))
    const hint = `${name}-${next}.${parts % partsEach}${this.is.wrongHints ? 'x' : ''}.ts`
    lines.push(`#EXT-X-PRELOAD-HINT:TYPE=PART,URI="${hint}"`)
    const reported = this.is.reports ?? (parts % partsEach === 0 ? next - 1 : next)
    lines.push(`#EXT-X-RENDITION-REPORT:URI="${other}.m3u8",LAST-MSN=${reported},LAST-PART=0`)
    return `${lines.join('\n')}\n`
  }

  #parts(name: string, sequence: number, count: number): string[] {
    return Array.from(
      { length: count },
      (_, part) => `#EXT-X-PART:DURATION=${partSeconds},URI="${name}-${sequence}.${part}.ts"`,
    )
  }
}
