import { Parser } from 'm3u8-parser'

/** What a viewer saw and did not see, in seconds of wall time and of media. */
export interface Viewing {
  /** Wall time in which the picture stood still because the buffer was empty. */
  readonly stalled: number
  /** The lowest the buffer ever was while it played. */
  readonly lowestBuffer: number
  readonly played: number
  /** Media that was jumped over, by the program dates of what was played. */
  readonly lost: number
  /** Media that came twice, by the same dates. */
  readonly repeated: number
  /** Times that the player gave its place up and joined the live edge again. */
  readonly rejoined: number
  /** Requests that brought nothing usable. */
  readonly failures: readonly string[]
  /** Who served segments, in order, without repetitions. */
  readonly servedBy: readonly string[]
  /** The longest jump of program dates where two servers meet. */
  readonly seam: number
  /** Everything that was played, as it came. */
  readonly media: readonly Buffer[]
}

interface Segment {
  readonly sequence: number
  readonly uri: string
  readonly duration: number
  /** Program date in seconds since the epoch. */
  readonly date: number
}

const requestMs = 2_000

/**
 * Plays a live stream by its public name as a player does, without a picture: it reads the
 * multivariant playlist once, then the media playlist at least each target duration, fetches each
 * segment in the order of media sequence numbers, and lets a playhead follow the wall clock through
 * what it has. It joins `buffer` seconds behind the live edge. A segment that left the playlist is
 * jumped over; when the numbers jump by more than a playlist it joins the live edge again.
 */
export class Player {
  readonly #url: string
  readonly #wantedBuffer: number
  readonly #stop = new AbortController()
  readonly #media: Buffer[] = []
  readonly #servedBy: string[] = []
  readonly #failures: string[] = []
  #done: Promise<void> = Promise.resolve()
  #next: number | undefined
  #last: { readonly end: number; readonly by: string } | undefined
  /** Seconds of media fetched, and the playhead in them. */
  #fetched = 0
  #playhead = 0
  #isPlaying = false
  #at = 0
  #stalled = 0
  #lowestBuffer = Number.POSITIVE_INFINITY
  #lost = 0
  #repeated = 0
  #rejoined = 0
  #seam = 0

  constructor(url: string, { buffer }: { readonly buffer: number }) {
    this.#url = url
    this.#wantedBuffer = buffer
  }

  /** Resolves when it plays. */
  async play(): Promise<void> {
    const multivariant = await this.#manifest(this.#url)
    const variant = multivariant?.playlists?.[0]?.uri
    if (variant === undefined) throw new Error(`nothing to play: ${this.#failures.join('; ')}`)
    const media = new URL(variant, this.#url).href
    await this.#look(media)
    if (this.#fetched === 0) throw new Error(`no segment came: ${this.#failures.join('; ')}`)
    this.#at = performance.now()
    this.#isPlaying = true
    this.#done = this.#follow(media)
  }

  /** How things stand; `stop` gives the same at the end. */
  viewing(): Viewing {
    this.#advance()
    return {
      stalled: this.#stalled,
      lowestBuffer: this.#lowestBuffer,
      played: this.#playhead,
      lost: this.#lost,
      repeated: this.#repeated,
      rejoined: this.#rejoined,
      failures: this.#failures,
      servedBy: this.#servedBy,
      seam: this.#seam,
      media: this.#media,
    }
  }

  /** Seconds that could be played without anything more coming. */
  get buffered(): number {
    this.#advance()
    return this.#fetched - this.#playhead
  }

  async stop(): Promise<Viewing> {
    this.#stop.abort()
    await this.#done
    return this.viewing()
  }

  async #follow(media: string): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const askedAt = performance.now()
      const target = await this.#look(media)
      const leftMs = target * 1_000 - (performance.now() - askedAt)
      await new Promise((resolve) => setTimeout(resolve, Math.max(100, leftMs)))
    }
  }

