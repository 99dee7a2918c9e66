import { Agent } from 'node:http'
import { withDeadline, type Clock } from '../core/clock.ts'
import { collect } from './deliver.ts'
import type { FaultBoard } from './faults/fault-board.ts'
import { Listener } from './listener.ts'
import { textReply, type Reply, type WholeReply } from './reply.ts'
import { serve, type Ask, type Breakable } from './serve.ts'
import { ask, handedOn } from './upstream.ts'
import { isMedia, VIEW_HEADER, writeView } from './wanted.ts'

/** How long an edge waits for the origin's headers. */
const ORIGIN_DEADLINE_MS = 10_000
/** Playlists that an edge remembers at most, where it caches. */
const CACHED_PLAYLISTS = 1_000

/** A CDN-like edge. */
export interface LabEdge {
  /** Its name in fault targets and in `Via`. */
  readonly name: string
  /** How long a playlist is answered from memory, in milliseconds; 0, which is the default, asks the origin each time. */
  readonly cacheMs?: number
}

/** What an edge is made of. */
export interface EdgeParts {
  readonly edge: LabEdge
  readonly clock: Clock
  readonly board: FaultBoard
  /** Where the origin listens. */
  readonly origin: string
}

interface Cached {
  readonly reply: WholeReply
  readonly storedAt: number
}

/** A reverse proxy in front of the origin that adds `Via` and `Age` and has faults of its own. */
export class Edge implements Breakable {
  readonly name: string
  readonly clock: Clock
  readonly board: FaultBoard
  readonly listener: Listener
  readonly #origin: string
  readonly #cacheMs: number
  readonly #agent = new Agent({ keepAlive: true, maxFreeSockets: 64 })
  readonly #cache = new Map<string, Cached>()
  #requests = 0

  constructor({ edge, clock, board, origin }: EdgeParts) {
    this.name = edge.name
    this.clock = clock
    this.board = board
    this.#origin = origin
    this.#cacheMs = edge.cacheMs ?? 0
    this.listener = new Listener((request, response) => {
      this.#requests += 1
      void serve(this, request, response)
    })
  }

  /** Requests since the start. */
  get requests(): number {
    return this.#requests
  }

  /** Closes the port and all connections, also those to the origin. */
  async close(): Promise<void> {
    await this.listener.setOpen(false)
    this.#agent.destroy()
  }

  async get(asked: Ask): Promise<Reply> {
    const cacheable =
      this.#cacheMs > 0 && asked.plain && asked.query === '' && !isMedia(asked.wanted)
    if (!cacheable) return this.#marked(await this.#fetch(asked), 0, 'MISS')
    const now = this.clock.now()
    const known = this.#cache.get(asked.path)
    if (known && now - known.storedAt < this.#cacheMs) {
      return this.#marked(known.reply, Math.floor((now - known.storedAt) / 1_000), 'HIT')
    }
    const reply = await this.#fetch(asked)
    if (reply.status !== 200) return this.#marked(reply, 0, 'MISS')
    const body = Buffer.isBuffer(reply.body) ? reply.body : await collect(reply.body)
    const whole = { ...reply, body }
    if (this.#cache.size >= CACHED_PLAYLISTS) this.#cache.clear()
    this.#cache.set(asked.path, { reply: whole, storedAt: now })
    return this.#marked(whole, 0, 'MISS')
  }

  #marked(reply: Reply, age: number, cache: 'HIT' | 'MISS'): Reply {
    const { via } = reply.headers
    const hop = `1.1 ${this.name}`
    return {
      ...reply,
      headers: {
        ...reply.headers,
        via: via === undefined ? hop : `${via}, ${hop}`,
        age: String(age),
        'x-cache': cache,
      },
    }
  }

  async #fetch({ path, query, view, plain, signal }: Ask): Promise<Reply> {
    const headers: Record<string, string> = plain ? {} : { [VIEW_HEADER]: writeView(view) }
    const url = `${this.#origin}${path}${query === '' ? '' : `?${query}`}`
    const agent = this.#agent
    try {
      const found = await withDeadline(this.clock, ORIGIN_DEADLINE_MS, signal, (signal) =>
        ask({ agent, url, method: 'GET', headers, signal }),
      )
      if (!found) return textReply(504, `${this.name}: the origin did not answer in time`)
      signal.addEventListener('abort', () => found.destroy(), { once: true })
      return {
        status: found.statusCode ?? 502,
        headers: handedOn(found.headers, ['date', 'age']),
        body: found,
      }
    } catch {
      return textReply(502, `${this.name}: the origin cannot be reached`)
    }
  }
}
