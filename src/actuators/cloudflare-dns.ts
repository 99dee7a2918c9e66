import { z } from 'zod'
import { heaviest, sameAllocation, type Allocation } from '../core/allocation.ts'
import type {
  Actuator,
  ActuatorContext,
  ActuatorPlugin,
  ApplyResult,
  Observed,
  ObserveResult,
  Step,
} from '../plugin/actuator.ts'
import { unreadable, unwritten, type CallAnswer } from '../plugin/call-failure.ts'
import { CloudflareApi, cloudflareId, cloudflareOptions } from '../plugin/cloudflare.ts'
import { duration, perPath } from '../plugin/option-types.ts'
import { canonical } from '../plugin/weights-version.ts'

const options = z
  .strictObject({
    zone_id: cloudflareId.describe('The zone.'),
    name: z
      .string()
      .regex(/^(?:[a-z0-9_-]{1,63}\.)+[a-z0-9-]{1,63}$/u, 'expected a name in lower case')
      .describe('The name that viewers ask for.'),
    record: z.enum(['A', 'AAAA', 'CNAME']).describe('The type of its one record.'),
    contents: perPath(z.string().min(1).max(255))
      .refine((map) => new Set(Object.values(map)).size === Object.keys(map).length, {
        error: 'two paths have the same content',
      })
      .describe('What the record holds for each path: an address, or a name.'),
    ttl: duration('0s', '1d')
      .default(300_000)
      .describe('The TTL of the record (5m where it is automatic), for estimates.'),
    ...cloudflareOptions,
  })
  .describe('The one record of a name in a zone at Cloudflare.')

type Options = z.output<typeof options>

const stepData = z.strictObject({ content: z.string().min(1) })

/** A record as far as it is read; PATCH keeps what is not named. */
const record = z.object({
  id: z.string().min(1),
  name: z.string(),
  type: z.string(),
  content: z.string(),
  ttl: z.number(),
  proxied: z.boolean().default(false),
  comment: z.string().nullish(),
  modified_on: z.string().default(''),
})

type DnsRecord = z.output<typeof record>

/** "Record comments up to 100 characters on free plans" (DNS record attributes). */
const LONGEST_COMMENT = 100

const markOf = /heritage=changeover group=([^\s;]+)/u

/**
 * Points the one record of a name at the path that is to serve. There is never a moment without a
 * record: the content is changed in place. The record's comment marks it as ours.
 */
const cloudflareDns: ActuatorPlugin<typeof options> = {
  type: 'cloudflare-dns',
  summary: 'Points a DNS record at Cloudflare to the path that is to serve.',
  tested: 'transcribed',
  options,
  mode: 'push',
  capabilities: ({ ttl, zone_id }) => ({
    shape: 'single',
    mode: 'push',
    reversible: true,
    settleMs: ttl,
    compareAndSet: 'checked',
    layer: 'dns',
    permissions: [`an API token with DNS Edit (Zone) on zone ${zone_id}`],
  }),
  create: (given, context) => new CloudflareDnsActuator(given, context),
}

export default cloudflareDns

class CloudflareDnsActuator implements Actuator {
  readonly #options: Options
  readonly #context: ActuatorContext
  readonly #api: CloudflareApi

  constructor(given: Options, context: ActuatorContext) {
    this.#options = given
    this.#context = context
    this.#api = new CloudflareApi(given, context.net)
  }

