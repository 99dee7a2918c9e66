import { z } from 'zod'
import { perPath } from '../plugin/option-types.ts'
import { sameAllocation, sharesOf, type Allocation } from '../core/allocation.ts'
import type {
  Actuator,
  ActuatorContext,
  ActuatorPlugin,
  ApplyResult,
  Observed,
  ObserveResult,
  Step,
} from '../plugin/actuator.ts'
import type { ExchangeRequest, NetFailure } from '../plugin/net.ts'
import {
  adminWords,
  DRAIN,
  hasReached,
  isCarrying,
  isServing,
  MAINTENANCE,
  parseTable,
  parseVersion,
  parseWrites,
  versionOf,
  withEffects,
  type Servers,
  type ServerState,
  type ServerWrite,
} from './haproxy/servers.ts'

/** Names as HAProxy allows them; nothing in them can end a command of the runtime API. */
const haproxyName = z
  .string()
  .regex(/^[A-Za-z0-9_.:-]+$/, 'expected a name of letters, digits and _ . : -')

const options = z
  .strictObject({
    socket: z
      .string()
      .regex(/^\/.+$|^(?:\[[0-9a-fA-F:.]+\]|[^:/\s]+):\d{1,5}$/, {
        error: 'expected the path of a socket, or host:port',
      })
      .refine((text) => text.startsWith('/') || Number(/\d+$/.exec(text)?.[0]) <= 65_535, {
        error: 'expected a port up to 65535',
      })
      .describe('The stats socket of level admin: a path, or host:port.'),
    backend: haproxyName.describe('The backend whose servers are driven.'),
    servers: perPath(haproxyName)
      .refine((map) => new Set(Object.values(map)).size === Object.keys(map).length, {
        error: 'two paths name the same server',
      })
      .describe('The server of each path of the group.'),
    method: z
      .enum(['weight', 'drain'])
      .default('weight')
      .describe('weight: any share per path. drain: a path serves or it does not.'),
    max_weight: z
      .int()
      .min(1)
      .max(256)
      .default(100)
      .describe('The weight of a path that carries everything; HAProxy knows 0 to 256.'),
  })
  .describe('Servers of one backend, through the runtime API.')

type Options = z.output<typeof options>

/** `b=80 a=20`, `b=ready a=drain`: every write of a step, in order. Names bear neither blank nor `=`. */
const stepData = z.strictObject({
  writes: z
    .string()
    .regex(
      /^[A-Za-z0-9_.:-]+=(?:\d{1,3}|ready|drain)(?: [A-Za-z0-9_.:-]+=(?:\d{1,3}|ready|drain))*$/,
    ),
})

/** A planned write with its sentence. */
type PlannedWrite = ServerWrite & { readonly says: string }

/** HAProxy reads one line of commands into one buffer, of 16 kB unless tuned smaller or larger. */
const MOST_COMMAND = 12_000

/** A table of a few thousand servers. */
const MOST_BYTES = 1_048_576

/**
 * Moves traffic between the servers of a HAProxy backend, by runtime weights or by draining.
 *
 * Success and failure of a command are both free text, so every write is read back in the same
 * exchange and judged by the table alone. Runtime state bears no mark and does not survive a
 * reload of HAProxy, unless its configuration loads the server state from a file.
 */
const haproxy: ActuatorPlugin<typeof options> = {
  type: 'haproxy',
  summary: 'Sets weights or drains servers of a HAProxy backend through its runtime API.',
  tested: 'real',
  options,
  mode: 'push',
  capabilities: (given) => ({
    shape: given.method === 'weight' ? 'weights' : 'single',
    mode: 'push',
    reversible: true,
    settleMs: 0,
    compareAndSet: 'checked',
    permissions: [`the HAProxy stats socket ${given.socket} with level admin`],
  }),
  create: (given, context) => new HaproxyActuator(given, context),
}

export default haproxy

class HaproxyActuator implements Actuator {
  readonly #options: Options
  readonly #context: ActuatorContext
  readonly #to: ExchangeRequest['to']

  constructor(given: Options, context: ActuatorContext) {
    this.#options = given
    this.#context = context
    this.#to = addressOf(given.socket)
  }

