import { z } from 'zod'
import { normalValue } from '../src/formats/dns/query.ts'
import {
  parseDnsUrl,
  parseServer,
  type Question,
  type Server,
} from '../src/formats/dns/question.ts'
import { ask, type Asking } from '../src/plugin/dns/ask.ts'
import { duration, secretUrl } from '../src/plugin/option-types.ts'
import type { Due, ProbeContext, ProbePlugin } from '../src/plugin/probe.ts'
import { measures } from './dns/measures.ts'
import { observation, type ServerLook } from './dns/observation.ts'
import { authoritative } from './dns/zone.ts'

const server = z
  .string()
  .refine(
    (text) => parseServer(text) !== undefined,
    'expected a name server, such as 192.0.2.53:53',
  )

const options = z.strictObject({
  url: secretUrl('dns')
    .refine(
      (text) => parseDnsUrl(text) !== undefined,
      'expected a name and a type, as in dns://live.example?type=A',
    )
    .describe(
      'Name and type to ask for: `dns://live.example?type=A`. Types: A, AAAA, CNAME, MX, NS, SRV and TXT.',
    ),
  servers: z
    .array(server)
    .max(16)
    .default([])
    .describe('Authoritative servers to ask. Those that the zone names if empty.'),
  resolvers: z
    .array(server)
    .max(16)
    .default([])
    .describe('Caching resolvers to ask too, such as those of viewers. They may lag by the TTL.'),
  expect: z
    .array(z.string().min(1).max(512))
    .max(64)
    .default([])
    .describe('Exactly these values should be answered, in any order. Any will do if empty.'),
  timeout: duration('200ms', '30s').default(4_000).describe('The most that one look may take.'),
})

type Settings = z.output<typeof options>

/** The servers of a zone change rarely: they are looked up again after this, in milliseconds. */
const ZONE_MS = 300_000

/**
 * Asks every authoritative server of the zone by itself, because a change is done when all of them
 * answer it; and resolvers, because viewers see those.
 */
export default {
  type: 'dns',
  summary:
    'Asks every authoritative server of a zone, and chosen resolvers, for a name: agreement, convergence and TTL.',
  options,
  measures,
  async *observe(settings, context) {
    const session = new DnsSession(settings, context)
    for await (const due of context.due) {
      if (context.signal.aborted) return
      yield await session.look(due)
    }
  },
} satisfies ProbePlugin<typeof options>

/** One name, and the servers of its zone as they were found last. */
class DnsSession {
  readonly #context: ProbeContext
  readonly #asking: Asking
  readonly #question: Question
  readonly #expect: readonly string[]
  readonly #resolvers: readonly Server[]
  readonly #given: readonly Server[]
  readonly #timeout: number
  #found: readonly Server[] = []
  #foundAt = -Infinity

  constructor({ url, servers, resolvers, expect, timeout }: Settings, context: ProbeContext) {
    const parsed = parseDnsUrl(url)
    if (parsed === undefined) throw new TypeError('the options were not checked')
    this.#context = context
    const { clock, net, random, signal } = context
    this.#asking = { clock, net, signal, messageId: () => Math.floor(random.next() * 65_536) }
    this.#question = parsed.question
    this.#timeout = timeout
    this.#given = servers.flatMap((text) => parseServer(text) ?? [])
    const more = parsed.resolver === undefined ? [] : [parsed.resolver]
    this.#resolvers = [...more, ...resolvers.flatMap((text) => parseServer(text) ?? [])]
    this.#expect = [...new Set(expect.map((value) => normalValue(value)))].toSorted()
  }

  /** One look; it ends within its deadline whatever the servers do. */
  async look({ purpose }: Due) {
    const { clock, everyMs } = this.#context
    const startedAt = clock.now()
    const budget = Math.min(this.#timeout, Math.max(2_000, everyMs))
    const isOld = startedAt - this.#foundAt >= ZONE_MS || purpose === 'verify'
    if (this.#given.length === 0 && isOld) {
      const { name } = this.#question
      const found = await authoritative(this.#asking, name, startedAt + budget / 2)
      if (found.ok) {
        this.#found = found.servers
        this.#foundAt = startedAt
      } else if (this.#found.length === 0) {
        const reason = `The name servers of ${name} could not be found: ${found.says}.`
        return { outcome: 'unknown', reason, measurements: {}, findings: [] } as const
      }
    }
    const deadlineAt = startedAt + budget
    const servers = this.#given.length > 0 ? this.#given : this.#found
    const [answers, cached] = await Promise.all([
      this.#askAll(servers, false, deadlineAt),
      this.#askAll(this.#resolvers, true, deadlineAt),
    ])
    const question = this.#question
    return observation({ question, expect: this.#expect, servers: answers, resolvers: cached })
  }

  #askAll(servers: readonly Server[], recurse: boolean, at: number): Promise<ServerLook[]> {
    return Promise.all(
      servers.map(async (each) => ({
        server: each,
        asked: await ask(this.#asking, each, this.#question, recurse, at),
      })),
    )
  }
}
