import type { Clock } from '../../src/core/clock.ts'
import type { Finding } from '../../src/core/sample.ts'
import { isBefore, nextPlace, type PartPlace } from '../../src/formats/m3u8/compare-parts.ts'
import { mergeDelta } from '../../src/formats/m3u8/delta.ts'
import type { MediaPlaylist } from '../../src/formats/m3u8/model.ts'
import type { Fetcher, PlaylistPlace, PlaylistResult } from './fetch.ts'
import type { Rendition } from './rendition.ts'

/** Beyond three target durations a server answers 503 (rfc8216bis 6.2.5.2); its answer needs time. */
const graceMs = 2_000
const defaultTarget = 6

/** What came of one blocking playlist reload. */
export interface HeldLook {
  /** Seconds from the request to the first byte of the answer, where it was for a part and came. */
  readonly partWait: number | undefined
  /** Seconds from the stated end of the media to its arrival. */
  readonly availabilityDelay: number | undefined
  readonly findings: readonly Finding[]
}

/**
 * Asks for the next part before it is there (rfc8216bis 6.2.5.2), one request at a time, beside the
 * looks: such a request is held by the server, so it has a deadline of its own and delays no look.
 * Its answer is judged when it comes and reported by the next look.
 */
export class HeldReload {
  readonly #fetcher: Fetcher
  readonly #clock: Clock
  readonly #done: HeldLook[] = []
  #running = false
  #turn = 0

  constructor(fetcher: Fetcher, clock: Clock) {
    this.#fetcher = fetcher
    this.#clock = clock
  }

  /** Starts the next request, of the renditions that allow it in turn, unless one is under way. */
  start(renditions: readonly Rendition[], place: PlaylistPlace): void {
    if (this.#running) return
    const able = renditions.filter(({ present, playlist, spec }) => {
      const blocks = playlist?.serverControl?.canBlockReload === true && !playlist.endList
      return present && blocks && spec.kind !== 'subtitles'
    })
    const rendition = able[this.#turn++ % Math.max(1, able.length)]
    if (rendition?.playlist === undefined) return
    this.#running = true
    void this.#ask(rendition, rendition.playlist, place).finally(() => {
      this.#running = false
    })
  }

  /** What came since the last call. */
  take(): readonly HeldLook[] {
    return this.#done.splice(0)
  }

  async #ask(rendition: Rendition, known: MediaPlaylist, place: PlaylistPlace): Promise<void> {
    const wanted = nextPlace(known)
    const isPart = known.partTarget !== undefined
    const holdMs = 3_000 * (known.targetDuration ?? defaultTarget)
    const now = this.#clock.now()
    const url = withDirectives(rendition.spec.url, known, wanted, now - rendition.fullAt)
    const result = await this.#fetcher.playlist(url, now + holdMs + graceMs, undefined, place)
    if (result.fault?.local) return
    this.#done.push(judge(rendition, known, wanted, result, isPart))
  }
}

/**
 * The delivery directives, in the order that keeps caches effective. A delta update is asked for
 * while what is known is younger than half the skip boundary (rfc8216bis 6.3.7).
 */
function withDirectives(
  url: string,
  known: MediaPlaylist,
  wanted: PartPlace,
  knownForMs: number,
): string {
  const { serverControl, partTarget } = known
  const boundary = serverControl?.canSkipUntil
  const directives = [`_HLS_msn=${wanted.sequence}`]
  if (partTarget !== undefined) directives.push(`_HLS_part=${wanted.part}`)
  if (boundary !== undefined && knownForMs < boundary * 500) {
    directives.push(`_HLS_skip=${serverControl?.canSkipDateRanges ? 'v2' : 'YES'}`)
  }
  return `${url}${url.includes('?') ? '&' : '?'}${directives.join('&')}`
}

function judge(
  rendition: Rendition,
  known: MediaPlaylist,
  wanted: PartPlace,
  result: PlaylistResult,
  isPart: boolean,
): HeldLook {
  const { name } = rendition.spec
  const what = isPart
    ? `part ${wanted.part} of segment ${wanted.sequence}`
    : `segment ${wanted.sequence}`
  const finding = (code: string, severity: Finding['severity'], says: string): Finding => ({
    code,
    diagnosis: 'spec-violation',
    severity,
    says,
    rendition: name,
  })
  const nothing = { partWait: undefined, availabilityDelay: undefined }
  const answer = result.fetched?.playlist
  if (result.fault !== undefined || answer?.kind !== 'media') {
    const now = rendition.playlist
    const movedOn = now !== undefined && isBefore(wanted, nextPlace(now))
    const says = `A request of ${name} that waits for ${what} ${result.fault?.says ?? 'brought a multivariant playlist'}.`
    // A server that has nothing new has nothing to answer with; one that has must not keep it back.
    const severity = movedOn || result.fault?.status === 400 ? 'warning' : 'info'
    return { ...nothing, findings: [finding('blocking-reload-failed', severity, says)] }
  }
  const merged = mergeDelta(known, answer)
  if (!merged.ok) {
    const says = `A delta update of ${name} ${merged.says}.`
    return { ...nothing, findings: [finding('delta-update-wrong', 'warning', says)] }
  }
  const { playlist } = merged
  if (!isBefore(wanted, nextPlace(playlist)) && !playlist.endList) {
    const says = `A request of ${name} that waits for ${what} was answered without it.`
    return { ...nothing, findings: [finding('blocking-reload-ignored', 'warning', says)] }
  }
  const { firstByte } = result.timings
  const taken = rendition.takeHeld(playlist, result)
  return {
    partWait: isPart && firstByte !== undefined ? firstByte / 1_000 : undefined,
    availabilityDelay: taken.availabilityDelay,
    findings: taken.findings,
  }
}
