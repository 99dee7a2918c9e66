import type { Clock } from '../../src/core/clock.ts'
import type { Finding } from '../../src/core/sample.ts'
import { type MultivariantPlaylist, resolveUri } from '../../src/formats/m3u8/model.ts'
import { parseSteering, type SteeringManifest } from '../../src/formats/steering/manifest.ts'
import { faultOf } from '../../src/plugin/http-fault.ts'
import type { Fetcher } from './fetch.ts'

const maxBytes = 256 * 1_024
/** After a failure players ask again when the time to live is over; so does this, at least so often. */
const retryMs = 30_000

/** Fetches and checks the steering manifest of a multivariant playlist (rfc8216bis 7). */
export class SteeringWatch {
  readonly #clock: Clock
  readonly #fetcher: Fetcher
  #server: string | undefined
  #next: string | undefined
  #nextAt = 0
  #manifest: SteeringManifest | undefined
  #findings: readonly Finding[] = []
  #isMissing: boolean | undefined
  #isGone = false

  constructor(fetcher: Fetcher, clock: Clock) {
    this.#fetcher = fetcher
    this.#clock = clock
  }

  /** Whether the manifest could not be had or read the last time; `undefined` before any try. */
  get isMissing(): boolean | undefined {
    return this.#isMissing
  }

  get findings(): readonly Finding[] {
    return this.#findings
  }

  /** The first pathway of the manifest that the multivariant playlist has. */
  preferred(playlist: MultivariantPlaylist): string | undefined {
    const known = pathwaysOf(playlist)
    return this.#manifest?.priority.find((pathway) => known.has(pathway))
  }

  /** Asks again where the time has come. Never throws. */
  async refresh(
    playlist: MultivariantPlaylist,
    base: string,
    pathway: string | undefined,
    deadlineAt: number,
  ): Promise<void> {
    const { contentSteering } = playlist
    const server = contentSteering && resolveUri(contentSteering.serverUri, base)
    if (server !== this.#server) {
      this.#server = server
      this.#next = server
      this.#nextAt = 0
      this.#manifest = undefined
      this.#isMissing = undefined
      this.#isGone = false
      this.#findings = []
    }
    const url = this.#next
    const now = this.#clock.now()
    if (url === undefined || this.#isGone || now < this.#nextAt) return
    const answer = await this.#fetcher.request(asking(url, pathway), deadlineAt, { maxBytes })
    const fault = faultOf(answer)
    if (fault?.local) return
    this.#nextAt = this.#clock.now() + retryMs
    if (fault !== undefined || !answer.ok) {
      // rfc8216bis 7.1: after 410 the manifest is not asked for again.
      this.#isGone = fault?.status === 410
      this.#miss(fault?.says ?? 'cannot be had')
      return
    }
    const reading = parseSteering(answer.body.toString('utf8'))
    if (!reading.ok) {
      this.#miss(reading.says)
      return
    }
    const { manifest, findings } = reading
    this.#manifest = manifest
    this.#isMissing = false
    this.#findings = [...findings, ...unknownPathways(manifest, playlist)]
    this.#nextAt = this.#clock.now() + manifest.ttl * 1_000
    this.#next = this.#reload(manifest, answer.url) ?? url
  }

  #reload({ reloadUri }: SteeringManifest, base: string): string | undefined {
    if (reloadUri === undefined) return undefined
    const url = resolveUri(reloadUri, base)
    if (url === undefined) {
      const says = 'RELOAD-URI of the steering manifest is neither http nor https.'
      this.#findings = [...this.#findings, warning('steering-reload-uri', says)]
    }
    return url
  }

  #miss(says: string): void {
    this.#isMissing = true
    this.#findings = [warning('steering-missing', `The steering manifest ${says}.`)]
  }
}

/** Pathway IDs of all variants; one without an attribute belongs to the pathway `.` (4.4.6.2). */
function pathwaysOf(playlist: MultivariantPlaylist): ReadonlySet<string> {
  return new Set(playlist.variants.map(({ pathwayId }) => pathwayId ?? '.'))
}

function unknownPathways(
  { priority, clones }: SteeringManifest,
  playlist: MultivariantPlaylist,
): readonly Finding[] {
  const known = pathwaysOf(playlist)
  const cloned = new Set(clones.filter(({ baseId }) => known.has(baseId)).map(({ id }) => id))
  const unknown = priority.filter((pathway) => !known.has(pathway) && !cloned.has(pathway))
  if (unknown.length === 0) return []
  const says = `The steering manifest names ${unknown.length} pathways that the multivariant playlist does not have: ${unknown.slice(0, 3).join(', ')}.`
  return [warning('steering-unknown-pathway', says)]
}

function asking(url: string, pathway: string | undefined): string {
  if (pathway === undefined) return url
  return `${url}${url.includes('?') ? '&' : '?'}_HLS_pathway=${encodeURIComponent(pathway)}`
}

function warning(code: string, says: string): Finding {
  return { code, diagnosis: 'steering-missing', severity: 'warning', says }
}