  async observe(signal: AbortSignal): Promise<ObserveResult> {
    const { paths } = this.#context
    const lost = paths.find((path) => !Object.hasOwn(this.#options.servers, path))
    if (lost !== undefined) return refused(`servers names no server for path ${lost}`)
    const odd = Object.keys(this.#options.servers).find((path) => !paths.includes(path))
    if (odd !== undefined) return refused(`servers names ${odd}, which is no path of this group`)

    const read = await this.#ask('', signal)
    if ('failure' in read) return { ok: false, retry: true, says: read.failure.says }
    if ('says' in read) return { ok: false, retry: read.retry, says: read.says }
    return { ok: true, observed: this.#observed(read.servers) }
  }

  plan(observed: Observed, wanted: Allocation): readonly Step[] {
    const target = sharesOf(new Map(this.#context.paths.map((path) => [path, wanted[path] ?? 0])))
    if (sameAllocation(observed.allocation, target)) return []
    const now = parseVersion(observed.version)
    const raising: PlannedWrite[] = []
    const lowering: PlannedWrite[] = []
    for (const path of this.#context.paths) {
      const server = this.#options.servers[path]
      const state = server === undefined ? undefined : now.get(server)
      if (server === undefined || state === undefined) continue
      const write = this.#write(path, server, state, target[path] ?? 0)
      if (write === undefined) continue
      if ((target[path] ?? 0) > (observed.allocation[path] ?? 0)) raising.push(write)
      else lowering.push(write)
    }
    return this.#stepsOf([...raising, ...lowering])
  }

  /** As many writes in one step as one line of the runtime API holds: it is taken as a whole. */
  #stepsOf(writes: readonly PlannedWrite[]): Step[] {
    const lines: PlannedWrite[][] = []
    let length = MOST_COMMAND
    for (const write of writes) {
      const more = this.#command(write).length
      if (length + more > MOST_COMMAND) {
        lines.push([])
        length = 0
      }
      lines.at(-1)?.push(write)
      length += more
    }
    return lines.map((line) => ({
      says: line.map(({ says }) => says).join(', then '),
      data: { writes: line.map(({ server, to }) => `${server}=${to}`).join(' ') },
    }))
  }

  #command({ server, to }: ServerWrite): string {
    const name = `${this.#options.backend}/${server}`
    return typeof to === 'number'
      ? `set weight ${name} ${to}; `
      : `set server ${name} state ${to}; `
  }

  async apply(step: Step, version: string, signal: AbortSignal): Promise<ApplyResult> {
    const parsed = stepData.safeParse(step.data)
    if (!parsed.success) return failed(false, 'the step is not one of this actuator')
    const writes = parseWrites(parsed.data.writes)
    const read = await this.#ask('', signal)
    // Nothing was written yet, so whatever failed can be tried again.
    if ('failure' in read) return failed(true, read.failure.says)
    if ('says' in read) return failed(read.retry, read.says)
    const before = read.servers
    const based = parseVersion(version)
    const current = versionOf(before)
    const wanted = versionOf(withEffects(based, writes))
    if (current !== versionOf(based) && current !== wanted) {
      return { result: 'conflict', says: `HAProxy now has ${this.#describe(before)}` }
    }
    const veto = this.#veto(before, writes)
    if (veto !== undefined) return veto
    if (current === wanted) return { result: 'applied', version: current }

    const command = writes.map((write) => this.#command(write)).join('')
    const after = await this.#ask(command, signal)
    if ('failure' in after) {
      const { phase, says } = after.failure
      const sent = phase !== 'dns' && phase !== 'connect'
      return sent ? { result: 'unknown', says } : failed(true, says)
    }
    if ('says' in after) return { result: 'unknown', says: after.says }
    const missed = writes.filter((write) => !hasReached(after.servers, write))
    const answer = after.answer || 'it gave no reason'
    if (missed.length === writes.length) return failed(false, `HAProxy did not take it: ${answer}`)
    if (missed.length > 0) {
      // Some of it took effect: what is left of it must be read back before anything else is done.
      const names = missed.map(({ server }) => server).join(', ')
      return { result: 'unknown', says: `HAProxy took all but ${names}: ${answer}` }
    }
    // Not what the table shows now: an edit of another server in this moment must be a conflict.
    return { result: 'applied', version: wanted }
  }

  /** What forbids writes that the version would allow. */
  #veto(before: Servers, writes: readonly ServerWrite[]): ApplyResult | undefined {
    const closed = this.#options.method === 'weight' ? MAINTENANCE | DRAIN : MAINTENANCE
    for (const { server, to } of writes) {
      const state = before.get(server)
      if (state === undefined) return failed(false, `there is no server ${server}`)
      const serves = to === 'ready' || (typeof to === 'number' && to > 0)
      if (serves && (state.admin & closed) !== 0) {
        return failed(false, `server ${server} was ${adminWords(state.admin)} by hand; it stays so`)
      }
      if (to === 'ready' && state.weight === 0) {
        return failed(false, `server ${server} has weight 0 and would serve nothing`)
      }
    }
    const isLeft = [...withEffects(before, writes).values()].some(isCarrying)
    if (isLeft || ![...before.values()].some(isCarrying)) return undefined
    const lowered = writes.map(({ server }) => server).join(', ')
    return failed(true, `without ${lowered} no server would be left that HAProxy sees running`)
  }

  #write(
    path: string,
    server: string,
    state: ServerState,
    share: number,
  ): PlannedWrite | undefined {
    const closed = (state.admin & (MAINTENANCE | DRAIN)) !== 0
    if (this.#options.method === 'drain') {
      const to = share > 0 ? 'ready' : 'drain'
      if (to === 'ready' ? isServing(state) : closed) return undefined
      const says =
        to === 'ready' ? `let server ${server} serve ${path}` : `drain server ${server} of ${path}`
      return { says, server, to }
    }
    const to = share === 0 ? 0 : Math.max(1, Math.round((share * this.#options.max_weight) / 100))
    // Raising a server that a person took out is a step that apply refuses, not one that is done.
    if (to === state.weight && !(closed && to > 0)) return undefined
    const note = closed && to > 0 ? `, which is ${adminWords(state.admin)}` : ''
    const says = `set weight of server ${server} (${path}) from ${state.weight} to ${to}${note}`
    return { says, server, to }
  }

  #observed(servers: Servers): Observed {
    const weights = new Map<string, number>()
    for (const path of this.#context.paths) {
      const state = servers.get(this.#options.servers[path] ?? '')
      weights.set(path, state !== undefined && isServing(state) ? state.weight : 0)
    }
    return {
      allocation: sharesOf(weights),
      version: versionOf(servers),
      ours: true,
      says: `HAProxy has ${this.#describe(servers)}`,
    }
  }

  #describe(servers: Servers): string {
    const each = [...servers].map(([name, { weight, admin, running }]) => {
      const by = admin === 0 ? '' : `, ${adminWords(admin)}`
      return `${name} at weight ${weight}${by}${running ? '' : ', down by its own check'}`
    })
    return `${each.join('; ')} in backend ${this.#options.backend}`
  }

  /** Runs `command`, if any, and reads the table in the same connection. */
  async #ask(
    command: string,
    signal: AbortSignal,
  ): Promise<
    | { readonly servers: Servers; readonly answer: string }
    | { readonly retry: boolean; readonly says: string }
    | { readonly failure: NetFailure }
  > {
    const { backend, servers } = this.#options
    const result = await this.#context.net.exchange({
      to: this.#to,
      payload: `${command}show servers state ${backend}\n`,
      // A write is two exchanges, and both must end before the caller stops waiting.
      deadlineMs: this.#context.callTimeoutMs / 2,
      maxBytes: MOST_BYTES,
      signal,
    })
    if (!result.ok) return { failure: result }
    if (result.truncated) return { retry: false, says: `the table of ${backend} is too long` }
    return parseTable(result.body.toString('latin1'), backend, Object.values(servers))
  }
}

function addressOf(socket: string): ExchangeRequest['to'] {
  if (socket.startsWith('/')) return { socket }
  const colon = socket.lastIndexOf(':')
  return { host: socket.slice(0, colon), port: Number(socket.slice(colon + 1)) }
}

function refused(says: string): ObserveResult {
  return { ok: false, retry: false, says }
}

function failed(retry: boolean, says: string): ApplyResult {
  return { result: 'failed', retry, says }
}
