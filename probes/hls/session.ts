import type { Observation } from '../../src/core/sample.ts'
import type { MultivariantPlaylist } from '../../src/formats/m3u8/model.ts'
import type { HttpTargetOptions } from '../../src/plugin/http-options.ts'
import type { Due, ProbeContext } from '../../src/plugin/probe.ts'
import { Fetcher, type Fetched, type PlaylistPlace, type PlaylistResult } from './fetch.ts'
import type { DeepOptions } from '../../src/plugin/deep/options.ts'
import { SegmentDeepWatch } from '../../src/plugin/deep/segment-watch.ts'
import { deepOffer } from './deep-media.ts'
import { HeldReload, type HeldLook } from './held-reload.ts'
import { observation } from './observation.ts'
import { Rendition, type RenditionSpec, renditionsOf } from './rendition.ts'
import type { SegmentLook } from './segment.ts'
import { SegmentRotation } from './segment-rotation.ts'
import { Slate, type SlateOptions } from './slate.ts'
import { SteeringWatch } from './steering-watch.ts'
import { Viewer } from './viewer.ts'

export interface SessionOptions extends HttpTargetOptions {
  readonly timeout: number
  readonly segments: {
    readonly fetch: 'newest' | 'none'
    readonly per_look: number
    readonly max_bytes: number
  }
  readonly pathway?: string | undefined
  readonly steering: 'check' | 'follow' | 'off'
  readonly low_latency: boolean
  readonly slate?: SlateOptions | undefined
  readonly deep?: DeepOptions | undefined
}

/** The multivariant playlist is fetched again after so many looks or so much time. */
const topEveryLooks = 3
const topEveryMs = 6_000
/** Shares of a look's time after which playlists are given up, so that time for a segment remains. */
const topShare = 0.6
const renditionShare = 0.85
/** A rendition that left the multivariant playlist counts as lost for so long. */
const lostForMs = 600_000
/** Media playlists that are watched of one stream; long ladders have some thirty. */
const mostRenditions = 64

/** Everything that one look did, for the observation. */
export interface Look {
  /** Every request for a playlist that this look made. */
  readonly requests: PlaylistResult[]
  /** The answer for the configured URL, where this look asked for it. */
  top: PlaylistResult | undefined
  /** Renditions asked for under their present URL. */
  readonly asked: Set<Rendition>
  readonly segments: SegmentLook[]
  /** What requests that waited for new media brought since the last look. */
  readonly held: HeldLook[]
}

/** The state of one HLS path, and its looks. */
export class HlsSession {
  readonly #options: SessionOptions
  readonly #context: ProbeContext
  readonly #fetcher: Fetcher
  #top: Fetched | undefined
  #topAt = 0
  #looksSinceTop = 0
  /** Something was wrong at the last look: the next one looks at everything. */
  #troubled = true
  #first = true
  /** The pathway changed: the renditions are to be chosen afresh. */
  #restart = false
  #renditions: Rendition[] = []
  /** Media playlists that the multivariant playlist names, watched or not. */
  #named = 0
  /** The most media playlists that the multivariant playlist named lately, and when. */
  #most = { named: 0, at: 0 }
  readonly #rotation: SegmentRotation
  readonly #held: HeldReload
  readonly #steering: SteeringWatch
  readonly #viewer = new Viewer()
  readonly #slate: Slate | undefined
  readonly #deep: SegmentDeepWatch | undefined
  /** Deep looks fetch for themselves: no look waits for them. */
  readonly #deepFetcher: Fetcher

