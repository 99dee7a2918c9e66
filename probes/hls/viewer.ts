import { windowSeconds } from '../../src/formats/m3u8/timeline.ts'
import { type PlayerState, VirtualPlayer } from '../../src/formats/playback/virtual-player.ts'
import type { Rendition } from './rendition.ts'
import type { Look } from './session.ts'

const defaultTarget = 6

/**
 * What a viewer of this path goes through: a virtual player on the rendition that players start
 * with, which holds back from the live edge as the playlist asks and gets each segment as late as
 * it appeared and took to download. A segment that cannot be fetched never arrives.
 */
export class Viewer {
  #rendition: Rendition | undefined
  #player: VirtualPlayer | undefined
  #rejoins = 0

  /** Takes what a look brought; `now` is monotonic milliseconds. */
  follow(look: Look, renditions: readonly Rendition[], now: number): void {
    const main = renditions.find(({ spec, isLive }) => spec.kind !== 'subtitles' && isLive)
    if (main !== this.#rendition) {
      this.#rendition = main
      this.#player = undefined
    }
    for (const rendition of renditions) {
      const arrivals = rendition.arrivals.splice(0)
      if (rendition !== main || rendition.segments.isMissing) continue
      for (const { at, seconds } of arrivals) {
        const downloading = (rendition.segments.downloadRatio ?? 0) * seconds * 1_000
        this.#player?.arrived(at + downloading, seconds)
      }
    }
    if (main !== undefined && main.rejoins !== this.#rejoins) {
      this.#rejoins = main.rejoins
      this.#player?.moved(now, bufferAtEdge(main))
    }
    if (this.#player === undefined && main?.present) this.#player = begin(look, main, now)
  }

  /** Where the player stands now; `undefined` before it could begin. */
  state(now: number): PlayerState | undefined {
    return this.#player?.state(now)
  }
}

/** A player that begins now, where all that it needs came in this look. */
function begin(look: Look, main: Rendition, now: number): VirtualPlayer | undefined {
  const { playlist } = main
  if (playlist === undefined) return undefined
  const segment = look.segments.find(({ rendition }) => rendition === main)
  if (segment?.fault !== undefined) return undefined
  const playlists = look.requests.filter(
    ({ fetched }) =>
      fetched !== undefined && (fetched === main.fetched || look.top?.fetched === fetched),
  )
  const waits = [...new Set(playlists)].map(({ timings }) => timings.total)
  const startup = waits.reduce((sum, ms) => sum + ms, segment?.totalMs ?? 0) / 1_000
  // It goes on with two segments: with one, a look that comes a little late would stall it again.
  return new VirtualPlayer(
    now,
    bufferAtEdge(main),
    startup,
    2 * (playlist.targetDuration ?? defaultTarget),
  )
}

/** The media that a player has at once when it comes to the live edge, in seconds. */
function bufferAtEdge({ playlist }: Rendition): number {
  if (playlist === undefined) return 0
  // Whole segments are counted, as often as looks come: a low-latency buffer would not outlast that.
  const back = playlist.serverControl?.holdBack ?? 3 * (playlist.targetDuration ?? defaultTarget)
  return Math.min(back, windowSeconds(playlist))
}
