import { z } from 'zod'
import {
  describeAllocation,
  sameAllocation,
  sharesOf,
  type Allocation,
} from '../core/allocation.ts'
import type {
  Actuator,
  ActuatorContext,
  ActuatorPlugin,
  ApplyResult,
  Observed,
  ObserveResult,
  Step,
} from '../plugin/actuator.ts'
import type { ExchangeRequest } from '../plugin/net.ts'
import { perPath } from '../plugin/option-types.ts'
import { runProgram } from '../plugin/run-program.ts'
import {
  digestOf,
  parseStatus,
  parseUpstream,
  parseWeights,
  renderUpstream,
  type UpstreamFile,
} from './nginx/upstream-file.ts'

/** One word of nginx's language: nothing in it ends a directive, opens a block or begins a comment. */
const word = z
  .string()
  .regex(/^[^\s;{}#"'$\\]+$/u, 'expected one word without ; { } # $ and quotes')

const absolute = z
  .string()
  .regex(/^\/[^\0\n]+$/u, 'expected an absolute path')
  .max(4_096)

const options = z
  .strictObject({
    file: absolute.describe(
      'The file that only Changeover writes; nginx.conf includes it where upstreams may stand.',
    ),
    upstream: word.describe('The name of the upstream in that file, as `proxy_pass` names it.'),
    servers: perPath(word)
      .refine((map) => new Set(Object.values(map)).size === Object.keys(map).length, {
        error: 'two paths name the same server',
      })
      .describe('The address of each path of the group, as nginx writes it: `10.0.0.1:8080`.'),
    status: z
      .string()
      .regex(/^(?:\[[0-9a-fA-F:]+\]|[0-9.]+):\d{1,5}$/u, 'expected address:port')
      .refine((text) => Number(/\d+$/.exec(text)?.[0]) <= 65_535, 'expected a port up to 65535')
      .default('127.0.0.1:8644')
      .describe(
        'Where the workers of nginx say which file they serve; the file itself has the small server for it. Each upstream needs its own.',
      ),
    context: z
      .enum(['http', 'stream'])
      .default('http')
      .describe('The block of nginx.conf that includes the file.'),
    settings: z
      .array(z.string().regex(/^[^;{}#"'$\\\n]+$/u, 'expected one directive without ; { } # $'))
      .max(20)
      .default([])
      .describe('Directives of the upstream before its servers, such as `least_conn`.'),
    parameters: z
      .string()
      .max(200)
      .regex(
        /^(?!.*\b(?:weight=|down\b|backup\b))[^;{}#"'$\\\n]*$/u,
        'expected parameters of a server, without weight, down and backup',
      )
      .default('')
      .describe('More of every server line, such as `max_fails=2 fail_timeout=5s`.'),
    program: z.string().min(1).max(4_096).default('nginx').describe('The nginx program.'),
    config: absolute.optional().describe('Its configuration file, where it is not the usual one.'),
    prefix: absolute
      .optional()
      .describe('Its prefix folder (`-p`), where it is not the usual one.'),
  })
  .describe('Servers of one upstream, through an include file, a test and a reload.')

type Options = z.output<typeof options>

/** What a step does. `take` is the first write over a file that is not ours: all in one. */
const stepData = z.strictObject({
  do: z.enum(['write', 'reload', 'take']),
  weights: z.string().regex(/^[a-z0-9-]+=\d{1,3}(?: [a-z0-9-]+=\d{1,3})*$/u),
})

const MOST_BYTES = 262_144

/** How often a worker is asked which file it serves, in milliseconds. */
const askEveryMs = 25

/**
 * The master lets old workers accept connections for 100 ms beside the new ones
 * (ngx_master_process_cycle): only answers of the new ones for longer than that count.
 */
const steadyMs = 250

/**
 * Moves traffic between the servers of an nginx upstream: writes the include file, lets nginx test it,
 * reloads, and waits until the workers say that they serve it. nginx keeps its old configuration where
 * it does not like the new one, and tells nobody who sent the signal: hence the test before and the
 * question after. Connections that are open stay with the old workers until they end.
 */
const nginx: ActuatorPlugin<typeof options> = {
  type: 'nginx',
  summary: 'Writes the servers of an nginx upstream, tests the file, reloads and sees it served.',
  tested: 'real',
  options,
  mode: 'push',
  capabilities: (given) => ({
    shape: 'weights',
    mode: 'push',
    reversible: true,
    settleMs: 0,
    compareAndSet: 'checked',
    permissions: [
      `write ${given.file} and its folder`,
      `run ${given.program} -t and -s reload: as root, or as the user of nginx's master process`,
    ],
  }),
  create: (given, context) => new NginxActuator(given, context),
}

export default nginx

interface Read {
  readonly text: string
  readonly file: UpstreamFile
  /** What the workers serve; absent while the file is not ours, because nobody says it then. */
  readonly served?: { readonly digest: string; readonly weights: ReadonlyMap<string, number> }
  readonly version: string
}

class NginxActuator implements Actuator {
  readonly #options: Options
  readonly #context: ActuatorContext

  constructor(given: Options, context: ActuatorContext) {
    this.#options = given
    this.#context = context
  }

  async observe(signal: AbortSignal): Promise<ObserveResult> {
    const read = await this.#read(signal)
    return 'says' in read ? { ok: false, ...read } : { ok: true, observed: this.#observed(read) }
  }

  plan(observed: Observed, wanted: Allocation): readonly Step[] {
    const { paths } = this.#context
    const target = sharesOf(new Map(paths.map((path) => [path, wanted[path] ?? 0])))
    const isSame = sameAllocation(observed.allocation, target)
    const weights = paths.map((path) => `${path}=${target[path] ?? 0}`).join(' ')
    const what = describeAllocation(target)
    const { file } = this.#options
    const now = /^file (?<file>[0-9a-f]{16}) served (?<served>[0-9a-f]{16})$/u.exec(
      observed.version,
    )?.groups
    if (now === undefined) {
      if (isSame) return []
      const says = `write ${what} to ${file} in place of what is there, test it and reload nginx`
      return [{ says, data: { do: 'take', weights } }]
    }
    if (isSame && now['file'] === now['served']) return []
    const isWritten = now['file'] === this.#render(parseWeights(weights)).digest
    return [
      ...(isWritten
        ? []
        : [{ says: `write ${what} to ${file} and test it`, data: { do: 'write', weights } }]),
      { says: `reload nginx with ${what}`, data: { do: 'reload', weights } },
    ]
  }

  async apply(step: Step, version: string, signal: AbortSignal): Promise<ApplyResult> {
    const until = this.#context.clock.now() + this.#context.callTimeoutMs * 0.9
    const parsed = stepData.safeParse(step.data)
    const weights = parseWeights(parsed.data?.weights ?? '')
    const { paths } = this.#context
    const isOurs = weights.size === paths.length && paths.every((path) => weights.has(path))
    if (!parsed.success || !isOurs) return failed(false, 'the step is not one of this actuator')
    if (![...weights.values()].some((weight) => weight > 0)) {
      return failed(false, 'no server would be left in the upstream')
    }
    const wanted = this.#render(weights)
    const read = await this.#read(signal)
    if ('says' in read) return failed(read.retry, read.says)
    const mark = read.file.mark?.digest
    const isServed = mark === wanted.digest && read.served?.digest === wanted.digest
    const isDone = isServed || (parsed.data.do === 'write' && mark === wanted.digest)
    if (isDone) return { result: 'applied', version: read.version }
    if (read.version !== version) {
      return { result: 'conflict', says: this.#observed(read).says }
    }
    // What has begun is brought to an end, which the call time-out bounds: half of it is worse.
    if (signal.aborted) return failed(true, 'nothing was written')
    if (parsed.data.do !== 'reload') {
      const refusal = await this.#write(wanted.text, read.text, until)
      if (refusal !== undefined) return refusal
    }
    if (parsed.data.do === 'write') {
      return { result: 'applied', version: versionOf(wanted.digest, read.served?.digest) }
    }
    const trouble = (await this.#reload(until)) ?? (await this.#serves(wanted.digest, until))
    if (trouble === undefined) {
      return { result: 'applied', version: versionOf(wanted.digest, wanted.digest) }
    }
    if (parsed.data.do === 'reload') return { result: 'unknown', says: trouble }
    const back = await this.#context.files?.replace(this.#options.file, read.text)
    const again = await this.#reload(until + this.#context.callTimeoutMs * 0.05)
    if (back?.ok === true && again === undefined) return failed(false, trouble)
    return { result: 'unknown', says: `${trouble}; the text before could not be put back` }
  }

  #render(weights: ReadonlyMap<string, number>) {
    const { servers, upstream, context, status, settings, parameters } = this.#options
    return renderUpstream({
      group: this.#context.group,
      upstream,
      context,
      status,
      settings,
      parameters,
      servers: this.#context.paths.map((path) => ({
        path,
        address: servers[path] ?? '',
        weight: weights.get(path) ?? 0,
      })),
    })
  }

  async #read(
    signal: AbortSignal,
  ): Promise<Read | { readonly retry: boolean; readonly says: string }> {
    const { file: path, upstream, servers } = this.#options
    const { files, processes, paths } = this.#context
    if (signal.aborted) return { retry: true, says: 'stopped' }
    if (files === undefined || processes === undefined) {
      return { retry: false, says: 'there are no files and programs here' }
    }
    const found = await files.read(path, MOST_BYTES)
    if (!found.ok) {
      const begin = found.missing
        ? `; begin with: upstream ${upstream} { ${paths.map((each) => `server ${servers[each]};`).join(' ')} }`
        : ''
      return { retry: !found.missing, says: `${found.says}${begin}` }
    }
    const { text } = found
    const file = parseUpstream(text, upstream)
    if (file.weights === undefined) {
      return { retry: false, says: `${path} has no upstream ${upstream}` }
    }
    if (file.mark === undefined) return { text, file, version: `foreign ${digestOf(text)}` }
    const served = await this.#ask(this.#context.callTimeoutMs / 4, signal)
    if ('says' in served) return served
    return { text, file, served, version: versionOf(file.mark.digest, served.digest) }
  }

  #observed({ file, served, version }: Read): Observed {
    const { file: path, upstream, servers } = this.#options
    const { group, paths } = this.#context
    const byAddress = (each: string) => file.weights?.get(servers[each] ?? '') ?? 0
    const isPending = served !== undefined && served.digest !== file.mark?.digest
    const weights = new Map(
      paths.map((each) => [each, isPending ? (served.weights.get(each) ?? 0) : byAddress(each)]),
    )
    const list = paths.map((each) => `${each} ${weights.get(each) || 'down'}`).join(', ')
    const note = isPending
      ? `; ${path} says something else and was not reloaded`
      : file.isEdited
        ? `; ${path} was edited by hand`
        : file.mark === undefined
          ? `; ${path} is not written by Changeover`
          : file.mark.group !== group
            ? `; ${path} is written for ${file.mark.group}`
            : ''
    return {
      allocation: sharesOf(weights),
      version,
      ours: file.mark?.group === group,
      says: `nginx has ${list} in upstream ${upstream}${note}`,
    }
  }

  /** Puts the text in place and lets nginx test it; what came of it where it is not good. */
  async #write(text: string, before: string, until: number): Promise<ApplyResult | undefined> {
    const { files } = this.#context
    const written = await files?.replace(this.#options.file, text)
    if (written?.ok !== true) return failed(true, written?.says ?? 'there are no files here')
    const run = await this.#run(['-t', '-q'], until)
    if (run.ok && run.status === 0) return undefined
    const says = run.ok ? `nginx refuses the file: ${complaint(run.errors)}` : run.says
    const back = await files?.replace(this.#options.file, before)
    if (back?.ok === true) return failed(!run.ok, says)
    return { result: 'unknown', says: `${says}; the text before could not be put back` }
  }

  /** Asks the master to reload; what went wrong, if anything. */
  async #reload(until: number): Promise<string | undefined> {
    const run = await this.#run(['-s', 'reload'], until)
    if (!run.ok) return run.says
    return run.status === 0 ? undefined : `nginx did not reload: ${complaint(run.errors)}`
  }

  #run(args: readonly string[], until: number) {
    const { clock, processes } = this.#context
    const { program, config, prefix } = this.#options
    if (processes === undefined) {
      return { ok: false as const, began: false, says: 'there are no programs here' }
    }
    return runProgram(processes, clock, {
      program,
      args: [
        ...args,
        ...(config === undefined ? [] : ['-c', config]),
        ...(prefix === undefined ? [] : ['-p', prefix]),
      ],
      deadlineMs: Math.max(1, until - clock.now()),
    })
  }

  /** Waits until nobody but workers with this file answers; what is wrong, if they do not come. */
  async #serves(digest: string, until: number): Promise<string | undefined> {
    const { clock } = this.#context
    const never = new AbortController().signal
    let since: number | undefined
    let says = 'nginx was reloaded'
    while (clock.now() < until) {
      const answer = await this.#ask(Math.max(1, until - clock.now()), never)
      if ('digest' in answer && answer.digest === digest) {
        since ??= clock.now()
        if (clock.now() - since >= steadyMs) return undefined
      } else {
        since = undefined
        says = 'says' in answer ? answer.says : 'workers of nginx still serve the file before'
      }
      await clock.sleep(askEveryMs, never)
    }
    return `${says}; the error log of nginx tells why`
  }

  async #ask(
    deadlineMs: number,
    signal: AbortSignal,
  ): Promise<NonNullable<Read['served']> | { readonly retry: boolean; readonly says: string }> {
    const { status, context } = this.#options
    const colon = status.lastIndexOf(':')
    const to: ExchangeRequest['to'] = {
      host: status.slice(0, colon).replace(/^\[|\]$/gu, ''),
      port: Number(status.slice(colon + 1)),
    }
    const result = await this.#context.net.exchange({
      to,
      payload: context === 'http' ? `GET / HTTP/1.0\r\n\r\n` : '',
      deadlineMs,
      maxBytes: 16_384,
      signal,
    })
    if (!result.ok)
      return { retry: true, says: `nginx does not say what it serves: ${result.says}` }
    const served = parseStatus(result.body.toString('latin1'))
    if (served !== undefined) return served
    return { retry: true, says: `${status} does not say what nginx serves` }
  }
}

function versionOf(file: string, served: string | undefined): string {
  return `file ${file} served ${served ?? 'nothing'}`
}

/** The first complaint of nginx, without its name, the time and its process. */
function complaint(errors: string): string {
  const lines = errors.split('\n')
  const line = lines.find((each) => /\[(?:emerg|alert|crit|error)\]/u.test(each)) ?? lines[0] ?? ''
  const bare = line.replace(/^nginx: |^\d{4}\/\d\d\/\d\d \S+ /u, '').replace(/ \d+#\d+:/u, '')
  return bare.slice(0, 300) || 'it gives no reason'
}

function failed(retry: boolean, says: string): Extract<ApplyResult, { result: 'failed' }> {
  return { result: 'failed', retry, says }
}