  async observe(signal: AbortSignal): Promise<ObserveResult> {
    const lost = this.#context.paths.find((path) => !Object.hasOwn(this.#options.contents, path))
    if (lost !== undefined) {
      return { ok: false, retry: false, says: `contents names none for path ${lost}` }
    }
    const read = await this.#read(this.#context.callTimeoutMs, signal)
    if (!read.ok) return unreadable(read)
    const { value } = read
    const { paths } = this.#context
    const serving = paths.find((path) => this.#options.contents[path] === value.content)
    const mark = markOf.exec(value.comment ?? '')?.[1]
    const by =
      mark === undefined || mark === this.#context.group ? '' : `, marked for group ${mark}`
    return {
      ok: true,
      observed: {
        allocation: Object.fromEntries(paths.map((path) => [path, path === serving ? 100 : 0])),
        version: versionOf(value),
        ours: mark === this.#context.group,
        says: `Cloudflare has ${this.#describe(value)}${by}`,
      },
    }
  }

  plan(observed: Observed, wanted: Allocation): readonly Step[] {
    const path = heaviest(wanted)
    if (path === undefined || sameAllocation(observed.allocation, { [path]: 100 })) return []
    const content = this.#options.contents[path] ?? ''
    const { name, record: type } = this.#options
    return [{ says: `point ${name} ${type} to ${content} (${path})`, data: { content } }]
  }

  async apply(step: Step, version: string, signal: AbortSignal): Promise<ApplyResult> {
    const { callTimeoutMs } = this.#context
    const parsed = stepData.safeParse(step.data)
    const content = parsed.success ? parsed.data.content : ''
    if (!Object.values(this.#options.contents).includes(content)) {
      return { result: 'failed', retry: false, says: 'the step is not one of this actuator' }
    }
    const read = await this.#read(callTimeoutMs / 2, signal)
    if (!read.ok) return { result: 'failed', retry: read.retry, says: read.says }
    const before = read.value
    if (before.content === content) return { result: 'applied', version: versionOf(before) }
    if (versionOf(before) !== version) {
      return { result: 'conflict', says: `Cloudflare now has ${this.#describe(before)}` }
    }
    const { type, name, ttl, proxied } = before
    const answer = await this.#api.call(
      {
        method: 'PATCH',
        path: `${this.#records()}/${before.id}`,
        body: { type, name, ttl, proxied, content, comment: this.#marked(before.comment ?? '') },
      },
      record,
      callTimeoutMs / 2,
      signal,
    )
    if (!answer.ok) return unwritten(answer)
    if (answer.value.content !== content) {
      return { result: 'unknown', says: `Cloudflare answered ${this.#describe(answer.value)}` }
    }
    return { result: 'applied', version: versionOf(answer.value) }
  }

  /** The comment with our mark first; what people wrote stays as far as it fits. */
  #marked(comment: string): string {
    const own = `heritage=changeover group=${this.#context.group}`
    if (markOf.exec(comment)?.[1] === this.#context.group) return comment
    const rest = comment.replace(markOf, '').replace(/^[;\s]+/u, '')
    return (rest === '' ? own : `${own}; ${rest}`).slice(0, Math.max(own.length, LONGEST_COMMENT))
  }

  #describe({ name, type, content, proxied, ttl }: DnsRecord): string {
    const { contents } = this.#options
    const path = Object.keys(contents).find((each) => contents[each] === content)
    const how = proxied ? 'proxied' : ttl === 1 ? 'automatic TTL' : `TTL ${ttl} s`
    return `${name} ${type} at ${content} (${path ?? 'no path of this group'}), ${how}`
  }

  #records(): string {
    return `/zones/${this.#options.zone_id}/dns_records`
  }

  /** The one record of the name; none or several is nothing that could be switched. */
  async #read(ms: number, signal: AbortSignal): Promise<CallAnswer<DnsRecord>> {
    const { name, record: type } = this.#options
    const query = `?type=${type}&name.exact=${encodeURIComponent(name)}&per_page=100`
    const answer = await this.#api.call(
      { method: 'GET', path: `${this.#records()}${query}` },
      z.array(record),
      ms,
      signal,
    )
    if (!answer.ok) return answer
    const found = answer.value.filter((each) => each.name === name && each.type === type)
    const [value, ...more] = found
    if (value !== undefined && more.length === 0) return { ok: true, value }
    const says =
      value === undefined
        ? `Cloudflare has no record ${name} ${type}: create it first`
        : `Cloudflare has ${found.length} records ${name} ${type}, and one can be pointed elsewhere`
    return { ok: false, sent: true, status: 200, code: 'records', retry: false, says }
  }
}

/** `modified_on` rises with every edit, whatever it changes. */
function versionOf({ id, content, modified_on, ttl, proxied, comment }: DnsRecord): string {
  return canonical({ id, content, modified_on, ttl, proxied, comment: comment ?? '' })
}