  /** One reload and what it lists; returns the seconds until the next one. */
  async #look(media: string): Promise<number> {
    const manifest = await this.#manifest(media)
    const first = manifest?.segments[0]
    if (manifest === undefined || first === undefined) return 0.5
    const target = manifest.targetDuration ?? 1
    const segments = manifest.segments.map(
      ({ uri, duration, programDateTime }, index): Segment => ({
        sequence: manifest.mediaSequence + index,
        uri: new URL(uri, media).href,
        duration,
        date: (programDateTime ?? Number.NaN) / 1_000,
      }),
    )
    const before = this.#next
    this.#next = this.#place(segments)
    for (const segment of segments) {
      if (segment.sequence < this.#next || this.#stop.signal.aborted) continue
      if (!(await this.#append(segment))) break
    }
    // RFC 8216, section 6.3.4: half a target duration when nothing was new.
    return this.#next === before ? target / 2 : target
  }

  /** The next segment to play, by what the playlist has. */
  #place(segments: readonly Segment[]): number {
    const first = segments[0]?.sequence ?? 0
    const end = first + segments.length
    const behind = (seconds: number) => {
      let left = seconds
      return segments.toReversed().find(({ duration }) => (left -= duration) <= 0)?.sequence
    }
    if (this.#next === undefined) return behind(this.#wantedBuffer) ?? first
    const isElsewhere =
      this.#next > end + segments.length || this.#next < first - 10 * segments.length
    if (isElsewhere) {
      this.#rejoined += 1
      return behind(this.#wantedBuffer) ?? first
    }
    return Math.max(this.#next, first)
  }

  async #append({ sequence, uri, duration, date }: Segment): Promise<boolean> {
    const answer = await this.#get(uri)
    if (answer === undefined) return false
    if (answer.body[0] !== 0x47 || answer.body.length % 188 !== 0) {
      this.#failures.push(`segment ${sequence} is no transport stream`)
      return false
    }
    this.#advance()
    const jump = this.#last === undefined ? 0 : date - this.#last.end
    // Program dates carry milliseconds, and encoders round segments to their frames.
    if (jump > 0.1) this.#lost += jump
    if (jump < -0.1) this.#repeated -= jump
    if (this.#last !== undefined && this.#last.by !== answer.by) {
      this.#seam = Math.max(this.#seam, Math.abs(jump))
    }
    if (this.#servedBy.at(-1) !== answer.by) this.#servedBy.push(answer.by)
    this.#media.push(answer.body)
    this.#last = { end: date + duration, by: answer.by }
    this.#fetched += duration
    this.#next = sequence + 1
    return true
  }

  /** Lets the playhead follow the clock; where the buffer ends, the picture stands still. */
  #advance(): void {
    const now = performance.now()
    const passed = (now - this.#at) / 1_000
    this.#at = now
    if (!this.#isPlaying) return
    const played = Math.min(passed, this.#fetched - this.#playhead)
    this.#playhead += played
    this.#stalled += passed - played
    this.#lowestBuffer = Math.min(this.#lowestBuffer, this.#fetched - this.#playhead)
  }

  async #manifest(url: string): Promise<Manifest | undefined> {
    const answer = await this.#get(url)
    if (answer === undefined) return undefined
    const parser = new Parser({ uri: url })
    parser.push(answer.body.toString())
    parser.end()
    return parser.manifest as Manifest
  }

  async #get(url: string): Promise<{ readonly body: Buffer; readonly by: string } | undefined> {
    const name = new URL(url).pathname
    try {
      const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(requestMs)])
      const answer = await fetch(url, { signal })
      const body = Buffer.from(await answer.arrayBuffer())
      if (answer.ok) return { body, by: answer.headers.get('x-served-by') ?? 'nobody' }
      this.#failures.push(`${name}: ${answer.status}`)
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#failures.push(`${name}: ${String(error)}`)
    }
    return undefined
  }
}

/** The part of m3u8-parser's manifest that a player needs. */
interface Manifest {
  readonly mediaSequence: number
  readonly targetDuration?: number
  readonly playlists?: readonly { readonly uri: string }[]
  readonly segments: readonly {
    readonly uri: string
    readonly duration: number
    /** Milliseconds since the epoch. */
    readonly programDateTime?: number
  }[]
}
