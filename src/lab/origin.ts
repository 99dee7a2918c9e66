import type { Clock } from '../core/clock.ts'
import type { FaultBoard } from './faults/fault-board.ts'
import { Listener } from './listener.ts'
import { manifest } from './manifest.ts'
import { mediaPlaylist, multivariantPlaylist } from './playlists.ts'
import { textReply, type Reply } from './reply.ts'
import type { Segments } from './segments.ts'
import { serve, type Ask, type Breakable } from './serve.ts'
import { heldUntil, isThere, lowLatencyPlaylist } from './low-latency.ts'
import { isAvailable, type Programme } from './stream.ts'

const MANIFEST = 'application/dash+xml'
const PLAYLIST = 'application/vnd.apple.mpegurl'

/** What an origin is made of. */
export interface OriginParts {
  readonly clock: Clock
  readonly board: FaultBoard
  readonly segments: Segments
  readonly programmes: readonly Programme[]
}

/**
 * The source of all streams: an HLS ladder and a DASH manifest for each, over HTTP. It keeps no state of its own: an
 * answer depends on the address, the clock and the faults in force.
 */
export class Origin implements Breakable {
  readonly name = 'origin'
  readonly clock: Clock
  readonly board: FaultBoard
  readonly listener: Listener
  readonly #segments: Segments
  readonly #programmes: ReadonlyMap<string, Programme>
  readonly #ladders: ReadonlyMap<string, Buffer>
  #requests = 0

  constructor({ clock, board, segments, programmes }: OriginParts) {
    this.clock = clock
    this.board = board
    this.#segments = segments
    this.#programmes = new Map(programmes.map((programme) => [programme.name, programme]))
    this.#ladders = new Map(
      programmes.map((programme) => [
        programme.name,
        Buffer.from(multivariantPlaylist(programme, segments)),
      ]),
    )
    this.listener = new Listener((request, response) => {
      this.#requests += 1
      void serve(this, request, response)
    })
  }

  /** Requests since the start. */
  get requests(): number {
    return this.#requests
  }

  async get({ wanted, query, view, plain, signal }: Ask): Promise<Reply> {
    const programme = this.#programmes.get(wanted.stream)
    // Only the present goes on while somebody waits: another view stays as it is.
    if (!plain || !programme?.lowLatency) return this.#answer(wanted, view, query)
    const readyAt = heldUntil(programme, wanted, query, view.at)
    if (readyAt === 'never') return textReply(400, 'too far in the future')
    if (readyAt <= view.at) return this.#answer(wanted, view, query)
    await this.clock.sleep(readyAt - this.clock.wall(), signal)
    return this.#answer(wanted, { ...view, at: Math.max(readyAt, this.clock.wall()) }, query)
  }

  #answer(wanted: Ask['wanted'], { at, look }: Ask['view'], query: string): Reply {
    const programme = this.#programmes.get(wanted.stream)
    const ladder = this.#ladders.get(wanted.stream)
    if (!programme || !ladder) return textReply(404, 'no such stream')
    if (wanted.kind === 'multivariant') return fresh(PLAYLIST, ladder, 'max-age=60')
    if (wanted.kind === 'manifest') {
      return fresh(MANIFEST, Buffer.from(manifest(programme, this.#segments, at)), 'no-cache')
    }
    if (wanted.kind === 'cmaf') return this.#cmaf(programme, wanted, { at, look })
    const { rendition } = wanted
    if (wanted.kind === 'playlist') {
      const text = programme.lowLatency
        ? lowLatencyPlaylist(programme, rendition, at, query)
        : mediaPlaylist(programme, rendition, at)
      return fresh(PLAYLIST, Buffer.from(text), 'no-cache')
    }
    const { part } = wanted
    if (!isThere(programme, wanted, at)) return textReply(404, 'no such segment now')
    const seconds = programme.segmentSeconds
    const second = wanted.sequence * seconds
    const segment = this.#segments.get({
      rendition,
      look,
      second,
      seconds,
      ...(part !== undefined && { part }),
    })
    return fresh('video/mp2t', segment, 'max-age=60')
  }

  #cmaf(
    programme: Programme,
    { rendition, sequence }: Extract<Ask['wanted'], { readonly kind: 'cmaf' }>,
    { at, look }: Ask['view'],
  ): Reply {
    const track = rendition === undefined ? 'audio' : 'video'
    const type = `${track}/mp4`
    const [main] = this.#segments.clip.renditions
    const of = rendition ?? main?.name ?? '360p'
    if (sequence === 'init') return fresh(type, this.#segments.init(of, track), 'max-age=60')
    if (!isAvailable(programme, sequence, at)) return textReply(404, 'no such segment now')
    const seconds = programme.segmentSeconds
    const second = sequence * seconds
    const segment = this.#segments.get({ rendition: of, look, second, seconds, track })
    return fresh(type, segment, 'max-age=60')
  }
}

function fresh(type: string, body: Buffer, caching: string): Reply {
  return { status: 200, headers: { 'content-type': type, 'cache-control': caching }, body }
}
