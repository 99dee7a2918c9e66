import { z } from 'zod'
import {
  describeAllocation,
  sameAllocation,
  sharesOf,
  type Allocation,
} from '../core/allocation.ts'
import { multiplicities } from '../core/multiplicities.ts'
import { redactUrl } from '../core/redact.ts'
import type {
  Actuator,
  ActuatorContext,
  ActuatorPlugin,
  ApplyResult,
  Observed,
  ObserveResult,
  Step,
} from '../plugin/actuator.ts'
import type { HttpAnswer, HttpResult } from '../plugin/net.ts'
import { perPath, secretUrl } from '../plugin/option-types.ts'

const options = z
  .strictObject({
    url: secretUrl('http', 'https')
      .default('http://127.0.0.1:2019')
      .describe('The admin API of Caddy.'),
    upstreams: z
      .string()
      .max(1_024)
      .regex(
        /^(?!.*\.\.)\/(?:config|id)(?:\/[A-Za-z0-9_.~-]+)+\/upstreams$/u,
        'expected a path such as /id/live/upstreams or /config/apps/http/…/upstreams',
      )
      .describe(
        'The list of upstreams of the reverse proxy, as the admin API names it: `/id/live/upstreams` where the handler has `"@id": "live"`.',
      ),
    servers: perPath(
      z
        .string()
        .regex(
          /^(?:(?:\[[0-9a-fA-F:.]+\]|[^\s:/{}[\]]+):\d{1,5}|unix\/\/\S+)$/u,
          'expected host:port or unix//path',
        ),
    )
      .refine((map) => new Set(Object.values(map)).size === Object.keys(map).length, {
        error: 'two paths name the same server',
      })
      .describe('The `dial` address of each path of the group: `10.0.0.1:8080`.'),
    slots: z
      .int()
      .min(1)
      .max(100)
      .default(20)
      .describe(
        'Entries at most that a server is repeated in to get its weight; 1 sends everything to one path.',
      ),
  })
  .describe('The upstreams of one reverse proxy, through the admin API.')

type Options = z.output<typeof options>

/** What we keep of an upstream (Caddy, "http.handlers.reverse_proxy/upstreams"). */
const upstreamList = z.array(
  z.looseObject({ '@id': z.string().optional(), dial: z.string().default('') }),
)

/** `{"cdn-a": 15, "cdn-b": 5}`: entries of each path. */
const stepData = z.record(z.string(), z.int().min(0).max(100))

const refusal = z.object({ error: z.string() })

const MOST_BYTES = 1_048_576

/**
 * Moves traffic between the upstreams of a Caddy reverse proxy. Caddy 2.6 knows no weights, so a server
 * stands in the list as often as its share says, spread evenly, for the policies `round_robin` and
 * `random`. The write is compared and set by Caddy itself: `If-Match` with the hash of what was read.
 */
const caddy: ActuatorPlugin<typeof options> = {
  type: 'caddy',
  summary: 'Sets the upstreams of a Caddy reverse proxy by the admin API, guarded by its ETag.',
  tested: 'real',
  options,
  mode: 'push',
  capabilities: (given) => ({
    shape: given.slots === 1 ? 'single' : 'weights',
    mode: 'push',
    reversible: true,
    settleMs: 0,
    compareAndSet: 'atomic',
    permissions: [`GET and PATCH ${given.upstreams} at the admin API ${redactUrl(given.url)}`],
  }),
  create: (given, context) => new CaddyActuator(given, context),
}

export default caddy

class CaddyActuator implements Actuator {
  readonly #options: Options
  readonly #context: ActuatorContext

  constructor(given: Options, context: ActuatorContext) {
    this.#options = given
    this.#context = context
  }

