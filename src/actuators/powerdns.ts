import { z } from 'zod'
import type { Allocation } from '../core/allocation.ts'
import type {
  Actuator,
  ActuatorContext,
  ActuatorPlugin,
  ApplyResult,
  Observed,
  ObserveResult,
  Spread,
  Step,
} from '../plugin/actuator.ts'
import { markName, markText, versionOf, type NameState } from '../plugin/dns/mark.ts'
import { NamePlan } from '../plugin/dns/name-plan.ts'
import {
  domainName,
  recordsOption,
  refineNameInZone,
  spreadOptions,
  ttlOption,
} from '../plugin/dns/options.ts'
import { areAliases, targetTypes } from '../plugin/dns/record-sets.ts'
import { askFollowers } from '../plugin/dns/spread.ts'
import { secretUrl } from '../plugin/option-types.ts'
import { ZoneApi } from './powerdns/zone-api.ts'

const options = z
  .strictObject({
    url: secretUrl('http', 'https').describe(
      'Where the webserver of PowerDNS listens: `http://host:8081`.',
    ),
    api_key: z.string().min(1).max(512).describe('The `api-key` of PowerDNS; a secret.'),
    server_id: z
      .string()
      .regex(/^[\w.-]{1,128}$/u, 'expected the name of a server, such as localhost')
      .default('localhost')
      .describe('The name of the server in the API; PowerDNS itself has only `localhost`.'),
    zone: domainName.describe('The zone in which the name lies.'),
    name: domainName.describe('The name that viewers or encoders look up.'),
    records: recordsOption,
    ttl: ttlOption,
    notify: z
      .boolean()
      .default(false)
      .describe(
        'Ask PowerDNS to notify the secondaries after each change; else it does so within a minute. Only for zones of kind Primary.',
      ),
    ...spreadOptions,
  })
  .superRefine((given, context) => refineNameInZone(given, context))
  .describe('The records of one name, through the HTTP API of a PowerDNS authoritative server.')

type Options = z.output<typeof options>

/**
 * Moves a name between the addresses, or aliases, of the paths through the API of PowerDNS. All record
 * sets of the name and our mark go in one request, which PowerDNS makes as a whole. It compares nothing
 * by itself, so the name is read right before it is written.
 */
const plugin: ActuatorPlugin<typeof options> = {
  type: 'powerdns',
  summary: 'Moves a name in DNS through the HTTP API of a PowerDNS authoritative server.',
  tested: 'real',
  options,
  mode: 'push',
  capabilities: ({ zone, records, ttl, url }) => ({
    shape: areAliases(records) ? 'single' : 'weights',
    mode: 'push',
    reversible: true,
    settleMs: ttl,
    compareAndSet: 'checked',
    layer: 'dns',
    permissions: [
      `the API key of PowerDNS at ${URL.parse(url)?.host ?? 'its address'}, which may change all of its zones, ${zone} among them`,
    ],
  }),
  create: (given, context) => new PowerDnsActuator(given, context),
}

export default plugin

class PowerDnsActuator implements Actuator {
  readonly #options: Options
  readonly #context: ActuatorContext
  readonly #name: NamePlan
  readonly #api: ZoneApi

  constructor(given: Options, context: ActuatorContext) {
    this.#options = given
    this.#context = context
    this.#name = new NamePlan(given, context)
    this.#api = new ZoneApi(given, context)
  }

  async observe(signal: AbortSignal): Promise<ObserveResult> {
    const read = await this.#api.read(signal)
    return read.ok ? this.#name.observed(read.state, read.ttl) : read
  }

  plan(observed: Observed, wanted: Allocation): readonly Step[] {
    return this.#name.plan(observed, wanted)
  }

  async apply(step: Step, version: string, signal: AbortSignal): Promise<ApplyResult> {
    const parsed = this.#name.parseStep(step, version)
    if (!parsed.ok) return failed(false, parsed.says)
    const read = await this.#api.read(signal)
    // Nothing was written yet, so whatever failed can be tried again.
    if (!read.ok) return failed(read.retry, read.says)
    const compared = this.#name.compare(read.state, parsed)
    if (compared !== undefined) return compared

    const answer = await this.#api.patch(
      this.#rrsets(parsed.from, parsed.wanted, parsed.ttl),
      signal,
    )
    if (answer !== undefined) return answer
    if (this.#options.notify) await this.#api.notify(signal)
    return { result: 'applied', version: versionOf(parsed.wanted) }
  }

  async spread(wanted: Allocation, signal: AbortSignal): Promise<Spread> {
    return await askFollowers(this.#context, this.#options, this.#name.about(wanted), signal)
  }

  #rrsets(from: NameState, to: NameState, ttl: number): object[] {
    const { name } = this.#options
    const replace = (owner: string, type: string, contents: readonly string[]) => ({
      name: `${owner}.`,
      type,
      ttl,
      changetype: 'REPLACE',
      records: contents.map((content) => ({ content, disabled: false })),
    })
    const sets = targetTypes.flatMap((type): object[] => {
      const values = to.sets[type]
      if (from.sets[type].join() === values.join()) return []
      if (values.length === 0) return [{ name: `${name}.`, type, changetype: 'DELETE' }]
      return [replace(name, type, type === 'CNAME' ? values.map((value) => `${value}.`) : values)]
    })
    if (from.mark === 'ours') return sets
    return [...sets, replace(markName(name), 'TXT', [`"${markText(this.#context.group)}"`])]
  }
}

function failed(retry: boolean, says: string): ApplyResult {
  return { result: 'failed', retry, says }
}
