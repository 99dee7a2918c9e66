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
import { versionOf } from '../plugin/dns/mark.ts'
import { NamePlan, type NameStep } from '../plugin/dns/name-plan.ts'
import { domainName, recordsOption, spreadOptions, ttlOption } from '../plugin/dns/options.ts'
import { areAliases } from '../plugin/dns/record-sets.ts'
import { askFollowers } from '../plugin/dns/spread.ts'
import { runProgram } from '../plugin/run-program.ts'
import { formats, parseFragment, renderFragment, type Fragment } from './zone-file/fragment.ts'

/** A program and its arguments: no shell reads them. */
const command = z.array(z.string().min(1).max(4_096)).min(1).max(32)

const options = z
  .strictObject({
    file: z
      .string()
      .regex(/^\/[^\0\n]+$/u, 'expected an absolute path')
      .describe('The file that only Changeover writes; the zone, or the server, includes it.'),
    format: z
      .enum(formats)
      .default('zone')
      .describe(
        'zone: lines of a zone file. unbound: local data of Unbound. hosts: a hosts file, such as for dnsmasq.',
      ),
    name: domainName.describe('The name that viewers or encoders look up.'),
    records: recordsOption,
    ttl: ttlOption,
    test: command
      .optional()
      .describe(
        'Run before the server is told, such as `[named-checkzone, example.org, /etc/bind/example.org.db]`: a program and its arguments. Where it fails, the file before is put back.',
      ),
    reload: command
      .optional()
      .describe(
        'Tells the server to read the file, such as `[rndc, reload, example.org]`. Leave it out where the server watches the file.',
      ),
    ...spreadOptions,
  })
  .refine(({ format, records }) => format !== 'hosts' || !areAliases(records), {
    path: ['records'],
    error: 'a hosts file has addresses, no aliases',
  })
  .describe('The records of one name in a file: a part of a zone, local data of Unbound, or hosts.')

type Options = z.output<typeof options>

const mostBytes = 65_536

/** Behind the version of a file that was written and not loaded yet. */
const pendingVersion = ' pending'

/**
 * Writes the records of one name into a file of its own, for any server that reads files. The file is
 * replaced as a whole; until the server has taken it, the file itself says so, so that nobody who
 * comes after a crash believes more than is true. Where a test or the reload fails, the file before is
 * put back and loaded.
 */
const plugin: ActuatorPlugin<typeof options> = {
  type: 'zone-file',
  summary: 'Writes the records of one name into a file, tests it, and tells the name server.',
  tested: 'real',
  options,
  mode: 'push',
  capabilities: ({ file, records, ttl, test, reload }) => ({
    shape: areAliases(records) ? 'single' : 'weights',
    mode: 'push',
    reversible: true,
    settleMs: ttl,
    compareAndSet: 'checked',
    layer: 'dns',
    permissions: [
      `write ${file} and its folder`,
      ...[test, reload].flatMap((each) => (each === undefined ? [] : `run ${each.join(' ')}`)),
    ],
  }),
  create: (given, context) => new ZoneFileActuator(given, context),
}

export default plugin

type FileRead =
  | { readonly ok: true; readonly text: string; readonly fragment: Fragment }
  | { readonly ok: false; readonly retry: boolean; readonly says: string }

class ZoneFileActuator implements Actuator {
  readonly #options: Options
  readonly #context: ActuatorContext
  readonly #name: NamePlan

  constructor(given: Options, context: ActuatorContext) {
    this.#options = given
    this.#context = context
    this.#name = new NamePlan(given, context)
  }

  async observe(signal: AbortSignal): Promise<ObserveResult> {
    const read = await this.#read(signal)
    if (!read.ok) return read
    const { state, ttl, isPending } = read.fragment
    const result = this.#name.observed(state, ttl)
    if (!result.ok || !isPending) return result
    const { observed } = result
    const says = `${observed.says}; the server was not told to read it`
    return { ok: true, observed: { ...observed, version: observed.version + pendingVersion, says } }
  }

  plan(observed: Observed, wanted: Allocation): readonly Step[] {
    const isPending = observed.version.endsWith(pendingVersion)
    const version = observed.version.replace(pendingVersion, '')
    return this.#name.plan({ ...observed, version }, wanted, isPending)
  }

