import { Agent, type IncomingMessage, type ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { withDeadline, type Clock, type Random } from '../core/clock.ts'
import { Listener } from './listener.ts'
import { ask, handedOn } from './upstream.ts'
import { viewerSignal } from './viewer-signal.ts'

/** An edge may take this long to begin its answer; longer than an edge waits for the origin. */
const EDGE_DEADLINE_MS = 15_000
/** A check that takes longer counts as unreachable. */
const CHECK_DEADLINE_MS = 1_000

/** How the public name of the lab shares requests among the edges. */
export interface LabSwitch {
  /** HTTP check of each edge: 200 takes it in, 503 takes it out, anything else changes nothing. */
  readonly checks?: Readonly<Record<string, string>>
  /** Share of each edge when several are in; 1 unless told. */
  readonly weights?: Readonly<Record<string, number>>
  /** Milliseconds between two rounds of checks; 200 unless told. */
  readonly intervalMs?: number
}

/** What one server behind the switch is doing. */
interface SwitchServer {
  readonly edge: string
  readonly weight: number
  /** What its check said last; `undefined` before the first answer. */
  readonly check: 'in' | 'out' | undefined
  readonly serving: boolean
  /** Requests handed to it since the start. */
  readonly requests: number
  /** Requests among them that it did not answer. */
  readonly failures: number
}

/** What the switch is doing. */
export interface SwitchState {
  /** The edges that requests go to now. */
  readonly serving: readonly string[]
  readonly servers: readonly SwitchServer[]
  /** When `serving` changed last, in milliseconds since the epoch; the start before any change. */
  readonly changedAt: number
  /** How often `serving` changed. */
  readonly changes: number
}

/** What a switch is made of. */
export interface SwitchParts extends LabSwitch {
  readonly clock: Clock
  readonly random: Random
  /** Addresses by edge, in the order of preference: the first serves until a check says otherwise. */
  readonly edges: Readonly<Record<string, string>>
}

interface Server {
  readonly edge: string
  readonly url: string
  readonly weight: number
  check: 'in' | 'out' | undefined
  requests: number
  failures: number
}

/**
 * A small load balancer, the public name of the demo. Every request really passes through it. Which
 * edges serve follows HTTP checks, as with any load balancer; not hearing is not failing: a check
 * that cannot be reached keeps its last answer, and when all are out the last set goes on serving.
 */
export class Switch {
  readonly listener: Listener
  readonly #clock: Clock
  readonly #random: Random
  readonly #servers: readonly Server[]
  readonly #intervalMs: number
  readonly #agent = new Agent({ keepAlive: true, maxFreeSockets: 64 })
  readonly #stop = new AbortController()
  #checks: Readonly<Record<string, string>>
  #serving: readonly Server[]
  #changedAt: number
  #changes = 0

  constructor({ clock, random, edges, checks = {}, weights = {}, intervalMs = 200 }: SwitchParts) {
    this.#clock = clock
    this.#random = random
    this.#intervalMs = intervalMs
    this.#servers = Object.entries(edges).map(([edge, url]) => {
      return { edge, url, weight: weights[edge] ?? 1, check: undefined, requests: 0, failures: 0 }
    })
    this.#serving = this.#servers.slice(0, 1)
    this.#changedAt = clock.wall()
    this.#checks = checks
    this.listener = new Listener((request, response) => {
      void this.#hand(request, response)
    })
  }

  /** Opens the port and begins to poll. Rejects when the port is taken. */
  async listen(port: number): Promise<void> {
    await this.listener.listen(port)
    void this.#poll()
  }

  /** Follows other checks from the next round on; answers so far are kept. */
  follow(checks: Readonly<Record<string, string>>): void {
    this.#checks = checks
  }

  /** What it is doing now. */
  state(): SwitchState {
    return {
      serving: this.#serving.map(({ edge }) => edge),
      servers: this.#servers.map(({ edge, weight, check, requests, failures }) => {
        const serving = this.#serving.some((server) => server.edge === edge)
        return { edge, weight, check, serving, requests, failures }
      }),
      changedAt: this.#changedAt,
      changes: this.#changes,
    }
  }

  /** Stops polling and closes all connections. */
  async close(): Promise<void> {
    this.#stop.abort()
    await this.listener.setOpen(false)
    this.#agent.destroy()
  }

  async #poll(): Promise<void> {
    const { signal } = this.#stop
    do {
      await Promise.all(this.#servers.map((server) => this.#ask(server, signal)))
      if (!signal.aborted) this.#settle()
    } while (await this.#clock.sleep(this.#intervalMs, signal))
  }

  async #ask(server: Server, signal: AbortSignal): Promise<void> {
    const url = this.#checks[server.edge]
    if (url === undefined) return
    const status = await withDeadline(this.#clock, CHECK_DEADLINE_MS, signal, async (signal) => {
      const answer = await ask({ agent: this.#agent, url, method: 'GET', headers: {}, signal })
      answer.resume()
      return answer.statusCode
    }).catch(() => undefined)
    if (status === 200) server.check = 'in'
    if (status === 503) server.check = 'out'
  }

  #settle(): void {
    const standing = (server: Server) =>
      this.#serving.includes(server) && server.check === undefined
    const next = this.#servers.filter((server) => server.check === 'in' || standing(server))
    const same =
      next.length === this.#serving.length && next.every((s) => this.#serving.includes(s))
    if (next.length === 0 || same) return
    this.#serving = next
    this.#changedAt = this.#clock.wall()
    this.#changes += 1
  }

  #pick(): Server | undefined {
    const total = this.#serving.reduce((sum, { weight }) => sum + weight, 0)
    let left = this.#random.next() * total
    return this.#serving.find(({ weight }) => (left -= weight) < 0) ?? this.#serving[0]
  }

  async #hand(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const server = this.#pick()
    if (!server) return void response.writeHead(503).end('there is no edge\n')
    server.requests += 1
    const gone = viewerSignal(response)
    const answer = await withDeadline(this.#clock, EDGE_DEADLINE_MS, gone, (signal) =>
      ask({
        agent: this.#agent,
        url: server.url + (request.url ?? '/'),
        method: request.method ?? 'GET',
        headers: handedOn(request.headers, ['host', 'content-length']),
        signal,
      }),
    ).catch(() => 'broken' as const)
    if (gone.aborted) return
    if (answer === undefined || answer === 'broken') {
      server.failures += 1
      response.writeHead(answer ? 502 : 504, { 'access-control-allow-origin': '*' })
      return void response.end(`${server.edge} did not answer\n`)
    }
    response.writeHead(answer.statusCode ?? 502, handedOn(answer.headers))
    await pipeline(answer, response).catch(() => {
      if (!gone.aborted) server.failures += 1
    })
  }
}