  async observe(signal: AbortSignal): Promise<ObserveResult> {
    const { upstreams, servers } = this.#options
    const answer = await this.#call('GET', signal)
    if (!answer.ok) return { ok: false, retry: true, says: answer.says }
    if (answer.status !== 200) {
      const retry = answer.status >= 500 || answer.status === 429
      return { ok: false, retry, says: explain(answer) }
    }
    const version = answer.trailers?.['etag'] ?? answer.headers['etag']
    const list = upstreamList.safeParse(jsonOf(answer.body))
    if (answer.truncated || version === undefined || !list.success) {
      const says = `Caddy has no list of upstreams with an ETag at ${upstreams}`
      return { ok: false, retry: false, says }
    }
    const entries = list.data
    const counts = new Map(
      this.#context.paths.map((path) => [
        path,
        entries.filter(({ dial }) => dial === servers[path]).length,
      ]),
    )
    const known = [...counts.values()].reduce((sum, count) => sum + count, 0)
    const others = entries.length - known
    const parts = [...counts].map(([path, count]) => `${path} ${count || 'none'}`)
    const note = others > 0 ? `, and ${others} for no path of ours` : ''
    return {
      ok: true,
      observed: {
        allocation: sharesOf(counts),
        version,
        ours: others === 0 && entries[0]?.['@id'] === this.#mark(),
        says: `Caddy has upstreams: ${parts.join(', ')}${note}`,
      },
    }
  }

  plan(observed: Observed, wanted: Allocation): readonly Step[] {
    const { paths } = this.#context
    const counts = multiplicities(
      new Map(paths.map((path) => [path, wanted[path] ?? 0])),
      this.#options.slots,
    )
    const target = sharesOf(counts)
    if (sameAllocation(observed.allocation, target)) return []
    const says = `set the upstreams of Caddy to ${describeAllocation(target)}`
    // One write for all: there is no moment at which nothing serves.
    return [{ says, data: Object.fromEntries(counts) }]
  }

  async apply(step: Step, version: string, signal: AbortSignal): Promise<ApplyResult> {
    const { paths } = this.#context
    const parsed = stepData.safeParse(step.data)
    const counts = new Map(Object.entries(parsed.data ?? {}))
    const isOurs = counts.size === paths.length && paths.every((path) => counts.has(path))
    if (!parsed.success || !isOurs) return failed(false, 'the step is not one of this actuator')
    const list = this.#listOf(counts)
    if (list.length === 0) return failed(false, 'no upstream would be left')

    const answer = await this.#call('PATCH', signal, { body: JSON.stringify(list), version })
    if (!answer.ok) {
      const sent = answer.phase !== 'dns' && answer.phase !== 'connect' && answer.phase !== 'tls'
      return sent ? { result: 'unknown', says: answer.says } : failed(true, answer.says)
    }
    // Caddy takes it once the whole new configuration runs, and gives no new ETag: it is read again.
    if (answer.status === 200) return { result: 'applied' }
    if (answer.status === 412) {
      return { result: 'conflict', says: 'the upstreams of Caddy were changed meanwhile' }
    }
    // What Caddy could not load was rolled back by itself.
    const isRolledBack = explain(answer).includes('loading new config')
    if (answer.status >= 500 && !isRolledBack) return { result: 'unknown', says: explain(answer) }
    return failed(answer.status === 429, explain(answer))
  }

  /** The upstreams, the shares spread as evenly as they go; the first bears our mark. */
  #listOf(counts: ReadonlyMap<string, number>): object[] {
    const turns = [...counts].flatMap(([path, count], order) =>
      Array.from({ length: count }, (_, turn) => ({ path, at: (turn + 0.5) / count, order })),
    )
    return turns
      .toSorted((a, b) => a.at - b.at || a.order - b.order)
      .map(({ path }, index) => ({
        ...(index === 0 && { '@id': this.#mark() }),
        dial: this.#options.servers[path],
      }))
  }

  #mark(): string {
    return `changeover-${this.#context.group.replace('/', '-')}`
  }

  #call(
    method: 'GET' | 'PATCH',
    signal: AbortSignal,
    write?: { readonly body: string; readonly version: string },
  ): Promise<HttpResult> {
    const { url, upstreams } = this.#options
    return this.#context.net.http({
      url: `${url.replace(/\/+$/u, '')}${upstreams}`,
      method,
      ...(write !== undefined && {
        headers: { 'content-type': 'application/json', 'if-match': write.version },
        body: write.body,
      }),
      deadlineMs: this.#context.callTimeoutMs,
      maxBytes: MOST_BYTES,
      maxRedirects: 0,
      signal,
    })
  }
}

function explain({ status, body }: HttpAnswer): string {
  const parsed = refusal.safeParse(jsonOf(body))
  const reason = parsed.success ? `: ${parsed.data.error.slice(0, 300)}` : ''
  return `Caddy answered ${status}${reason}`
}

function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    return undefined
  }
}

function failed(retry: boolean, says: string): ApplyResult {
  return { result: 'failed', retry, says }
}