  async apply(step: Step, version: string, signal: AbortSignal): Promise<ApplyResult> {
    const until = this.#context.clock.now() + this.#context.callTimeoutMs * 0.9
    const parsed = this.#name.parseStep(step, version.replace(pendingVersion, ''))
    if (!parsed.ok) return failed(false, parsed.says)
    const read = await this.#read(signal)
    if (!read.ok) return failed(read.retry, read.says)
    const { state, isPending } = read.fragment
    if (isPending !== version.endsWith(pendingVersion)) {
      const isDone = versionOf(state) === versionOf(parsed.wanted) && !isPending
      return isDone
        ? { result: 'applied', version: versionOf(parsed.wanted) }
        : this.#name.conflict(state)
    }
    const compared = this.#name.compare(state, parsed)
    if (compared?.result === 'conflict' || (compared !== undefined && !isPending)) return compared
    // What has begun is brought to an end, which the call time-out bounds: half of it is worse.
    if (signal.aborted) return failed(true, 'nothing was written')
    return await this.#write(parsed, read.text, until)
  }

  async spread(wanted: Allocation, signal: AbortSignal): Promise<Spread> {
    return await askFollowers(this.#context, this.#options, this.#name.about(wanted), signal)
  }

  async #write({ wanted, ttl }: NameStep, before: string, until: number): Promise<ApplyResult> {
    const { name, format, test, reload } = this.#options
    const { group } = this.#context
    const about = { name, group, sets: wanted.sets, ttl }
    const isPending = test !== undefined || reload !== undefined
    const written = await this.#replace(renderFragment(format, { ...about, isPending }))
    if (written !== undefined) return failed(true, written)
    const applied = { result: 'applied', version: versionOf(wanted) } as const
    if (!isPending) return applied
    const refused = await this.#run(test, until)
    if (refused !== undefined) return await this.#putBack(before, refused, until, false)
    const trouble = await this.#run(reload, until)
    if (trouble !== undefined) return await this.#putBack(before, trouble, until, true)
    const closed = await this.#replace(renderFragment(format, { ...about, isPending: false }))
    return closed === undefined ? applied : { result: 'unknown', says: closed }
  }

  /** Brings the file before back, and the server to it where it may have read the new one. */
  async #putBack(
    before: string,
    says: string,
    until: number,
    isLoaded: boolean,
  ): Promise<ApplyResult> {
    const back = await this.#replace(before)
    if (back !== undefined) return { result: 'unknown', says: `${says}; ${back}` }
    const again = isLoaded ? await this.#run(this.#options.reload, until) : undefined
    return again === undefined ? failed(false, says) : { result: 'unknown', says }
  }

  async #replace(text: string): Promise<string | undefined> {
    const written = await this.#context.files?.replace(this.#options.file, text)
    if (written?.ok === true) return undefined
    return written?.says ?? 'there are no files here'
  }

  /** Runs a command to its end; what went wrong, if anything. */
  async #run(given: readonly string[] | undefined, until: number): Promise<string | undefined> {
    const [program, ...args] = given ?? []
    if (program === undefined) return undefined
    const { clock, processes } = this.#context
    if (processes === undefined) return 'there are no programs here'
    // Half of the rest each, so that the way back has its time too.
    const deadlineMs = Math.max(1, (until - clock.now()) / 2)
    const run = await runProgram(processes, clock, { program, args, deadlineMs })
    if (!run.ok) return run.says
    if (run.status === 0) return undefined
    const words = `${run.errors}\n${run.output}`.trim().split('\n')[0]?.slice(0, 200)
    return `${program} failed${run.status === undefined ? '' : ` (${run.status})`}: ${words || 'it gave no reason'}`
  }

  async #read(signal: AbortSignal): Promise<FileRead> {
    const { file, format, name } = this.#options
    const { files, group } = this.#context
    if (signal.aborted) return { ok: false, retry: true, says: 'stopped' }
    if (files === undefined) return refused('there are no files here')
    const found = await files.read(file, mostBytes)
    if (!found.ok) {
      const begin = found.missing ? '; create it with the records that serve now' : ''
      return { ok: false, retry: !found.missing, says: `${found.says}${begin}` }
    }
    const fragment = parseFragment(found.text, format, { name, group })
    if ('strangeLine' in fragment) {
      const { strangeLine } = fragment
      return refused(
        `line ${strangeLine} of ${file} is no record of ${name}: give Changeover a file of its own`,
      )
    }
    return { ok: true, text: found.text, fragment }
  }
}

function refused(says: string): FileRead {
  return { ok: false, retry: false, says }
}

function failed(retry: boolean, says: string): ApplyResult {
  return { result: 'failed', retry, says }
}
