import { z } from 'zod'
import { redactUrl } from '../../core/redact.ts'
import type { ActuatorContext, ApplyResult } from '../../plugin/actuator.ts'
import { markName, markOf, type NameState } from '../../plugin/dns/mark.ts'
import { areAliases, recordSets } from '../../plugin/dns/record-sets.ts'
import type { HttpAnswer, HttpResult } from '../../plugin/net.ts'

interface Zone {
  readonly url: string
  readonly api_key: string
  readonly server_id: string
  readonly zone: string
  readonly name: string
  readonly records: Readonly<Record<string, readonly string[]>>
}

export type ZoneRead =
  | { readonly ok: true; readonly state: NameState; readonly ttl: number }
  | { readonly ok: false; readonly retry: boolean; readonly says: string }

/** The parts of a zone that are needed (PowerDNS 4.7, HTTP API, "Zones"). */
const zoneDocument = z.object({
  rrsets: z.array(
    z.object({
      name: z.string(),
      type: z.string(),
      ttl: z.int(),
      records: z.array(z.object({ content: z.string(), disabled: z.boolean() })),
    }),
  ),
})

const problemDocument = z.object({ error: z.string() })

/** A whole zone of some ten thousand names, where a PowerDNS before 4.6 gives all of it. */
const mostBytes = 8 * 2 ** 20

/** Types that answer in place of addresses or aliases. */
const shadows = ['ALIAS', 'LUA', 'DNAME']

/** One zone of PowerDNS, through its HTTP API. */
export class ZoneApi {
  readonly #zone: Zone
  readonly #context: ActuatorContext
  readonly #shown: string

  constructor(zone: Zone, context: ActuatorContext) {
    this.#zone = zone
    this.#context = context
    this.#shown = `PowerDNS at ${URL.parse(redactUrl(zone.url))?.host ?? 'its address'}`
  }

  /** Reads what the name has, and whose it is. */
  async read(signal: AbortSignal): Promise<ZoneRead> {
    const { name, zone, records } = this.#zone
    const [own, mark] = await Promise.all([
      this.#rrsetsOf(name, signal),
      this.#rrsetsOf(markName(name), signal),
    ])
    if (!own.ok) return own
    if (!mark.ok) return mark
    const shadow = own.rrsets.find(({ type }) => shadows.includes(type))
    if (shadow !== undefined) {
      return refused(`${name} has a record of type ${shadow.type}, which answers in place of ours`)
    }
    if (own.rrsets.some((rrset) => rrset.records.some(({ disabled }) => disabled))) {
      return refused(`${name} has records that are disabled: delete or enable them`)
    }
    const valuesOf = (type: string) =>
      own.rrsets.flatMap((each) =>
        each.type === type ? each.records.map(({ content }) => content) : [],
      )
    const types = areAliases(records) ? ['CNAME'] : ['A', 'AAAA']
    const ttls = own.rrsets.flatMap(({ type, ttl }) => (types.includes(type) ? ttl : []))
    if (!areAliases(records) && valuesOf('CNAME').length > 0) {
      return refused(`${name} is an alias (CNAME), but the paths name addresses`)
    }
    if (ttls.length === 0) {
      const what = types.join(' or ')
      return refused(`${name} has no ${what} record in ${zone}: create it with what serves now`)
    }
    const sets = recordSets(Object.fromEntries(types.map((type) => [type, valuesOf(type)])))
    const texts = mark.rrsets.flatMap((each) =>
      each.type === 'TXT' ? each.records.map(({ content }) => content.replaceAll('"', '')) : [],
    )
    const state = { sets, mark: markOf(texts, this.#context.group) }
    return { ok: true, state, ttl: Math.min(...ttls) }
  }

  /** Changes record sets, all or none. `undefined` where it was done. */
  async patch(rrsets: readonly object[], signal: AbortSignal): Promise<ApplyResult | undefined> {
    const answer = await this.#call('PATCH', '', signal, JSON.stringify({ rrsets }))
    if (!answer.ok) {
      const sent = !['dns', 'connect', 'tls'].includes(answer.phase)
      if (sent) return { result: 'unknown', says: answer.says }
      return { result: 'failed', retry: true, says: answer.says }
    }
    if (answer.status >= 200 && answer.status < 300) return undefined
    const says = this.#refusal(answer)
    if (answer.status >= 500) return { result: 'unknown', says }
    return { result: 'failed', retry: answer.status === 429, says }
  }

  /** Asks for notices to the secondaries. They hear of a change all the same, only later. */
  async notify(signal: AbortSignal): Promise<void> {
    await this.#call('PUT', '/notify', signal)
  }

  async #rrsetsOf(
    name: string,
    signal: AbortSignal,
  ): Promise<
    | { readonly ok: true; readonly rrsets: z.output<typeof zoneDocument>['rrsets'] }
    | Extract<ZoneRead, { ok: false }>
  > {
    const answer = await this.#call('GET', `?rrset_name=${encodeURIComponent(`${name}.`)}`, signal)
    if (!answer.ok) return { ok: false, retry: true, says: answer.says }
    if (answer.status !== 200) {
      const retry = answer.status >= 500 || answer.status === 429
      return { ok: false, retry, says: this.#refusal(answer) }
    }
    if (answer.truncated) return refused(`${this.#shown} answers with more than ${mostBytes} bytes`)
    const parsed = zoneDocument.safeParse(parseJson(answer.body))
    if (!parsed.success) return refused(`${this.#shown} answers something else than a zone`)
    const rrsets = parsed.data.rrsets.filter((each) => each.name.toLowerCase() === `${name}.`)
    return { ok: true, rrsets }
  }

  /** What a status other than 2xx says; 401 and 404 come as plain text. */
  #refusal({ status, body }: HttpAnswer): string {
    if (status === 401) return `${this.#shown} refuses the API key (401)`
    if (status === 404) return `${this.#shown} has no zone ${this.#zone.zone} (404)`
    const problem = problemDocument.safeParse(parseJson(body))
    const reason = problem.success ? `: ${problem.data.error.slice(0, 200)}` : ''
    return `${this.#shown} answers ${status}${reason}`
  }

  async #call(
    method: 'GET' | 'PATCH' | 'PUT',
    rest: string,
    signal: AbortSignal,
    body?: string,
  ): Promise<HttpResult> {
    const { url, server_id: server, zone, api_key: key } = this.#zone
    return await this.#context.net.http({
      url: `${url.replace(/\/+$/u, '')}/api/v1/servers/${server}/zones/${zone}.${rest}`,
      method,
      headers: {
        'x-api-key': key,
        accept: 'application/json',
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body }),
      // A write is a read, a write and perhaps a notice, and all must end before the caller stops waiting.
      deadlineMs: this.#context.callTimeoutMs / 3,
      maxBytes: mostBytes,
      // The key goes nowhere but where the configuration says.
      maxRedirects: 0,
      signal,
    })
  }
}

function refused(says: string): Extract<ZoneRead, { ok: false }> {
  return { ok: false, retry: false, says }
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    return undefined
  }
}