  constructor(options: SessionOptions, context: ProbeContext) {
    this.#options = options
    this.#context = context
    const { net, clock, signal } = context
    this.#fetcher = new Fetcher(net, clock, signal, options)
    this.#held = new HeldReload(new Fetcher(net, clock, signal, options), clock)
    this.#steering = new SteeringWatch(this.#fetcher, clock)
    this.#rotation = new SegmentRotation(
      {
        perLook: options.segments.per_look,
        maxBytes: options.segments.max_bytes,
        hash: (options.slate?.sha256.length ?? 0) > 0,
      },
      context,
      this.#fetcher,
    )
    this.#slate = options.slate === undefined ? undefined : new Slate(options.slate)
    this.#deep = options.deep && new SegmentDeepWatch(options.deep, context)
    this.#deepFetcher = new Fetcher(net, clock, signal, options)
  }

  /** One look; it ends within its deadline whatever the peer does. */
  async look(due: Due): Promise<Observation> {
    const { clock, everyMs } = this.#context
    // A look must not outlive the cadence for long, nor give a slow path less than two seconds.
    const budget = Math.min(this.#options.timeout, Math.max(2_000, everyMs))
    const startedAt = clock.now()
    this.#fetcher.fresh = due.purpose === 'verify' || due.purpose === 'precheck'
    const look: Look = { requests: [], top: undefined, asked: new Set(), segments: [], held: [] }
    const suspicious = due.purpose !== 'interval' && due.purpose !== 'deadline'
    for (const rendition of this.#renditions) rendition.beginLook()
    look.held.push(...this.#held.take())
    await this.#playlists(look, startedAt, budget, suspicious)
    const topFailed = look.top !== undefined && look.top.fault !== undefined
    if (!topFailed && this.#options.segments.fetch === 'newest') {
      const deadlineAt = startedAt + budget
      const kind = { deadlineAt, suspicious, first: this.#first }
      look.segments.push(...(await this.#rotation.look(this.#renditions, kind)))
    }
    if (this.#options.low_latency) this.#held.start(this.#renditions, this.#place())
    this.#viewer.follow(look, this.#renditions, clock.now())
    this.#slate?.follow(this.#renditions, look.segments)
    const { max_bytes: maxBytes } = this.#options.segments
    this.#deep?.start(() => deepOffer(this.#renditions, this.#deepFetcher, maxBytes), suspicious)
    // One look is all there is: it may take its time.
    if (due.purpose === 'once') await this.#deep?.settled()
    const result = observation({
      look,
      url: this.#options.url,
      multivariant: this.#multivariant(),
      renditions: this.#renditions,
      named: this.#named,
      lost: this.#lost(),
      missingRatio: this.#rotation.missingRatio,
      player: this.#viewer.state(clock.now()),
      slate: this.#slate?.isOnAir,
      deep: this.#deep,
      steering: this.#steering,
      now: clock.now(),
      wall: clock.wall(),
    })
    this.#troubled =
      result.outcome !== 'pass' || this.#renditions.some((rendition) => !rendition.present)
    if (result.outcome === 'pass') this.#first = false
    return result
  }

  /** Playlists held at once, by powers of two: a limit that moves with each rendition helps nobody. */
  #share(): number {
    return 2 ** Math.ceil(Math.log2(Math.max(1, this.#renditions.length)))
  }

  #multivariant(): MultivariantPlaylist | undefined {
    return this.#top?.playlist.kind === 'multivariant' ? this.#top.playlist : undefined
  }

  async #playlists(look: Look, startedAt: number, budget: number, suspicious: boolean) {
    const topBy = startedAt + budget * topShare
    const by = startedAt + budget * renditionShare
    const bare = this.#multivariant() === undefined
    this.#looksSinceTop++
    const topDue =
      bare ||
      this.#restart ||
      suspicious ||
      this.#troubled ||
      this.#looksSinceTop >= topEveryLooks ||
      startedAt - this.#topAt >= topEveryMs
    await Promise.all([
      topDue ? this.#fetchTop(look, topBy) : undefined,
      ...(bare ? [] : this.#renditions.map((rendition) => this.#refresh(look, rendition, by))),
    ])
    await this.#steer(by)
    // Every address may have changed since the multivariant playlist was read: ask before judging.
    const failed = this.#renditions.some(({ fault }) => fault !== undefined && !fault.local)
    if (look.top === undefined && failed) await this.#fetchTop(look, topBy)
    await Promise.all(
      this.#renditions
        .filter((rendition) => this.#multivariant() !== undefined && !look.asked.has(rendition))
        .map((rendition) => this.#refresh(look, rendition, by)),
    )
  }

  /** What every media playlist of this session needs to be read. */
  #place(): PlaylistPlace {
    return { imports: this.#multivariant()?.variables, among: this.#share() }
  }

  /** The pathway to watch: the configured one, the one that is steered to, or the one to start with. */
  #pathway(playlist: MultivariantPlaylist): string | undefined {
    const { pathway, steering } = this.#options
    const steered = steering === 'follow' ? this.#steering.preferred(playlist) : undefined
    return pathway ?? steered ?? playlist.contentSteering?.pathwayId
  }

  /** Asks the steering server where it is due; watches the pathway that it prefers from the next look on. */
  async #steer(deadlineAt: number) {
    const top = this.#top
    if (this.#options.steering === 'off' || top?.playlist.kind !== 'multivariant') return
    const { playlist, url } = top
    const before = this.#pathway(playlist)
    await this.#steering.refresh(playlist, url, before, deadlineAt)
    // Reading the multivariant playlist again picks the renditions of the other pathway.
    if (this.#pathway(playlist) !== before) this.#restart = true
  }

  #name(look: Look, playlist: MultivariantPlaylist, url: string) {
    const specs = renditionsOf(playlist, url, this.#pathway(playlist))
    const now = this.#context.clock.now()
    this.#named = specs.length
    if (specs.length >= this.#most.named || now - this.#most.at > lostForMs) {
      this.#most = { named: specs.length, at: now }
    }
    this.#reconcile(look, specs.slice(0, mostRenditions))
  }

  /** Media playlists that were named lately and are no more; after a while that is how the stream is. */
  #lost(): number {
    if (this.#context.clock.now() - this.#most.at > lostForMs) return 0
    return Math.max(0, this.#most.named - this.#named)
  }

  async #fetchTop(look: Look, deadlineAt: number) {
    const result = await this.#fetcher.playlist(this.#options.url, deadlineAt, this.#top)
    look.top = result
    look.requests.push(result)
    const { fetched } = result
    if (fetched === undefined) return
    const changed = this.#restart || this.#top === undefined || this.#top !== fetched
    this.#restart = false
    this.#top = fetched
    this.#topAt = result.at
    this.#looksSinceTop = 0
    const { playlist, url } = fetched
    if (playlist.kind === 'multivariant') {
      if (changed) {
        this.#name(look, playlist, url)
      }
      return
    }
    const spec = { key: 'main', kind: 'variant', name: 'main', url, advertised: undefined } as const
    this.#reconcile(look, [spec])
    this.#renditions[0]?.take(result)
  }

  /** Keeps the state of renditions that stay, by key; new ones begin afresh. */
  #reconcile(look: Look, specs: readonly RenditionSpec[]) {
    const known = new Map(this.#renditions.map((rendition) => [rendition.spec.key, rendition]))
    this.#renditions = specs.map((spec) => {
      const rendition = known.get(spec.key)
      if (rendition === undefined) return new Rendition(spec)
      // What failed under its old URL deserves another try; what came needs none.
      if (rendition.spec.url !== spec.url && !rendition.present) look.asked.delete(rendition)
      rendition.spec = spec
      return rendition
    })
  }

  async #refresh(look: Look, rendition: Rendition, deadlineAt: number) {
    look.asked.add(rendition)
    const { url } = rendition.spec
    const { fetched } = rendition
    const result = await this.#fetcher.playlist(url, deadlineAt, fetched, this.#place())
    look.requests.push(result)
    rendition.take(result)
  }
}
