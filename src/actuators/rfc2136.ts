import { z } from 'zod'
import type { Allocation } from '../core/allocation.ts'
import { parseServer } from '../formats/dns/question.ts'
import { encodeUpdate, type Change, type Prerequisite } from '../formats/dns/update.ts'
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
  nameServer,
  recordsOption,
  refineNameInZone,
  spreadOptions,
  tsigKey,
  ttlOption,
} from '../plugin/dns/options.ts'
import { areAliases, targetTypes } from '../plugin/dns/record-sets.ts'
import { askFollowers } from '../plugin/dns/spread.ts'
import { codeName, Primary } from './rfc2136/primary.ts'
import { readName } from './rfc2136/read-name.ts'

const options = z
  .strictObject({
    server: nameServer.describe('The primary server of the zone, the one that takes updates.'),
    zone: domainName.describe('The zone in which the name lies.'),
    name: domainName.describe('The name that viewers or encoders look up.'),
    records: recordsOption,
    ttl: ttlOption,
    key: tsigKey,
    ...spreadOptions,
  })
  .superRefine((given, context) => refineNameInZone(given, context))
  .describe('The records of one name, by dynamic update with TSIG: BIND, Knot, and others.')

type Options = z.output<typeof options>

/**
 * Moves a name between the addresses, or aliases, of the paths by DNS UPDATE (RFC 2136). Each update
 * has what was read as its prerequisite, so the server itself compares and sets; it is one
 * transaction, so the name is never without a record; and it bears our mark, a TXT record beside.
 */
const plugin: ActuatorPlugin<typeof options> = {
  type: 'rfc2136',
  summary: 'Moves a name in DNS by dynamic update with TSIG: BIND, Knot and other servers.',
  tested: 'real',
  options,
  mode: 'push',
  capabilities: ({ server, zone, name, records, ttl, key }) => ({
    shape: areAliases(records) ? 'single' : 'weights',
    mode: 'push',
    reversible: true,
    settleMs: ttl,
    compareAndSet: 'atomic',
    layer: 'dns',
    permissions: [
      `the TSIG key ${key.name}, which may ask ${server} for ${name}, and update ${areAliases(records) ? 'CNAME' : 'A and AAAA'} of ${name} and TXT of ${markName(name)} in zone ${zone}`,
    ],
  }),
  create: (given, context) => new Rfc2136Actuator(given, context),
}

export default plugin

class Rfc2136Actuator implements Actuator {
  readonly #options: Options
  readonly #context: ActuatorContext
  readonly #name: NamePlan
  readonly #primary: Primary

  constructor(given: Options, context: ActuatorContext) {
    const server = parseServer(given.server)
    if (server === undefined) throw new TypeError('the options were not checked')
    const { name, algorithm, secret } = given.key
    this.#options = given
    this.#context = context
    this.#name = new NamePlan(given, context)
    this.#primary = new Primary(context, server, {
      name,
      algorithm,
      secret: Buffer.from(secret, 'base64'),
    })
  }

  async observe(signal: AbortSignal): Promise<ObserveResult> {
    const read = await this.#read(signal)
    return read.ok ? this.#name.observed(read.state, read.ttl) : read
  }

  plan(observed: Observed, wanted: Allocation): readonly Step[] {
    return this.#name.plan(observed, wanted)
  }

  async apply(step: Step, version: string, signal: AbortSignal): Promise<ApplyResult> {
    const { name, server, zone } = this.#options
    const parsed = this.#name.parseStep(step, version)
    if (!parsed.ok) return failed(false, parsed.says)
    const { from, wanted, ttl } = parsed
    if (versionOf(wanted) === versionOf(from)) return await this.#compare(wanted, signal)
    const message = encodeUpdate({
      id: this.#primary.messageId(),
      zone,
      prerequisites: this.#prerequisites(from),
      changes: this.#changes(from, wanted, ttl),
    })
    const asked = await this.#primary.ask([message], this.#deadlineMs, signal)
    if (!asked.ok) {
      const { sent, retry, says } = asked
      return sent ? { result: 'unknown', says } : failed(retry, says)
    }
    const code = codeName(asked.answers[0]?.code ?? -1)
    switch (code) {
      case 'NOERROR':
        return { result: 'applied', version: versionOf(wanted) }
      case 'NXDOMAIN':
      case 'YXDOMAIN':
      case 'NXRRSET':
      case 'YXRRSET':
        return await this.#compare(wanted, signal)
      case 'SERVFAIL':
        // A server that passes updates on to another says so too when it got no answer.
        return { result: 'unknown', says: `${server} answers SERVFAIL to the update` }
      default:
        return failed(false, `${server} refuses the update of ${name}: ${code}`)
    }
  }

  async spread(wanted: Allocation, signal: AbortSignal): Promise<Spread> {
    return await askFollowers(this.#context, this.#options, this.#name.about(wanted), signal)
  }

  /** After a prerequisite that did not hold: what was wanted may be there already. */
  async #compare(wanted: NameState, signal: AbortSignal): Promise<ApplyResult> {
    const read = await this.#read(signal)
    if (!read.ok) return this.#name.conflict()
    const isThere = versionOf(read.state) === versionOf(wanted)
    return isThere
      ? { result: 'applied', version: versionOf(wanted) }
      : this.#name.conflict(read.state)
  }

  #prerequisites(from: NameState): Prerequisite[] {
    const { name, records } = this.#options
    const types = areAliases(records) ? (['CNAME'] as const) : (['A', 'AAAA'] as const)
    const mark = { name: markName(name), type: 'TXT' } as const
    return [
      ...types.map((type): Prerequisite => {
        const values = from.sets[type]
        return values.length === 0
          ? { kind: 'absent', name, type }
          : { kind: 'exactly', name, type, values }
      }),
      from.mark === 'none'
        ? { kind: 'absent', ...mark }
        : { kind: 'exactly', ...mark, values: [markText(this.#context.group)] },
    ]
  }

  #changes(from: NameState, to: NameState, ttl: number): Change[] {
    const { name } = this.#options
    const changes = targetTypes.flatMap((type): Change[] => {
      if (from.sets[type].join() === to.sets[type].join()) return []
      return [
        { kind: 'delete-set', name, type },
        ...to.sets[type].map((value): Change => ({ kind: 'add', name, type, ttl, value })),
      ]
    })
    if (from.mark === 'ours') return changes
    const value = markText(this.#context.group)
    return [...changes, { kind: 'add', name: markName(name), type: 'TXT', ttl, value }]
  }

  #read(signal: AbortSignal) {
    const { name, records, server } = this.#options
    const about = { name, server, isAlias: areAliases(records), group: this.#context.group }
    return readName(this.#primary, about, this.#deadlineMs, signal)
  }

  /** A write may need a read behind it, and both must end before the caller stops waiting. */
  get #deadlineMs(): number {
    return this.#context.callTimeoutMs / 2
  }
}

function failed(retry: boolean, says: string): ApplyResult {
  return { result: 'failed', retry, says }
}
